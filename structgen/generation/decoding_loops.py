"""Decoding loops: which text a call of a logits processor belongs to, and where its prompt ends.

Four things say so, the first that applies:

    1. `with processor.generation(...)`: all calls inside belong to one text, and its prompt is as long as the caller
       says, or is what the first call shows.
    2. `prompt_length` of the processor: with it every call speaks for itself.
    3. A running generate() of transformers (`call_stack`): its first call shows the prompt. The assistant model of
       assisted decoding continues the rows of the generate() it works for.

    4. A decoding loop of somebody else's, one for each thread: the first call shows the prompt, and each later call
       shows rows of the call before with one more token.

Any other call cannot be understood, and is an `UnknownPromptError`: it may begin another text, whose prompt may be an
earlier one and one token more, or the same one in another thread.

What is known of a generate() is dropped with the list of processors that stands for it, when generate() ends.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial

import torch

from structgen.errors import UnknownPromptError
from structgen.generation.call_stack import Caller
from structgen.generation.device.step import Checked
from structgen.generation.masking import Copies
from structgen.generation.progress import Grammars, Progress

_NO_GENERATION = (
    "row {row} is no row of the last call with one more token, so LogitsProcessor cannot know where its prompt ends "
    "outside of model.generate(): pass prompt_length=..., or call it inside `with processor.generation():` for each "
    "prompt"
)
_OTHER_PROMPT = (
    "row {row} does not begin with the prompt that the first call in this `with processor.generation()` showed: "
    "open a generation() for each prompt, or pass prompt_length=..."
)


class Answer:
    """What is written after one prompt, in any number of rows.

    Args:
        prompt_length: tokens in each row before the answer; None: all tokens of the first call.
        is_checked: whether later calls must begin with the prompt of the first one. Only where nothing else says that
            they belong together.
    """

    def __init__(self, prompt_length: int | None, *, is_checked: bool = False) -> None:
        self.prompt_length = prompt_length
        self._is_checked = is_checked and prompt_length is None
        self._prompts: torch.Tensor | None = None
        self._progress: Progress | None = None
        self._lock = threading.Lock()

    def follow(self, input_ids: torch.Tensor, grammars: Grammars) -> tuple[Progress, list[int]]:
        """The progress of the rows, and their configurations.

        Raises:
            UnknownPromptError: A row does not begin with the prompt.
            ValueError: The rows are shorter than the prompt.
        """
        with self._lock:
            if self._progress is None:
                if self.prompt_length is None:
                    self.prompt_length = input_ids.shape[1]
                self._progress = Progress(self.prompt_length)
            if self._is_checked:
                self._check(input_ids[:, : self.prompt_length])
            return self._progress, self._progress.follow(input_ids, grammars)

    def _check(self, prompts: torch.Tensor) -> None:
        if self._prompts is None:
            self._prompts = prompts.clone()
        elif not torch.equal(prompts, self._prompts):
            known = set(map(tuple, self._prompts.tolist()))
            for row, prompt in enumerate(prompts.tolist()):
                if tuple(prompt) not in known:
                    raise UnknownPromptError(_OTHER_PROMPT.format(row=row))


class GrowingAnswer(Answer):
    """The answer of a loop that does not say where its prompt ends: each call adds one token to rows of the last."""

    def __init__(self) -> None:
        super().__init__(None)
        self._last: torch.Tensor | None = None

    def follow(self, input_ids: torch.Tensor, grammars: Grammars) -> tuple[Progress, list[int]]:
        """As `Answer.follow`.

        Raises:
            UnknownPromptError: A row does not continue a row of the last call.
        """
        last = self._last
        if last is not None and not torch.equal(input_ids, last) and not torch.equal(input_ids[:, :-1], last):
            known = set(map(tuple, last.tolist()))
            for row, begun in enumerate(input_ids[:, :-1].tolist()):
                if tuple(begun) not in known:
                    raise UnknownPromptError(_NO_GENERATION.format(row=row))
        self._last = input_ids.clone()
        return super().follow(input_ids, grammars)


@dataclass
class DecodingLoop:
    """A running generate(), or a decoding loop of somebody else's.

    Attributes:
        answer: what its rows belong to.
        beams: rows in succession that are hypotheses for one prompt.
        is_draft: its rows are drafts of an assistant model, which are checked later.
        is_foreign: they are drafts in the tokens of another tokenizer, of which nothing can be said.
        copies: memory for masked logits.
        checked: what the last step on a device will say of its rows.
    """

    answer: Answer
    beams: int = 1
    is_draft: bool = False
    is_foreign: bool = False
    copies: Copies = field(default_factory=Copies)
    checked: Checked | None = None
    _candidates: torch.Tensor | None = None

    def is_candidate(self, input_ids: torch.Tensor) -> bool:
        """Returns True if the last tokens of rows in assisted decoding are candidates, which may be wrong.

        They are shown as prefixes of one tensor; the first of these prefixes holds settled tokens only.
        """
        before = self._candidates  # kept, so that its memory is not given to another tensor
        self._candidates = input_ids
        return (
            before is not None
            and before.shape[1] < input_ids.shape[1]
            and before.untyped_storage().data_ptr() == input_ids.untyped_storage().data_ptr()
        )


class DecodingLoops:
    """The loops that call one processor.

    Args:
        prompt_length: of all of them; None if each has its own.

    Safe to use from several threads.
    """

    def __init__(self, prompt_length: int | None) -> None:
        self.prompt_length = prompt_length
        self._running: dict[int, tuple[weakref.ref[list[object]], DecodingLoop]] = {}
        self._here = threading.local()  # the loop of somebody else's that runs in this thread

    @contextmanager
    def entered(self, prompt_length: int | None) -> Iterator[None]:
        """All calls inside belong to one answer."""
        length = self.prompt_length if prompt_length is None else prompt_length
        loop = DecodingLoop(Answer(length, is_checked=True))
        token = _entered.set((*_entered.get(), (self, loop)))
        try:
            yield
        finally:
            _entered.reset(token)

    def find(self, caller: Caller | None) -> DecodingLoop:
        """The loop that a call comes from."""
        if caller is None:
            return self._loop()
        key = id(caller.processors)
        known = self._running.get(key)
        if known is not None and known[0]() is caller.processors:
            return known[1]
        loop = self._begun(caller)
        forget = partial(self._running.pop, key, None)
        self._running[key] = weakref.ref(caller.processors, lambda _: forget()), loop
        return loop

    def _loop(self) -> DecodingLoop:
        """The loop of somebody else that is running here."""
        found = self._entered() or getattr(self._here, "loop", None)
        if found is None:
            answer = GrowingAnswer() if self.prompt_length is None else Answer(self.prompt_length)
            found = self._here.loop = DecodingLoop(answer)
        return found

    def _begun(self, caller: Caller) -> DecodingLoop:
        """The loop of a generate() that has not called before."""
        entered = self._entered()
        drafting = caller.drafts_for()
        if drafting is None:
            answer = Answer(self.prompt_length) if entered is None else entered.answer
            return DecodingLoop(answer, beams=caller.beams())
        checking = self._running.get(id(drafting.processors))
        if entered is not None:
            answer = entered.answer
        elif checking is not None and checking[0]() is drafting.processors:
            answer = checking[1].answer
        else:  # the draft is begun before anything is checked: its rows are the prompt
            answer = Answer(self.prompt_length)
        return DecodingLoop(answer, is_draft=True, is_foreign=drafting.has_other_tokens)

    def _entered(self) -> DecodingLoop | None:
        """The innermost `with processor.generation()` of this processor that is open here."""
        return next((loop for owner, loop in reversed(_entered.get()) if owner is self), None)


_entered: ContextVar[tuple[tuple[DecodingLoops, DecodingLoop], ...]] = ContextVar(
    "structgen.decoding_loops", default=()
)
