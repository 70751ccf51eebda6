"""The terminals of a grammar, each with what `re` matches first of it.

Where that depends on the next character, what may follow a terminal is found from its neighbours in the rules.
"""

from __future__ import annotations

import re

from lark.lexer import PatternStr

from structgen.errors import InvalidRegexError, Problem
from structgen.frontends.lark.first_match.adjacency import Adjacency
from structgen.frontends.lark.first_match.automaton import Following
from structgen.frontends.lark.first_match.matches import FirstMatch, first_matches, plain_match
from structgen.frontends.lark.first_match.nodes import Unclear, first_chars
from structgen.frontends.lark.first_match.reading import read, texts_of
from structgen.frontends.lark.first_match.terminal_queries import Texts
from structgen.frontends.lark.loading import Loaded
from structgen.grammar.expressions import ANY_CHAR, CharSet, Literal
from structgen.patterns.characters import joined
from structgen.patterns.tree import NO_CHARS


class Lexicon:
    """The terminals of a grammar.

    Attributes:
        loaded: the grammar.
        adjacency: which terminals may follow each other.
        matches: of each terminal, by name, what `re` matches first.
        texts: of each, the texts of which the longest is the first match.
        begun: of each, the texts that begin with a match and go on.
        problems: what can't be enforced, if that is no error.
    """

    def __init__(self, loaded: Loaded, adjacency: Adjacency, strict: bool) -> None:
        """Find what each terminal matches first.

        Args:
            loaded: the grammar.
            adjacency: of its rules.
            strict: whether it is an error if a mask can't follow what `re` does.

        Raises:
            InvalidLarkError: A terminal is malformed, matches the empty text, or can't be followed.
        """
        self.loaded = loaded
        self.adjacency = adjacency
        self.problems: list[Problem] = []
        self._strict = strict
        self._followers: dict[int, Following] = {}
        self.matches = {name: self._first_match(name) for name in loaded.terminals}
        self.texts = {name: Texts(match.expression) for name, match in self.matches.items()}
        self.begun = {name: Texts(match.begun) for name, match in self.matches.items()}

    def following(self, name: str) -> Following:
        """What may come right after a terminal."""
        if name in self.loaded.ignored:
            return Following(joined(*map(self._first_chars, self.loaded.terminals)), True)
        after = self.adjacency.following.get(name, 0)
        if after not in self._followers:
            names = {*self.adjacency.named(after), *self.loaded.ignored}
            chars = [self._first_chars(other) for other in sorted(names)]
            self._followers[after] = Following(joined(NO_CHARS, *chars), bool(after & self.adjacency.end))
        return self._followers[after]

    def _first_chars(self, name: str) -> CharSet:
        if name not in self.loaded.terminals:  # only declared
            return ANY_CHAR
        try:
            return first_chars(read(self.loaded.terminals[name].pattern.to_regexp()))
        except Unclear:
            return ANY_CHAR

    def _first_match(self, name: str) -> FirstMatch:
        pattern = self.loaded.terminals[name].pattern
        if isinstance(pattern, PatternStr) and not pattern.flags:
            return plain_match(Literal(pattern.value))
        source = pattern.to_regexp()
        try:
            found = first_matches(source, lambda: self.following(name))
            empty = pattern.min_width == 0
        except Unclear as unclear:
            self._refuse(
                name,
                f"{unclear}: Lark's lexer leaves that to `re`, and a mask can't. Write it without lookaround, "
                f"anchors and \\b at its ends",
            )
            return plain_match(texts_of(source))
        except InvalidRegexError as error:
            raise self._regex_error(name, error) from None
        except (ValueError, ImportError, RecursionError, re.error) as error:
            raise self.loaded.error(f"the terminal {self.loaded.shown(name)}: {error}", name) from None
        if empty:
            raise self.loaded.error(
                f"the terminal {self.loaded.shown(name)} matches the empty text, which Lark refuses; make it "
                f"optional in the rules instead",
                name,
            )
        return found

    def _regex_error(self, name: str, error: InvalidRegexError) -> Exception:
        found = self.loaded.error(f"the terminal {self.loaded.shown(name)}: {error.reason}", name)
        raw = self.loaded.terminals[name].pattern.raw or ""
        place = self.loaded.source.place(str(raw), used=True)
        if place and error.pattern in raw:  # as it is written: then the offset is a column
            column = (place.column or 1) + str(raw).index(error.pattern) + error.position
            return type(found)(str(found).partition(": ")[2], line=place.line, column=column)
        return found

    def _refuse(self, name: str, reason: str) -> None:
        """Raise, or note, that texts may come out that Lark does not parse."""
        error = self.loaded.error(
            f"the terminal {self.loaded.shown(name)}: {reason}. With strict=False it is only listed in "
            f"constraint.unenforced, and validate() checks it",
            name,
        )
        if self._strict:
            raise error
        place = "" if error.line is None else f"line {error.line}, column {error.column}: "
        self.problems.append(Problem(f"{place}{self.loaded.shown(name)}", reason))
