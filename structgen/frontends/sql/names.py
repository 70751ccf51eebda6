"""The names of a schema as a statement may write them, as expressions.

A name is written bare where the dialect allows it, in any case, else in quotes. Databases have up to a hundred thousand
names, so no pattern is made of them: they become a trie, as narrow at each character as the names are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from structgen.frontends.sql.schemas import Schema
from structgen.grammar.expressions import (
    EMPTY,
    EPSILON,
    Complement,
    Concat,
    Expression,
    Literal,
    charset,
    concat,
    intersection,
    union,
)

QUOTES = {"sqlite": (('"', '"'), ("`", "`"), ("[", "]")), "postgresql": (('"', '"'),)}
"""What quotes a name, by dialect. A closing quote within a name is written twice; `]` can't be."""

MAX_DEPTH = 100
"""Branches of a trie, one below the other."""

_DOT = Literal(".")
_ANY_CASE: dict[str, Expression] = {
    char: charset(char.lower() + char.upper()) if char.isalpha() else Literal(char)
    for char in "abcdefghijklmnopqrstuvwxyz_0123456789"
}


class Names:
    """How the names of one schema are written in a dialect.

    Args:
        dialect: "sqlite" or "postgresql".
        word: the pattern of a name of a table or column that needs no quotes.
        words: the texts of a bare name that may be an alias.
    """

    def __init__(self, dialect: str, word: str, words: Expression) -> None:
        self._is_word = re.compile(word).fullmatch
        self._words = words
        self._quotes = QUOTES[dialect]
        self._folds = dialect == "postgresql"
        self._known: dict[tuple[str, ...], Expression] = {}

    def written(self, names: Collection[str]) -> Expression:
        """The names, each in all the ways in which it can be written."""
        bare = self._any_case(tuple([name.lower() for name in names if self._is_bare(name)]))
        special = [name for name in names if self._is_special(name)]
        plain = [name for name in names if not self._is_special(name)] if special else list(names)
        inner = union(*map(Literal, plain)) if plain else EMPTY  # the engine makes a trie of it
        forms = [concat(Literal(opening), inner, Literal(closing)) for opening, closing in self._quotes]
        quoted = [Literal(text) for texts in map(self._quoted, special) for text in texts]
        return union(bare, *(forms if plain else ()), *quoted)

    def followed(self, rests: Mapping[str, Expression]) -> Expression:
        """The names, each followed by its rest."""
        bare = _trie({name.lower(): rest for name, rest in rests.items() if self._is_bare(name)}, _ANY_CASE)
        return union(
            bare, _trie({text: rest for name, rest in rests.items() for text in self._quoted(name)}, {})
        )

    def _quoted(self, name: str) -> Iterator[str]:
        """A name in quotes."""
        for opening, closing in self._quotes:
            if closing != "]" or closing not in name:
                yield opening + name.replace(closing, closing * 2) + closing

    def others(self, names: Iterable[str]) -> Expression:
        """The bare names that are none of these, in any case."""
        # Reserved words are no bare names anyway; a name that PostgreSQL must quote may be one without quotes.
        known = tuple([name.lower() for name in names if self._is_word(name)])
        return intersection(self._words, Complement(self._any_case(known))) if known else self._words

    def _any_case(self, names: tuple[str, ...]) -> Expression:
        """Bare names, in any case."""
        if names not in self._known:
            self._known[names] = _trie(dict.fromkeys(names, EPSILON), _ANY_CASE)
        return self._known[names]

    def _is_special(self, name: str) -> bool:
        """Returns True if a quote may have to be written twice in it."""
        return any(closing in name for _, closing in self._quotes)

    def _is_bare(self, name: str) -> bool:
        return bool(self._is_word(name)) and not (self._folds and name != name.lower())


def name_terminals(schema: Schema, names: Names, space: Expression) -> dict[str, Expression]:
    """The terminals of `SCHEMA_RULES`, by name.

    Args:
        schema: tables, and the columns of each.
        names: of the dialect.
        space: what stands before an alias.
    """
    columns = dict.fromkeys(column for of_table in schema.values() for column in of_table)
    column, table, other = names.written(columns), names.written(schema), names.others(schema)
    by_columns: dict[tuple[str, ...], Expression] = {}
    qualified: dict[str, Expression] = {}
    for name, of_table in schema.items():
        key = tuple(of_table)
        if key not in by_columns:
            by_columns[key] = concat(_DOT, names.written(of_table))
        qualified[name] = by_columns[key]
    return {
        "TABLE": table,
        "TABLE_QUALIFIER": concat(table, _DOT),
        "BARE_COLUMN": column,
        "COLUMN": union(column, names.followed(qualified)),
        "OTHER": other,
        "OUTPUT": names.others(columns),
        "QUALIFIER": concat(other, _DOT),
        "LABEL": concat(space, other),
    }


def _trie(rests: Mapping[str, Expression], chars: Mapping[str, Expression]) -> Expression:
    """Texts, each followed by its rest, as a trie.

    Args:
        rests: by text.
        chars: what stands for a character, if not the character itself.
    """
    return _Trie(sorted(rests), rests, chars).below(0, len(rests), 0) if rests else EMPTY


class _Trie:
    """Makes expressions of sorted texts."""

    def __init__(
        self, texts: Sequence[str], rests: Mapping[str, Expression], chars: Mapping[str, Expression]
    ) -> None:
        self._texts = texts
        self._rests = rests
        self._chars = chars

    def below(self, low: int, high: int, start: int, depth: int = 0) -> Expression:
        """What follows in the texts from `low` to `high`, which are equal up to `start`."""
        texts = self._texts
        if low + 1 == high:
            return self._tail(texts[low], start)
        if depth > MAX_DEPTH:
            return union(*[self._tail(text, start) for text in texts[low:high]])
        first, last = texts[low], texts[high - 1]
        end = start
        while end < len(first) and first[end] == last[end]:
            end += 1
        options = [self._rests[first]] if len(first) == end else []
        low += len(options)
        while low < high:
            next_low = self._end_of_run(low, high, end)
            if next_low == low + 1:
                options.append(self._tail(texts[low], end))
            else:
                options.append(self.below(low, next_low, end, depth + 1))
            low = next_low
        return concat(*self._written(first[start:end]), union(*options))

    def _end_of_run(self, low: int, high: int, at: int) -> int:
        """Where the texts end that have the same character at a place as the first."""
        texts, char = self._texts, self._texts[low][at]
        if low + 1 == high or texts[low + 1][at] != char:
            return low + 1
        step = 2
        while low + step < high and texts[low + step][at] == char:
            step *= 2
        least, most = (
            low + step // 2,
            min(low + step, high),
        )  # by bisection, as runs are long where names are many
        while least + 1 < most:
            middle = (least + most) // 2
            if texts[middle][at] == char:
                least = middle
            else:
                most = middle
        return most

    def _tail(self, text: str, start: int) -> Expression:
        rest = self._rests[text]
        parts = self._written(text[start:])
        if rest is not EPSILON:
            parts.append(rest)
        return parts[0] if len(parts) == 1 else Concat(tuple(parts)) if parts else EPSILON

    def _written(self, text: str) -> list[Expression]:
        if not self._chars:
            return [Literal(text)] if text else []
        return list(map(self._chars.__getitem__, text))
