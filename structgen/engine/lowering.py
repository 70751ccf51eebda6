"""Lowering: the IR becomes flat numbers that the native engine reads.

Expressions go to the store of the vocabulary (`expressions.py`); rules become one list of integers (`Parser::Source`
in src/parser.h). The only Python that knows that layout.

What changes:

- A sequence with a separator becomes plain sequences and choices (`_Chain`).
- Terminals with the same name, expression, priority, guard and effect become one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from structgen.engine._native import CompiledGrammar, Store
from structgen.engine.expressions import MAX_COUNT, Expressions
from structgen.errors import EmptyLanguageError, InvalidGrammarError, LimitExceeded
from structgen.grammar.expressions import EMPTY
from structgen.grammar.rules import (
    Choice,
    Grammar,
    Permutation,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    SpecialToken,
    Terminal,
    check,
)
from structgen.language.lengths import fewest_characters
from structgen.limits import Limits

_MOST_BYTES = 2**30
_RULE, _REPETITION, _PERMUTATION = 0, 1, 2
_EFFECTS = {  # `Effect` in src
    None: 0,
    "record": 1,
    "open": 2,
    "close": 4,
    "open items": 2 | 8,
    "open many items": 2 | 8 | 32,
    "item": 16,
    "close items": 4 | 16,
}


@dataclass(frozen=True, slots=True)
class LoweredGrammar:
    """A grammar in the native engine.

    Attributes:
        native: the compiled grammar.
        terminals: the name of each terminal, by its number.
    """

    native: CompiledGrammar
    terminals: tuple[str, ...]


def lower(
    grammar: Grammar,
    store: Store,
    *,
    special_tokens: Mapping[str, int],
    eos_token_ids: frozenset[int],
    limits: Limits,
) -> LoweredGrammar:
    """Give a grammar to the engine.

    Args:
        grammar: rules over terminals.
        store: of the vocabulary.
        special_tokens: ids by text, for `SpecialToken`.
        eos_token_ids: allowed where the text may end.
        limits: what it may cost.

    Raises:
        EmptyLanguageError: No text can match.
        InvalidGrammarError: It is not well formed (`structgen.grammar.rules.check`), names a special token that the
            vocabulary does not have, or nests too deeply.
        LimitExceeded: It is larger than the limits allow.
    """
    lowering = _Lowering(store, special_tokens, eos_token_ids, limits)
    if grammar.lexer == "dynamic":
        check(grammar)
    try:
        start = lowering.rule(grammar, grammar.start)
        ignored = [lowering.terminal(terminal) for terminal in grammar.ignore]
    except _NotWellFormed:
        check(grammar)
        raise
    except RecursionError:
        raise InvalidGrammarError(
            "the grammar nests too deeply; give inner parts rules of their own"
        ) from None
    try:
        native = CompiledGrammar(
            store,
            lowering.nodes.flat(),
            start,
            lowering.terminals,
            lowering.priorities,
            lowering.guards,
            lowering.effects,
            ignored,
            sorted(eos_token_ids),
            grammar.lexer == "dynamic",
            limits.expressions,
            limits.states,
            limits.work,
            limits.row_bytes,
            limits.nesting,
            limits.milliseconds,
        )
    except EmptyLanguageError:
        fewest = fewest_characters(grammar)
        if _MOST_BYTES <= fewest < math.inf:
            raise InvalidGrammarError(
                f"the shortest text of this grammar has {fewest} characters or more, and no text can have 2^30 bytes: "
                f"lower the counts that it asks for"
            ) from None
        raise
    return LoweredGrammar(native, tuple(lowering.names))


class _NotWellFormed(InvalidGrammarError):
    """Something that `check` describes better: this is on the path of a request, that is not."""


class _Nodes:
    """Nodes by number, as lists of integers. A number can be given away before its node is known.

    Attributes:
        symbols: how many integers there are.

    Raises:
        LimitExceeded: There are more symbols than `Limits.grammar_size` or `Limits.work` allow, or making them takes
            longer than `Limits.milliseconds`.
    """

    _INTERVAL = 4096

    def __init__(self, limits: Limits) -> None:
        self.symbols = 0
        self._nodes: list[list[int]] = []
        self._limits = limits
        self._most = min(limits.grammar_size, limits.work)
        self._deadline = time.monotonic() + limits.milliseconds / 1000
        self._next = min(self._INTERVAL, self._most + 1)

    def reserve(self) -> int:
        """Returns a number for a node that comes later."""
        self._nodes.append([])
        return len(self._nodes) - 1

    def set(self, number: int, node: list[int]) -> None:
        self._nodes[number] = node
        self._count(node)

    def add(self, node: list[int]) -> int:
        self._nodes.append(node)
        self._count(node)
        return len(self._nodes) - 1

    def add_sequence(self, symbols: list[int]) -> int:
        """Adds a node of some symbols, one after the other."""
        return self.add([_RULE, 1, len(symbols), *symbols])

    def _count(self, node: list[int]) -> None:
        self.symbols += len(node)
        if self.symbols >= self._next:
            self._check()

    def _check(self) -> None:
        if self.symbols > self._most:
            name = "grammar_size" if self.symbols > self._limits.grammar_size else "work"
            raise LimitExceeded(name, self._most)
        if time.monotonic() > self._deadline:
            raise LimitExceeded("milliseconds", self._limits.milliseconds)
        self._next = min(self.symbols + self._INTERVAL, self._most + 1)

    def flat(self) -> list[int]:
        """All nodes in the order of their numbers."""
        return list(chain.from_iterable(self._nodes))


class _Lowering:
    """The state of one lowering: the nodes and terminals made so far."""

    def __init__(
        self,
        store: Store,
        special_tokens: Mapping[str, int],
        eos_token_ids: frozenset[int],
        limits: Limits,
    ) -> None:
        self.expressions = Expressions(store, limits)
        self.special_tokens = special_tokens
        self.eos_token_ids = eos_token_ids
        self.nodes = _Nodes(limits)
        self.terminals: list[int] = []
        self.priorities: list[int] = []
        self.guards: list[int] = []
        self.effects: list[int] = []
        self.names: list[str] = []
        self._terminals: dict[tuple[int, int, str, int, int], int] = {}
        self._rules: dict[str, int] = {}
        # By identity: front ends share the objects that they use often. The grammar keeps rules alive meanwhile.
        self._symbols: dict[int, int] = {}

    # Terminals

    def terminal(self, node: Terminal) -> int:
        """The number of a terminal."""
        number = self.expressions.number
        try:
            expression, guard = number(node.expression), number(node.guard)
        except RecursionError:
            expression, guard = self.expressions.deep(node.expression), self.expressions.deep(node.guard)
        return self._add_terminal(expression, node.priority, node.name, guard, _EFFECTS[node.effect])

    def _add_terminal(self, expression: int, priority: int, name: str, guard: int, effect: int = 0) -> int:
        key = expression, priority, name, guard, effect
        number = self._terminals.get(key)
        if number is None:
            number = self._terminals[key] = len(self.terminals)
            self.terminals.append(expression)
            self.priorities.append(priority)
            self.guards.append(guard)
            self.effects.append(effect)
            self.names.append(name)
        return number

    def _special(self, node: SpecialToken) -> int:
        token = node.token if isinstance(node.token, int) else self.special_tokens.get(node.token)
        if token is None or token not in self.special_tokens.values():
            raise InvalidGrammarError(f"the vocabulary has no special token {node.token!r}")
        if token in self.eos_token_ids:
            raise InvalidGrammarError(
                f"{node.token!r} ends the text, so a grammar cannot ask for it; end the rule there instead"
            )
        return self._add_terminal(
            self.expressions.builder.special(token), 0, str(node.token), self.expressions.number(EMPTY)
        )

    # Rules

    def rule(self, grammar: Grammar, start: str) -> int:
        """The node of the rule `start`; those it needs are made too."""
        if start not in grammar.rules:
            raise _NotWellFormed(start)
        first = self._reference(start)
        todo = [start]
        done = {start}
        while todo:
            name = todo.pop()
            body = grammar.rules.get(name)
            if body is None:
                raise _NotWellFormed(name)
            self._wanted: list[str] = []
            self.nodes.set(self._rules[name], self._alternatives(body))
            for wanted in self._wanted:
                if wanted not in done:
                    done.add(wanted)
                    todo.append(wanted)
        return first

    def _reference(self, name: str) -> int:
        number = self._rules.get(name)
        if number is None:
            number = self._rules[name] = self.nodes.reserve()
        return number

    def _alternatives(self, body: RuleExpression) -> list[int]:
        """A choice between sequences as a node; plain sequences are spelled out in place."""
        if not isinstance(body, Choice):
            parts = body.parts if isinstance(body, Sequence) and body.separator is None else (body,)
            return [_RULE, 1, len(parts), *self._all(parts)]
        node = [_RULE, len(body.options)]
        for option in body.options:
            if isinstance(option, Sequence) and option.separator is None:
                node.append(len(option.parts))
                node += self._all(option.parts)
            else:
                node += (1, self.symbol(option))
        return node

    def _all(self, parts: Iterable[RuleExpression]) -> list[int]:
        """The symbols of some parts."""
        found = []
        get, make = self._symbols.get, self._new_symbol
        for part in parts:
            known = get(id(part))
            found.append(make(part) if known is None else known)
        return found

    def symbol(self, body: RuleExpression) -> int:
        """The symbol of a part: a node, or -1 - terminal."""
        known = self._symbols.get(id(body))
        return self._new_symbol(body) if known is None else known

    def _new_symbol(self, body: RuleExpression) -> int:
        if type(body) is Terminal:  # most symbols
            made = -1 - self.terminal(body)
        else:
            make = _SYMBOLS.get(type(body)) or _of_base(body)
            made = make(self, body)
        self._symbols[id(body)] = made
        return made

    def _of_choice(self, body: Choice) -> int:
        return self.nodes.add(self._alternatives(body))

    def _of_terminal(self, body: Terminal) -> int:
        return -1 - self.terminal(body)

    def _of_special(self, body: SpecialToken) -> int:
        return -1 - self._special(body)

    def _of_reference(self, body: Reference) -> int:
        self._wanted.append(body.name)
        return self._reference(body.name)

    def _of_sequence(self, body: Sequence) -> int:
        if body.separator is None:
            return self.nodes.add_sequence(self._all(body.parts))
        return self._separated(body.parts, self.symbol(body.separator))

    def _of_repetition(self, body: Repetition) -> int:
        _check_bounds(body)
        return self.repetition(self.symbol(body.part), body.min, body.max)

    def repetition(self, symbol: int, least: int, most: int | None) -> int:
        """The node of a repetition with bounds that are in order."""
        if least > MAX_COUNT or (most or 0) > MAX_COUNT:
            raise InvalidGrammarError(f"a repetition of {most or least} times is beyond what can be counted")
        if (least, most) == (0, 1):
            return self.nodes.add([_RULE, 2, 1, symbol, 0])
        return self.nodes.add([_REPETITION, symbol, least, -1 if most is None else most])

    def _permutation(self, body: Permutation) -> int:
        members: list[int] = []
        for part in body.parts:
            if isinstance(part, Repetition) and (part.min, part.max) != (1, 1):
                if part.min != 0 or part.max not in (1, None):
                    raise _NotWellFormed("permutation")
                members += [self.symbol(part.part), 2 if part.max is None else 0]
            else:
                members += [self.symbol(part), 1]
        separator = [0, 0] if body.separator is None else [1, self.symbol(body.separator)]
        return self.nodes.add([_PERMUTATION, *separator, len(members) // 2, *members])

    def _separated(self, parts: tuple[RuleExpression, ...], separator: int) -> int:
        items = _Chain(self, separator)
        # Nothing can have been written before a part only if no part before it is required.
        bounds = [_bounds(part) for part in parts]
        leading = next((i for i, (least, _) in enumerate(bounds) if least > 0), len(parts))
        for index in range(len(parts) - 1, -1, -1):
            part = parts[index]
            least, most = bounds[index]
            symbol = self.symbol(part.part if isinstance(part, Repetition) else part)
            if most == 1:
                items.prepend(symbol, least == 0, index <= leading)
            elif most != 0:
                items.prepend_many(symbol, least, most, index <= leading)
        return self.nodes.add_sequence([]) if items.first is None else items.first


class _Chain:
    """Items with a separator between those present, built from the last one to the first.

    Attributes:
        first: what may come if nothing is written yet. None: nothing but the empty text.
    """

    def __init__(self, lowering: _Lowering, separator: int) -> None:
        self.first: int | None = None
        self._lowering = lowering
        self._nodes = lowering.nodes
        self._separator = separator
        self._rest: list[int] = []  # what comes if something is written: symbols, the last one first

    def prepend(self, item: int, is_optional: bool, is_leading: bool) -> None:
        """Puts an item in front of all others.

        Args:
            item: its symbol.
            is_optional: it may be missing.
            is_leading: no item before this one is required.
        """
        if is_leading:
            self._lead([item], is_optional)
        if is_optional:
            rest = self._shared_rest()
            node = [_RULE, 2, 2 + len(rest), self._separator, item, *rest, len(rest), *rest]
            self._rest = [self._nodes.add(node)]
        else:  # most items
            self._rest += (item, self._separator)

    def prepend_many(self, item: int, least: int, most: int | None, is_leading: bool) -> None:
        """Puts an item in front of all others that comes `least` to `most` times; None: without a bound."""
        repeat = self._lowering.repetition
        more = self._nodes.add_sequence([self._separator, item])
        if is_leading:
            self._lead([item, repeat(more, max(least - 1, 0), most and most - 1)], least == 0)
        self._rest.append(repeat(more, least, most))

    def _lead(self, begin: list[int], is_optional: bool) -> None:
        """Makes an item the first one, before which no separator stands."""
        if not is_optional:
            self.first = self._nodes.add_sequence([*begin, *reversed(self._rest)])
            return
        taken = [*begin, *self._shared_rest()]
        skipped = (0,) if self.first is None else (1, self.first)
        self.first = self._nodes.add([_RULE, 2, len(taken), *taken, *skipped])

    def _shared_rest(self) -> list[int]:
        """The rest as one symbol at most, as more than one node refers to it."""
        if len(self._rest) > 1:
            self._rest = [self._nodes.add_sequence(self._rest[::-1])]
        return self._rest


def _bounds(part: RuleExpression) -> tuple[int, int | None]:
    """How often an item may come."""
    if not isinstance(part, Repetition):
        return 1, 1
    _check_bounds(part)
    return part.min, part.max


def _check_bounds(body: Repetition) -> None:
    if body.min < 0 or (body.max is not None and body.max < body.min):
        raise _NotWellFormed("bounds")


_SYMBOLS: dict[type[RuleExpression], Callable[[_Lowering, Any], int]] = {
    Terminal: _Lowering._of_terminal,
    Reference: _Lowering._of_reference,
    SpecialToken: _Lowering._of_special,
    Repetition: _Lowering._of_repetition,
    Permutation: _Lowering._permutation,
    Sequence: _Lowering._of_sequence,
    Choice: _Lowering._of_choice,
}


def _of_base(body: RuleExpression) -> Callable[[_Lowering, Any], int]:
    """For classes that derive from one of these."""
    return next(make for kind, make in _SYMBOLS.items() if isinstance(body, kind))
