"""A step on a device: what goes over the bus, and what is found out a step later."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch
from torch.overrides import TorchFunctionMode

import structgen
from structgen.errors import DeadEnd
from structgen.generation import LogitsProcessor

VOCABULARY = structgen.Vocabulary([*(bytes([value]) for value in range(256)), b""], eos_token_ids=[256])
READS = ("cpu", "tolist", "item", "__bool__", "__int__", "__float__", "nonzero")


@pytest.fixture(autouse=True)
def _on_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("structgen.generation.processor._is_on_device", lambda scores: True)


class Reads(TorchFunctionMode):
    """Counts how often the host reads a tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "")
        if name in READS:
            self.found[name] += 1
        return func(*args, **(kwargs or {}))


def processor(constraint: Any, **options: Any) -> LogitsProcessor:
    return LogitsProcessor(structgen.compile(constraint, VOCABULARY), None, prompt_length=1, **options)


@pytest.mark.parametrize("budget", [None, 30])
def test_the_host_reads_the_tokens_and_nothing_else(budget: int | None) -> None:
    masks = processor(structgen.json_schema({"type": "object"}), max_new_tokens=budget)
    rows = torch.full((3, 1), 65)
    for _ in range(12):
        with Reads() as reads:
            scores = masks(rows, torch.zeros(3, 257))
        assert reads.found == {"cpu": 1}  # in Progress: the tokens
        rows = torch.cat([rows, scores.argmax(1, keepdim=True)], 1)


def test_a_row_without_a_logit_is_an_error_a_step_later() -> None:
    masks = processor(structgen.choice(["ab", "cd"]))
    rows = torch.tensor([[65], [65]])
    scores = torch.zeros(2, 257)
    scores[1] = float("-inf")
    scores[1, ord("x")] = 1.0  # what other processors leave
    masked = masks(rows, scores)
    chosen = masked.argmax(1, keepdim=True)
    with pytest.raises(DeadEnd, match="row 1: other processors"):
        masks(torch.cat([rows, chosen], 1), torch.zeros(2, 257))


def test_in_the_last_step_it_is_an_error_at_once() -> None:
    masks = processor(structgen.choice(["a"]), max_new_tokens=2)
    rows = torch.tensor([[65]])
    masks(rows, torch.zeros(1, 257))
    with pytest.raises(DeadEnd, match="row 0: other processors"):
        masks(torch.tensor([[65, ord("a")]]), torch.full((1, 257), float("-inf")))


def test_rows_of_several_vocabularies_go_the_ordinary_way() -> None:
    other = structgen.Vocabulary([*(bytes([value]) for value in range(256)), b"", b"ab"], eos_token_ids=[256])
    grammars = [structgen.compile(["ab"], VOCABULARY), structgen.compile(["ab"], other), None]
    masks = LogitsProcessor(grammars, None, prompt_length=1)
    masked = masks(torch.full((3, 1), 65), torch.zeros(3, 258))
    assert masked[0].argmax() == ord("a")
    assert set((masked[1] == 0).nonzero().flatten().tolist()) == {ord("a"), 257}
    assert (masked[2] == 0).all()
