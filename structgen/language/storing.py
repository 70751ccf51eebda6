"""A grammar as plain data, for files: lists, numbers and texts that JSON can hold, and back.

    to_data(grammar)    {"start": ..., "lexer": ..., "nodes": [[kind, ...], ...], "rules": {name: number}, ...}
    from_data(data)     an equal grammar

Every expression and every part of a rule is a row of `nodes`; the parts that it is made of are numbers of rows before
its own. Equal ones share a row, so the engine meets them once. Nothing is executed when data is read: what does not
fit together is a `ValueError`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from structgen.errors import InvalidGrammarError
from structgen.grammar.expressions import (
    CharSet,
    Complement,
    Concat,
    Divisible,
    Expression,
    Intersection,
    Literal,
    Repeat,
    Union,
)
from structgen.grammar.rules import (
    Choice,
    Effect,
    Grammar,
    Lexer,
    Permutation,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    SpecialToken,
    Terminal,
    check_part,
)

Node = Expression | RuleExpression


def to_data(grammar: Grammar) -> dict[str, Any]:
    """The grammar as data for JSON."""
    writer = _Writer()
    rules = {name: writer.number(body) for name, body in grammar.rules.items()}
    ignore = [writer.number(terminal) for terminal in grammar.ignore]
    return {
        "start": grammar.start,
        "lexer": grammar.lexer,
        "nodes": writer.rows,
        "rules": rules,
        "ignore": ignore,
    }


class _Writer:
    """Gives numbers to nodes, parts first."""

    def __init__(self) -> None:
        self.rows: list[list[Any]] = []
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._known: dict[int, int] = {}  # by id: the grammar keeps them alive

    def number(self, node: Node) -> int:
        stack = [node]
        while stack:
            top = stack[-1]
            missing = [part for part in _parts(top) if id(part) not in self._known]
            if missing:
                stack += missing
                continue
            stack.pop()
            row = self._row(top)
            key = tuple(tuple(one) if isinstance(one, list) else one for one in row)
            number = self._numbers.setdefault(key, len(self.rows))
            if number == len(self.rows):
                self.rows.append(row)
            self._known[id(top)] = number
        return self._known[id(node)]

    def _row(self, node: Node) -> list[Any]:
        numbers = [self._known[id(part)] for part in _parts(node)]
        if isinstance(node, CharSet):
            return ["CharSet", [border for pair in node.ranges for border in pair]]
        if isinstance(node, Literal):
            return ["Literal", node.text]
        if isinstance(node, (Repeat, Repetition)):
            return [type(node).__name__, numbers[0], node.min, node.max]
        if isinstance(node, Complement):
            return ["Complement", numbers[0]]
        if isinstance(node, Divisible):
            return ["Divisible", node.modulus, node.remainder]
        if isinstance(node, Terminal):
            return ["Terminal", node.name, numbers[0], node.priority, numbers[1], node.effect]
        if isinstance(node, Reference):
            return ["Reference", node.name]
        if isinstance(node, SpecialToken):
            return ["SpecialToken", node.token]
        if isinstance(node, (Sequence, Permutation)):
            separator = None if node.separator is None else numbers.pop()
            return [type(node).__name__, numbers, separator]
        return [type(node).__name__, numbers]


def _parts(node: Node) -> tuple[Node, ...]:
    if isinstance(node, (Concat, Union, Intersection)):
        return node.parts
    if isinstance(node, (Complement, Repeat, Repetition)):
        return (node.part,)
    if isinstance(node, Terminal):
        return node.expression, node.guard
    if isinstance(node, (Sequence, Permutation)):
        return node.parts if node.separator is None else (*node.parts, node.separator)
    return node.options if isinstance(node, Choice) else ()


def from_data(data: Any) -> Grammar:
    """The grammar that `to_data` made data of.

    Raises:
        ValueError: It is no such data.
    """
    try:
        nodes: list[Any] = []
        for kind, *values in data["nodes"]:
            nodes.append(_READERS[kind](nodes, *values))
        rules = {str(name): _rule(nodes, number) for name, number in data["rules"].items()}
        ignored = [_rule(nodes, number) for number in data["ignore"]]
        ignore = tuple(terminal for terminal in ignored if isinstance(terminal, Terminal))
        lexer: Lexer = "dynamic" if data["lexer"] == "dynamic" else "contextual"
        if data["lexer"] != lexer:
            raise ValueError("there is no such lexer")
        if len(ignore) < len(ignored):
            raise ValueError("what is ignored are terminals")
        grammar = Grammar(rules, data["start"], ignore, lexer)
        if grammar.start not in rules:
            raise ValueError("there is no rule to start with")
        for node in nodes:  # each once, however often it is used
            if isinstance(node, RuleExpression):
                check_part(grammar, "", node)
    except (AttributeError, IndexError, KeyError, TypeError, InvalidGrammarError) as error:
        raise ValueError(f"not the data of a grammar: {error}") from None
    return grammar


def _expression(nodes: list[Any], number: int) -> Expression:
    found = nodes[number]
    if number < 0 or not isinstance(found, Expression):
        raise ValueError("an expression is made of expressions before it")
    return found


def _rule(nodes: list[Any], number: int) -> RuleExpression:
    found = nodes[number]
    if number < 0 or not isinstance(found, RuleExpression):
        raise ValueError("a rule is made of parts of rules before it")
    return found


def _expressions(nodes: list[Any], numbers: list[int]) -> tuple[Expression, ...]:
    return tuple([_expression(nodes, number) for number in numbers])


def _rules(nodes: list[Any], numbers: list[int]) -> tuple[RuleExpression, ...]:
    return tuple([_rule(nodes, number) for number in numbers])


def _separator(nodes: list[Any], number: int | None) -> RuleExpression | None:
    return None if number is None else _rule(nodes, number)


def _effect(effect: Any) -> Effect | None:
    if effect is not None and effect not in get_args(Effect):
        raise ValueError("there is no such effect")
    known: Effect | None = effect
    return known


def _charset(borders: list[int]) -> CharSet:
    ascending = [first <= last for first, last in zip(borders[::2], borders[1::2], strict=True)]
    apart = [last < first for last, first in zip(borders[1:-1:2], borders[2::2], strict=True)]
    if not all(ascending + apart):
        raise ValueError("ranges of characters ascend")
    return CharSet(tuple(zip(borders[::2], borders[1::2], strict=True)))


_READERS: dict[str, Callable[..., Node]] = {
    "CharSet": lambda nodes, borders: _charset(borders),
    "Choice": lambda nodes, options: Choice(_rules(nodes, options)),
    "Complement": lambda nodes, part: Complement(_expression(nodes, part)),
    "Concat": lambda nodes, parts: Concat(_expressions(nodes, parts)),
    "Divisible": lambda nodes, modulus, remainder: Divisible(int(modulus), int(remainder)),
    "Intersection": lambda nodes, parts: Intersection(_expressions(nodes, parts)),
    "Literal": lambda nodes, text: Literal(str(text)),
    "Permutation": lambda nodes, parts, separator: Permutation(
        _rules(nodes, parts), _separator(nodes, separator)
    ),
    "Reference": lambda nodes, name: Reference(str(name)),
    "Repeat": lambda nodes, part, least, most: Repeat(_expression(nodes, part), least, most),
    "Repetition": lambda nodes, part, least, most: Repetition(_rule(nodes, part), least, most),
    "Sequence": lambda nodes, parts, separator: Sequence(_rules(nodes, parts), _separator(nodes, separator)),
    "SpecialToken": lambda nodes, token: SpecialToken(token),
    "Terminal": lambda nodes, name, expression, priority, guard, effect: Terminal(
        str(name), _expression(nodes, expression), int(priority), _expression(nodes, guard), _effect(effect)
    ),
    "Union": lambda nodes, parts: Union(_expressions(nodes, parts)),
}
