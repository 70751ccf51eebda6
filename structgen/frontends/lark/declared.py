"""Terminals that Lark only declares: the caller says what stands for them.

Extensions to Lark, so its parser knows nothing of texts with them. `%declare NAME` says that NAME is a terminal, and
`lark(grammar, terminals={"NAME": ...})` what it is:

    a Constraint             its grammar, such as a JSON Schema's
    a SpecialToken           a token of the vocabulary that has no text
    an Expression            texts
    a str                    a formula over terminals of the grammar: "NAME & ~KEYWORD", "(A | B) & ~C"
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from structgen.constraint import Constraint
from structgen.errors import InvalidLarkError
from structgen.frontends.lark.loading import Loaded
from structgen.grammar.expressions import Complement, Expression, intersection, union
from structgen.grammar.rules import Reference, RuleExpression, SpecialToken, Terminal
from structgen.language.renaming import embedded
from structgen.patterns import parse_regex

Declared = Constraint | SpecialToken | Expression | str

_TOKEN = re.compile(r"\s*([A-Za-z_]\w*|[&|~()])")


def rules_of_declared(
    loaded: Loaded, terminals: Mapping[str, Declared]
) -> tuple[dict[str, RuleExpression], dict[str, RuleExpression]]:
    """What stands for each declared terminal, and the rules that it needs.

    Raises:
        InvalidLarkError: A formula is malformed, or names what is no terminal; a grammar ignores something.
    """
    bodies: dict[str, RuleExpression] = {}
    rules: dict[str, RuleExpression] = {}
    for name, value in terminals.items():
        if isinstance(value, SpecialToken):
            bodies[name] = value
        elif isinstance(value, Constraint):
            if value.grammar.ignore or value.grammar.lexer != "contextual":
                raise loaded.source.error(
                    f"the grammar for the terminal {name} ignores terminals, or has a lexer of its own", name
                )
            rules.update(embedded(value.grammar, f"{name}/"))
            bodies[name] = Reference(f"{name}/{value.grammar.start}")
        elif isinstance(value, (Expression, str)):
            bodies[name] = Terminal(
                name, _Formula(loaded, name, value).read() if isinstance(value, str) else value
            )
        else:
            raise TypeError(
                f"terminal {name}: a Constraint, SpecialToken, Expression or str, not {type(value)}"
            )
    return bodies, rules


class _Formula:
    """Reads `A & ~B | (C)`: complement binds tightest, then intersection."""

    def __init__(self, loaded: Loaded, name: str, text: str) -> None:
        self._loaded = loaded
        self._name = name
        self._text = text
        self._tokens = _TOKEN.findall(text)
        if "".join(self._tokens) != re.sub(r"\s", "", text):
            raise self._error("holds more than names, &, |, ~ and parentheses")

    def read(self) -> Expression:
        found = self._union()
        if self._tokens:
            raise self._error(f"goes on with {self._tokens[0]!r}")
        return found

    def _union(self) -> Expression:
        parts = [self._intersection()]
        while self._tokens[:1] == ["|"]:
            self._tokens.pop(0)
            parts.append(self._intersection())
        return union(*parts)

    def _intersection(self) -> Expression:
        parts = [self._atom()]
        while self._tokens[:1] == ["&"]:
            self._tokens.pop(0)
            parts.append(self._atom())
        return parts[0] if len(parts) == 1 else intersection(*parts)

    def _atom(self) -> Expression:
        token = self._tokens.pop(0) if self._tokens else ""
        if token == "~":
            return Complement(self._atom())
        if token == "(":
            found = self._union()
            if not self._tokens or self._tokens.pop(0) != ")":
                raise self._error("has a parenthesis that is not closed")
            return found
        definition = self._loaded.defined.get(token)
        if definition is None:
            raise self._error(f"names {token!r}, which is no terminal" if token else "ends too early")
        return parse_regex(definition.pattern.to_regexp())

    def _error(self, reason: str) -> InvalidLarkError:
        return self._loaded.source.error(
            f"the formula {self._text!r} of the terminal {self._name} {reason}", self._name
        )
