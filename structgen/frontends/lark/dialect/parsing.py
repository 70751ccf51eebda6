"""The words of a grammar become a tree."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lark import Token as LarkToken
from lark.exceptions import LarkError
from lark.load_grammar import _literal_to_pattern

from structgen.constraint import Constraint
from structgen.errors import InvalidGrammarError, InvalidLarkError, StructgenError
from structgen.frontends.json_schema import json_schema
from structgen.frontends.lark.dialect.reading import Word, error_at, words
from structgen.frontends.lark.dialect.substring import chunks_of, substring
from structgen.frontends.lark.dialect.tokens import is_list, problem_of
from structgen.frontends.lark.dialect.tree import (
    AllOf,
    Definition,
    Name,
    Nested,
    Node,
    Not,
    OneAfterTheOther,
    OneOf,
    Text,
    Times,
    Token,
    Written,
)
from structgen.frontends.lark.loading import load
from structgen.frontends.lark.sources import Source
from structgen.grammar.expressions import EPSILON, Expression, charset
from structgen.patterns import parse_regex

MOST_NESTED = 100
"""Parentheses within parentheses."""

OPTIONS = ("lazy", "capture", "stop", "suffix", "stop_capture", "max_tokens", "temperature")
"""What may stand in brackets after the name of a rule."""

_BEGINS = ("name", "string", "regex", "token", "%json", "%lark", "%regex")


def parse(text: str, inner: Callable[[str], Constraint]) -> Written:
    """A grammar as it is written.

    Args:
        text: the grammar.
        inner: makes a constraint of the text in `%lark {...}`.

    Raises:
        InvalidLarkError: It is malformed; with line and column.
    """
    return _Parser(text, inner).grammar()


class _Parser:
    def __init__(self, text: str, inner: Callable[[str], Constraint]) -> None:
        self._text = text
        self._inner = inner
        self._words = words(text)
        self._at = 0
        self._depth = 0
        self._found = Written()

    def grammar(self) -> Written:
        """Reads all statements."""
        while self._at < len(self._words):
            word = self._next()
            if word.kind == "line" or word.kind == "%llguidance":
                continue
            if word.kind == "name":
                self._definition(word)
            elif word.kind == "directive":
                self._directive(word)
            else:
                raise self._error(word, f"expected a rule, a terminal or a directive, found {word.text!r}")
            self._end_of_line()
        return self._found

    @property
    def _word(self) -> Word:
        return self._words[min(self._at, len(self._words) - 1)]

    def _next(self) -> Word:
        word = self._word
        self._at += 1
        return word

    def _error(self, word: Word, reason: str) -> InvalidLarkError:
        return error_at(self._text, word.at, reason)

    def _expect(self, sign: str) -> None:
        word = self._next()
        if word.text != sign:
            raise self._error(word, f"expected {sign!r}, found {_shown(word)}")

    def _end_of_line(self) -> None:
        if self._at < len(self._words) and self._word.kind != "line":
            raise self._error(self._word, f"{_shown(self._word)} is not expected here")

    # Statements

    def _definition(self, word: Word) -> None:
        name = word.text.lstrip("?!")
        options: dict[str, Node | str | int | bool] = {}
        if self._word.text == "[":
            options = self._options()
        if self._word.text == "{":
            raise self._error(
                word, f"the template {name} cannot stand in a grammar with extensions; write its rules out"
            )
        if self._word.kind == "priority":
            self._next()
        self._expect(":")
        if name in self._found.definitions:
            raise self._error(word, f"{name} is defined twice")
        self._found.definitions[name] = Definition(name, self._alternatives(), word.at, options)

    def _options(self) -> dict[str, Node | str | int | bool]:
        self._expect("[")
        found: dict[str, Node | str | int | bool] = {}
        while self._word.text != "]":
            word = self._next()
            if word.text not in OPTIONS:
                raise self._error(
                    word, f"{word.text!r} is no option of a rule; there are {', '.join(OPTIONS)}"
                )
            found[word.text] = True
            if self._word.text == "=":
                self._next()
                found[word.text] = self._option(word.text)
            if self._word.text != ",":
                break
            self._next()
        self._expect("]")
        return found

    def _option(self, name: str) -> Node | str | int | bool:
        word = self._word
        if name in ("stop", "suffix"):
            return self._atom()
        self._next()
        if name in ("capture", "stop_capture"):
            if word.kind != "string":
                raise self._error(word, f"{name} needs a string")
            return word.text[1:-1]
        if word.kind != "number" or (name == "max_tokens" and not word.text.isdigit()):
            raise self._error(word, f"{name} needs a number")
        return int(word.text) if name == "max_tokens" else True

    def _directive(self, word: Word) -> None:
        if word.text == "%ignore":
            self._found.ignored.append(self._alternatives())
        elif word.text == "%import":
            self._import(word)
        else:
            raise self._error(word, f"{word.text} cannot stand in a grammar with extensions")

    def _import(self, word: Word) -> None:
        end = self._text.find("\n", word.at)
        line = self._text[word.at : end if end >= 0 else len(self._text)]
        line = re.sub(r"\s*(?://|#).*", "", line)
        while self._word.kind != "line":
            self._next()
        listed = re.fullmatch(r"%import\s+([\w.]+)\s*\(([\w\s,]+)\)\s*", line)
        single = re.fullmatch(r"%import\s+([\w.]+)\.(\w+)\s*(?:->\s*(\w+)\s*)?", line)
        if listed is not None:
            pairs = [(name.strip(), name.strip()) for name in listed[2].split(",") if name.strip()]
            module = listed[1]
        elif single is not None:
            module, pairs = single[1], [(single[2], single[3] or single[2])]
        else:
            raise self._error(word, "expected the name of a grammar and of what comes from it")
        for name, alias in pairs:
            body = Text(word.at, self._imported(word, module, name), alias)
            self._found.definitions[alias] = Definition(alias, body, word.at)

    def _imported(self, word: Word, module: str, name: str) -> Expression:
        if name != name.upper():
            raise self._error(word, f"{name} is a rule; only terminals come from elsewhere here")
        try:
            loaded = load(Source(f"start: {name}\n%import {module}.{name}\n"), "start", ())
        except InvalidLarkError as error:
            raise self._error(word, str(error).split(": ", 1)[-1]) from None
        definition = loaded.defined.get(name) or next(iter(loaded.terminals.values()))
        return parse_regex(definition.pattern.to_regexp())

    # Bodies

    def _alternatives(self) -> Node:
        at = self._word.at
        self._depth += 1
        if self._depth > MOST_NESTED:
            raise self._error(
                self._word, f"nests deeper than {MOST_NESTED}; give inner parts rules of their own"
            )
        self._skip_to_bar()
        if self._word.text == "|":
            self._next()
        options = [self._sequence()]
        while self._skip_to_bar():
            self._next()
            options.append(self._sequence())
        self._depth -= 1
        return options[0] if len(options) == 1 else OneOf(at, tuple(options))

    def _skip_to_bar(self) -> bool:
        """Returns True if a bar comes next, perhaps on the next line."""
        ahead = self._at
        while ahead < len(self._words) and self._words[ahead].kind == "line":
            ahead += 1
        if ahead < len(self._words) and self._words[ahead].text == "|":
            self._at = ahead
            return True
        return False

    def _skip_lines(self) -> None:
        while self._depth > 1 and self._at < len(self._words) - 1 and self._word.kind == "line":
            self._next()

    def _sequence(self) -> Node:
        at = self._word.at
        parts: list[Node] = []
        self._skip_lines()
        while self._word.kind in _BEGINS or self._word.text in ("(", "[", "~"):
            parts.append(self._both())
            self._skip_lines()
        if self._word.kind == "arrow":  # an alias names a tree; texts have none
            self._next()
        return parts[0] if len(parts) == 1 else OneAfterTheOther(at, tuple(parts))

    def _both(self) -> Node:
        parts = [self._repeated()]
        while self._word.text == "&":
            self._next()
            self._skip_lines()
            parts.append(self._repeated())
        return parts[0] if len(parts) == 1 else AllOf(parts[0].at, tuple(parts))

    def _repeated(self) -> Node:
        found = self._negated()
        while self._word.kind == "times":
            word = self._next()
            found = Times(found.at, found, *self._bounds(word))
        return found

    def _negated(self) -> Node:
        word = self._word
        if word.text != "~":
            return self._atom()
        self._next()
        return Not(word.at, self._negated())

    def _bounds(self, word: Word) -> tuple[int, int | None]:
        if word.text in "*+?":
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[word.text]
        numbers = word.text.strip("{}~ \t").replace("..", ",")
        least, comma, most = (one.strip() for one in numbers.partition(","))
        low = int(least or 0)
        high = (int(most) if most else None) if comma else low
        if high is not None and high < low:
            raise self._error(word, f"a repetition from {low} to {high} is impossible")
        return low, high

    def _atom(self) -> Node:
        word = self._next()
        if word.text in ("(", "["):
            inside = self._alternatives()
            self._skip_lines()
            while self._word.kind == "line" and self._at < len(self._words) - 1:
                self._next()
            self._expect(")" if word.text == "(" else "]")
            return inside if word.text == "(" else Times(word.at, inside, 0, 1)
        if word.kind == "name":
            return Name(word.at, word.text)
        if word.kind in ("string", "regex"):
            return self._literal(word)
        if word.kind == "token":
            return self._token(word)
        if word.kind in ("%json", "%lark", "%regex"):
            return self._nested(word)
        raise self._error(word, f"{_shown(word)} is not expected here")

    def _token(self, word: Word) -> Token:
        problem = problem_of(word.text) if is_list(word.text) else None
        if problem:
            raise self._error(word, problem)
        return Token(word.at, word.text)

    def _literal(self, word: Word) -> Node:
        if word.kind == "string" and word.text.rstrip("i") == '""':
            return Text(word.at, EPSILON, '""')
        expression = self._pattern(word)
        if self._word.kind != "range":
            return Text(word.at, expression, word.text)
        self._next()
        last = self._next()
        try:
            return Text(word.at, charset((ord(_plain(word)), ord(_plain(last)))), f"{word.text}..{last.text}")
        except (TypeError, LarkError):
            raise self._error(word, "a range needs two strings of one character each") from None

    def _pattern(self, word: Word) -> Expression:
        try:
            pattern: Any = _literal_to_pattern(
                LarkToken(word.kind.upper().replace("REGEX", "REGEXP"), word.text)
            )
            return parse_regex(pattern.to_regexp())
        except (LarkError, AssertionError, SyntaxError) as error:
            raise self._error(word, str(error).split("\n")[0]) from None
        except InvalidGrammarError as error:
            raise self._error(word, str(error)) from None

    def _nested(self, word: Word) -> Node:
        if word.kind == "%regex":
            return Text(word.at, self._structured(word), "%regex")
        if word.kind == "%lark":
            inside, start = word.value
            before = self._text[:start]
            padded = "\n" * before.count("\n") + " " * (start - before.rfind("\n") - 1) + inside
            return Nested(word.at, self._inner(padded))
        try:
            return Nested(word.at, json_schema(word.value))
        except StructgenError as error:
            raise self._error(word, f"%json: {error}") from None

    def _structured(self, word: Word) -> Expression:
        keys = (
            [key for key in word.value if key.startswith("substring_")]
            if isinstance(word.value, dict)
            else []
        )
        kinds = ("words", "chars", "lines", "chunks")
        if len(keys) != 1 or keys[0].removeprefix("substring_") not in kinds:
            raise self._error(word, f"%regex needs one of {', '.join('substring_' + kind for kind in kinds)}")
        value, kind = word.value[keys[0]], keys[0].removeprefix("substring_")
        if kind == "chunks":
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                raise self._error(word, "substring_chunks needs a list of strings")
            return substring(value)
        if not isinstance(value, str):
            raise self._error(word, f"{keys[0]} needs a string")
        return substring(chunks_of(kind, value))


def _plain(word: Word) -> str:
    return str(_literal_to_pattern(LarkToken("STRING", word.text)).value)


def _shown(word: Word) -> str:
    return "the end of the line" if word.kind == "line" else repr(word.text)
