"""What a mask lets through parses in Lark: real grammars through a real vocabulary, random grammars exhaustively.

STRUCTGEN_LARK_TEXTS says how many texts of each real grammar are sampled, STRUCTGEN_LARK_GRAMMARS how many random
grammars are tried, and STRUCTGEN_LARK_EXAMPLES a folder with more grammars (such as the examples in Lark's sources).
"""

from __future__ import annotations

import itertools
import os
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

import lark as lark_library
import laws
import pytest
from lark.exceptions import GrammarError, LarkError
from traces import reading_vocabularies

import structgen
from structgen.errors import DeadEnd, EmptyLanguageError, InvalidLarkError
from structgen.vocabulary import Vocabulary

TEXTS = int(os.environ.get("STRUCTGEN_LARK_TEXTS", "12"))
GRAMMARS = int(os.environ.get("STRUCTGEN_LARK_GRAMMARS", "40"))

# Terminals that get into each other's way, over the letters a, b, c and the blank.
TERMINALS = [
    '"a"', '"ab"', '"b"', '"c"', '"A"i', "/a+/", "/ab?/", "/[ab]+/", "/b+c?/", "/(a|b)+?c/", "/a*?b/",
    "/a|ab/", "/abc|b/", "/c|ca/", r"/c\b/", r"/a\b/", "/a(?!b)/", "/a(?=b)/", "/(?!ab)[abc]+/",
    r"/(?!(ab|b)\b)[abc]+/", "/(?!ab(?!c))[abc]+/", "/(?<=a)b/", "/[abc]+(?<!c)/",
]  # fmt: skip
IGNORED = ['" "', "/ +/", "/ *b/", "/ c?/"]


def random_grammar(random: Random) -> str:
    """Three rules over two to four terminals."""
    names = [f"T{number}" for number in range(random.randint(2, 4))]

    def sequence() -> str:
        found = []
        for _ in range(random.randint(1, 3)):
            symbol = random.choice(names + ["x", "y"][: random.randint(0, 2)])
            if random.random() < 0.3:
                symbol += random.choice("?*+")
            found.append(f"({symbol} | {random.choice(names)})" if random.random() < 0.15 else symbol)
        return " ".join(found)

    lines = [
        f"start: {sequence()} | {sequence()}",
        f"x: {sequence()} | {random.choice(names)}",
        f"y: {random.choice(names)} | {sequence()}",
    ]
    for name in names:
        priority = f".{random.choice([1, 2, -1])}" if random.random() < 0.2 else ""
        lines.append(f"{name}{priority}: {random.choice(TERMINALS)}")
    if random.random() < 0.5:
        lines.append(f"%ignore {random.choice(IGNORED)}")
    return "\n".join(lines) + "\n"


