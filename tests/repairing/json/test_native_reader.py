"""The native reader: it reads what json reads, knows whether a text is JSON, and agrees with the tolerant lexer."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import damages
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import structgen
from structgen.repairing import _reader
from structgen.repairing.json import native_reader
from structgen.repairing.json.native_reader import NativeReader

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=20,
)
CONTAINERS = st.lists(VALUES, max_size=5) | st.dictionaries(st.text(max_size=5), VALUES, max_size=5)
PIECES = st.lists(
    st.sampled_from(
        [
            *"{}[]:,\"'\\/#-+.0123eE \n\t`“’é",
            *(
                "true",
                "None",
                "nul",
                "NaN",
                "abc",
                "//",
                "/*",
                "*/",
                "\\u00e9",
                "\\ud83d",
                '\\"',
                '"a": ',
                ', "b": 1',
            ),
        ]
    ),
    max_size=30,
).map("".join)
RECORDS = [
    {"id": 1, "name": "Robert Burns", "tags": ["a b c", "d"], "born": 1759.5, "poet": True, "x": None},
    {"id": 2, "name": 'The "Bard" of it', "tags": [], "where": {"town": "Alloway", "at": [55.4, -4.6]}},
    {"id": 3, "name": "line one\nline two", "tags": ["x"], "ok": False, "of": [{"a": 1}, {"a": 2}, {"a": 3}]},
]


def _is_json(text: str) -> int:
    """0, 1 or 2, as `check` has it, by the standard parser."""
    twice = False

    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        twice = twice or any(count > 1 for count in Counter(name for name, _ in pairs).values())
        return dict(pairs)

    def refused(name: str) -> Any:
        raise ValueError(name)

    try:
        json.loads(text, object_pairs_hook=distinct, parse_constant=refused)
    except (ValueError, RecursionError):
        return 0
    return 2 if twice else 1


@given(CONTAINERS, st.sampled_from([None, 1]), st.booleans())
def test_what_json_reads_is_read_alike(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    read, end, marks, unclosed, _ = _reader.read(text, 0, len(text), False)
    assert json.dumps(read) == json.dumps(value)
    assert (end, marks, unclosed) == (len(text), None, None)
    assert _reader.check(text) > 0


@given(PIECES)
@example('{"a": 1, "\\u0061": 2}')
@example("[1.e5]")
@example("[-]")
@example("[01]")
@example('["\\ud800"]')
@example('{"a": 1,}')
@example("\ufeff[]")
@example(" [] ")
@example("[]]")
@example("")
@example("-0.0e+5")
def test_check_agrees_with_json(text: str) -> None:
    for shown in (text, f"[{text}]", f'{{"k": {text}}}'):
        wanted, found = _is_json(shown), _reader.check(shown)
        assert (wanted > 0) == (found > 0), shown
        assert not (wanted == 2 and found == 1), shown  # a repeated name is never overlooked


@given(PIECES, st.integers(0, 40), st.integers(0, 40))
@example("[" * 3000, 0, 3000)
@example('[{"a":' * 1500, 0, 9000)
@example('["a", "b', 0, 8)
@example('{"a": "\\u12', 0, 11)
@example("[/* ", 0, 4)
def test_any_text_is_read_without_a_crash(text: str, start: int, stop: int) -> None:
    for items in (False, True):
        value, end, _, unclosed, _ = _reader.read(text, start, stop, items)
        assert (value is None) == (unclosed is not None)
        assert end <= len(text) + 4
    values, spans, _, _ = _reader.row(text, start, stop)
    assert len(values) == len(spans)


@pytest.mark.parametrize(
    ("text", "value", "changes"),
    [
        ("{'a': 'b'}", {"a": "b"}, ["quote", "quote"]),
        ("{a: 1}", {"a": 1}, ["quote"]),
        ("[True, None, FALSE]", [True, None, False], ["literal"] * 3),
        ("[1, 2,]", [1, 2], ["comma"]),
        ("[1,, 2]", [1, 2], ["comma"]),
        ('{"a": 1 "b": 2}', {"a": 1, "b": 2}, ["comma"]),
        ('["a" "b"]', ["a", "b"], ["comma"]),
        ('{"a" 1, "b": 2}', {"a": 1, "b": 2}, ["colon"]),
        ('{"a" => 1}', {"a": 1}, ["colon"]),
        ('{"a":: 1}', {"a": 1}, ["colon"]),
        ('{"a": 1, // so\n "b": 2}', {"a": 1, "b": 2}, ["comment"]),
        ('{"a": "he said "yes" to it"}', {"a": 'he said "yes" to it'}, ["quote"]),
        ('{"a": "one\ntwo"}', {"a": "one\ntwo"}, ["string"]),
    ],
)
def test_local_damage_is_set_right(text: str, value: Any, changes: list[str]) -> None:
    found = NativeReader(text).container(0, len(text))
    assert found is not None
    assert found.value == value
    assert found.edits is not None
    assert [edit.kind for edit in found.edits] == changes
    assert structgen.repair(text, format="json").value == value


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '[1, 2, {"a": 3]',
        '{"a": [1, 2}',
        '{"a": 1',
        '{"a": "b, "c": 1}',
        '{"a": "one", two", "b": 1}',
        "{'it's': 1}",
        '{"a": 5 kg}',
        '{"a": yes}',
        "[1, ...]",
        "[1, // and more\n 2]",
        '{"a": 0x10}',
        '{"a": 1.}',
        '{"a", "b"}',
        '{"a": """x"""}',
        "[\\n1]",
        "[1\u00a0]",
    ],
)
def test_what_is_in_doubt_is_not_taken(text: str) -> None:
    assert NativeReader(text).container(0, len(text)) is None


@pytest.mark.parametrize("kind", damages.DAMAGES)
def test_it_reads_nothing_as_the_lexer_would_not(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without the native reader: the same value, and the same edits but for how sure a surplus bracket is."""
    rng = random.Random(kind)
    texts = []
    for _ in range(40):
        value = {"all": rng.choices(RECORDS, k=rng.randrange(1, 6)), "n": rng.randrange(9)}
        made = json.dumps(value, ensure_ascii=False, indent=rng.choice([None, 2]))
        damaged = damages.DAMAGES[kind](made, rng)
        if damaged is not None:
            texts.append(damaged)
            other = (
                damages.DAMAGES[rng.choice(list(damages.DAMAGES))](damaged, rng) if "{" in damaged else None
            )
            texts += [] if other is None else [other]
    natively = [_repaired(text) for text in texts]
    container = NativeReader.container
    monkeypatch.setattr(NativeReader, "container", lambda *place: container(*place) and None)
    monkeypatch.setattr(NativeReader, "items", lambda self, start, stop: (None, stop))
    monkeypatch.setattr(NativeReader, "row", lambda self, start, stop: None)
    for text, found in zip(texts, natively, strict=True):
        assert found == _repaired(text), text


