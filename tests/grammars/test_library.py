"""The grammars that come with structgen: each against an independent parser, and against Lark with the same file."""

from __future__ import annotations

import os
from random import Random

import lark as lark_library
import pytest
from grammars.cases import ACCEPTED, REJECTED
from grammars.judges import JUDGES, judge_of

import structgen
from structgen.errors import InvalidLarkError
from structgen.frontends.library import library_text
from structgen.grammar.sampling import Sampler

SAMPLES = 500 if os.environ.get("STRUCTGEN_LIBRARY") == "full" else 25
SLOW = {"cypher", "json5", "lua", "regex-ecma"}
"""Whose judges take long for each text."""

SQL = {"sqlite", "postgresql"}
"""Judged in tests/frontends/test_sql.py."""


def samples(name: str, count: int) -> list[str]:
    sampler = Sampler(structgen.lark(name).grammar)
    return [sampler.text(Random(seed)) for seed in range(count)]


def test_every_grammar_is_listed_and_judged() -> None:
    found = structgen.library()
    assert set(found) == {*JUDGES, *SQL}
    assert set(JUDGES) == set(ACCEPTED) == set(REJECTED)
    assert all(line.endswith((".", ":", ",")) or len(line) > 40 for line in found.values())


@pytest.mark.parametrize("name", sorted({*JUDGES, *SQL}))
def test_the_header_says_what_is_left_out(name: str) -> None:
    header = [line for line in library_text(name).split("\n") if line.startswith("//")]
    assert any("Left out:" in line for line in header)


@pytest.mark.parametrize("name", sorted(JUDGES))
def test_samples_parse_elsewhere(name: str) -> None:
    judge = judge_of(name)
    compiled = structgen.compile(structgen.lark(name), structgen.Vocabulary.of_bytes())
    for text in samples(name, max(SAMPLES // (10 if name in SLOW else 1), 5)):
        assert compiled.accepts(text), text
        assert judge(text) is not False or text.strip() == "false", text


@pytest.mark.parametrize("name", sorted({*JUDGES, *SQL}))
def test_samples_parse_in_lark_with_the_same_file(name: str) -> None:
    parser = lark_library.Lark(library_text(name), parser="lalr", maybe_placeholders=False)
    for text in samples(name, SAMPLES):
        assert isinstance(parser.parse(text), lark_library.Tree), text


@pytest.mark.parametrize("name", sorted(JUDGES))
def test_what_is_valid_is_accepted(name: str) -> None:
    judge, constraint = judge_of(name), structgen.lark(name)
    for text in ACCEPTED[name]:
        assert judge(text) is not False or text == "false", text
        constraint.validate(text)


@pytest.mark.parametrize("name", sorted(JUDGES))
def test_what_is_broken_is_rejected(name: str) -> None:
    constraint = structgen.lark(name)
    assert [text for text in REJECTED[name] if constraint._compiled.accepts(text)] == []


def test_an_unknown_name_is_an_error_that_lists_the_others() -> None:
    with pytest.raises(InvalidLarkError, match="semver"):
        library_text("jsn")
