"""Tokens that the host knows are not read from the device."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import structgen
from structgen.generation import progress
from structgen.generation.host_tokens import known_on_host, on_host


def test_only_the_same_tensor_is_known() -> None:
    tokens, copy = torch.tensor([[1, 2]]), torch.tensor([[1, 2]])
    with known_on_host(tokens, copy):
        assert on_host(tokens) is copy
        other = tokens.clone()
        assert on_host(other) is other
        with known_on_host(other, tokens):
            assert on_host(other) is tokens
        assert on_host(tokens) is copy
    assert on_host(tokens) is tokens


def test_the_loop_with_drafts_reads_each_token_once(
    model: Any, tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All rows that the processor follows are those that the host knows."""
    seen: list[bool] = []

    def noted(input_ids: torch.Tensor) -> torch.Tensor:
        found = on_host(input_ids)
        seen.append(found is not input_ids)
        assert torch.equal(found, input_ids)
        return found

    monkeypatch.setattr(progress, "on_host", noted)
    found = structgen.generate(model, tokenizer, "?", structgen.regex("[a-z]{3,9}[.]"), finite="mask")
    assert len(seen) == len(found.tokens)
    assert all(seen)