def lark_parsers(grammar: str, start: str = "start", path: str | None = None) -> list[lark_library.Lark]:
    """LALR if Lark finds no conflict; if it has to choose, or refuses, Earley reads what the rules say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            parser = lark_library.Lark(grammar, parser="lalr", start=start, source_path=path)
            if not has_conflicts(grammar, start, path):
                return [parser]
        except GrammarError:
            pass
        return [lark_library.Lark(grammar, parser="earley", start=start, source_path=path)]


def has_conflicts(grammar: str, start: str, path: str | None) -> bool:
    try:
        lark_library.Lark(grammar, parser="lalr", start=start, source_path=path, strict=True)
    except GrammarError as error:
        return "conflict" in str(error)
    except (LarkError, ValueError):  # strict as to colliding terminals
        return False
    return False


def parses(parsers: list[lark_library.Lark], text: str) -> bool:
    for parser in parsers:
        try:
            parser.parse(text)
        except LarkError:
            continue
        except RuntimeError:  # "Please report this bug", says Lark: nobody can judge
            pass
        return True
    return False


SHORT = ["".join(chars) for size in range(1, 5) for chars in itertools.product("abc ", repeat=size)]


@pytest.mark.parametrize("seed", range(GRAMMARS))
def test_every_short_text_of_a_random_grammar_parses(seed: int) -> None:
    grammar = random_grammar(Random(seed))
    try:
        compiled = structgen.lark(grammar).compile(Vocabulary.of_bytes())
    except (InvalidLarkError, EmptyLanguageError):
        return
    accepted = [text for text in SHORT if compiled.accepts(text)]
    try:
        parsers = lark_parsers(grammar)
    except (LarkError, AttributeError):  # interegular, which Lark asks, fails on some lookarounds
        return
    if parsers[0].options.parser == "earley":
        accepted = Random(0).sample(accepted, min(len(accepted), 25))
    assert [text for text in accepted if not parses(parsers, text)] == [], grammar


@pytest.mark.parametrize("seed", range(0, GRAMMARS, 4))
def test_every_short_text_of_a_dynamic_grammar_parses(seed: int) -> None:
    grammar = random_grammar(Random(seed))
    try:
        compiled = structgen.lark(grammar, lexer="dynamic").compile(Vocabulary.of_bytes())
        parser = lark_library.Lark(grammar, parser="earley")
    except (InvalidLarkError, EmptyLanguageError, LarkError):
        return
    accepted = [text for text in SHORT if compiled.accepts(text)]
    accepted = Random(0).sample(accepted, min(len(accepted), 40))
    assert [text for text in accepted if not parses([parser], text)] == [], grammar


def real_grammars() -> Iterator[Path]:
    yield from sorted((Path(__file__).parents[2] / "grammars").glob("*.lark"))
    yield Path(lark_library.__file__).parent / "grammars" / "lark.lark"
    yield from sorted(Path(os.environ.get("STRUCTGEN_LARK_EXAMPLES", "/nonexistent")).rglob("*.lark"))


@cache
def vocabularies() -> tuple[Vocabulary, ...]:
    """Bytes, pieces of a text, and the tokens of a real model where it is installed."""
    found = list(reading_vocabularies())
    try:
        from structgen.generation.models import find_gguf, load_tokenizer

        if find_gguf() is not None:
            found.append(Vocabulary.from_tokenizer(load_tokenizer("smollm2")))
    except ImportError:
        pass
    return tuple(found)


def sampled(constraint: structgen.Constraint, vocabulary: Vocabulary, random: Random) -> str | None:
    """A text through the masks: some random tokens, then the shortest way out; None if there is none."""
    matcher, text = constraint.compile(vocabulary).matcher(), b""
    try:
        for _ in range(random.randint(0, 30)):
            choices = sorted(token for token in laws.allowed(matcher) if vocabulary[token])
            single = [
                token for token in choices if len(vocabulary[token]) == 1 and vocabulary[token] < b"\x7f"
            ]
            if not choices:
                break
            token = random.choice(single if single and random.random() < 0.5 else choices)
            matcher.advance(token)
            text += vocabulary[token]
        return (text + matcher.shortest_completion().text).decode()
    except DeadEnd:
        return None


@pytest.mark.parametrize("path", list(real_grammars()), ids=lambda path: path.stem)
def test_texts_sampled_through_masks_parse(path: Path) -> None:
    grammar = path.read_text()
    start = next((name for name in ("start", "file_input") if f"\n{name}:" in f"\n{grammar}"), None)
    if start is None:
        pytest.skip("a library without a start rule")
    try:
        constraint = structgen.lark(path, start=start)
    except InvalidLarkError as error:
        pytest.skip(f"refused: {error}")
    parsers, random, count = lark_parsers(grammar, start, str(path)), Random(path.stem), 0
    for number in range(TEXTS):
        vocabulary = vocabularies()[number % len(vocabularies())]
        text = sampled(constraint, vocabulary, random)
        if text is None:
            continue
        count += 1
        assert parses(parsers, text), text
        for other in vocabularies():  # what parses may be spelt in other tokens
            assert constraint.compile(other).accepts(text)
    assert count >= TEXTS // 2
