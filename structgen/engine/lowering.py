"""Lowering: the IR becomes flat numbers that the native engine reads.

Expressions go to the store of the vocabulary (`expressions.py`); rules become one list of integers (`Parser::Source`
in src/parser.h). The only Python that knows that layout.

What changes on the way:

- A sequence with a separator becomes a chain of rules, two for each item: nothing written so far, or something.
- Terminals with the same name, expression, priority, guard and effect become one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from structgen.engine import _native
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

    native: _native.CompiledGrammar
    terminals: tuple[str, ...]


def lower(
    grammar: Grammar,
    store: _native.Store,
    *,
    special_tokens: dict[str, int],
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
    size = sum(map(len, lowering.nodes))
    if size > limits.grammar_size:
        raise LimitExceeded("grammar_size", limits.grammar_size)
    try:
        native = _native.CompiledGrammar(
            store,
            [number for node in lowering.nodes for number in node],
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


class _Lowering:
    """The state of one lowering: nodes and terminals made so far, and what was seen."""

    def __init__(
        self,
        store: _native.Store,
        special_tokens: dict[str, int],
        eos_token_ids: frozenset[int],
        limits: Limits,
    ) -> None:
        self.expressions = Expressions(store, limits)
        self.special_tokens = special_tokens
        self.eos_token_ids = eos_token_ids
        self.nodes: list[list[int]] = []
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
        guard = self.expressions.number(node.guard)
        expression = self.expressions.number(node.expression)
        return self._add_terminal(expression, node.priority, node.name, guard, _EFFECTS[node.effect])

    def _add_terminal(self, expression: int, priority: int, name: str, guard: int, effect: int = 0) -> int:
        key = expression, priority, name, guard, effect
        number = self._terminals.setdefault(key, len(self.terminals))
        if number == len(self.terminals):
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
            options = body.options if isinstance(body, Choice) else (body,)
            node: list[int] = [_RULE, len(options)]
            for option in options:
                self._append_alternative(node, option)
            self.nodes[self._rules[name]] = node
            for wanted in self._wanted:
                if wanted not in done:
                    done.add(wanted)
                    todo.append(wanted)
        return first

    def _reference(self, name: str) -> int:
        number = self._rules.get(name)
        if number is None:
            number = self._rules[name] = self._add([])
        return number

    def _add(self, node: list[int]) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def _append_alternative(self, node: list[int], body: RuleExpression) -> None:
        """Append one alternative, its length first; plain sequences are spelled out in place."""
        parts = body.parts if isinstance(body, Sequence) and body.separator is None else (body,)
        node.append(len(parts))
        node.extend([self.symbol(part) for part in parts])

    def symbol(self, body: RuleExpression) -> int:
        """The symbol of a part: a node, or -1 - terminal."""
        known = self._symbols.get(id(body))
        if known is None:
            known = self._symbols[id(body)] = self._make_symbol(body)
        return known

    def _make_symbol(self, body: RuleExpression) -> int:
        if isinstance(body, Terminal):
            return -1 - self.terminal(body)
        if isinstance(body, Reference):
            self._wanted.append(body.name)
            return self._reference(body.name)
        if isinstance(body, SpecialToken):
            return -1 - self._special(body)
        if isinstance(body, Repetition):
            return self._repetition(self.symbol(body.part), body.min, body.max)
        if isinstance(body, Permutation):
            return self._permutation(body)
        if isinstance(body, Sequence) and body.separator is not None:
            return self._separated(body.parts, self.symbol(body.separator))
        options = body.options if isinstance(body, Choice) else (body,)
        node: list[int] = [_RULE, len(options)]
        for option in options:
            self._append_alternative(node, option)
        return self._add(node)

    def _repetition(self, symbol: int, least: int, most: int | None) -> int:
        if least < 0 or (most is not None and most < least):
            raise _NotWellFormed("bounds")
        if least > MAX_COUNT or (most or 0) > MAX_COUNT:
            raise InvalidGrammarError(f"a repetition of {most or least} times is beyond what can be counted")
        if (least, most) == (0, 1):
            return self._add([_RULE, 2, 1, symbol, 0])
        return self._add([_REPETITION, symbol, least, -1 if most is None else most])

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
        return self._add([_PERMUTATION, *separator, len(members) // 2, *members])

    def _separated(self, parts: tuple[RuleExpression, ...], separator: int) -> int:
        """Items with a separator between those present, from the last one backwards.

        `first`: what may follow if nothing is written yet; `rest`: if something is. Both may be missing (None).
        """
        first: int | None = None
        rest: int | None = None
        for part in reversed(parts):
            if isinstance(part, Repetition):
                item, least, most = self.symbol(part.part), part.min, part.max
                if least < 0 or (most is not None and most < least):
                    raise _NotWellFormed("bounds")
            else:
                item, least, most = self.symbol(part), 1, 1
            if most == 0:
                continue
            tail = [] if rest is None else [rest]
            begin = [item]
            if most is None or most > 1:
                more = self._add([_RULE, 1, 2, separator, item])
                begin.append(self._repetition(more, max(least - 1, 0), None if most is None else most - 1))
                follow = [self._repetition(more, least, most), *tail]
                rest_node = [_RULE, 1, len(follow), *follow]
            else:
                follow = [separator, item, *tail]
                rest_node = [_RULE, 1, len(follow), *follow]
                if least == 0:
                    rest_node = [_RULE, 2, len(follow), *follow, len(tail), *tail]
            begin += tail
            first_node = [_RULE, 1, len(begin), *begin]
            if least == 0:
                skip = [] if first is None else [first]
                first_node = [_RULE, 2, len(begin), *begin, len(skip), *skip]
            first, rest = self._add(first_node), self._add(rest_node)
        return self._add([_RULE, 1, 0]) if first is None else first
