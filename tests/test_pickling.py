"""Constraints of every kind go to other processes, before and after use, and mean the same there."""

from __future__ import annotations

import copy
import io
import multiprocessing
import pickle
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import picklable
import pytest

import structgen
from structgen.errors import InvalidText
from structgen.grammar.expressions import Literal
from structgen.grammar.rules import Grammar, Reference, Repetition, Sequence, Terminal

VOCABULARY = structgen.Vocabulary(
    [*(bytes([byte]) for byte in range(256)), b"na", b"me", b'": ', b"12", b"SELECT ", None],
    special_tokens={"<|tool|>": 261},
    eos_token_ids=[262],
    size=270,
)
SCHEMA = {
    "$defs": {"name": {"type": "string", "pattern": "^[a-z]+$"}},
    "type": "object",
    "properties": {"name": {"$ref": "#/$defs/name"}, "size": {"type": "number", "multipleOf": 0.5}},
    "required": ["name"],
}
TABLES = {"artist": ["id", "name"], "album": ["id", "title"]}


def pydantic_model() -> structgen.Constraint:
    pytest.importorskip("pydantic", reason="pydantic is not installed")
    import picklable_models

    return structgen.json_schema(picklable_models.Poet)


def by_hand() -> structgen.Constraint:
    word = Terminal("WORD", Literal("ab"))
    grammar = Grammar({"start": Sequence((word, Reference("more"))), "more": Repetition(word, 0, 3)})
    return structgen.Constraint(grammar, description="by hand")


KINDS: dict[str, tuple[Callable[[], structgen.Constraint], str]] = {
    "choice": (lambda: structgen.choice(iter(["yes", "no", "né"])), "né"),
    "regex": (lambda: structgen.regex(re.compile("a+b?", re.IGNORECASE), name="AB"), "aaB"),
    "schema": (lambda: structgen.json_schema(SCHEMA), '{"name": "ab"}'),
    "schema as text": (lambda: structgen.json_schema('{"enum": [1, "a"]}', exact=True), '"a"'),
    "schema with options": (
        lambda: structgen.json_schema(SCHEMA, property_order="any", whitespace="compact", closed=True),
        '{"size":1.5,"name":"b"}',
    ),
    "yaml": (lambda: structgen.json_schema(SCHEMA, output="yaml"), "name: ab\n"),
    "unenforced": (lambda: structgen.json_schema({"pattern": r"^(.)\1$"}, strict=False), '"aa"'),
    "dataclass": (lambda: structgen.json_schema(picklable.Poem), '{"title": "a", "lines": 3}'),
    "typed dict": (lambda: structgen.json_schema(picklable.Note), '{"text": "a"}'),
    "annotation": (lambda: structgen.json_schema(list[int]), "[1, 2]"),
    "pydantic": (pydantic_model, '{"name": "Burns", "born": 1759}'),
    "lark": (lambda: structgen.lark('start: A+ "."\nA: /[ab]/'), "ab."),
    "lark, dynamic": (lambda: structgen.lark("start: A+ B\nA: /a/\nB: /a?b/", lexer="dynamic"), "aab"),
    "lark, declared": (
        lambda: structgen.lark("start: X+\n%declare X", terminals={"X": structgen.regex("ab")}),
        "abab",
    ),
    "library": (lambda: structgen.lark("semver"), "1.2.3"),
    "sql": (lambda: structgen.sql("sqlite", TABLES), "SELECT name FROM artist"),
    "by hand": (by_hand, "abab"),
    "composed": (
        lambda: "Born: " + structgen.json_schema({"type": "integer"}) + (structgen.choice([".", "!"]) | "?"),
        "Born: 1759?",
    ),
    "composed, repeated": (
        lambda: structgen.repeat(structgen.regex("[ab]") + ";", 1, 3) + structgen.optional(by_hand()),
        "a;b;abab",
    ),
    "with limits": (lambda: structgen.regex("a", limits=structgen.Limits(work=10**7)), "a"),
}
EACH = pytest.mark.parametrize("kind", KINDS)
USED = pytest.mark.parametrize("used", [False, True], ids=["fresh", "used"])


def made(kind: str, used: bool) -> structgen.Constraint:
    if kind == "yaml":
        pytest.importorskip("ruamel.yaml", reason="ruamel.yaml is not installed")
    constraint = KINDS[kind][0]()
    if used:
        constraint.validate(KINDS[kind][1])
        constraint.is_valid("\ud800")
        constraint.explain()
        assert constraint.report is not None
        constraint.compile(VOCABULARY)
        constraint.repair(KINDS[kind][1])
    return constraint


def assert_equal(constraint: structgen.Constraint, other: structgen.Constraint, text: str) -> None:
    assert type(other) is type(constraint)
    assert other.unenforced == constraint.unenforced
    assert other.limits == constraint.limits
    assert other.description == constraint.description
    assert picklable.digest_of_constraint(other, VOCABULARY) == picklable.digest_of_constraint(
        constraint, VOCABULARY
    )
    assert other.validate(text) == constraint.validate(text)
    for wrong in ("", text + "\x00", "{"):
        with pytest.raises(InvalidText) as here:
            constraint.validate(wrong)
        with pytest.raises(InvalidText) as there:
            other.validate(wrong)
        assert str(there.value) == str(here.value)


