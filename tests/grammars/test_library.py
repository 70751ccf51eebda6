"""The grammars that come with structgen: each against an independent parser, and against Lark with the same file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from random import Random

import lark as lark_library
import pytest
from grammars.cases import ACCEPTED, REJECTED
from grammars.judges import JUDGES, judge_of
from spellings import check_token_by_token

import structgen
from structgen.errors import InvalidLarkError
from structgen.frontends.library import library_text
from structgen.language.sampling import Sampler

SAMPLES = 500 if os.environ.get("STRUCTGEN_LIBRARY") == "full" else 25
SLOW = {"cypher", "json5", "lua", "regex-ecma"}
"""Whose judges take long for each text."""

WALKED = {10, *range(0x20, 0x7F)}
"""Bytes that a walk may take."""

SQL = {"sqlite", "postgresql"}
"""Judged in tests/frontends/sql/test_build.py."""


def samples(name: str, count: int) -> list[str]:
    sampler = Sampler(structgen.lark(name).grammar)
    return [sampler.text(Random(seed)) for seed in range(count)]


def walks(name: str, count: int) -> Iterator[str]:
    """Texts found by walking at random through the masks, and then the shortest way out."""
    compiled = structgen.compile(structgen.lark(name), structgen.Vocabulary.of_bytes())
    random = Random(name)
    for _ in range(count):
        matcher, text = compiled.matcher(), b""
        for _ in range(random.randint(1, 40)):
            following = [b for b in compiled.native.next_bytes(matcher.configuration) if b in WALKED]
            if not following:
                break
            matcher.advance(byte := random.choice(following))
            text += bytes([byte])
        yield (text + matcher.shortest_completion().text).decode()


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
        assert judge(text) is not False, text


@pytest.mark.parametrize("name", sorted({*JUDGES, *SQL}))
def test_walks_through_the_mask_parse_elsewhere_and_in_lark(name: str) -> None:
    parser = lark_library.Lark(library_text(name), parser="lalr", maybe_placeholders=False)
    judge = judge_of(name) if name in JUDGES else None
    for text in walks(name, max(SAMPLES // (10 if name in SLOW else 1), 5)):
        assert isinstance(parser.parse(text), lark_library.Tree), text
        assert judge is None or judge(text) is not False, text


@pytest.mark.parametrize("name", sorted({*JUDGES, *SQL}))
def test_samples_parse_in_lark_with_the_same_file(name: str) -> None:
    parser = lark_library.Lark(library_text(name), parser="lalr", maybe_placeholders=False)
    for text in samples(name, SAMPLES):
        assert isinstance(parser.parse(text), lark_library.Tree), text


@pytest.mark.parametrize("name", sorted(JUDGES))
def test_what_is_valid_is_accepted(name: str) -> None:
    judge, constraint = judge_of(name), structgen.lark(name)
    for text in ACCEPTED[name]:
        assert judge(text) is not False, text
        constraint.validate(text)


@pytest.mark.parametrize("name", sorted(JUDGES))
def test_what_is_valid_is_allowed_token_by_token(name: str) -> None:
    constraint = structgen.lark(name)
    for text in ACCEPTED[name]:
        check_token_by_token(constraint, text, Random(text))


@pytest.mark.parametrize("name", sorted(JUDGES))
def test_what_is_broken_is_rejected(name: str) -> None:
    constraint = structgen.lark(name)
    assert [text for text in REJECTED[name] if constraint._compiled.accepts(text)] == []


BLANK_CONTENT = {"csv", "ini", "markdown-table", "toml", "tsv"}
"""Where blanks at the end of a text may be what it says; not line breaks."""


@pytest.mark.parametrize("name", sorted({*ACCEPTED, *SQL} - {"regex-ecma", "regex-python"}))
def test_blanks_do_not_go_on_for_ever(name: str) -> None:
    compiled = structgen.compile(structgen.lark(name), structgen.Vocabulary.of_bytes())
    for text in ACCEPTED.get(name, ["SELECT a FROM b", "SELECT 1;"]):
        for blank in "\n" if name in BLANK_CONTENT else " \t\n":
            data = (text + 1200 * blank).encode()
            assert compiled.native.try_read(compiled.initial, data)[1] <= len(text.encode()) + 100, (
                text,
                blank,
            )


@pytest.mark.parametrize("name", ["json", "json5", "toml", "sqlite", "cypher", "lua", "python"])
def test_a_hundred_blanks_may_stand_in_a_row(name: str) -> None:
    constraint = structgen.lark(name)
    begin, end = {
        "json": ("[1", ", 2]"), "json5": ("[1", ", 2]"), "toml": ("a =", "1"), "sqlite": ("SELECT 1", "FROM a"),
        "cypher": ("MATCH (a)", "RETURN a"), "lua": ("x =", "1\n"), "python": ("x =", "1"),
    }[name]  # fmt: skip
    assert constraint.is_valid(begin + 100 * " " + end)
    assert not constraint.is_valid(begin + 101 * " " + end)


def test_an_unknown_name_is_an_error_that_names_a_similar_one_or_all() -> None:
    with pytest.raises(InvalidLarkError, match="did you mean 'json'"):
        library_text("jsn")
    with pytest.raises(InvalidLarkError, match=r"available grammars: .*semver"):
        library_text("nothing like it")
