"""DeviceRows: whatever was dropped or given again, the places hold the rows of the ids."""

from __future__ import annotations

from random import Random

import pytest
import torch

import structgen
from structgen.errors import InvalidOptionError
from structgen.generation.device import DeviceRows
from structgen.generation.device.rows import FREE

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.cuda)]


def grammars(count: int) -> list[structgen.CompiledGrammar]:
    vocabulary = structgen.Vocabulary([*(bytes([value]) for value in range(256)), b""], eos_token_ids=[256])
    return [
        structgen.compile(structgen.choice([f"{n}a", f"{n + 1}bc", "x" * (n % 7 + 1)]), vocabulary)
        for n in range(count)
    ]


def masks(rows: DeviceRows, places: torch.Tensor) -> list[list[int]]:
    return rows.table[places.long()].cpu().tolist()


@pytest.mark.parametrize("device", DEVICES)
def test_a_row_is_copied_once(device: str) -> None:
    grammar = grammars(1)[0]
    rows = DeviceRows(grammar.rows, device)
    number = grammar.row_id(grammar.initial)
    places = rows.places([number, FREE, number])
    assert places.dtype == torch.int32
    assert places.device.type == device
    assert places[1] == FREE
    assert places[0] == places[2]
    assert masks(rows, places[:1]) == [grammar.matcher().bitmask().tolist()]
    assert torch.equal(rows.places([number]), places[:1])
    assert rows.copied == 1


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("max_bytes", [0, 200, 1 << 20])
def test_places_hold_the_rows_that_are_named(device: str, max_bytes: int) -> None:
    compiled = grammars(60)
    table = compiled[0].rows
    rows = DeviceRows(table, device, max_bytes=max_bytes)
    random = Random(1)
    for _ in range(100):
        chosen = [random.choice(compiled) for _ in range(random.randrange(1, 9))]
        configurations = [
            grammar.advance(grammar.initial, ord("x")) if random.random() < 0.5 else grammar.initial
            for grammar in chosen
        ]
        ids = [grammar.row_id(at) for grammar, at in zip(chosen, configurations, strict=True)]
        assert masks(rows, rows.places(ids)) == table.read(ids).tolist()
    if max_bytes == 200:
        assert len(rows.table) <= 8  # what one step needs


def test_ids_that_are_given_again_are_copied_again() -> None:
    compiled = grammars(3)
    table = compiled[0].rows
    rows = DeviceRows(table, "cpu")
    ids = [grammar.row_id(grammar.initial) for grammar in compiled]
    rows.places(ids)
    rows._epoch -= 1  # as if rows had been dropped since
    assert masks(rows, rows.places(ids)) == table.read(ids).tolist()
    assert rows.copied == 6


def test_what_is_no_row_is_an_error() -> None:
    rows = DeviceRows(grammars(1)[0].rows, "cpu")
    with pytest.raises(IndexError):
        rows.places([1 << 20])
    with pytest.raises(InvalidOptionError, match="max_bytes="):
        DeviceRows(grammars(1)[0].rows, "cpu", max_bytes=-1)
