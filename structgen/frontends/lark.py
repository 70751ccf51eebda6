"""Grammars written for Lark, as they are.

Lark's own loader reads the grammar: imports, templates, priorities, `%ignore`, `%extend`, `%override`, flags, `~n..m`.
What it makes of it, plain rules over terminals, becomes rules of the IR; a terminal becomes an expression.

Terminals compete as in Lark's contextual lexer: explicit priority first, then strings over regular expressions. Two
things are read differently from Lark, which tries the terminals in an order and takes the first match of a
regular expression; `docs/lark.md` says where that can show:

- The longest match wins, also over a terminal with a higher priority that matches less.
- A terminal with lazy quantifiers (`/".*?"/`) stands for its texts that no shorter one begins: where Lark stops.

The judge of the constraint is Lark itself.
"""

from __future__ import annotations

import os
import re
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import lark as lark_library
from lark.exceptions import GrammarError, LarkError, UnexpectedCharacters, UnexpectedEOF, UnexpectedInput
from lark.grammar import NonTerminal, Rule
from lark.lexer import PatternStr, TerminalDef
from lark.load_grammar import load_grammar

from structgen.constraint import Constraint
from structgen.errors import InvalidLarkError, InvalidRegexError, InvalidText
from structgen.frontends.regex import parse_regex
from structgen.grammar.expressions import (
    ANY_CHAR,
    Complement,
    Expression,
    Literal,
    concat,
    intersection,
    repeat,
)
from structgen.grammar.rules import Choice, Grammar, Reference, RuleExpression, Sequence, Terminal
from structgen.limits import Limits

_PLACE = re.compile(r"\(?\b(?:at )?line (\d+),? col(?:umn)? (\d+)\)?")
_QUOTED = re.compile(r"['\"`]?([A-Za-z_]\w*)['\"`]?")


def lark(
    grammar: str | os.PathLike[str], *, start: str = "start", limits: Limits | None = None
) -> Constraint:
    """A constraint from a Lark grammar: the text must parse.

    Args:
        grammar: the text of a grammar, the path of a `.lark` file, or the name of one of structgen's own
            (`"json"`, `"arithmetic"`).
        start: the rule that the whole text must match.
        limits: what compiling and masking may cost.

    Returns:
        A constraint whose `validate()` gives the parse tree (`lark.Tree`).

    Raises:
        InvalidLarkError: The grammar is malformed; with line and column.

    >>> from structgen.frontends.lark import lark
    >>> pair = lark('start: "(" NUMBER "," NUMBER ")"  %import common.NUMBER')
    Traceback (most recent call last):
    ...
    structgen.errors.InvalidLarkError: line 1, column 33: ...
    >>> pair = lark('''
    ... start: "(" NUMBER "," NUMBER ")"
    ... %import common.NUMBER
    ... ''')
    >>> pair.is_valid("(1,2.5)"), pair.is_valid("(1,)")
    (True, False)
    """
    text, path = _read(grammar)
    terminals, rules, ignored = _load(text, path, start)
    made = {terminal.name: _terminal(terminal, text) for terminal in terminals}
    for name in ignored:
        if name not in made:
            raise _error(f"the ignored terminal {name} has no definition", text, name)
    bodies = _rules(rules, made, text)
    judge = _Judge(text, path, start)
    return Constraint(
        Grammar(bodies, start, tuple(made[name] for name in ignored)),
        judge,
        description=f"of the Lark grammar {path}" if path else "of a Lark grammar",
        limits=limits or Limits(),
    )


def _read(grammar: str | os.PathLike[str]) -> tuple[str, str]:
    """The text of a grammar, and the path it comes from (empty if it has none)."""
    if isinstance(grammar, str):
        if "\n" in grammar or ":" in grammar:
            return grammar, ""
        if re.fullmatch(r"[\w-]+", grammar):
            found = files("structgen") / "grammars" / f"{grammar}.lark"
            if found.is_file():
                return found.read_text(encoding="utf-8"), ""
            names = sorted(entry.name[:-5] for entry in found_grammars())
            raise InvalidLarkError(f"there is no grammar {grammar!r}; there are {', '.join(names)}")
    path = Path(grammar)
    try:
        return path.read_text(encoding="utf-8"), str(path)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidLarkError(f"cannot read the grammar {str(path)!r}: {error}") from None


def found_grammars() -> list[Any]:
    """The files of structgen's own grammars."""
    folder = files("structgen") / "grammars"
    return [entry for entry in folder.iterdir() if entry.name.endswith(".lark")] if folder.is_dir() else []


def _load(text: str, path: str, start: str) -> tuple[list[TerminalDef], list[Rule], list[str]]:
    """The grammar as Lark reads it: terminals, rules without EBNF operators, names of ignored terminals."""
    try:
        loaded, _ = load_grammar(  # type: ignore[no-untyped-call]
            text, path or "<string>", [], False
        )
        if not any(definition[0].value == start for definition in loaded.rule_defs):
            names = ", ".join(sorted({str(definition[0].value) for definition in loaded.rule_defs})[:8])
            raise InvalidLarkError(f"the start rule {start!r} is not defined; there are {names}")
        terminals, rules, ignored = loaded.compile([start], "*")
    except UnexpectedInput as error:
        raise InvalidLarkError(_first_line(error), line=error.line, column=error.column) from None
    except GrammarError as error:
        raise _error(_first_line(error), text) from None
    except RecursionError:
        raise InvalidLarkError("the grammar nests too deeply; give inner parts rules of their own") from None
    except (LarkError, OSError, ValueError, KeyError, AssertionError) as error:
        raise _error(_first_line(error) or type(error).__name__, text) from None
    return list(terminals), list(rules), [str(name) for name in ignored]


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0]


