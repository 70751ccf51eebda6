"""Reads the tokenizers of other libraries: the bytes of each token, which are special, which end a text.

The bytes of a token are what the tokenizer's *decoder* makes of it. So that is what is read here, and
not the name of a class or a model. Three families are known:

    byte-level   each character of a token stands for a byte, in GPT-2's alphabet: Ġ is a space (Llama 3)
    pieces       text with ▁ for a space, and tokens <0x0A> that stand for a byte (SentencePiece, Gemma)
    bytes        the library hands out the bytes themselves (tiktoken, Tekken)

No library is imported: a tokenizer is recognised by its methods. That what was read is right is checked
afterwards, on real text, by `structgen.vocabulary.verification`.
"""

from __future__ import annotations

import copy
import json
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from structgen.errors import VocabularyError


@dataclass
class TokenTable:
    """What was read from a tokenizer, and how to ask it again.

    Attributes:
        tokens: the bytes of each token, None for special ones and holes.
        special_tokens: ids by text.
        eos_token_ids: what the tokenizer says ends a text.
        encode: a text into ids, without special tokens.
        decode: ids into a text, special tokens included; None if it cannot be trusted.
        strips_prefix: whether `decode` drops a space at the beginning of the whole text.
    """

    tokens: list[bytes | None]
    special_tokens: dict[str, int]
    eos_token_ids: frozenset[int]
    encode: Callable[[str], list[int]]
    decode: Callable[[list[int]], str] | None
    strips_prefix: bool = False


def read_tokenizer(tokenizer: Any) -> list[TokenTable]:
    """What the tokens of a tokenizer may be; of several tables the first that can be verified is right.

    Raises:
        VocabularyError: The library is unknown, or its decoder does more than to join the bytes of tokens.
    """
    for library in _LIBRARIES:
        if all(hasattr(tokenizer, method) for method in library.methods):
            return library.read(tokenizer)
    inner = getattr(tokenizer, "tokenizer", None)
    if inner is not None:  # a processor of transformers
        return read_tokenizer(inner)
    raise VocabularyError(
        f"{type(tokenizer).__qualname__} is no tokenizer known here. Pass one of transformers, tokenizers, "
        f"tiktoken, sentencepiece or mistral-common, or build Vocabulary(tokens) from the bytes of each token"
    )


def has_grown(tokenizer: Any, known: int) -> bool:
    """Returns True if tokens were added to a tokenizer since `known` were read from it."""
    backend = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if hasattr(backend, "get_added_tokens_decoder"):  # its number of tokens takes milliseconds to count
        return backend.id_to_token(known) is not None
    return hasattr(tokenizer, "convert_ids_to_tokens") and len(tokenizer) > known


def end_token_ids(source: Any) -> frozenset[int]:
    """The end tokens that `source` names: an id, several, None, a generation config, or a tokenizer."""
    if source is None:
        return frozenset()
    if hasattr(source, "eos_token_id"):
        return end_token_ids(source.eos_token_id)
    if isinstance(source, Iterable) and not hasattr(source, "encode"):
        return frozenset(operator.index(token_id) for token_id in source)
    return frozenset([operator.index(source)]) if hasattr(source, "__index__") else frozenset()


# ---- Hugging Face tokenizers -------------------------------------------------------------------------------


def _read_tokenizers(backend: Any, wrapper: Any) -> TokenTable:
    """A `tokenizers.Tokenizer`, alone or inside a fast tokenizer of transformers."""
    if backend.truncation is not None and wrapper is None:
        backend = copy.deepcopy(backend)  # texts must be encoded as a whole to verify them
        backend.no_truncation()
    strings = _strings(backend)
    special = {
        added.content: token_id
        for token_id, added in backend.get_added_tokens_decoder().items()
        if added.special
    }
    decode_strings, strips_prefix = _decoder(backend, strings)
    ends = end_token_ids(wrapper)
    if wrapper is not None:
        special.update((wrapper.convert_ids_to_tokens(token_id), token_id) for token_id in ends)

    def encode(text: str) -> list[int]:
        encoding = backend.encode(text, add_special_tokens=False)
        return [i for i, real in zip(encoding.ids, encoding.attention_mask, strict=True) if real]

    def decode(ids: list[int]) -> str:
        return str(backend.decode(ids, skip_special_tokens=False))

    tokens = decode_strings(strings)
    for token_id in special.values():
        tokens[token_id] = None
    return TokenTable(
        tokens, special, ends, encode if wrapper is None else _encode_of(wrapper), decode, strips_prefix
    )


