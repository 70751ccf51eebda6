"""The text of a grammar: where names stand in it, and errors that say so.

Lark's loader forgets where things stood, so the text is parsed once more by Lark's own parser of grammars, before the
loader sees it. That also finds, before the loader runs into them, the few texts that would keep it busy for ever.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from lark import Token, Tree
from lark.common import LexerConf, ParserConf
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.grammar import NonTerminal, Rule, RuleOptions
from lark.lexer import PatternRE, TerminalDef
from lark.load_grammar import RULES, TERMINALS, _get_parser, _translate_parser_exception, symbol_from_strcase
from lark.parse_tree_builder import ParseTreeBuilder
from lark.parser_frontends import ParsingFrontend
from lark.tree import SlottedTree

from structgen.errors import InvalidLarkError
from structgen.frontends.library import library_text

_MOST_TREES = 4
"""Of grammars, that are kept: the last one, and what grammars import."""

MAX_NESTING = 100
"""Parentheses within parentheses, in one rule or terminal."""

MAX_TERMINAL = 200_000
"""Symbols of a terminal, after the terminals that it names are written into it."""

MAX_DEFINITIONS = 10_000
"""Rules and terminals: Lark takes a millisecond to load one. The largest grammar of the library has 400."""

_DEFINITION = re.compile(r"^\s*[?!]?[A-Za-z_]\w*(?:\{[^{}\n]*\})?(?:\.-?\d+)?\s*:", re.MULTILINE)
_PLACE = re.compile(r",? ?\(?\b(?:at )?line (\d+),? col(?:umn)? (\d+)\)?")
_UNDEFINED = re.compile(
    r"(?:rule|terminal|template) '?(\w+)'? used but not defined|terminal used but not defined: (\w+)"
)
_NAMES = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


def find_source(grammar: str | os.PathLike[str]) -> Source:
    """The text of a grammar, of the file that a path names, or of one that comes with structgen.

    Raises:
        InvalidLarkError: A file can't be read, or no grammar has this name.
    """
    if isinstance(grammar, str):
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", grammar):
            return Source(library_text(grammar))
        if "\n" in grammar or not grammar.endswith(".lark"):
            return Source(grammar)
    path = Path(grammar)
    try:
        return Source(path.read_text(encoding="utf-8"), str(path))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidLarkError(f"cannot read the grammar {str(path)!r}: {reason}") from None


class Source:
    """The text of a grammar.

    Attributes:
        text: the grammar.
        path: where it comes from; empty if it was given as text.
    """

    def __init__(self, text: str, path: str = "") -> None:
        self.text = text
        self.path = path

    def check(self) -> None:
        """Raise `InvalidLarkError` where the text is no grammar, or would keep Lark's loader busy for ever."""
        if len(_DEFINITION.findall(self.text)) > MAX_DEFINITIONS:
            raise InvalidLarkError(f"the grammar has more than {MAX_DEFINITIONS:,} rules and terminals")
        references: dict[str, list[str]] = {}
        sizes: dict[str, int] = {}
        for token, body in self.definitions:
            self._check_nesting(token, body)
            if token.type == "TERMINAL":
                used = list(tokens(body))
                references[str(token)] = [str(one) for one in used if one.type == "TERMINAL"]
                sizes[str(token)] = len(used)
        self._check_sizes(sizes, references)

    def _check_sizes(self, sizes: dict[str, int], references: dict[str, list[str]]) -> None:
        """Raise an error for a terminal that is too large once those that it names are written into it."""
        # Terminals are acyclic, or Lark says so; twice as many rounds as they can nest would be suspicious enough.
        for _ in range(64):
            grown = {
                name: min(sum(sizes.get(one, 1) for one in used) + 1, MAX_TERMINAL + 1)
                for name, used in references.items()
                if used
            }
            if all(sizes[name] == size for name, size in grown.items()):
                return
            sizes.update(grown)
        for name, size in sizes.items():
            if size > MAX_TERMINAL and name not in _reachable(name, references):
                raise self.error(
                    f"the terminal {name} has more than {MAX_TERMINAL:,} symbols, written out", name
                )

    def _check_nesting(self, name: Token, body: Tree[Token]) -> None:
        stack: list[tuple[Tree[Token] | Token, int]] = [(body, 0)]
        while stack:
            node, depth = stack.pop()
            if isinstance(node, Tree):
                depth += node.data in ("expansions", "maybe")
                if depth > MAX_NESTING:
                    raise InvalidLarkError(
                        f"{name} nests deeper than {MAX_NESTING}; give inner parts rules of their own",
                        line=name.line,
                        column=name.column,
                    )
                stack.extend((child, depth) for child in node.children)

    @cached_property
    def tree(self) -> Tree[Token]:
        """What Lark's parser of grammars makes of the text.

        Raises:
            InvalidLarkError: It is no grammar.
        """
        parser = _parser_of_grammars()
        try:
            found: Tree[Token] = parser.parse(self.text + "\n", "start")
        except UnexpectedInput as error:
            raise self._unexpected(error, parser) from None
        return found

    def _unexpected(self, error: UnexpectedInput, parser: Any) -> InvalidLarkError:
        reason: str | None = None
        line: Any = error.line
        column: Any = error.column
        if isinstance(error, UnexpectedCharacters):
            found = repr(self.text[error.pos_in_stream or 0 :][:1])
            reason = f"nothing in a grammar begins with {found}; strings stand in double quotes"
        elif isinstance(error, UnexpectedToken):
            reason = _translate_parser_exception(parser.parse, error)
            at_end = error.token.type in ("_NL", "$END", "_NL_OR")
            found = "the end of the line" if at_end else repr(str(error.token))
            reason = (
                f"{reason[0].lower()}{reason[1:]}; found {found}"
                if reason
                else f"{found} is not expected here"
            )
        return InvalidLarkError(
            str(reason),
            line=line if isinstance(line, int) and line > 0 else self.text.count("\n") + 1,
            column=column if isinstance(column, int) and column > 0 else 1,
        )

    @cached_property
    def definitions(self) -> list[tuple[Token, Tree[Token]]]:
        """The name and the body of each rule and terminal, `%extend` and `%override` included, in order."""
        found: list[tuple[Token, Tree[Token]]] = []
        statements: list[Any] = list(self.tree.children)
        for statement in statements:
            while statement.data in ("override", "extend"):
                statement = statement.children[0]
            if statement.data in ("rule", "term"):
                name = next(child for child in statement.children if isinstance(child, Token))
                found.append((name, statement.children[-1]))
        return found

    @cached_property
    def _defined(self) -> dict[str, Token]:
        return {str(name): name for name, _ in self.definitions}  # the last one: "defined more than once"

    @cached_property
    def _used(self) -> dict[str, Token]:
        found: dict[str, Token] = {}
        defined = {id(name) for name, _ in self.definitions}
        for token in tokens(self.tree):
            if id(token) not in defined:
                found.setdefault(str(token), token)
        return found

    def place(self, name: str, *, used: bool = False) -> Token | None:
        """Where a name is defined or, `used`, first used; None if it stands nowhere in the text.

        A literal has no name: it is known by what is written, `"if"i` or `/a+/`.
        """
        sides = (self._used, self._defined) if used else (self._defined, self._used)
        return next((side[name] for side in sides if name in side), None)

    def error(self, message: str, name: str | None = None, *, used: bool = False) -> InvalidLarkError:
        """The error for what is said of a name, at its place."""
        place = self.place(name, used=used) if name else None
        if place is None:
            return InvalidLarkError(message)
        return InvalidLarkError(message, line=place.line, column=place.column)

    def rewrap(self, error: Exception) -> InvalidLarkError:
        """The error for what Lark's loader has to say: at the place it names, or of the first name in it."""
        message = str(error).strip().split("\n")[0].rstrip(":") or type(error).__name__
        if isinstance(error, RecursionError):
            return InvalidLarkError("the grammar nests too deeply; give inner parts rules of their own")
        if isinstance(error, OSError) and error.filename:
            return self._missing_import(str(error.filename))
        place = _PLACE.search(message)
        if place:  # in an imported file
            return InvalidLarkError(_PLACE.sub("", message).strip(), line=int(place[1]), column=int(place[2]))
        message = message[0].lower() + message[1:]
        undefined = _UNDEFINED.search(message)
        if undefined:
            name = undefined[1] or undefined[2]
            return self.error(message + self._guess(name), name, used=True)
        names = _NAMES.findall(message)
        defined = next((name for name in names if name in self._defined), None)
        if defined is not None:
            return self.error(message, defined)
        used = next((name for name in names if name in self._used), None)
        return self.error(message, used, used=True)

    def _guess(self, name: str) -> str:
        """What may have been meant by a name."""
        common = {
            "INT",
            "NUMBER",
            "SIGNED_NUMBER",
            "WORD",
            "CNAME",
            "ESCAPED_STRING",
            "WS",
            "WS_INLINE",
            "NEWLINE",
        }
        common |= {"DIGIT", "LETTER", "FLOAT", "SIGNED_INT", "DECIMAL", "HEXDIGIT", "SIGNED_FLOAT"}
        if name in common:
            return f"; %import common.{name} brings it in"
        other = name.lower() if name.isupper() else name.upper()
        near = [other] if other in self._defined else get_close_matches(name, self._defined, 1)
        return f"; did you mean {near[0]}?" if near else ""

    def _missing_import(self, filename: str) -> InvalidLarkError:
        stem = filename.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".lark")
        return self.error(f"cannot find the grammar to import, {filename}", stem, used=True)


