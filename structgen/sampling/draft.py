"""Draft: think first, then write in form.

A free answer is written first; the constrained one is written with it in the prompt, so the mask has little left to
remove (draft-conditioned constrained decoding).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from structgen.errors import InvalidOptionError
from structgen.options import Number, Whole, check_option
from structgen.sampling.candidates import Prompt
from structgen.sampling.outcome import Attempt
from structgen.sampling.run import Choice, Decision, Run

REQUEST = "Write this answer again, only the answer itself, in the required form."


@dataclass(frozen=True, slots=True)
class Draft:
    """Ask for free answers first, then for each one again under the mask; take the one that the model finds likeliest.

    Args:
        k: drafts.
        writer: the sampler that writes the drafts, such as a larger model; None: the same one.
        temperature: of the drafts; above 0 if there is more than one. The answers are written at temperature 0.
        seed: of the first draft.
        request: what the model is told after the draft.

    Answers are compared by their mean log-probability per token, before the mask. From a sampler that gives none the
    first valid answer is taken.
    """

    k: int = 1
    writer: Any = None
    temperature: float = 0.8
    seed: int = 0
    request: str = REQUEST

    def __post_init__(self) -> None:
        check_option("k", self.k, (Whole(1),))
        check_option("temperature", self.temperature, (Number(0),))
        check_option("seed", self.seed, (Whole(0),))
        if self.writer is not None and not callable(self.writer):
            raise InvalidOptionError("writer", self.writer, "must be a sampler or None")
        if not isinstance(self.request, str):
            raise InvalidOptionError("request", self.request, "must be a text")
        if self.temperature == 0 and self.k > 1:
            reason = f"must be above 0, or all {self.k} drafts would be the same"
            raise InvalidOptionError("temperature", self.temperature, reason)

    def decide(self, run: Run) -> Decision:
        """Yield questions, return the choice."""
        drafts = yield from run.ask(
            run.prompt, self.k, sampler=self.writer, mask=False, temperature=self.temperature, seed=self.seed
        )
        valid: list[Attempt] = []
        for draft in drafts:
            prompt = self._with(run.prompt, draft.text)
            answers = yield from run.ask(prompt, mask=True, temperature=0.0, seed=self.seed)
            scored = run.rescored(answers, [one.candidate.mean_logprob for one in answers])
            valid += [one for one in scored if one.ok]
        best = max(valid, key=lambda one: float("-inf") if one.score is None else one.score, default=None)
        return None if best is None else Choice(best)

    def _with(self, task: Prompt, draft: str) -> Prompt:
        """The task, the draft as an answer to it, and the request to write it in form."""
        messages = (
            [{"role": "user", "content": task}] if isinstance(task, str) else [dict(one) for one in task]
        )
        if draft.strip():
            messages.append({"role": "assistant", "content": draft})
            messages.append({"role": "user", "content": self.request})
        return messages
