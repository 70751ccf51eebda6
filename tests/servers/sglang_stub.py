"""A stand-in for the parts of SGLang that the adapter uses. SGLang itself needs CUDA.

Names, signatures and behaviour are those of `sglang.srt.constrained.base_grammar_backend` and
`sglang.srt.arg_groups.choices` in SGLang 0.5.23 (Apache-2.0); what the adapter does not touch is left out.
"""

from __future__ import annotations

import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


@dataclass
class GrammarStats:
    compilation_time: float | None = None
    is_cache_hit: bool = False
    dispatch_type: str | None = None
    tree_traversal_time: list[float] = field(default_factory=list)


class BaseGrammarObject:
    def __init__(self) -> None:
        self._finished = False
        self.grammar_stats: Any = None
        self.current_token: int | None = None

    def maybe_init_reasoning(self, reasoning: bool) -> None: ...

    def accept_token(self, token: int) -> None:
        raise NotImplementedError

    def rollback(self, k: int) -> None:
        raise NotImplementedError

    def is_terminated(self) -> bool:
        return False

    def allocate_vocab_mask(self, vocab_size: int, batch_size: int, device: Any) -> Any:
        raise NotImplementedError

    def fill_vocab_mask(self, vocab_mask: Any, idx: int) -> None:
        raise NotImplementedError

    @staticmethod
    def reset_vocab_mask(vocab_mask: Any) -> None:
        raise NotImplementedError

    @staticmethod
    def move_vocab_mask(vocab_mask: Any, device: Any) -> Any:
        raise NotImplementedError

    @staticmethod
    def apply_vocab_mask(logits: Any, vocab_mask: Any) -> None:
        raise NotImplementedError

    def copy(self) -> BaseGrammarObject:
        return self


class InvalidGrammarObject(BaseGrammarObject):
    def __init__(self, error_message: str = "Unknown grammar error") -> None:
        super().__init__()
        self.error_message = error_message


class BaseGrammarBackend:
    def __init__(self) -> None:
        self.executor = ThreadPoolExecutor()
        self.cache: dict[tuple[str, str], BaseGrammarObject] = {}

    def dispatch_json(self, key_string: str) -> BaseGrammarObject:
        raise NotImplementedError

    def dispatch_regex(self, key_string: str) -> BaseGrammarObject:
        raise NotImplementedError

    def dispatch_ebnf(self, key_string: str) -> BaseGrammarObject:
        raise NotImplementedError

    def dispatch_structural_tag(self, key_string: str) -> BaseGrammarObject:
        raise NotImplementedError

    def _init_value_dispatch(self, key: tuple[str, str], require_reasoning: bool) -> BaseGrammarObject:
        kind, text = key
        grammar: BaseGrammarObject = getattr(self, f"dispatch_{kind}")(text)
        if grammar.grammar_stats is not None:
            grammar.grammar_stats.compilation_time = 0.0
        return grammar

    def get_cached_or_future_value(
        self, key: tuple[str, str], require_reasoning: bool
    ) -> tuple[BaseGrammarObject | Future[BaseGrammarObject], bool]:
        value = self.cache.get(key)
        if value:
            copied_value = value.copy()
            copied_value.maybe_init_reasoning(require_reasoning)
            return copied_value, True
        return self.executor.submit(self._init_value_dispatch, key, require_reasoning), False

    def set_cache(self, key: tuple[str, str], value: BaseGrammarObject) -> None:
        self.cache[key] = value

    def reset(self) -> None:
        self.cache.clear()


class ReasonerGrammarBackend:
    def __init__(
        self, grammar_backend: Any, reasoning_parser: Any, tokenizer: Any, enable_strict_thinking: bool
    ) -> None:
        self.grammar_backend = grammar_backend
        self.reasoning_parser = reasoning_parser
        self.enable_strict_thinking = enable_strict_thinking


class ReasoningParser:
    def __init__(self, model_type: str, stream_reasoning: bool, tokenizer: Any) -> None:
        self.model_type = model_type


def install(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Put the modules of the stand-in into `sys.modules`. Returns the registry, the choices, and what is served."""
    registry: dict[str, Any] = {}
    choices = ["xgrammar", "outlines", "llguidance", "none"]
    serving = SimpleNamespace(reasoning_parser=None, enable_strict_thinking=False)

    def register_grammar_backend(name: str, init_func: Any) -> None:
        registry[name] = init_func

    modules: dict[str, dict[str, Any]] = {
        "sglang": {},
        "sglang.srt": {},
        "sglang.srt.arg_groups": {},
        "sglang.srt.arg_groups.choices": {
            "GRAMMAR_BACKEND_CHOICES": choices,
            "add_grammar_backend_choices": choices.extend,
        },
        "sglang.srt.runtime_context": {"get_serving": lambda: serving},
        "sglang.srt.parser": {},
        "sglang.srt.parser.reasoning_parser": {"ReasoningParser": ReasoningParser},
        "sglang.srt.constrained": {},
        "sglang.srt.constrained.reasoner_grammar_backend": {"ReasonerGrammarBackend": ReasonerGrammarBackend},
        "sglang.srt.constrained.base_grammar_backend": {
            "register_grammar_backend": register_grammar_backend,
            "BaseGrammarBackend": BaseGrammarBackend,
            "BaseGrammarObject": BaseGrammarObject,
            "GrammarStats": GrammarStats,
            "InvalidGrammarObject": InvalidGrammarObject,
        },
    }
    for name, members in modules.items():
        module = ModuleType(name)
        module.__dict__.update(members)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "structgen.servers.sglang.backend", raising=False)
    return SimpleNamespace(registry=registry, choices=choices, serving=serving)
