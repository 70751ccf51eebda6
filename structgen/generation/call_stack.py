"""Which `generate()` of transformers a logits processor is called from, read from the call stack.

`generate()` tells a logits processor the tokens of all rows and their logits. It does not tell it which generation
this is, where the prompt ends, or which rows are over. The stack of the call does, for certain:

    LogitsProcessor.__call__               ours
    LogitsProcessorList.__call__           a list that each generate() makes for itself, and drops when it ends
    GenerationMixin._sample                or `_beam_search`, `_assisted_decoding`: what the rows are
    GenerationMixin.generate

So the list stands for the generation: two calls belong to the same one exactly if they come through the same list.
Assisted decoding has a second list. There a candidate generator stands between two such stacks: the lower one is
the generate() of the assistant model, which drafts tokens for the upper one.

A call without generate() in its stack comes from a decoding loop of somebody else's. Nothing is assumed of it.

Knows neither tokens nor grammars.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import FrameType

import torch
from transformers import LogitsProcessorList
from transformers.generation import candidate_generator

_GENERATE = "transformers.generation.utils"
_CANDIDATES = "transformers.generation.candidate_generator"
_OTHER_TOKENS = candidate_generator.AssistedCandidateGeneratorDifferentTokenizers


@dataclass(frozen=True, slots=True)
class Caller:
    """A generate() that is running. Not to be kept after the call: it holds a frame.

    Attributes:
        processors: the list that stands for this generate().
        is_drafting: a candidate generator asks, with tokens that may be wrong.
    """

    processors: LogitsProcessorList
    is_drafting: bool
    _frame: FrameType

    @property
    def is_beam_search(self) -> bool:
        """Returns True if the rows are hypotheses of a beam search, some of which may be impossible."""
        return self._frame.f_code.co_name.endswith("_beam_search")

    @property
    def is_assisted(self) -> bool:
        """Returns True if the rows are prefixes of a draft, which the model checks."""
        return self._frame.f_code.co_name == "_assisted_decoding"

    def beams(self) -> int:
        """How many rows in succession belong to one prompt in a beam search; 1 otherwise."""
        if not self.is_beam_search:
            return 1
        settings = self._frame.f_locals["generation_config"]
        return int(settings.num_beams) // int(getattr(settings, "num_beam_groups", None) or 1)

    def rows_over(self) -> set[int]:
        """The rows that generate() pads because a stopping criterion ended them."""
        unfinished = self._frame.f_locals.get("unfinished_sequences")
        if not isinstance(unfinished, torch.Tensor):
            return set()
        return {row for row, is_unfinished in enumerate(unfinished.tolist()) if not is_unfinished}

    def drafts_for(self) -> Drafting | None:
        """The generate() for which this one drafts tokens; None if it works for itself."""
        frame = self._frame.f_back
        while frame is not None and frame.f_globals.get("__name__") != _CANDIDATES:
            frame = frame.f_back
        if frame is None:
            return None
        has_other_tokens = isinstance(frame.f_locals.get("self"), _OTHER_TOKENS)
        while frame is not None and frame.f_globals.get("__name__") != _GENERATE:
            frame = frame.f_back
        processors = None if frame is None else frame.f_locals.get("logits_processor")
        return Drafting(processors if isinstance(processors, LogitsProcessorList) else None, has_other_tokens)


@dataclass(frozen=True, slots=True)
class Drafting:
    """The work of an assistant model.

    Attributes:
        processors: the list of the generate() that checks the draft; None if it is not known.
        has_other_tokens: the assistant has a tokenizer of its own: its tokens mean something else.
    """

    processors: LogitsProcessorList | None
    has_other_tokens: bool


def find_caller() -> Caller | None:
    """The generate() that the function above was called from; None if it was called from something else."""
    processors = None
    is_drafting = False
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        module = frame.f_globals.get("__name__")
        if module == _GENERATE:
            return None if processors is None else Caller(processors, is_drafting, frame)
        if module == _CANDIDATES:
            is_drafting = True
        elif frame.f_code.co_name == "__call__":
            # Of lists in each other the outermost is that of generate(); others may serve many generations.
            receiver = frame.f_locals.get("self")
            if isinstance(receiver, LogitsProcessorList):
                processors = receiver
        frame = frame.f_back
    return None