def _error(message: str, text: str, name: str | None = None) -> InvalidLarkError:
    """An error at the place that the message names, or where the first name in it stands in the text."""
    place = _PLACE.search(message)
    if place:
        return InvalidLarkError(_PLACE.sub("", message).strip(), line=int(place[1]), column=int(place[2]))
    names = [name] if name else [found[1] for found in re.finditer(r"['\"`]([A-Za-z_]\w*)['\"`]", message)]
    names += [] if name else [found[1] for found in _QUOTED.finditer(message) if "_" in found[1]]
    for candidate in names:
        for found in re.finditer(rf"\b{re.escape(candidate)}\b", text):
            line = text.count("\n", 0, found.start()) + 1
            return InvalidLarkError(
                message, line=line, column=found.start() - text.rfind("\n", 0, found.start())
            )
    return InvalidLarkError(message)


def _terminal(terminal: TerminalDef, text: str) -> Terminal:
    pattern = terminal.pattern
    is_string = isinstance(pattern, PatternStr)
    try:
        if is_string and not pattern.flags:
            expression: Expression = Literal(pattern.value)
        else:
            source = re.escape(pattern.value) if is_string else pattern.value
            expression = _shortest_first(source, parse_regex(source, _flags(pattern.flags)))
        empty = pattern.min_width == 0
    except InvalidRegexError as error:
        raise _error(
            f"terminal {terminal.name}: {error.reason} (in /{pattern.value}/)", text, terminal.name
        ) from None
    if empty:
        raise _error(
            f"terminal {terminal.name} matches the empty text; make it optional in the rules instead",
            text,
            terminal.name,
        )
    name = f'"{pattern.value}"' if is_string else terminal.name
    return Terminal(name, expression, 2 * int(terminal.priority) + is_string)


def _flags(flags: Any) -> int:
    value = 0
    for flag in flags or ():
        if flag != "u":
            value |= getattr(re, flag.upper())
    return value


def _shortest_first(source: str, expression: Expression) -> Expression:
    """What a pattern with lazy quantifiers matches first: texts of which no proper beginning matches."""
    if not _is_lazy(source):
        return expression
    longer = concat(expression, repeat(ANY_CHAR, 1, None))
    return intersection(expression, Complement(longer))


def _is_lazy(source: str) -> bool:
    bare = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "x", source, flags=re.DOTALL)
    return re.search(r"[*+?}]\?", bare) is not None


def _rules(rules: list[Rule], terminals: dict[str, Terminal], text: str) -> dict[str, RuleExpression]:
    """Bodies by name. Rules of one name are its options."""
    options: dict[str, dict[Sequence, None]] = {}
    references: dict[str, Reference] = {}
    for rule in rules:
        parts: list[RuleExpression] = []
        for symbol in rule.expansion:
            name = str(symbol.name)
            if isinstance(symbol, NonTerminal):
                parts.append(references.setdefault(name, Reference(name)))
            elif name in terminals:
                parts.append(terminals[name])
            else:
                raise _error(f"terminal {name} is declared but has no definition", text, name)
        options.setdefault(str(rule.origin.name), {})[Sequence(tuple(parts))] = None
    return {name: Choice(tuple(found)) for name, found in options.items()}


class _Judge:
    """Lark's own parser: LALR with the contextual lexer where the grammar allows it, else Earley; made when asked."""

    def __init__(self, text: str, path: str, start: str) -> None:
        self._arguments = (text, path, start)

    def __call__(self, text: str, error: InvalidText | None) -> Any:
        failure: UnexpectedInput | None = None
        for parser in (self._lalr, self._earley):
            if parser is None:
                continue
            try:
                return parser.parse(text)
            except UnexpectedInput as unexpected:
                failure = failure or unexpected
            except RecursionError:
                raise InvalidText(text, 0, "the text nests too deeply for Lark's parser") from None
        if error is not None:
            raise error
        position = (
            len(text) if isinstance(failure, UnexpectedEOF) else getattr(failure, "pos_in_stream", None) or 0
        )
        if isinstance(failure, UnexpectedCharacters):
            raise InvalidText(text, position, "Lark's lexer finds no terminal here")
        raise InvalidText(text, position, "Lark's parser stops here")

    def _make(self, **options: Any) -> Any:
        text, path, start = self._arguments
        return lark_library.Lark(text, start=start, source_path=path or None, **options)

    @cached_property
    def _lalr(self) -> Any:
        try:
            return self._make(parser="lalr")
        except LarkError:  # not LALR(1), or its lexer refuses a terminal
            return None

    @cached_property
    def _earley(self) -> Any:
        return self._make(parser="earley", ambiguity="resolve")
