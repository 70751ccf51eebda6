"""The parts of the benchmarks that need no peer: what is sampled, what is counted, what the figures say."""

import hashlib
import json
import os
import signal
import sys
from pathlib import Path

import masks
import memory
import numpy as np
import pytest
from evidence.tables import TABLES
from maskbench import records, tables
from maskbench.cases import Case, Instance, bounded_pairs, case_of, position_at, sample_lines
from maskbench.measure import Measurement, Reading, clock_cost, measure
from maskbench.summary import (
    Results,
    bounded_costs,
    by_kind,
    figures,
    ratios,
    slowest_first_masks,
    slowest_tokens,
)
from peers import ENGINES, Refused, find_engine, words_of_mask

END = 256


def encode(text: str) -> list[int]:
    return list(text.encode())


def decode(tokens: list[int]) -> str:
    return bytes(tokens).decode(errors="replace")


class Literal:
    """An engine whose schemas are lists of the texts that they allow. Tokens are bytes, and END."""

    version = "1"

    def __init__(self, tokenizer: object = None) -> None:
        self.renewed = 0

    def compile(self, schema: str) -> "Literal":
        if schema == "unsupported":
            raise Refused("no such keyword\nsecond line")
        if schema == "broken":
            raise RuntimeError("out of order")
        self._texts = json.loads(schema)
        return self

    def matcher(self) -> "LiteralMatcher":
        return LiteralMatcher([text.encode() for text in self._texts])

    def renew(self) -> None:
        self.renewed += 1


class LiteralMatcher:
    def __init__(self, texts: list[bytes]) -> None:
        self.mask = np.zeros(words_of_mask(END + 1), np.int32)
        self._texts = texts
        self._read = b""

    def _allowed(self) -> set[int]:
        read = self._read
        return {
            text[len(read)] if len(text) > len(read) else END for text in self._texts if text.startswith(read)
        }

    def fill(self) -> None:
        words = np.zeros(len(self.mask), np.uint32)
        for token in self._allowed():
            words[token >> 5] |= np.uint32(1 << (token & 31))
        self.mask[:] = words.view(np.int32)

    def advance(self, token: int) -> bool:
        if token not in self._allowed():
            return False
        self._read += bytes([token])
        return True


def instance(number: int, text: str, *, valid: bool = True) -> Instance:
    return Instance(number, text, tuple(encode(text)), valid)


