"""structgen: the library of this repository."""

from __future__ import annotations

from typing import Any

import numpy as np

import structgen
from peers import Engine, Refused, words_of_mask

TOKENS_LEFT = 512
"""Beyond those that finish a shortest text."""


class _Matcher:
    def __init__(self, grammar: structgen.CompiledGrammar, size: int) -> None:
        array = np.zeros((1, words_of_mask(size)), np.int32)
        matcher = grammar.matcher()
        matcher.bind(array, 0)
        self.mask = array[0]
        self.fill = matcher.fill
        self.advance = matcher.try_advance


class _Budgeted:
    """Masks as `max_new_tokens` asks for them, always with so many tokens left."""

    def __init__(self, grammar: structgen.CompiledGrammar, size: int) -> None:
        array = np.zeros((1, words_of_mask(size)), np.int32)
        self.mask = array[0]
        self._array = array
        self._grammar = grammar
        self._configuration = grammar.initial
        self._budget = TOKENS_LEFT + grammar.completion_tokens(grammar.initial)

    def fill(self) -> None:
        self._grammar.fill_within(self._configuration, self._budget, self._array, 0)

    def advance(self, token: int) -> bool:
        self._configuration = self._grammar.try_advance(self._configuration, token)
        return self._configuration >= 0


class _Grammar:
    def __init__(self, grammar: structgen.CompiledGrammar, *, budgeted: bool = False) -> None:
        self._grammar = grammar
        self._budgeted = budgeted

    def matcher(self) -> _Matcher | _Budgeted:
        matcher = _Budgeted if self._budgeted else _Matcher
        return matcher(self._grammar, self._grammar.vocabulary.size)


class Structgen:
    """structgen with its defaults: a keyword that the mask cannot enforce is refused."""

    version = structgen.__version__
    _budgeted = False

    def __init__(self, tokenizer: Any) -> None:
        self._vocabulary = structgen.Vocabulary.from_tokenizer(tokenizer)
        self._vocabulary.native  # noqa: B018  (built when first used)

    def compile(self, schema: str) -> _Grammar:
        """The grammar of a schema."""
        try:
            compiled = structgen.compile(structgen.json_schema(schema), self._vocabulary)
        except structgen.UnsupportedSchemaError as error:
            keywords = {
                f"{problem.pointer.rpartition('/')[2]}: {problem.reason}" for problem in error.problems
            }
            raise Refused("; ".join(sorted(keywords))) from error
        except structgen.StructgenError as error:
            raise Refused(f"{error.code}: {error}") from error
        return _Grammar(compiled, budgeted=self._budgeted)

    def compile_constraint(self, constraint: structgen.Constraint) -> _Grammar:
        """The grammar of a constraint."""
        return _Grammar(structgen.compile(constraint, self._vocabulary))

    def compile_lark(self, grammar: str) -> _Grammar:
        """The grammar of a text for Lark."""
        return _Grammar(structgen.compile(structgen.lark(grammar), self._vocabulary))

    def renew(self) -> None:
        """Expressions and their walks are shared by all grammars of a vocabulary: take another one."""
        old = self._vocabulary
        self._vocabulary = structgen.Vocabulary(
            old.tokens, special_tokens=old.special_tokens, eos_token_ids=old.eos_token_ids, size=old.size
        )
        self._vocabulary.native  # noqa: B018


class BudgetedStructgen(Structgen):
    """The same with a limit of tokens, as `max_new_tokens` sets it: a text is finished within it."""

    _budgeted = True


ADAPTERS: dict[str, type[Engine]] = {"structgen": Structgen, "structgen-budgeted": BudgetedStructgen}