def _encode_of(wrapper: Any) -> Callable[[str], list[int]]:
    """The `encode` of a tokenizer of transformers."""
    return lambda text: list(wrapper.encode(text, add_special_tokens=False))


def _strings(backend: Any) -> list[str | None]:
    """The string of each token by id, None for holes."""
    # id by id, in order, takes half the time of get_vocab(), which fills two hash maps.
    count = backend.get_vocab_size(with_added_tokens=True)
    strings = list(map(backend.id_to_token, range(count)))
    if None in strings:
        vocab = backend.get_vocab(with_added_tokens=True)
        strings = [None] * (max(vocab.values()) + 1)
        for string, token_id in vocab.items():
            strings[token_id] = string
    return strings


def _decoder(
    backend: Any, strings: Sequence[str | None]
) -> tuple[Callable[[Sequence[str | None]], list[bytes | None]], bool]:
    """What a decoder makes of single tokens, and whether it drops a space before the text."""
    steps = [] if backend.decoder is None else _flatten(json.loads(backend.decoder.__getstate__()))
    if _is_byte_level(steps, strings):
        return from_byte_level, False
    space, byte_fallback, strips_prefix = _steps_of_pieces(steps)
    if not space:
        raise VocabularyError(
            "this tokenizer has no decoder that says how its tokens are joined to a text (a "
            "word-level tokenizer?). Use a byte-level or SentencePiece tokenizer"
        )
    return lambda strings: from_pieces(strings, space, byte_fallback=byte_fallback), strips_prefix


def _is_byte_level(steps: list[dict[str, Any]], strings: Sequence[str | None]) -> bool:
    """Returns True if a decoder reads GPT-2's alphabet, and nothing before that changes a token."""
    kinds = [step["type"] for step in steps]
    if kinds.count("ByteLevel") != 1:
        return False
    place = kinds.index("ByteLevel")
    return all(_is_idle(step, strings) for step in steps[:place]) and set(kinds[place + 1 :]) <= {"Fuse"}


def _steps_of_pieces(steps: list[dict[str, Any]]) -> tuple[str, bool, bool]:
    """What stands for a space, whether tokens may be bytes, and whether a space before the text is dropped.

    Raises:
        VocabularyError: A step of the decoder looks at several tokens.
    """
    space, byte_fallback, strips_prefix, is_fused = "", False, False, False
    for step in steps:
        match step:
            case {"type": "Replace", "pattern": {"String": str(mark)}, "content": " "} if not space:
                space = mark
            case {"type": "Metaspace", "replacement": str(mark)} if not space:
                space, strips_prefix = mark, step.get("prepend_scheme") != "never"
            case {"type": "ByteFallback"}:
                byte_fallback = True
            case {"type": "Fuse"}:
                is_fused = True
            case {"type": "Strip", "content": " ", "start": 0 | 1, "stop": 0} if is_fused:
                strips_prefix = step["start"] == 1
            case _:
                raise VocabularyError(
                    f"the decoder of this tokenizer has a step that looks at several tokens, so that its "
                    f"tokens have no bytes of their own: {step}. Use a byte-level or SentencePiece tokenizer"
                )
    return space, byte_fallback, strips_prefix


def _is_idle(step: dict[str, Any], strings: Sequence[str | None]) -> bool:
    """Returns True if a step before `ByteLevel` changes nothing: no token has what it replaces.

    transformers 4 puts the steps of SentencePiece before it when it reads a byte-level tokenizer from GGUF.
    """
    match step:
        case {"type": "Fuse"}:
            return True
        case {"type": "ByteFallback"}:
            return not any(string in _BYTE_PIECES for string in strings)
        case {"type": "Replace", "pattern": {"String": str(mark)}} if len(mark) == 1:
            return not any(string and mark in string for string in strings)
    return False


def _flatten(step: dict[str, Any]) -> list[dict[str, Any]]:
    if step["type"] != "Sequence":
        return [step]
    return [inner for part in step["decoders"] for inner in _flatten(part)]