def measured(engine: str, case: str, cold: list[list[int]], first_mask: int = 1_000_000) -> Measurement:
    readings = [Reading(number, times, [time // 10 for time in times]) for number, times in enumerate(cold)]
    return Measurement(case, engine, first_mask=first_mask, readings=readings)


def test_figures_are_those_of_numpy_in_the_unit_asked_for() -> None:
    found = figures(range(1000, 101_000, 1000), 1e3)
    assert found == {
        "count": 100,
        "mean": 50.5,
        "p50": 50.5,
        "p90": 90.1,
        "p99": 99.01,
        "p99.9": 99.901,
        "max": 100,
    }


def test_nothing_measured_has_no_figures() -> None:
    assert figures([], 1e3) == {"count": 0}
    assert ratios(figures([], 1e3), figures([1], 1e3)) == {}


def test_ratios_divide_each_figure_but_the_count() -> None:
    found = ratios(figures([2, 4], 1), figures([1, 2, 3], 1))
    assert found["mean"] == 1.5
    assert found["max"] == pytest.approx(4 / 3, abs=1e-4)
    assert "count" not in found


def test_a_sample_depends_on_the_seed_alone_and_grows_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text("".join(f"{number}\n" for number in range(100)))
    small, large = sample_lines(path, 10, 1), sample_lines(path, 20, 1)
    assert large[:10] == small
    assert sample_lines(path, 10, 2) != small
    assert len(set(sample_lines(path, None, 1))) == 100


def test_an_instance_is_written_as_the_record_orders_it() -> None:
    record = {
        "id": "r",
        "schema": {"type": "object"},
        "tests": [
            {"data": {"b": 1, "a": ["é", None]}, "valid": True},
            {"data": "\ud800", "valid": False},
            {"data": 2, "valid": False},
        ],
    }
    case = case_of(record, encode)
    assert case.schema == '{"type": "object"}'
    assert [(one.number, one.text, one.valid) for one in case.instances] == [
        (0, '{"b": 1, "a": ["é", null]}', True),
        (2, "2", False),  # a lone surrogate is no text
    ]
    assert case.instances[0].tokens == tuple(encode(case.instances[0].text))


@pytest.mark.parametrize(
    ("prefix", "pointer", "kind"),
    [
        pytest.param("", "", "between", id="nothing yet"),
        pytest.param('{"', "", "key start", id="before a key"),
        pytest.param('{"a', "", "key", id="in a key"),
        pytest.param('{"a"', "/a", "between", id="after a key"),
        pytest.param('["', "/0", "string start", id="before a string"),
        pytest.param('{"a": "\\"', "/a", "string", id="an escaped quote ends nothing"),
        pytest.param('{"a": {"b": 1, "c": [tr', "/a/c/0", "scalar", id="nested"),
        pytest.param('{"a": [1, {"b/c~": -', "/a/1/b~1c~0", "scalar", id="escaped as in RFC 6901"),
        pytest.param('{"a": [[1], ["]", ', "/a/1/1", "between", id="brackets in strings"),
        pytest.param('{"a": {"b": "\\"}", "c', "/a", "key", id="an escaped quote"),
        pytest.param('{"a": {"b": 1}, "c": ', "/c", "between", id="after an object"),
    ],
)
def test_position_at(prefix: str, pointer: str, kind: str) -> None:
    found = position_at(prefix)
    assert (found.pointer, found.kind) == (pointer, kind)


def test_time_is_told_by_what_is_being_written() -> None:
    case = Case("c", "{}", (instance(0, '{"a": 1}'),))
    cold = [10, 20, 30, 40, 50, 60, 70, 80]
    found = by_kind(Results([measured("mine", "c", [cold])]), "mine", {"c": case}, decode)
    assert {kind: one["count"] for kind, one in found.items()} == {
        "between": 5,  # before {, ", :, the blank and 1
        "key start": 1,
        "key": 1,
        "scalar": 1,
    }
    assert sum(one["share"] for one in found.values()) == pytest.approx(1, abs=1e-3)


def test_each_valid_instance_is_read_twice_and_invalid_ones_are_judged() -> None:
    case = Case(
        "c",
        '["yes", "yeah"]',
        (
            instance(0, "yes"),
            instance(1, "yeast"),
            instance(2, "ye"),
            instance(3, "yeah", valid=False),
            instance(4, "no", valid=False),
        ),
    )
    found = measure("literal", Literal(), case, END)
    assert found.outcome == "measured"
    assert found.first_mask > 0
    assert [(one.number, one.rejected_at, len(one.cold), len(one.warm)) for one in found.readings] == [
        (0, None, 3, 3),
        (1, 3, 3, 3),
        (2, 2, 2, 2),  # all tokens are allowed, the end of the text is not
    ]
    assert (found.invalid, found.wrongly_accepted) == (2, [3])
    assert not any(one.differences for one in found.readings)


def test_an_engine_that_contradicts_its_mask_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LiteralMatcher, "advance", lambda self, token: True)
    found = measure("literal", Literal(), Case("c", '["a"]', (instance(0, "b"),)), END)
    assert found.readings[0].differences == 2


@pytest.mark.parametrize(("schema", "outcome"), [("unsupported", "refused"), ("broken", "failed")])
def test_what_does_not_compile_is_counted_not_timed(schema: str, outcome: str) -> None:
    found = measure("literal", Literal(), Case("c", schema, (instance(0, "x"),)), END)
    assert (found.outcome, found.first_mask, found.readings) == (outcome, 0, [])
    assert found.reason


def test_an_error_while_reading_ends_the_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: LiteralMatcher, token: int) -> bool:
        raise OverflowError("too much")

    monkeypatch.setattr(LiteralMatcher, "advance", fail)
    case = Case("c", '["a"]', (instance(0, "a"), instance(1, "a", valid=False)))
    found = measure("literal", Literal(), case, END)
    assert found.readings[0].rejected_at == 0
    assert found.readings[0].reason == "OverflowError: too much"
    assert found.wrongly_accepted == []


def test_an_idle_engine_costs_something() -> None:
    assert clock_cost() > 0


def test_pairs_are_the_tokens_that_both_have_read() -> None:
    results = Results(
        [
            measured("mine", "a", [[10, 20, 30], [40]], first_mask=1_000_000),
            measured("mine", "b", [[1000]]),
            measured("theirs", "a", [[20, 40], [80, 100]], first_mask=4_000_000),
            Measurement("b", "theirs", "refused"),
            measured("theirs", "c", [[1]]),
        ]
    )
    found = results.compared("mine", "theirs")
    assert found["cold, µs"]["subject"]["count"] == 3
    assert found["cold, µs"]["ratio"]["mean"] == pytest.approx(0.5, abs=1e-4)
    assert found["first mask, ms"]["subject"]["count"] == 1
    assert found["first mask, ms"]["ratio"]["p50"] == 0.25
    assert results.summary("mine")["cold, µs"]["count"] == 5
    assert results.summary("theirs")["schemas"] == {"measured": 2, "refused": 1}


def test_the_slowest_come_first_with_what_others_took() -> None:
    results = Results(
        [measured("mine", "a", [[10, 500], [90]]), measured("theirs", "a", [[7], [8, 9]], 2_000_000)]
    )
    found = slowest_tokens(results, "mine", "cold", 2)
    assert [(place.instance, place.token, place.nanoseconds) for place in found] == [
        (0, 1, {"mine": 500}),
        (1, 0, {"mine": 90, "theirs": 8}),
    ]
    (first,) = slowest_first_masks(results, "mine", 5)
    assert first.nanoseconds == {"mine": 1_000_000, "theirs": 2_000_000}


def test_wrong_answers_name_their_place() -> None:
    case = Case("c", '["ab"]', (instance(3, "ax"), instance(4, "ab", valid=False)))
    results = Results(
        [measure("literal", Literal(), case, END), Measurement("d", "literal", "timeout", "slow")]
    )
    found = results.wrong_answers("literal", {"c": case, "d": case})
    assert [(one["schema"], one["kind"], one.get("instance")) for one in found] == [
        ("c", "valid rejected", 3),
        ("c", "invalid accepted", 4),
        ("d", "timeout", None),
    ]
    assert found[0]["token"] == 1
    assert results.refusals("literal") == {"timeout: slow": 1}


def test_a_bound_is_compared_with_the_same_schema_without() -> None:
    for pair in bounded_pairs(encode):
        bounded, unbounded = json.loads(pair.bounded.schema), json.loads(pair.unbounded.schema)
        assert bounded.items() > unbounded.items()
        assert pair.bounded.instances == pair.unbounded.instances
    found = bounded_costs(
        [
            measured("mine", pair.bounded.name, [[30, 60]], 7_000_000),
            measured("mine", pair.unbounded.name, [[20, 40]], 5_000_000),
            Measurement(pair.bounded.name, "theirs", "timeout"),
        ],
        pair,
    )
    assert found["mine"]["first mask added, ms"] == 2
    assert found["mine"]["cold, ratio"]["mean"] == 1.5
    assert found["theirs"]["failed"].startswith("timeout")


def test_measurements_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "raw.jsonl"
    found = [
        ("loaded", {"clock_cost": 80}),
        ("sample", measured("mine", "a", [[1, 2]])),
        ("bounds", Measurement("b", "mine", "died", "exit code -11")),
    ]
    written = masks._written(path, iter(found))
    next(written), next(written)
    assert list(masks._read(path)) == found[:2]  # a run that is ended early
    assert [found[2]] == list(written)
    assert list(masks._read(path)) == found


def test_tables_show_what_is_missing_as_a_dash() -> None:
    case = Case("c", '["ab"]', (instance(0, "ab"), instance(1, "ax")))
    results = Results(
        [measure(name, Literal(), case, END) for name in ("structgen", "llguidance")]
        + [Measurement("d", "structgen", "timeout", "slow")]
    )
    cases = {"c": case, "d": case}
    names = ["structgen", "llguidance"]
    loaded = {
        "versions": dict.fromkeys(names, "1"),
        "seconds": dict.fromkeys(names, 0.1),
        "clock_cost": 80,
    }
    report = masks._summary(results, [], [], loaded, [*names, "xgrammar"])
    report["options"] = {"engines": [*names, "xgrammar"]}
    shown = tables.engines_table(report)
    assert list(shown.columns[0].cells) == [*names, "xgrammar"]
    assert list(shown.columns[1].cells) == ["1", "1", "–"]
    assert tables.figures_table(report).row_count == 6
    assert tables.paired_table(report, "llguidance").row_count == 9
    places = slowest_tokens(results, "structgen", "cold", 9)
    assert tables.places_table("slowest", places, cases, decode).row_count == 3
    wrong = results.wrong_answers("structgen", cases)
    assert tables.wrong_table("structgen", wrong, cases, decode).row_count == 2


def test_an_engine_that_is_not_installed_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "absent", "no_such_adapter")
    assert find_engine("absent") is None
    with pytest.raises(KeyError):
        find_engine("unheard-of")


