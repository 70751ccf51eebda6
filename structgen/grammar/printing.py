"""Grammars as text that reads like Lark, for people; not meant to be read back."""

from __future__ import annotations

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
    Grammar,
    Permutation,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    SpecialToken,
    Terminal,
    walk,
)

_SIGNS = {(0, 1): "?", (0, None): "*", (1, None): "+"}


def format_grammar(grammar: Grammar) -> str:
    """All rules of a grammar, the start first; then its terminals, and what it ignores."""
    names = [grammar.start, *(name for name in grammar.rules if name != grammar.start)]
    lines = [f"{name}: {format_rule(grammar.rules[name])}" for name in names]
    terminals = dict.fromkeys(
        node for name in names for node in walk(grammar.rules[name]) if isinstance(node, Terminal)
    )
    for terminal in dict.fromkeys([*terminals, *grammar.ignore]):
        priority = f".{terminal.priority}" if terminal.priority else ""
        lines.append(f"{terminal.name}{priority}: {format_expression(terminal.expression)}")
    lines += [f"%ignore {terminal.name}" for terminal in grammar.ignore]
    return "\n".join(lines)


def format_rule(body: RuleExpression) -> str:
    """One body, in one line."""
    if isinstance(body, (Terminal, Reference)):
        return body.name
    if isinstance(body, SpecialToken):
        return f"<{body.token}>"
    if isinstance(body, Choice):
        return "(" + " | ".join(map(format_rule, body.options)) + ")"
    if isinstance(body, Repetition):
        return format_rule(body.part) + _times(body.min, body.max)
    if isinstance(body, (Sequence, Permutation)):
        sign = " & " if isinstance(body, Permutation) else " "
        separated = "" if body.separator is None else f" % {format_rule(body.separator)}"
        return "(" + sign.join(map(format_rule, body.parts)) + separated + ")"
    raise TypeError(f"not a rule: {body!r}")


def format_expression(expression: Expression) -> str:
    """An expression, much like a regular expression with `&` and `~`."""
    if isinstance(expression, Literal):
        return repr(expression.text)
    if isinstance(expression, CharSet):
        return "[" + "".join(_range(first, last) for first, last in expression.ranges) + "]"
    if isinstance(expression, Repeat):
        return format_expression(expression.part) + _times(expression.min, expression.max)
    if isinstance(expression, Divisible):
        before = f" after {expression.remainder}" if expression.remainder else ""
        return f"<digits divisible by {expression.modulus}{before}>"
    if isinstance(expression, Complement):
        return "~" + format_expression(expression.part)
    if isinstance(expression, (Concat, Union, Intersection)):
        sign = {Concat: " ", Union: " | ", Intersection: " & "}[type(expression)]
        return "(" + sign.join(map(format_expression, expression.parts)) + ")"
    raise TypeError(f"not an expression: {expression!r}")


def _times(least: int, most: int | None) -> str:
    known = _SIGNS.get((least, most))
    return known or "{" + f"{least},{'' if most is None else most}" + "}"


def _range(first: int, last: int) -> str:
    def char(code: int) -> str:
        return chr(code) if chr(code).isprintable() and chr(code) not in "[]-\\" else f"\\u{{{code:x}}}"

    return char(first) if first == last else f"{char(first)}-{char(last)}"