@USED
@EACH
def test_a_constraint_pickles(kind: str, used: bool) -> None:
    constraint = made(kind, used)
    assert_equal(constraint, pickle.loads(pickle.dumps(constraint)), KINDS[kind][1])


@EACH
def test_a_pickle_is_the_same_before_and_after_use(kind: str) -> None:
    constraint = made(kind, False)
    before = pickle.dumps(constraint)
    constraint.validate(KINDS[kind][1])
    constraint.compile(VOCABULARY)
    assert pickle.dumps(constraint) == before


class Recording(pickle.Unpickler):
    """Notes what a pickle names."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.names: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:
        self.names.add(f"{module}.{name}")
        return super().find_class(module, name)


@EACH
def test_a_pickle_names_functions_and_types_and_holds_no_code(kind: str) -> None:
    reading = Recording(pickle.dumps(made(kind, True)))
    reading.load()
    plain = {"types.GenericAlias", "builtins.list", "builtins.int", "builtins.getattr"}
    foreign = {name for name in reading.names if not name.startswith(("structgen.", "picklable"))}
    assert foreign <= plain
    assert any(name.startswith("structgen.") for name in reading.names)


@USED
@EACH
def test_copies_mean_the_same(kind: str, used: bool) -> None:
    constraint = made(kind, used)
    for other in (copy.deepcopy(constraint), copy.copy(constraint)):
        assert_equal(constraint, other, KINDS[kind][1])


@USED
@EACH
def test_a_compiled_grammar_pickles(kind: str, used: bool) -> None:
    grammar = made(kind, used).compile(VOCABULARY)
    if used:
        picklable.mask_digest(grammar)
    for other in (pickle.loads(pickle.dumps(grammar)), copy.deepcopy(grammar), copy.copy(grammar)):
        assert picklable.mask_digest(other) == picklable.mask_digest(grammar)
        assert other.limits == grammar.limits


def test_a_grammar_that_no_constraint_holds_pickles_compiled() -> None:
    grammar = structgen.compile(by_hand().grammar, VOCABULARY, limits=structgen.Limits(work=10**7))
    other = pickle.loads(pickle.dumps(grammar))
    assert other.limits == grammar.limits
    assert picklable.mask_digest(other) == picklable.mask_digest(grammar)


def test_what_the_caller_changes_later_is_not_in_the_pickle() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"a": {"enum": [1]}}, "required": ["a"]}
    constraint = structgen.json_schema(schema)
    schema["properties"]["a"]["enum"].append(2)
    other = pickle.loads(pickle.dumps(constraint))
    assert picklable.digest_of_constraint(other, VOCABULARY) == picklable.digest_of_constraint(
        constraint, VOCABULARY
    )


def test_a_changed_constraint_forgets_how_it_was_made() -> None:
    constraint = replace(structgen.regex("a+"), description="changed", limits=structgen.Limits(work=10**6))
    other = pickle.loads(pickle.dumps(constraint))
    assert (other.description, other.limits) == ("changed", structgen.Limits(work=10**6))
    assert other.is_valid("aa")


def test_a_grammar_in_a_file_goes_as_its_text(tmp_path: Path) -> None:
    path = tmp_path / "sum.lark"
    path.write_text('start: "1" ("+" "1")*\n')
    constraint = structgen.lark(path)
    sent = pickle.dumps(constraint)
    path.unlink()
    assert_equal(constraint, pickle.loads(sent), "1+1")


def test_a_connection_goes_as_its_tables() -> None:
    import sqlite3

    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE poet (name TEXT, born INTEGER)")
    constraint = structgen.sql("sqlite", connection)
    assert_equal(constraint, pickle.loads(pickle.dumps(constraint)), "SELECT born FROM poet")


@USED
def test_a_vocabulary_pickles(used: bool) -> None:
    vocabulary = structgen.Vocabulary(
        [b"a", None, b"b"], special_tokens={"<x>": 1}, eos_token_ids=[3], size=5
    )
    if used:
        structgen.regex("ab*").compile(vocabulary)
    sent = pickle.dumps(vocabulary)
    other, again = pickle.loads(sent), pickle.loads(sent)
    assert other is again, "equal vocabularies share their memory"
    for name in ("tokens", "size", "special_tokens", "eos_token_ids"):
        assert getattr(other, name) == getattr(vocabulary, name)
    assert copy.deepcopy(vocabulary) is vocabulary
    of_bytes = structgen.Vocabulary.of_bytes()
    assert pickle.loads(pickle.dumps(of_bytes)) is of_bytes


def test_everything_goes_to_a_spawned_process() -> None:
    constraints = {kind: made(kind, True) for kind in KINDS}
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = pool.starmap(
            picklable.digest_of_constraint, [(one, VOCABULARY) for one in constraints.values()]
        )
        compiled = pool.map(
            picklable.digest_of_compiled, [one.compile(VOCABULARY) for one in constraints.values()]
        )
    here = {kind: picklable.digest_of_constraint(one, VOCABULARY) for kind, one in constraints.items()}
    assert dict(zip(constraints, found, strict=True)) == here
    assert dict(zip(constraints, compiled, strict=True)) == here
