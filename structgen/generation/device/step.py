"""A step of `LogitsProcessor` on a device: nothing that was computed there is waited for.

The host sends the place of a row for each sequence, and reads the tokens that were chosen. That no logit is left (other
processors forbade all that the grammar allows) is found on the device: there the logit of a token that the grammar
forbids becomes 0, so that it is chosen, and the host sees at the next step that it does not fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from structgen.generation.device.apply import apply_rows
from structgen.generation.device.rows import FREE, shared_rows
from structgen.matcher import CompiledGrammar


@dataclass(frozen=True)
class RowMask:
    """The mask of one row of a batch.

    Attributes:
        grammar: of the row.
        configuration: where it is.
        number: of its mask in `grammar.rows`.
    """

    grammar: CompiledGrammar
    configuration: int
    number: int


@dataclass(frozen=True)
class Checked:
    """What is found out on the device about a step.

    Attributes:
        masks: of the rows that were masked and have not ended.
        is_left: bool [B], on the device: True if the row has a logit above minus infinity.
    """

    masks: dict[int, RowMask]
    is_left: torch.Tensor

    def failed(self) -> dict[int, RowMask]:
        """The rows that had no logit left. Waits for the step."""
        left = self.is_left.tolist()
        return {row: mask for row, mask in self.masks.items() if not left[row]}


def can_mask(scores: torch.Tensor, grammars: Sequence[CompiledGrammar | None]) -> bool:
    """Returns True if the rows of all grammars are in one table that is as wide as the logits."""
    vocabularies = {id(grammar.vocabulary): grammar.vocabulary for grammar in grammars if grammar is not None}
    if len(vocabularies) != 1 or scores.dtype not in (torch.float32, torch.bfloat16, torch.float16):
        return False
    (vocabulary,) = vocabularies.values()
    return (vocabulary.size + 31) // 32 == (scores.shape[1] + 31) // 32


def mask_on_device(scores: torch.Tensor, masks: dict[int, RowMask]) -> tuple[torch.Tensor, Checked]:
    """A masked copy of logits, and what will be known about it.

    Args:
        scores: [B, V], on any device.
        masks: by row; rows without one are copied as they are. Not empty.
    """
    first = next(iter(masks.values())).grammar
    rows = shared_rows(first.vocabulary, first.rows, scores.device)
    places = rows.places([masks[row].number if row in masks else FREE for row in range(len(scores))])
    out = torch.empty(scores.shape, dtype=scores.dtype, device=scores.device)
    source = scores if scores.stride(1) == 1 and scores.stride(0) else scores.contiguous()
    apply_rows(source, rows.table, places, out=out)
    is_left = (out.amax(1) > float("-inf")) | (places < 0)
    outside = rows.outside[places.clamp(min=0).long()].long()[:, None]
    outside = torch.where(outside < scores.shape[1], outside, 0)
    logit = out.gather(1, outside)
    out.scatter_(1, outside, torch.where(is_left[:, None], logit, torch.zeros_like(logit)))
    running = {}
    for row, mask in masks.items():
        if mask.grammar.is_finished(mask.configuration):
            ends = [token for token in mask.grammar.vocabulary.eos_token_ids if token < scores.shape[1]]
            logit = out[row, ends]
            out[row] = torch.where(is_left[row], out[row], float("-inf"))
            out[row, ends] = torch.where(is_left[row], logit, torch.zeros_like(logit))
        else:
            running[row] = mask
    return out, Checked(running, is_left)
