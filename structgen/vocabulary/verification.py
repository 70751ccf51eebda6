"""Checks that the bytes read from a tokenizer are what it does: round trips over real text.

Two questions, about each of a set of texts, and about a sample of single tokens:

    do the bytes of the tokens, joined, read as the tokenizer decodes them?     then the map is right
    is that the text that was encoded?                                          then texts stay as they are

Allowed is what cannot make a mask wrong: Unicode normalisation on the way in, a space that SentencePiece puts
before the text on the way in and drops on the way out, and texts that the vocabulary has no tokens for.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from structgen.errors import VocabularyError
from structgen.vocabulary.readers import TokenTable, read_tokenizer

PROBES = (
    "Hello, World! It's 27 January 1796.",
    'def f(x):\n\tif x:\n\t\treturn {"a": [1, -2.5e3, null]}  # ok\n',
    "two  spaces,   three\n\n\nand    more \r\n ",
    "Édouard naïve façade ½ Привет עברית हिन्दी",
    "日本語のテキスト、한국어",
    "😀 👩‍👩‍👧 🇫🇷 𝔘𝔫𝔦",
    "e\u0301 n\u0303 \u200b\ufeff\u00a0",
)
"""Texts of many kinds: code, runs of spaces, accents, scripts, emoji of several code points, marks."""

SAMPLED = 512
"""How many single tokens are decoded and compared, spread evenly over the vocabulary."""


def read_verified(tokenizer: Any) -> TokenTable:
    """The token table of a tokenizer of any known library.

    Raises:
        VocabularyError: The tokenizer cannot be mapped to bytes; says which token or text shows it.
    """
    *others, last = read_tokenizer(tokenizer)
    for table in others:
        try:
            verify(table)
        except VocabularyError:
            continue
        return table
    verify(last)
    return last


def verify(table: TokenTable) -> None:
    """Raise `VocabularyError` where the tokenizer contradicts `table`; names the token or the text."""
    for text in PROBES:
        _verify_text(table, text)
    if table.decode is None:
        return
    with_text = [token_id for token_id, token in enumerate(table.tokens) if token]
    for token_id in with_text[:: max(1, len(with_text) // SAMPLED)]:
        token = table.tokens[token_id] or b""
        decoded = table.decode([token_id])
        if decoded not in _readings(token, table):
            raise VocabularyError(
                f"token {token_id} would be {token!r}, but the tokenizer reads it as {decoded!r}; {_WAY_OUT}"
            )


def _verify_text(table: TokenTable, text: str) -> None:
    ids = table.encode(text)
    parts = [table.tokens[token_id] for token_id in ids]
    if None in parts and text is not PROBES[0]:  # an unknown token; but no tokenizer lacks ASCII
        return
    joined = b"".join(part or b"" for part in parts)
    if table.decode is not None:
        decoded = table.decode(ids)
        if decoded not in _readings(joined, table):
            raise VocabularyError(
                f"the tokens {ids} would read {joined!r}, but this tokenizer decodes them to {decoded!r}; "
                f"{_WAY_OUT}"
            )
    if not _same_text(text, joined, table):
        raise VocabularyError(
            f"this tokenizer changes texts: {text!r} is encoded to tokens that read {joined!r}. One that "
            f"puts texts into lower case, drops spaces or joins words cannot be constrained; {_WAY_OUT}"
        )


_WAY_OUT = "if you know its tokens, build Vocabulary(tokens) from the bytes of each"


def _readings(data: bytes, table: TokenTable) -> Sequence[str]:
    """The texts that `data` may be decoded to."""
    text = data.decode("utf-8", "replace")
    return (text, text[1:]) if table.strips_prefix and text.startswith(" ") else (text,)


def _same_text(text: str, joined: bytes, table: TokenTable) -> bool:
    try:
        read = joined.decode("utf-8")
    except UnicodeDecodeError:
        return False
    forms = {text, *(unicodedata.normalize(form, text) for form in ("NFC", "NFKC", "NFD", "NFKD"))}
    return read in forms or (read.startswith(" ") and read[1:] in forms)
