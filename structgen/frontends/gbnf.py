r"""GBNF: the grammars of llama.cpp (its grammars/README.md).

    root ::= "yes" | [0-9]+ ("," item){1,3}  # a comment

Rules are over characters, not over terminals. So each literal and each class is a terminal of its own, which a dynamic
lexer reads by itself: nothing competes for the longest match.
"""

from __future__ import annotations

import re

from structgen.constraint import Constraint, remembers_arguments
from structgen.errors import InvalidGrammarError
from structgen.grammar.expressions import ANY_CHAR, CharSet, Literal, charset, invert
from structgen.grammar.rules import (
    Choice,
    Grammar,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    Terminal,
)
from structgen.options import Instance, check_option

_TOKEN = re.compile(
    r"""(?P<blank>(?:[ \t\r\n]|\#[^\n]*)+)|(?P<define>[A-Za-z0-9_-]+(?=(?:\s|\#[^\n]*\n)*::=))|(?P<name>[A-Za-z0-9_-]+)
    |(?P<is>::=)|(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<chars>\[(?:[^\]\\\n]|\\.)*\])
    |(?P<times>[*+?]|\{\s*\d*\s*(?:,\s*\d*\s*)?\})|(?P<sign>[()|.])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))|([^\\])", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "[": "[", "]": "]", "-": "-", "^": "^"}
_MOST_NESTED = 200


@remembers_arguments
def gbnf(text: str) -> Constraint:
    r"""The texts of a grammar of llama.cpp.

    Args:
        text: the grammar; its rule `root` is the whole text.

    Returns:
        A constraint whose value is the text.

    Raises:
        InvalidGrammarError: The grammar is malformed; names line and column.

    >>> gbnf('root ::= "a"+ [0-9]{2}').validate("aa42")
    'aa42'
    """
    check_option("text", text, (Instance(str, "a text"),))
    grammar = Grammar(_Parser(text).rules(), start="root", lexer="dynamic")
    return Constraint(grammar, description="GBNF grammar")


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []
        self.at = 0
        self._depth = 0
        position = 0
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                raise self._error(f"{text[position : position + 10]!r} is not expected", position)
            if found.lastgroup != "blank":
                self.tokens.append((str(found.lastgroup), found[0], position))
            position = found.end()
        self.tokens.append(("end", "", len(text)))

    def rules(self) -> dict[str, RuleExpression]:
        """The rules by their names."""
        found: dict[str, RuleExpression] = {}
        uses: list[tuple[str, int]] = []
        self.uses = uses
        while self._kind != "end":
            kind, name, position = self._next()
            if kind != "define":
                raise self._error("expected the name of a rule and ::=", position)
            if name in found:
                raise self._error(f"the rule {name!r} is defined twice", position)
            self._next()
            found[name] = self._options()
        for name, position in uses:
            if name not in found:
                raise self._error(f"the rule {name!r} is not defined", position)
        if "root" not in found:
            raise self._error("there is no rule 'root'", 0)
        return found

    @property
    def _kind(self) -> str:
        return self.tokens[self.at][0]

    def _next(self) -> tuple[str, str, int]:
        found = self.tokens[self.at]
        self.at += 1
        return found

    def _options(self) -> RuleExpression:
        options = [self._sequence()]
        while self._kind == "sign" and self.tokens[self.at][1] == "|":
            self._next()
            options.append(self._sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self) -> RuleExpression:
        parts: list[RuleExpression] = []
        while self._kind in ("name", "text", "chars") or self.tokens[self.at][1] in ("(", "."):
            part = self._part()
            while self._kind == "times":
                part = Repetition(part, *self._bounds())
            parts.append(part)
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _part(self) -> RuleExpression:
        kind, token, position = self._next()
        if kind == "name":
            self.uses.append((token, position))
            return Reference(token)
        if kind == "text":
            text = "".join(self._characters(token[1:-1], position))
            return Terminal(token, Literal(text)) if text else Sequence(())
        if kind == "chars":
            return Terminal(token, self._class(token[1:-1], position))
        if token == ".":
            return Terminal("any character", ANY_CHAR)
        self._depth += 1
        if self._depth > _MOST_NESTED:
            raise self._error("parentheses nest too deeply", position)
        inside = self._options()
        self._depth -= 1
        if self._next()[1] != ")":
            raise self._error("expected ')'", self.tokens[self.at - 1][2])
        return inside

    def _bounds(self) -> tuple[int, int | None]:
        _, token, position = self._next()
        if token in "*+?":
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[token]
        least, comma, most = (one.strip() for one in token[1:-1].partition(","))
        if not least and not most:
            raise self._error("a repetition needs a bound", position)
        low = int(least or 0)
        high = (int(most) if most else None) if comma else low
        if high is not None and high < low:
            raise self._error(f"a repetition from {low} to {high} is impossible", position)
        return low, high

    def _characters(self, body: str, position: int) -> list[str]:
        found = []
        for one in _ESCAPE.finditer(body):
            number = one[1] or one[2] or one[3]
            if number:
                code = int(number, 16)
                if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                    raise self._error(f"{one[0]} is no character", position)
                found.append(chr(code))
            elif one[4] is not None and one[4] not in _LETTERS:
                raise self._error(f"unknown escape {one[0]}", position)
            else:
                found.append(_LETTERS[one[4]] if one[4] else one[5])
        return found

    def _class(self, body: str, position: int) -> CharSet:
        is_inverted = body.startswith("^")
        pieces = [found[0] for found in _ESCAPE.finditer(body[is_inverted:])]
        items: list[tuple[int, int]] = []
        at = 0
        while at < len(pieces):
            (first,) = self._characters(pieces[at], position)
            last = first
            if at + 2 < len(pieces) and pieces[at + 1] == "-":
                (last,) = self._characters(pieces[at + 2], position)
                at += 2
            if last < first:
                raise self._error(f"the range {first}-{last} is empty", position)
            items.append((ord(first), ord(last)))
            at += 1
        found = charset(*items)
        return invert(found) if is_inverted else found

    def _error(self, reason: str, position: int) -> InvalidGrammarError:
        line = self.text.count("\n", 0, position) + 1
        column = position - (self.text.rfind("\n", 0, position) + 1) + 1
        return InvalidGrammarError(reason, line=line, column=column)
