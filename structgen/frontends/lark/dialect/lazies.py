"""Lazy terminals among others: as soon as one has matched, no other terminal that was read there goes on.

llguidance stops there. The lexer of the engine reads the longest match, so each terminal that may be read at the
same place loses the texts that begin with a lazy one's.
"""

from __future__ import annotations

from structgen.grammar.expressions import (
    ANY_CHAR,
    ANY_TEXT,
    Complement,
    Expression,
    Literal,
    concat,
    intersection,
    union,
)
from structgen.grammar.rules import Grammar, RuleExpression, SpecialToken, Terminal
from structgen.language.facts import Facts, first_bytes
from structgen.language.renaming import rewritten


def lazy_first(grammar: Grammar, lazy: frozenset[Expression]) -> Grammar:
    """A grammar in which lazy terminals end before others can go on.

    Args:
        grammar: the grammar.
        lazy: the expressions of its lazy terminals.
    """
    if not lazy:
        return grammar
    facts = Facts(
        Grammar({name: rewritten(body, _plain) for name, body in grammar.rules.items()}, grammar.start)
    )
    cut: dict[Terminal, dict[Expression, None]] = {}
    for together in (facts.first[grammar.start], *facts.follow.values()):
        stops = [one.expression for one in together if one.expression in lazy]
        for terminal in together if stops else ():
            cut.setdefault(terminal, {}).update(dict.fromkeys(stops))
    made = {terminal: _cut(terminal, tuple(stops), lazy) for terminal, stops in cut.items()}

    def change(leaf: RuleExpression) -> RuleExpression:
        return made.get(leaf, leaf) if isinstance(leaf, Terminal) else leaf

    rules = {name: rewritten(body, change) for name, body in grammar.rules.items()}
    return Grammar(rules, grammar.start, grammar.ignore, grammar.lexer)


def _plain(leaf: RuleExpression) -> RuleExpression:
    """A token as a terminal, so that what may follow it is known."""
    return Terminal(f"token {leaf.token}", Literal("\0")) if isinstance(leaf, SpecialToken) else leaf


def _cut(terminal: Terminal, stops: tuple[Expression, ...], lazy: frozenset[Expression]) -> Terminal:
    first = first_bytes(terminal.expression)
    others = [one for one in stops if one != terminal.expression and first_bytes(one) & first]
    if not others:
        return terminal
    beyond = union(*others)
    rest = (ANY_CHAR, ANY_TEXT) if terminal.expression in lazy else (ANY_TEXT,)
    kept = intersection(terminal.expression, Complement(concat(beyond, *rest)))
    return Terminal(terminal.name, kept, terminal.priority, terminal.guard, terminal.effect)
