"""xgrammar: pushdown automata and masks computed when a grammar is compiled, in C++."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import xgrammar

from peers import Engine, Refused


class _Matcher:
    def __init__(self, grammar: xgrammar.CompiledGrammar) -> None:
        matcher = xgrammar.GrammarMatcher(grammar)
        fill = matcher.fill_next_token_bitmask
        tensor = xgrammar.allocate_token_bitmask(1, grammar.tokenizer_info.vocab_size)
        self.mask = tensor.numpy()[0]
        self.fill = lambda: fill(tensor, 0)
        self.advance = matcher.accept_token


class _Grammar:
    def __init__(self, grammar: xgrammar.CompiledGrammar) -> None:
        self._grammar = grammar

    def matcher(self) -> _Matcher:
        return _Matcher(self._grammar)


class Xgrammar:
    """xgrammar, with one thread and without its cache.

    `strict_mode=False`: its default adds `additionalProperties: false` to every object, which is another schema.
    """

    version = version("xgrammar")
    _cached = False

    def __init__(self, tokenizer: Any) -> None:
        self._compiler = xgrammar.GrammarCompiler(
            xgrammar.TokenizerInfo.from_huggingface(tokenizer), max_threads=1, cache_enabled=self._cached
        )

    def compile(self, schema: str) -> _Grammar:
        """The grammar of a schema."""
        try:
            return _Grammar(self._compiler.compile_json_schema(schema, strict_mode=False))
        except (RuntimeError, ValueError) as error:
            raise Refused(str(error)) from error

    def compile_tag(self, tag: Any) -> _Grammar:
        """The grammar of a structural tag."""
        return _Grammar(self._compiler.compile_structural_tag(tag))

    def renew(self) -> None:
        """Forget the rules of earlier schemas."""
        self._compiler.clear_cache()


class CachedXgrammar(Xgrammar):
    """xgrammar with its cache, which also shares rules between schemas."""

    _cached = True


ADAPTERS: dict[str, type[Engine]] = {"xgrammar": Xgrammar, "xgrammar-cached": CachedXgrammar}
