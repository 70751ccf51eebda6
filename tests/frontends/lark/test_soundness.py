r"""What a mask lets through parses in Lark: real grammars through a real vocabulary, random grammars exhaustively.

STRUCTGEN_LARK_TEXTS says how many texts of each real grammar are sampled, STRUCTGEN_LARK_GRAMMARS how many random
grammars are tried, and STRUCTGEN_LARK_EXAMPLES a folder with more grammars, in files or as strings of Python modules:
the sources of Lark, from its sdist (`pip download --no-binary :all: lark`), have its examples. All of it:

    STRUCTGEN_LARK_EXAMPLES=lark-1.3.1/examples STRUCTGEN_LARK_TEXTS=500 STRUCTGEN_LARK_GRAMMARS=400 \
        python -m pytest tests/frontends/lark/test_soundness.py -o timeout=3600
"""

from __future__ import annotations

import ast
import itertools
import os
import re
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

import lark as lark_library
import laws
import pytest
from lark.exceptions import GrammarError, LarkError
from spellings import check_token_by_token, vocabularies

import structgen
from structgen.errors import DeadEnd, EmptyLanguageError, InvalidLarkError
from structgen.vocabulary import Vocabulary

TEXTS = int(os.environ.get("STRUCTGEN_LARK_TEXTS", "12"))
GRAMMARS = int(os.environ.get("STRUCTGEN_LARK_GRAMMARS", "40"))

# Terminals that get into each other's way, over the letters a, b, c and the blank.
TERMINALS = [
    '"a"', '"ab"', '"b"', '"c"', '"A"i', "/a+/", "/ab?/", "/[ab]+/", "/b+c?/", "/(a|b)+?c/", "/a*?b/",
    "/a|ab/", "/abc|b/", "/c|ca/", r"/c\b/", r"/a\b/", "/a(?!b)/", "/a(?=b)/", "/(?!ab)[abc]+/",
    r"/(?!(ab|b)\b)[abc]+/", "/(?!(ab|c)(?![abc]))[ab][abc]*/", "/ ?(?!(a|ba)(?![ab]))[ab]+/",
    "/(?!(a|b)(?![ab]))[ab]+c?/", r"/c{0,2}((?!aa\b)a\w*|b(b|c)?)/", "/(?!ab(?!c))[abc]+/",
    "/(?<=a)b/", "/[abc]+(?<!c)/",
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


def real_grammars() -> Iterator[tuple[str, str, str | None]]:
    """A name, the text and the path of each: ours, Lark's own, and its examples."""
    examples = Path(os.environ.get("STRUCTGEN_LARK_EXAMPLES", "/nonexistent"))
    ours, its = Path(__file__).parents[3] / "grammars", Path(lark_library.__file__).parent / "grammars"
    for folder in (ours, its, examples):
        for path in sorted(folder.rglob("*.lark")):
            name = path.relative_to(folder).with_suffix("").as_posix()
            yield name if folder is ours else f"lark/{name}", path.read_text(), str(path)
    for path in sorted(examples.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and start_of(node.value):
                yield f"lark/{path.relative_to(examples)}:{node.lineno}", node.value, None


def start_of(grammar: str) -> str | None:
    """The rule that a grammar starts with, by its name."""
    found = re.search(r"^\s*\??(start|file_input)(\.\d+)?\s*:", grammar, re.MULTILINE)
    return found and found[1]


def mutated(text: str, random: Random) -> str:
    """A text with a piece of it left out, said twice, or put elsewhere."""
    start = random.randint(0, len(text))
    end = min(start + random.choice([1, 1, 2, 3, 8]), len(text))
    other = random.randint(0, len(text))
    return random.choice(
        [
            text[:start] + text[end:],
            text[:end] + text[start:],
            text[:other] + text[start:end] + text[other:],
            text[:start] + random.choice(" \n") + text[start:],
        ]
    )


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


@cache
def loaded(name: str) -> tuple[structgen.Constraint, list[lark_library.Lark]]:
    """The constraint of a real grammar, and Lark's parsers of it; skips what is not for Lark alone, or refused."""
    grammar, path = next((grammar, path) for other, grammar, path in REAL if other == name)
    start = start_of(grammar)
    if start is None:
        pytest.skip("a library without a start rule")
    try:
        constraint = structgen.lark(grammar if path is None else Path(path), start=start)
    except InvalidLarkError as error:
        pytest.skip(f"refused: {error}")
    return constraint, lark_parsers(grammar, start, path)


REAL = list(real_grammars())
NAMES = [name for name, _, _ in REAL]


@pytest.mark.parametrize("name", NAMES)
def test_texts_sampled_through_masks_parse(name: str) -> None:
    constraint, parsers = loaded(name)
    random, count = Random(name), 0
    for number in range(TEXTS):
        vocabulary = vocabularies()[number % len(vocabularies())]
        text = sampled(constraint, vocabulary, random)
        if text is None:
            continue
        count += 1
        assert parses(parsers, text), text
    assert count >= TEXTS // 2


@pytest.mark.parametrize("name", NAMES)
def test_what_lark_parses_is_allowed_token_by_token(name: str) -> None:
    """Sampled texts, and what Lark still parses once they are changed: in bytes, long tokens, and random ones.

    The changed ones may go back to a shorter match, which docs/lark.md says the mask doesn't: a few are refused.
    """
    constraint, parsers = loaded(name)
    random, refused, changed = Random(f"{name}, changed"), [], 0
    for number in range(TEXTS):
        text = sampled(constraint, vocabularies()[0], random)
        if text is None:
            continue
        other = mutated(text, random)
        texts = [text]
        if number % 4 == 0 and parses(parsers, other):
            changed += 1
            if constraint.compile(Vocabulary.of_bytes()).accepts(other):
                texts.append(other)
            else:
                refused.append(other)
        for one in texts:
            check_token_by_token(constraint, one, random)
    assert len(refused) <= max(1, changed // 20), refused


def test_grammars_for_lark_are_texts_of_its_own_grammar() -> None:
    """With a dynamic lexer: a comment begins with blanks there, so ` /a/` could be one up to its third character."""
    its = Path(lark_library.__file__).parent / "grammars"
    constraint = structgen.lark(its / "lark.lark", lexer="dynamic")
    for name, grammar, path in REAL:
        if path is not None and name not in (
            "sqlite",
            "postgresql",
            "cypher",
            "lark/python",
        ):  # which are long
            check_token_by_token(constraint, grammar, Random(name))