# ---- the other libraries -----------------------------------------------------------------------------------


def _read_tiktoken(encoding: Any) -> TokenTable:
    """A `tiktoken.Encoding`."""
    special = {text: encoding.encode_single_token(text) for text in encoding.special_tokens_set}
    tokens: list[bytes | None] = []
    for token_id in range(encoding.n_vocab):
        try:
            tokens.append(encoding.decode_single_token_bytes(token_id))
        except KeyError:
            tokens.append(None)
    for token_id in special.values():
        tokens[token_id] = None
    ends = frozenset(special[text] for text in ("<|endoftext|>",) if text in special)
    return TokenTable(
        tokens,
        special,
        ends,
        lambda text: list(encoding.encode_ordinary(text)),
        lambda ids: str(encoding.decode(ids)),
    )


def _read_mistral(tekken: Any) -> TokenTable:
    """A `Tekkenizer` of mistral-common (tiktoken's tokens after a block of special ones), or its pieces."""
    if not hasattr(tekken, "id_to_byte_piece"):
        return _read_sentencepiece(tekken._model)
    special_ids = tekken.special_ids
    tokens = [None if i in special_ids else tekken.id_to_byte_piece(i) for i in range(tekken.n_words)]
    return TokenTable(
        tokens,
        {tekken.id_to_piece(token_id): token_id for token_id in sorted(special_ids)},
        frozenset([tekken.eos_id]),
        lambda text: list(tekken.encode(text, bos=False, eos=False)),
        lambda ids: str(tekken.decode(ids)),
    )


def _read_sentencepiece(model: Any) -> TokenTable:
    """A `sentencepiece.SentencePieceProcessor`."""
    ids = list(range(model.get_piece_size()))
    pieces = model.id_to_piece(ids)
    kinds = zip(model.is_control(ids), model.is_unknown(ids), model.is_unused(ids), strict=True)
    without_text = [token_id for token_id, kind in enumerate(kinds) if any(kind)]
    tokens = from_pieces(pieces, "\u2581", byte_fallback=True)
    for token_id in without_text:
        tokens[token_id] = None
    return TokenTable(
        tokens,
        {pieces[token_id]: token_id for token_id in without_text if not model.is_unused(token_id)},
        frozenset([model.eos_id()] if model.eos_id() >= 0 else []),
        lambda text: list(model.encode(text, out_type=int, add_bos=False, add_eos=False)),
        lambda ids: str(model.decode(ids)),
        strips_prefix=True,
    )


def _read_slow(tokenizer: Any) -> list[TokenTable]:
    """A tokenizer of transformers that is written in Python.

    Nothing says how it joins its tokens, and `decode` of some of them mends spaces, so both families are
    tried, and the texts themselves are what the bytes are compared with.
    """
    strings = _strings_of_slow(tokenizer)
    added = tokenizer.added_tokens_decoder
    special = {str(token): token_id for token_id, token in added.items() if token.special}
    special.update(zip(tokenizer.all_special_tokens, tokenizer.all_special_ids, strict=True))
    tables = []
    for family in (from_byte_level, lambda strings: from_pieces(strings, "\u2581", byte_fallback=True)):
        tokens = family([string if isinstance(string, str) else None for string in strings])
        for token_id, string in enumerate(strings):
            if isinstance(string, bytes):
                tokens[token_id] = string
        for token_id, token in added.items():
            tokens[token_id] = str(token).encode()
        for token_id in special.values():
            tokens[token_id] = None
        ends, encode = end_token_ids(tokenizer), _encode_of(tokenizer)
        tables.append(TokenTable(tokens, special, ends, encode, None, strips_prefix=True))
    return tables


def _strings_of_slow(tokenizer: Any) -> list[Any]:
    """The string (or bytes) of each token by id, None for holes."""
    added = tokenizer.added_tokens_decoder
    count = max(len(tokenizer), tokenizer.vocab_size, *(token_id + 1 for token_id in added))
    strings: list[Any] = []
    for token_id in range(count):
        try:
            strings.append(tokenizer.convert_ids_to_tokens(token_id))
        except (IndexError, KeyError, ValueError):  # a hole
            strings.append(None)
    return strings


