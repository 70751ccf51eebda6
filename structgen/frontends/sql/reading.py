"""A dialect's grammar, as rules of the IR.

Unlike `structgen.lark` this asks nothing about how Lark's own lexer would read a text: no text of SQL is judged by
Lark. The longest match counts, and the terminals of the dialects are written so that no other is needed.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache

from lark.grammar import NonTerminal
from lark.lexer import PatternStr, TerminalDef
from lark.load_grammar import load_grammar

from structgen.frontends.prepared import place
from structgen.grammar.expressions import Expression, Literal
from structgen.grammar.rules import Choice, Grammar, Reference, RuleExpression, Sequence, Terminal
from structgen.language.storing import from_data, to_data
from structgen.patterns import parse_regex


@lru_cache(maxsize=8)
def read_grammar(text: str) -> Grammar:
    """The rules of a text in Lark's syntax, from the rule `start`."""
    kept = place("sql", text)
    with suppress(ValueError):
        return from_data(kept.find())
    grammar = _read(text)
    kept.keep(lambda: to_data(grammar))
    return grammar


def _read(text: str) -> Grammar:
    loaded, _ = load_grammar(text, "<string>", [], False)
    terminals, rules, _ = loaded.compile(["start"], set())
    symbols: dict[str, RuleExpression] = {str(one.name): _terminal(one) for one in terminals}
    options: dict[str, dict[Sequence, None]] = {}
    for rule in rules:
        parts = tuple(
            Reference(str(symbol.name)) if isinstance(symbol, NonTerminal) else symbols[str(symbol.name)]
            for symbol in rule.expansion
        )
        options.setdefault(str(rule.origin.name), {})[Sequence(parts)] = None
    return Grammar({name: Choice(tuple(found)) for name, found in options.items()})


def _terminal(terminal: TerminalDef) -> Terminal:
    pattern = terminal.pattern
    if isinstance(pattern, PatternStr):
        expression: Expression = Literal(pattern.value)
    else:
        flags = sum(getattr(re, flag.upper()) for flag in pattern.flags)
        expression = parse_regex(pattern.value, flags)
    return Terminal(
        str(terminal.name), expression, 2 * int(terminal.priority) + isinstance(pattern, PatternStr)
    )
