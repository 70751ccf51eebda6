"""How long the texts of a grammar are at least. Of use where an engine finds no text and only says so.

Intersections and complements are not looked into, so the figure may be too low, never too high.
"""

from __future__ import annotations

from math import inf

from structgen.grammar.expressions import CharSet, Concat, Expression, Intersection, Literal, Repeat, Union
from structgen.grammar.rules import (
    Choice,
    Grammar,
    Permutation,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    Terminal,
    walk,
)


def fewest_characters(grammar: Grammar) -> float:
    """No text of the grammar has fewer; infinity if no text ends."""
    found = dict.fromkeys(grammar.rules, inf)
    users: dict[str, list[str]] = {}
    for name, body in grammar.rules.items():
        for part in walk(body):
            if isinstance(part, Reference):
                users.setdefault(part.name, []).append(name)
    todo = list(grammar.rules)
    while todo:
        name = todo.pop()
        fewest = _of_body(grammar.rules[name], found)
        if fewest < found[name]:
            found[name] = fewest
            todo += users.get(name, ())
    return found[grammar.start]


def _of_body(body: RuleExpression, known: dict[str, float]) -> float:
    if isinstance(body, Terminal):
        return max(_of_expression(body.expression), 1)
    if isinstance(body, Reference):
        return known[body.name]
    if isinstance(body, Choice):
        return min((_of_body(option, known) for option in body.options), default=inf)
    if isinstance(body, Repetition):
        return body.min and body.min * _of_body(body.part, known)
    if isinstance(body, (Sequence, Permutation)):
        return sum(_of_body(part, known) for part in body.parts)
    return 0


def _of_expression(expression: Expression) -> float:
    if isinstance(expression, Literal):
        return len(expression.text)
    if isinstance(expression, CharSet):
        return 1 if expression.ranges else inf
    if isinstance(expression, Concat):
        return sum(map(_of_expression, expression.parts))
    if isinstance(expression, Union):
        return min(map(_of_expression, expression.parts), default=inf)
    if isinstance(expression, Intersection):
        return max(map(_of_expression, expression.parts), default=0)
    if isinstance(expression, Repeat):
        return expression.min and expression.min * _of_expression(expression.part)
    return 0