def _parser_of_grammars() -> Any:
    """Lark's own, made as `lark.load_grammar._get_parser` makes it, and kept where that keeps it.

    But its terminals are not looked through for collisions: where interegular is installed, that takes far longer than
    to load most grammars.
    """
    kept: Any = _get_parser
    if not hasattr(kept, "cache"):
        terminals = [TerminalDef(name, PatternRE(value)) for name, value in TERMINALS.items()]
        rules = [
            Rule(
                NonTerminal(name.lstrip("?")),
                [symbol_from_strcase(symbol) for symbol in expansion.split()],
                order,
                None,
                RuleOptions(expand1=name.startswith("?")),
            )
            for name, expansions in RULES.items()
            for order, expansion in enumerate(expansions)
        ]
        lexer = LexerConf(terminals, re, ["WS", "COMMENT", "BACKSLASH"], skip_validation=True)
        parser = ParserConf(rules, ParseTreeBuilder(rules, SlottedTree).create_callback(), ["start"])
        lexer.lexer_type = "basic"
        parser.parser_type = "lalr"
        kept.cache = _GrammarParser(lexer, parser, None)
    return kept.cache


class _GrammarParser(ParsingFrontend):
    """Keeps the trees of the last texts: Lark's loader parses what `Source` has parsed, and what grammars import."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._parsed = lru_cache(maxsize=_MOST_TREES)(super().parse)

    def parse(self, text: Any, start: Any = None, on_error: Any = None) -> Any:
        """A tree of one's own: Lark's loader writes into it."""
        if on_error is not None or not isinstance(text, str):
            return super().parse(text, start, on_error)
        return _copied(self._parsed(text, start))


def _copied(tree: Tree[Token]) -> Tree[Token]:
    found: Tree[Token] = SlottedTree(tree.data, list(tree.children), tree.meta)
    stack = [found]
    while stack:
        children = stack.pop().children
        for index, child in enumerate(children):
            if isinstance(child, Tree):
                copy: Tree[Token] = SlottedTree(child.data, list(child.children), child.meta)
                children[index] = copy
                stack.append(copy)
    return found


def tokens(tree: Tree[Token]) -> Iterator[Token]:
    """The tokens of a tree, in order."""
    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, Tree):
            stack.extend(reversed(node.children))
        elif isinstance(node, Token):
            yield node


def _reachable(name: str, references: dict[str, list[str]]) -> set[str]:
    """The terminals that a terminal needs."""
    seen: set[str] = set()
    stack = list(references.get(name, ()))
    while stack:
        used = stack.pop()
        if used not in seen:
            seen.add(used)
            stack.extend(references.get(used, ()))
    return seen