def _repaired(text: str) -> Any:
    try:
        found = structgen.repair(text, format="json")
    except structgen.RepairError:
        return None
    edits = sorted({(edit.kind, edit.reason) for edit in found.edits})
    return json.dumps(found.value), edits, found.truncated


def test_runs_of_items_are_read_at_once() -> None:
    """One damage in a long array costs little more than none."""
    text = json.dumps([{"a": n, "b": [n]} for n in range(3000)])
    broken = text[: len(text) // 2].rstrip("} ]0123456789,") + " " + text[len(text) // 2 :] + "]]"
    calls = 0
    read = NativeReader.items

    def counted(self: NativeReader, start: int, stop: int) -> Any:
        nonlocal calls
        calls += 1
        return read(self, start, stop)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NativeReader, "items", counted)
        assert len(structgen.repair(broken, format="json").value) >= 2999
    assert calls < 50


def test_the_names_of_changes_are_in_the_order_of_the_header() -> None:
    header = Path(structgen.__file__).parent / "repairing" / "native" / "reader.h"
    if not header.exists():
        pytest.skip("the sources are not installed")
    listed = header.read_text(encoding="utf-8").split("enum class Change")[1].split("};")[0]
    names = [line.split(",")[0].strip() for line in listed.splitlines()[1:] if line.strip()]
    assert len(names) == len(native_reader._CHANGES)
