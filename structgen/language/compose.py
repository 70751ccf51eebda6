"""Grammars out of grammars: one after the other, one of several, repeated. The languages are composed exactly.

    compose(Concatenated((Piece(a), Piece(b))))     the texts of a, each with each of b's after it

A lexer that takes the longest match can lose texts where two grammars meet: after `[a-z]*`, the literal `end` is never
reached. So grammars are put together in the first of these ways that loses nothing:

1.  Neighbours that are regular become one expression (this file).
2.  One grammar under the contextual lexer, if the next byte always tells whether a part goes on, and which one begins;
    or if parts that are read at the same time do not disturb each other (`junctions.py`).
3.  One grammar under the dynamic lexer, which follows all readings. Terminals that could swallow what comes after them
    are read character by character there.

Where none of them does, composing is an error that names the two parts: parts that record, such as objects with
undeclared names, need the contextual lexer.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as SequenceOf

from structgen.grammar.expressions import EMPTY, EPSILON, Expression, concat, repeat, union
from structgen.grammar.rules import Grammar, Reference, Repetition, RuleExpression, Sequence, Terminal
from structgen.language.derivatives import denotes_empty_text
from structgen.language.junctions import Layout
from structgen.language.parts import Alternatives, Concatenated, Node, Piece, Regular, Repeated


def compose(node: Node) -> Grammar:
    """The grammar of a composition.

    Raises:
        InvalidGrammarError: No lexer reads it exactly; names the parts that run into each other.
    """
    body = _merged(node)
    if isinstance(body, Regular):
        return Grammar({"start": body.rule()})
    layout = Layout(body)
    conflict = layout.conflict()
    if conflict is None:
        return layout.grammar()
    return layout.dynamic(conflict)


def _merged(node: Node) -> Node:
    if isinstance(node, Regular):
        return node
    if isinstance(node, Piece):
        expression = _expression_of(node.grammar)
        return node if expression is None else Regular(expression, node.name)
    if isinstance(node, Concatenated):
        return _merged_sequence([_merged(part) for part in node.parts])
    if isinstance(node, Alternatives):
        return _merged_choice([_merged(part) for part in node.parts])
    return _merged_repetition(node)


def _merged_repetition(node: Repeated) -> Node:
    part = _merged(node.part)
    between = Regular(EPSILON, "") if node.separator is None else _merged(node.separator)
    if isinstance(part, Regular) and isinstance(between, Regular):
        return _merged_loop(part, between, node)
    return Repeated(part, node.min, node.max, None if node.separator is None else between)


def _expression_of(grammar: Grammar) -> Expression | None:
    """The expression of a grammar that is one terminal, perhaps missing; None of any other."""
    body: RuleExpression | None = grammar.rules.get(grammar.start)
    while isinstance(body, Reference) and len(grammar.rules) > 1:
        body = grammar.rules.get(body.name) if body.name != grammar.start else None
    if body == Sequence(()) and not grammar.ignore:
        return EPSILON
    is_optional = isinstance(body, Repetition) and (body.min, body.max) == (0, 1)
    terminal = body.part if isinstance(body, Repetition) and is_optional else body
    if not isinstance(terminal, Terminal) or terminal.effect is not None or terminal.guard != EMPTY:
        return None
    if grammar.ignore:
        return None
    if denotes_empty_text(terminal.expression) and not is_optional:
        return None  # a terminal is never empty, whatever its expression says
    return union(terminal.expression, EPSILON) if is_optional else terminal.expression


def _merged_sequence(parts: Iterable[Node]) -> Node:
    found: list[Node] = []
    for part in parts:
        for one in part.parts if isinstance(part, Concatenated) else (part,):
            before = found[-1] if found else None
            if isinstance(one, Regular) and isinstance(before, Regular):
                name = " ".join(filter(None, (before.name, one.name)))
                found[-1] = Regular(concat(before.expression, one.expression), name)
            else:
                found.append(one)
    return found[0] if len(found) == 1 else Concatenated(tuple(found))


def _any_of(parts: SequenceOf[Regular]) -> Regular:
    return Regular(union(*[one.expression for one in parts]), " | ".join(one.name for one in parts))


def _merged_choice(parts: Iterable[Node]) -> Node:
    flat = [one for part in parts for one in (part.parts if isinstance(part, Alternatives) else (part,))]
    regular = [one for one in flat if isinstance(one, Regular)]
    others: list[Node] = [one for one in flat if not isinstance(one, Regular)]
    if regular:
        others = [_any_of(regular), *others]
    return others[0] if len(others) == 1 else Alternatives(tuple(others))


def _merged_loop(part: Regular, between: Regular, node: Repeated) -> Regular:
    if node.max == 0:
        return Regular(EPSILON, "")
    more = None if node.max is None else node.max - 1
    again = repeat(concat(between.expression, part.expression), max(node.min - 1, 0), more)
    whole = concat(part.expression, again)
    return Regular(union(whole, EPSILON) if node.min == 0 else whole, f"{part.name} ...")
