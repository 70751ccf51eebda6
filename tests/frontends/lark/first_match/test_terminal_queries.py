"""Questions about terminals, against `re` and against plain searches."""

from __future__ import annotations

import re
from itertools import product
from random import Random

import pytest

import structgen
from structgen.engine import Expressions
from structgen.frontends.lark.first_match.lalr import END
from structgen.frontends.lark.first_match.tables import Table
from structgen.frontends.lark.first_match.terminal_queries import Texts
from structgen.frontends.lark.loading import expand, load
from structgen.frontends.lark.sources import Source
from structgen.frontends.library import library, library_text
from structgen.grammar.expressions import EMPTY, Literal, union
from structgen.limits import Limits
from structgen.patterns import parse_regex
from structgen.vocabulary import Vocabulary

PATTERNS = [
    "a",
    "ab",
    "[ab]+",
    "a*b",
    "(ab)+",
    "(a|bb)*a",
    "b[ab]?b",
    "a{2,3}",
    "(a|b)(a|b)",
    "[^a]",
    "é+",
    "a?é",
]
WORDS = ["".join(letters) for length in range(6) for letters in product("abé", repeat=length)]


def matched(pattern: str) -> set[str]:
    return {word for word in WORDS if re.fullmatch(pattern, word)}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_one_terminal(pattern: str) -> None:
    texts, words = Texts(parse_regex(pattern)), matched(pattern)
    assert {word for word in WORDS if texts.has(word)} == words
    assert texts.shortest in words or pattern == "[^a]"
    assert len(texts.shortest) == min(map(len, words))
    assert not texts.is_empty
    for start in ("", "a", "b", "ab", "é"):
        following = {
            word.encode()[len(start.encode())] for word in words if word != start and word.startswith(start)
        }
        assert following <= texts.after(start)
        if not start and pattern != "[^a]":
            assert texts.first == following


@pytest.mark.parametrize("one", PATTERNS)
def test_two_terminals(one: str) -> None:
    for other in PATTERNS:
        assert Texts(parse_regex(one)).overlaps(Texts(parse_regex(other))) == bool(
            matched(one) & matched(other)
        )


def test_what_always_goes_on() -> None:
    assert Texts(parse_regex("[ab]+")).swallow(frozenset(b"ab"))
    assert not Texts(parse_regex("[ab]+")).swallow(frozenset(b"abc"))
    assert not Texts(parse_regex("a|bb+")).swallow(frozenset(b"b"))
    assert not Texts(EMPTY).swallow(frozenset(b"a"))


def test_what_is_no_text() -> None:
    lone = Texts(Literal("\ud800"))
    question = Texts(parse_regex("[?a]"))
    assert lone.is_empty
    assert lone.shortest == ""
    assert not question.has("\ud800")
    assert not question.after("\ud800")
    assert not lone.overlaps(question)
    assert not Texts(union(Literal("\ud800"), Literal("a"))).overlaps(lone)


def test_each_question_has_its_own_limits() -> None:
    """A terminal that is compared with many others costs what each of them does."""
    hard = Texts(parse_regex("[ab]*a[ab]{13}x"))
    for letter in "cdefghijklmn":
        assert not hard.overlaps(Texts(parse_regex(f"[ab]*b[ab]{{13}}[x{letter}]y")))


def test_numbers_that_are_none() -> None:
    engine = Expressions(Vocabulary.of_bytes().native, Limits())
    for ask in (engine.builder.is_empty, engine.builder.shortest, engine.builder.first_bytes):
        with pytest.raises(IndexError):
            ask(2**31)


# Lark's parse table.


def behind(table: Table, state: int, rule: int) -> set[int]:
    """The states after a reduction, straight from the automaton."""
    name = str(table.rules[rule].origin.name)
    origins = table._automaton.origins.get((state, rule), ())
    return {table._gotos[origin][name] for origin in origins if name in table._gotos[origin]}


def plain_shifting(table: Table, state: int, name: str) -> set[int]:
    found, seen, stack = set(), {state}, [state]
    while stack:
        at = stack.pop()
        if name in table._shifts[at]:
            found.add(at)
        elif (rule := table._reductions[at].get(name)) is not None:
            stack += behind(table, at, rule) - seen
            seen |= behind(table, at, rule)
    return found


def plain_implies(table: Table, state: int, name: str, other: str) -> bool:
    seen, stack = {state}, [state]
    while stack:
        at = stack.pop()
        if other in table._shifts[at]:
            continue
        rule = table._reductions[at].get(name)
        if rule is None:
            if name in table._shifts[at] or at == state:
                return False
            continue
        if table._reductions[at].get(other) != rule:
            return False
        stack += behind(table, at, rule) - seen
        seen |= behind(table, at, rule)
    return True


@pytest.mark.parametrize("name", library())
def test_reductions_are_followed_as_by_a_plain_search(name: str) -> None:
    loaded = load(Source(library_text(name)), "start", [], {})
    table = Table(expand(loaded), "start", loaded.ignored)
    random = Random(name)
    terminals = {terminal for names in table._sought for terminal in names} - {END}
    for _ in range(400):
        state = random.choice(table._states)
        first, second = random.choice(sorted(terminals)), random.choice(sorted(terminals))
        assert set(table._shifting(state, first)) == plain_shifting(table, state, first)
        assert table._implies(state, first, second) == plain_implies(table, state, first, second)


def test_a_literal_that_is_no_text_takes_nothing_away() -> None:
    with pytest.raises(structgen.EmptyLanguageError):
        structgen.compile(
            structgen.lark('start: A | B "!"\nA: "\\ud800"\nB: "\\udfff"\n'), Vocabulary.of_bytes()
        )