def _read_wrapped_mistral(tokenizer: Any) -> list[TokenTable]:
    """The wrapper of transformers around a `MistralTokenizer`."""
    (table,) = read_tokenizer(tokenizer.tokenizer)
    return [replace(table, encode=_encode_of(tokenizer), eos_token_ids=end_token_ids(tokenizer))]


def _read_of_transformers(tokenizer: Any) -> list[TokenTable]:
    """A tokenizer of transformers that is not fast."""
    is_mistral = hasattr(getattr(tokenizer, "tokenizer", None), "instruct_tokenizer")
    return _read_wrapped_mistral(tokenizer) if is_mistral else _read_slow(tokenizer)


@dataclass(frozen=True)
class _Library:
    """How tokenizers of a library are recognised, by methods and attributes that they all have, and read."""

    methods: tuple[str, ...]
    read: Callable[[Any], list[TokenTable]]


_LIBRARIES = (
    _Library(
        ("backend_tokenizer",), lambda tokenizer: [_read_tokenizers(tokenizer.backend_tokenizer, tokenizer)]
    ),
    _Library(
        ("id_to_token", "get_added_tokens_decoder"), lambda tokenizer: [_read_tokenizers(tokenizer, None)]
    ),
    _Library(("decode_single_token_bytes",), lambda encoding: [_read_tiktoken(encoding)]),
    _Library(
        ("instruct_tokenizer",), lambda tokenizer: [_read_mistral(tokenizer.instruct_tokenizer.tokenizer)]
    ),
    _Library(("num_special_tokens", "n_words"), lambda tekken: [_read_mistral(tekken)]),
    _Library(("id_to_piece", "is_control"), lambda model: [_read_sentencepiece(model)]),
    _Library(("convert_ids_to_tokens",), _read_of_transformers),
)
"""In the order in which they are tried."""


# ---- strings to bytes --------------------------------------------------------------------------------------


def _byte_alphabet() -> np.ndarray[Any, np.dtype[np.int16]]:
    """The byte that each character stands for in GPT-2's alphabet, -1 for the other characters.

    Printable bytes of Latin-1 stand for themselves, the others are moved up to U+0100 (Radford et al. 2019,
    `encoder.py`).
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    table = np.full(0x144, -1, np.int16)
    moved = 0x100
    for byte in range(256):
        table[byte if byte in printable else moved] = byte
        moved += byte not in printable
    return table


def from_byte_level(strings: Sequence[str | None]) -> list[bytes | None]:
    r"""Tokens in GPT-2's alphabet.

    One with a character outside of it stands for itself, as in the decoder `ByteLevel`.

    >>> from_byte_level(["Ġa", "Ã", "a b"])
    [b' a', b'\xc3', b'a b']
    """
    texts = [string or "" for string in strings]
    ends = list(accumulate(map(len, texts), initial=0))
    characters = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    table = _byte_alphabet()
    codes = table[np.minimum(characters, len(table) - 1)]
    codes[characters >= len(table)] = -1
    data = codes.astype(np.uint8).tobytes()
    tokens: list[bytes | None] = [data[start:end] for start, end in pairwise(ends)]
    foreign = np.searchsorted(ends, np.flatnonzero(codes < 0), side="right") - 1
    for token_id in {int(i) for i in foreign}:
        tokens[token_id] = texts[token_id].encode("utf-8", "surrogatepass")
    return tokens


_BYTE_PIECES = {form % byte: bytes([byte]) for byte in range(256) for form in ("<0x%02X>", "<0x%02x>")}


def from_pieces(strings: Sequence[str | None], space: str, *, byte_fallback: bool) -> list[bytes | None]:
    r"""Tokens of text in which `space` stands for a space.

    With `byte_fallback`, `<0x0A>` is the byte 10.

    >>> from_pieces(["▁a", "<0xC3>"], "▁", byte_fallback=True)
    [b' a', b'\xc3']
    """
    texts = [string or "" for string in strings]
    tokens: list[bytes | None] = [text.replace(space, " ").encode("utf-8", "surrogatepass") for text in texts]
    if byte_fallback:
        for token_id in [i for i, text in enumerate(texts) if text in _BYTE_PIECES]:
            tokens[token_id] = _BYTE_PIECES[texts[token_id]]
    return tokens
