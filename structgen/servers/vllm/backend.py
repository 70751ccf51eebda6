"""The backend that vLLM calls: a grammar for each request, over `structgen.servers.sequences`.

Imports vLLM; so only the plugin imports this module, after it has checked the version. The interface is that of
`vllm.v1.structured_output.backend_types` in vLLM 0.32.
"""

from __future__ import annotations

from typing import Any

import torch
from vllm.exceptions import VLLMValidationError
from vllm.sampling_params import SamplingParams, check_json_nesting
from vllm.v1.structured_output.backend_types import (
    StructuredOutputBackend,
    StructuredOutputGrammar,
    StructuredOutputOptions,
)
from vllm.v1.structured_output.request import get_structured_output_key

from structgen.constraint import Constraint
from structgen.errors import StructgenError
from structgen.servers.requests import KINDS, Constraints
from structgen.servers.sequences import Sequence
from structgen.vocabulary import Vocabulary

NAME = "structgen"
CONSTRAINTS = Constraints()


class Grammar(StructuredOutputGrammar):  # type: ignore[misc]
    """The constraint of one request.

    Args:
        sequence: where its text is.
        request: of vLLM; None if it is not known. Says how many tokens came before the text, such as a reasoning.
    """

    def __init__(self, sequence: Sequence, request: Any = None) -> None:
        self.sequence = sequence
        self._request = request
        self._before = 0

    def accept_tokens(self, request_id: str, tokens: list[int]) -> bool:
        """Advance by tokens; False, and nothing has changed, if one may not come."""
        accepted = self.sequence.accept(tokens)
        self._count_before()
        return accepted

    def validate_tokens(self, tokens: list[int]) -> list[int]:
        """The first ones of a draft that may come."""
        return self.sequence.valid_prefix(tokens)

    def rollback(self, num_tokens: int) -> None:
        """Undo the last tokens."""
        self.sequence.rollback(num_tokens)

    def fill_bitmask(self, bitmask: torch.Tensor, batch_index: int) -> None:
        """Write the mask of the next token into a row."""
        self._count_before()
        self.sequence.fill(bitmask.numpy(), batch_index, used=self._before)

    def is_terminated(self) -> bool:
        """Returns True after the end token."""
        return self.sequence.is_finished

    def reset(self) -> None:
        """Go back to the beginning."""
        self.sequence.reset()

    def _count_before(self) -> None:
        """Note how many tokens of the answer the grammar has not read. In a draft the difference is smaller."""
        if self._request is not None:
            self._before = max(self._before, self._request.num_output_tokens - self.sequence.advanced)


class Backend(StructuredOutputBackend):  # type: ignore[misc]
    """The grammars of all requests."""

    def compile_grammar(
        self,
        request_type: StructuredOutputOptions,
        grammar_spec: str,
        stop_token_ids: set[int] | None = None,
    ) -> Grammar:
        """The grammar of a request without a bound for its tokens."""
        return Grammar(self._sequence(request_type, grammar_spec, stop_token_ids, None))

    def compile_request(self, request: Any) -> Grammar:
        """The grammar of a request, whose text is complete within the `max_tokens` of it."""
        kind, text = request.structured_output_request.structured_output_key
        parameters = request.sampling_params
        sequence = self._sequence(kind, text, parameters.all_stop_token_ids, parameters.max_tokens)
        return Grammar(sequence, request)

    def allocate_token_bitmask(self, max_num_seqs: int) -> torch.Tensor:
        """A bitmask that allows all: int32 [rows, ceil(V / 32)]."""
        return torch.full((max_num_seqs, (self.vocab_size + 31) // 32), -1, dtype=torch.int32)

    def destroy(self) -> None:
        """Nothing is to be done: grammars go with their requests."""

    def _sequence(
        self, kind: StructuredOutputOptions, text: str, stop_token_ids: set[int] | None, limit: int | None
    ) -> Sequence:
        vocabulary = Vocabulary.from_tokenizer(
            self.tokenizer, size=self.vocab_size, eos_token_ids=sorted(stop_token_ids or ())
        )
        return Sequence(_constraint(kind, text).compile(vocabulary), limit)


def validate(parameters: SamplingParams, model_config: Any, tokenizer: Any) -> None:
    """Check the constraint of a request, where vLLM checks its parameters.

    Raises:
        VLLMValidationError: It cannot be enforced; the answer to the client is a 400 with this text.
    """
    given = parameters.structured_outputs
    if model_config.is_diffusion:
        raise VLLMValidationError("Structured outputs are not supported for diffusion language models.")
    if tokenizer is None:
        raise VLLMValidationError("Structured outputs need a tokenizer: start without 'skip_tokenizer_init'.")
    if given._backend not in (None, NAME):
        raise VLLMValidationError(f"The backend of this server is {NAME!r}, not {given._backend!r}.")
    given._backend = NAME
    given.__post_init__()
    if given.json_object is False:
        raise VLLMValidationError("structured_outputs.json_object must be True if set")
    check_json_nesting(given.json)
    kind, text = get_structured_output_key(given)
    try:
        _constraint(kind, text)
    except StructgenError as error:
        raise VLLMValidationError(f"{error} [{error.code}]", parameter=kind.name.lower()) from error


def _constraint(kind: StructuredOutputOptions, text: str) -> Constraint:
    name = kind.name.lower()
    if name not in KINDS:
        raise VLLMValidationError(f"structgen has no {name!r}; it has {', '.join(KINDS)}.", parameter=name)
    return CONSTRAINTS.get(name, text)
