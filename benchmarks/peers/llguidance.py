"""llguidance: derivatives and Earley, in Rust."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import llguidance.hf
import llguidance.numpy
from llguidance import LLMatcher, LLTokenizer

from peers import Engine, Refused


class _Matcher:
    def __init__(self, matcher: LLMatcher, size: int) -> None:
        array = llguidance.numpy.allocate_token_bitmask(1, size)
        address, length = array.ctypes.data, array.nbytes
        compute = matcher.unsafe_compute_mask_ptr
        self.mask = array[0]
        # What llguidance.numpy.fill_next_token_bitmask() does, without asking numpy for the address each time:
        # that took 1.4 of 11.4 µs.
        self.fill = lambda _keep=array: compute(address, length)  # which keeps the array
        self.advance = matcher.consume_token


class _Grammar:
    """Requests take turns on one matcher: `reset()` keeps its caches, which a `deep_copy()` of a new one lacks."""

    def __init__(self, matcher: LLMatcher, size: int) -> None:
        self._matcher = matcher
        self._size = size
        self._new: LLMatcher | None = None

    def matcher(self) -> _Matcher:
        if self._new is None:
            self._new = self._matcher.deep_copy()
        if self._matcher.is_error() or not self._matcher.reset():  # an error is for ever
            self._matcher = self._new.deep_copy()
        return _Matcher(self._matcher, self._size)


class Llguidance:
    """llguidance with its defaults: flexible whitespace, keywords that it does not know are refused."""

    version = version("llguidance")

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer: LLTokenizer = llguidance.hf.from_tokenizer(tokenizer)

    def compile(self, schema: str) -> _Grammar:
        """The grammar of a schema."""
        try:
            grammar = LLMatcher.grammar_from_json_schema(schema)
        except ValueError as error:
            raise Refused(str(error)) from error
        matcher = LLMatcher(self._tokenizer, grammar, log_level=0)
        if matcher.is_error():
            raise Refused(matcher.get_error())
        return _Grammar(matcher, self._tokenizer.vocab_size)

    def compile_lark(self, grammar: str) -> _Grammar:
        """The grammar of a text in its own dialect of Lark."""
        matcher = LLMatcher(self._tokenizer, LLMatcher.grammar_from_lark(grammar), log_level=0)
        if matcher.is_error():
            raise Refused(matcher.get_error())
        return _Grammar(matcher, self._tokenizer.vocab_size)

    def renew(self) -> None:
        """Grammars share nothing but the vocabulary."""


ADAPTERS: dict[str, type[Engine]] = {"llguidance": Llguidance}
