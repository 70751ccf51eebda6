r"""Texts that a person wrote, read token by token.

    check_accepts(constraint, ["ab", "b"], ["ba", ""])      whole texts, under several vocabularies
    check_trace(constraint, 'a·b·✗c·<eos>')                 where a token is allowed

In a trace `·` parts tokens, `✗` marks one that is refused there, `<eos>` is the end of the text, and `<|name|>` a
special token. A token is written as its text, or in hexadecimal if it is only a part of a character: `\xC3`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from random import Random

import laws
import pytest

import structgen
from structgen.constraint import Constraint
from structgen.errors import TokenRejected
from structgen.grammar.rules import Grammar
from structgen.matcher import Matcher
from structgen.vocabulary import Vocabulary

END = "<eos>"
_SPECIAL = re.compile(r"<\|\w+\|>")
_CORPUS = (
    '{"name": "Robert Burns", "born": 1759, "tags": ["poet", null, true, false], "x": -1.5e+10}\n'
    "if (x <= 10) { return foo(a, b) + 'é😀日本'; } else { while (i < n) i += 1; }\n"
    "aaaa abab abcabc 2024-02-29T23:59:59Z ISBN 978-3-16 user@example.org \t\n  "
)


def check_accepts(constraint: Constraint | Grammar, accepted: Iterable[str], rejected: Iterable[str]) -> None:
    """Read texts under vocabularies of bytes, of pieces that split characters, and of a real tokenizer.

    What masks allow, what `advance` takes, where the text may stop and what `is_valid` says must agree.
    """
    if isinstance(constraint, Grammar):
        constraint = Constraint(constraint)
    for text in accepted:
        assert constraint.is_valid(text), f"not valid: {text!r}"
    for text in rejected:
        assert not constraint.is_valid(text), f"valid: {text!r}"
    for vocabulary in reading_vocabularies():
        for text, expected in [*((text, True) for text in accepted), *((text, False) for text in rejected)]:
            for tokens in _spellings(vocabulary, text):
                _check_text(structgen.compile(constraint, vocabulary).matcher(), tokens, text, expected)


def check_trace(constraint: Constraint | Grammar, trace: str) -> None:
    """Read a trace: each token is allowed where it stands, or refused if it is marked so."""
    steps = [step for step in trace.split("·") if step]
    names = [step.removeprefix("✗") for step in steps]
    special = sorted({name for name in names if _SPECIAL.fullmatch(name)} | {END})
    texts = sorted({_bytes_of(name) for name in names if name not in special})
    vocabulary = Vocabulary(
        [*texts, *(bytes([byte]) for byte in range(256)), *(None for _ in special)],
        special_tokens={name: len(texts) + 256 + number for number, name in enumerate(special)},
        eos_token_ids=[len(texts) + 256 + special.index(END)],
    )
    matcher = structgen.compile(constraint, vocabulary).matcher()
    read = ""
    for step, name in zip(steps, names, strict=True):
        token = vocabulary.special_tokens.get(name)
        token = texts.index(_bytes_of(name)) if token is None else token
        where = f"after {read!r}, {name!r}"
        if step.startswith("✗"):
            assert token not in laws.allowed(matcher), f"{where} is allowed"
            with pytest.raises(TokenRejected):
                matcher.advance(token)
        else:
            assert token in laws.allowed(matcher), f"{where} is not allowed; expected {matcher.explain()}"
            matcher.advance(token)
            read += name


def _bytes_of(name: str) -> bytes:
    if re.fullmatch(r"(\\x[0-9A-F]{2})+", name):
        return bytes.fromhex(name.replace("\\x", ""))
    return name.encode()


@cache
def reading_vocabularies() -> tuple[Vocabulary, ...]:
    """Of bytes; of random pieces of a text; and of the first tokenizer that STRUCTGEN_TOKENIZERS names, if any."""
    random, data = Random(0), _CORPUS.encode()
    pieces = {
        data[start : start + random.choice([2, 2, 3, 3, 4, 6])]
        for start in (random.randrange(len(data)) for _ in range(300))
    }
    singles = [bytes([byte]) for byte in range(256)]
    found = [
        Vocabulary([*singles, None], eos_token_ids=[256]),
        Vocabulary([None, *sorted(pieces - set(singles)), *singles], eos_token_ids=[0], size=1000),
    ]
    return (*found, *_real_vocabularies())


def _real_vocabularies() -> Iterator[Vocabulary]:
    for file in sorted(Path(os.environ.get("STRUCTGEN_TOKENIZERS", "/nonexistent")).glob("*/tokenizer.json"))[
        :1
    ]:
        tokenizers = pytest.importorskip("tokenizers", reason="the package tokenizers is not installed")
        yield Vocabulary.from_tokenizer(tokenizers.Tokenizer.from_file(str(file)))


def spell(vocabulary: Vocabulary, data: bytes, random: Random | None = None) -> list[int]:
    """Tokens for bytes: the longest first, or any at random."""
    numbers = _numbers_of(vocabulary)
    tokens, start = [], 0
    while start < len(data):
        ends = [end for end in range(start + 1, min(start + 16, len(data)) + 1) if data[start:end] in numbers]
        end = ends[-1] if random is None else random.choice(ends)
        tokens.append(numbers[data[start:end]])
        start = end
    return tokens


def _spellings(vocabulary: Vocabulary, text: str) -> Iterator[list[int]]:
    yield spell(vocabulary, text.encode())
    if len(vocabulary) > 257:
        yield spell(vocabulary, text.encode(), Random(text))


@cache
def _numbers_of(vocabulary: Vocabulary) -> dict[bytes, int]:
    return {token: number for number, token in enumerate(vocabulary.tokens) if token}


def _check_text(matcher: Matcher, tokens: list[int], text: str, expected: bool) -> None:
    vocabulary, read = matcher.grammar.vocabulary, b""
    for token in tokens:
        in_mask = token in laws.allowed(matcher)
        if not matcher.try_advance(token):
            assert not in_mask, _shown(
                text, read, f"{vocabulary[token]!r} is in the mask, advance refuses it"
            )
            assert not expected, _shown(
                text, read, f"{vocabulary[token]!r} is refused, {matcher.explain()} expected"
            )
            return
        assert in_mask, _shown(text, read, f"{vocabulary[token]!r} is not in the mask, advance takes it")
        read += vocabulary[token]
    ends = vocabulary.eos_token_ids
    assert matcher.can_stop == expected, _shown(text, read, f"can_stop is {matcher.can_stop}")
    if ends:
        assert (laws.allowed(matcher) & ends == ends) == expected, _shown(
            text, read, "the end token disagrees"
        )


def _shown(text: str, read: bytes, reason: str) -> str:
    before = read.decode(errors="replace")
    return f"{reason}\n  {text}\n  {' ' * len(before)}^"
