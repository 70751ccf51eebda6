"""The backend that SGLang calls: a grammar for each request, over `structgen.servers.sequences`.

Imports SGLang; so only the plugin imports this module. The interface is that of
`sglang.srt.constrained.base_grammar_backend` in SGLang 0.5.23.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import torch
from sglang.srt.constrained.base_grammar_backend import (
    BaseGrammarBackend,
    BaseGrammarObject,
    GrammarStats,
    InvalidGrammarObject,
)

from structgen.errors import StructgenError
from structgen.generation.masking import apply_bitmask
from structgen.matcher import CompiledGrammar
from structgen.servers.requests import Constraints
from structgen.servers.sequences import Sequence
from structgen.vocabulary import Vocabulary

ANY_JSON = "$$ANY$$"
"""What SGLang sends for any JSON."""

_KEPT = (
    256  # grammars of requests that SGLang finds without a thread; structgen.cache_info() counts the others
)


class Grammar(BaseGrammarObject):  # type: ignore[misc]
    """The constraint of one request.

    Args:
        grammar: the compiled grammar.
        stats: what SGLang measures of it.
    """

    def __init__(self, grammar: CompiledGrammar, stats: Any) -> None:
        super().__init__()
        self.grammar_stats = stats
        self._grammar = grammar
        self._sequence = Sequence(grammar)
        self._after_end = 0

    def accept_token(self, token: int) -> None:
        """Advance by a token. Tokens after the end are counted, and change nothing.

        Raises:
            ValueError: The token may not come; SGLang then aborts this request.
        """
        self.current_token = token
        if self._sequence.is_finished:
            self._after_end += 1
        elif not self._sequence.accept([token]):
            failure = self._sequence.failure
            raise ValueError(f"token {token} is not allowed here" if failure is None else str(failure))

    def rollback(self, k: int) -> None:
        """Undo the last tokens."""
        ignored = min(k, self._after_end)
        self._after_end -= ignored
        self._sequence.rollback(k - ignored)

    def is_terminated(self) -> bool:
        """Returns True after the end token."""
        return self._sequence.is_finished

    @staticmethod
    def allocate_vocab_mask(vocab_size: int, batch_size: int, device: Any) -> torch.Tensor:
        """A bitmask on the host that allows all: int32 [rows, ceil(V / 32)]. In pinned memory if there is a GPU."""
        width = (vocab_size + 31) // 32
        return torch.full((batch_size, width), -1, dtype=torch.int32, pin_memory=torch.cuda.is_available())

    def fill_vocab_mask(self, vocab_mask: torch.Tensor, idx: int) -> None:
        """Write the mask of the next token into a row."""
        self._sequence.fill(vocab_mask.numpy(), idx)

    @staticmethod
    def reset_vocab_mask(vocab_mask: torch.Tensor) -> None:
        """Allow all tokens in all rows."""
        vocab_mask.fill_(-1)

    @staticmethod
    def move_vocab_mask(vocab_mask: torch.Tensor, device: Any) -> torch.Tensor:
        """The mask on the device of the logits."""
        return vocab_mask.to(device, non_blocking=True)

    @staticmethod
    def apply_vocab_mask(logits: torch.Tensor, vocab_mask: torch.Tensor) -> None:
        """Set the logits of forbidden tokens to minus infinity, in place."""
        apply_bitmask(logits, vocab_mask)

    def copy(self) -> Grammar:
        """The same constraint for another request, at its beginning."""
        stats = dataclasses.replace(self.grammar_stats, is_cache_hit=True, tree_traversal_time=[])
        return Grammar(self._grammar, stats)

    def try_jump_forward(self, tokenizer: Any) -> None:
        """No text is appended without the model."""


class Backend(BaseGrammarBackend):  # type: ignore[misc]
    """The grammars of all requests.

    Args:
        vocabulary: of the model, with the tokens that end a text.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__()
        self._vocabulary = vocabulary
        self._constraints = Constraints()

    allocate_vocab_mask = staticmethod(Grammar.allocate_vocab_mask)
    move_vocab_mask = staticmethod(Grammar.move_vocab_mask)
    apply_vocab_mask = staticmethod(Grammar.apply_vocab_mask)

    def dispatch_json(self, key_string: str) -> BaseGrammarObject:
        """The grammar of a JSON Schema."""
        return self._make("json", "{}" if key_string == ANY_JSON else key_string)

    def dispatch_regex(self, key_string: str) -> BaseGrammarObject:
        """The grammar of a pattern."""
        return self._make("regex", key_string)

    def dispatch_ebnf(self, key_string: str) -> BaseGrammarObject:
        """The grammar of `ebnf`: in GBNF or Lark, the name of one of the library, or the form of a constraint."""
        return self._make("grammar", key_string)

    def dispatch_structural_tag(self, key_string: str) -> BaseGrammarObject:
        """The grammar of a structural tag."""
        return self._make("structural_tag", key_string)

    def set_cache(self, key: tuple[str, str], value: BaseGrammarObject) -> None:
        """Keep the grammar of a request; of many, the last ones."""
        super().set_cache(key, value)
        while len(self.cache) > _KEPT:
            del self.cache[next(iter(self.cache))]

    def _make(self, kind: str, text: str) -> BaseGrammarObject:
        try:
            grammar = self._constraints.get(kind, text).compile(self._vocabulary)
            return Grammar(grammar, GrammarStats(dispatch_type=kind))
        except StructgenError as error:
            return InvalidGrammarObject(f"{error} [{error.code}]")


def make_backend(tokenizer: Any, vocab_size: int, eos_token_ids: Iterable[int] | int | None) -> Any:
    """The backend of a server. If it was started with a reasoning parser, grammars begin after the reasoning.

    Args:
        tokenizer: of the model.
        vocab_size: width of the logits.
        eos_token_ids: tokens that end a text.

    Raises:
        VocabularyError: The tokenizer cannot be read.
    """
    vocabulary = Vocabulary.from_tokenizer(tokenizer, size=vocab_size, eos_token_ids=eos_token_ids)
    return _after_reasoning(Backend(vocabulary), tokenizer)


def _after_reasoning(backend: Backend, tokenizer: Any) -> Any:
    """SGLang wraps its own backends so, and those of a registry not."""
    from sglang.srt.runtime_context import get_serving

    serving = get_serving()
    if not serving.reasoning_parser:
        return backend
    from sglang.srt.constrained.reasoner_grammar_backend import ReasonerGrammarBackend
    from sglang.srt.parser.reasoning_parser import ReasoningParser

    parser = ReasoningParser(model_type=serving.reasoning_parser, stream_reasoning=False, tokenizer=tokenizer)
    strict = serving.enable_strict_thinking
    return ReasonerGrammarBackend(backend, parser, tokenizer, enable_strict_thinking=strict)