def test_a_folder_of_maskbench_is_its_file(tmp_path: Path) -> None:
    """The records that are named, in their order, and no others; of a folder of anything else, all."""
    names = records.NAMES.read_text(encoding="utf-8").split()
    assert len(names) == len(set(names)) == 4435
    folder, file = tmp_path / "data", tmp_path / "dev.jsonl"
    folder.mkdir()
    chosen = [names[7], names[3], names[4000]]
    for name in [*chosen, "Github_easy---held"]:
        record = {"schema": {"const": name}, "tests": [{"data": "é", "valid": False}]}
        (folder / f"{name}.json").write_text(json.dumps(record, indent=4))
    found = records.lines(folder)
    assert [json.loads(line)["id"] for line in found] == sorted(chosen, key=names.index)
    file.write_text("".join(line + "\n" for line in found), encoding="utf-8")
    assert records.lines(file) == found
    assert records.digest(found) == hashlib.sha256(file.read_bytes()).hexdigest()
    assert sample_lines(folder, 2, seed=1) == sample_lines(file, 2, seed=1)
    for name in chosen:
        (folder / f"{name}.json").unlink()
    assert [json.loads(line)["id"] for line in records.lines(folder)] == ["Github_easy---held"]


def test_data_without_records_are_told(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n")
    for path, told in (
        (tmp_path / "no", "no file or folder"),
        (tmp_path, "no records"),
        (tmp_path / "empty.jsonl", "no records"),
    ):
        with pytest.raises(SystemExit, match=told):
            records.lines(path)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # other tests have left threads
def test_memory_is_asked_of_forks() -> None:
    def refuse() -> int:
        raise Refused("no")

    def fail() -> int:
        raise ValueError("so")

    def loop() -> int:
        while True:
            pass

    def die() -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        return 0

    assert [memory._forked(work, 1) for work in (lambda: 7, refuse, fail, loop, die)] == [
        7,
        "refused",
        "ValueError: so",
        "timeout",
        "died",
    ]


def test_memory_of_an_engine_that_measured_nothing_has_a_row() -> None:
    found: dict[str, dict[str, int | str]] = {"mine": {"a": 2 << 20, "b": 4 << 20}, "its": {"a": "timeout"}}
    report = {
        "options": {"data": "x", "schemas": 2, "tokenizer": "t", "timeout": 1},
        "engines": {name: memory._summary(one) for name, one in found.items()},
        "paired": {"its": memory._paired(found, "mine", "its")},
    }
    table = TABLES["memory"](report)
    assert "| mine | 2 | – | 3.00 | 3.00 |" in table
    assert "| its | 0 | 1 timeout | – | – |" in table
