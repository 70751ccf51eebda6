"""Random texts of a grammar, for tests and examples.

    sample(grammar, rng)                a text that the rules derive
    Sampler(grammar).text(rng)          the same, for many texts of one grammar
    sample_expression(expression, rng)  a text that an expression denotes

Rules are followed from the top; near `max_depth` only what ends soonest is chosen. Expressions are followed by their
structure; only where `&` and `~` stand, by derivatives over classes of characters (Brzozowski 1964), with a search
for the nearest end. That search visits whole automata: fine for what a person writes, not for what an attacker does.

A text is put together terminal by terminal, and a lexer that takes the longest match may part it otherwise: INT INT
gives "12" for "1" and "2". Where the grammar ignores spaces, they are put between letters and digits that would
touch; where terminals can run together all the same, not every text is in the language of the grammar.

Knows no engine, so that tests of the engine can use it.
"""

from __future__ import annotations

import json
import re
from math import inf
from random import Random
from typing import Any

from structgen.errors import EmptyLanguageError
from structgen.grammar.expressions import (
    EPSILON,
    CharSet,
    Complement,
    Concat,
    Expression,
    Literal,
    Repeat,
    Union,
)
from structgen.grammar.rules import (
    Choice,
    Grammar,
    Permutation,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    SpecialToken,
    Terminal,
)
from structgen.language.derivatives import (
    Ranges,
    both,
    denotes_empty_text,
    is_empty,
    path_to_end,
    ways,
    without_surrogates,
)

_CONTINUE = 0.6  # how probably a loop goes round once more
_TRIES = 20  # at random, to find a text that was not recorded
_COMMON = tuple((ord(first), ord(last)) for first, last in ("az", "09", "AZ", " ~"))
_WORD = re.compile(r"\w{2}")


def sample(grammar: Grammar, rng: Random, *, max_depth: int = 12) -> str:
    """A random text of the grammar.

    Args:
        grammar: rules over terminals.
        rng: where chance comes from; the same state gives the same text.
        max_depth: from what depth of rules on only the shortest way out is taken.

    Raises:
        EmptyLanguageError: No text can match.

    Special tokens have no text and leave no trace.
    """
    return Sampler(grammar, max_depth).text(rng)


class _RunOut(Exception):
    """All texts of a terminal were recorded."""


class Sampler:
    """Makes texts of one grammar. The height of a body is the number of rules that the flattest text of it takes."""

    def __init__(self, grammar: Grammar, max_depth: int = 12) -> None:
        self.grammar = grammar
        self.rng = Random(0)
        self.max_depth = max_depth
        self.scopes: list[set[str]] = []
        self.items: list[tuple[int, set[Any]]] = []
        self.going_on = _CONTINUE
        self.ignored = [terminal for terminal in grammar.ignore if self._is_possible(terminal)]
        self.heights = dict.fromkeys(grammar.rules, inf)
        self._known: dict[int, float] = {}  # heights by identity, once those of the rules are final
        changed = True
        while changed:
            changed = False
            for name, body in grammar.rules.items():
                height = self._height(body) + 1
                if height < self.heights[name]:
                    self.heights[name], changed = height, True
            self._known.clear()

    def text(self, rng: Random) -> str:
        """A random text; `sample` says what of."""
        self.rng = rng
        if self.heights[self.grammar.start] == inf:
            raise EmptyLanguageError("no text can match: the rules never finish")
        for attempt in range(_TRIES):
            pieces: list[str] = []
            self.scopes = [set()]
            self.items = []
            self.going_on = _CONTINUE * (1 - attempt / _TRIES)
            try:
                self._derive(Reference(self.grammar.start), 0, pieces)
                break
            except _RunOut:  # what must differ has no text left: fewer rounds need fewer texts
                continue
        else:
            raise EmptyLanguageError("no text was found in which all differ that must")
        text = ""
        for piece in pieces:
            touching = _WORD.fullmatch(text[-1:] + piece[:1])
            if self.ignored and (touching or self.rng.random() < 0.2):
                text += self._terminal(self.rng.choice(self.ignored))
            text += piece
        return text

    def _derive(self, body: RuleExpression, depth: int, pieces: list[str]) -> None:
        if isinstance(body, Terminal):
            self._tell_apart(body, pieces)
            pieces.append(self._terminal(body))
        elif isinstance(body, Reference):
            self._derive(self.grammar.rules[body.name], depth + 1, pieces)
        elif isinstance(body, Choice):
            self._derive(self._choose(list(body.options), depth), depth, pieces)
        elif isinstance(body, Repetition):
            for _ in range(self._times(body, depth)):
                self._derive(body.part, depth, pieces)
        elif isinstance(body, (Sequence, Permutation)):
            self._derive_items(body, depth, pieces)

    def _derive_items(self, body: Sequence | Permutation, depth: int, pieces: list[str]) -> None:
        separator = body.separator
        must_differ = isinstance(separator, Terminal) and separator.effect == "item"
        for index, item in enumerate(self._items(body, depth)):
            if index and separator is not None:
                self._derive(separator, depth, pieces)
            if must_differ:
                self._differing(item, depth, pieces)
            else:
                self._derive(item, depth, pieces)

    def _tell_apart(self, terminal: Terminal, pieces: list[str]) -> None:
        """Items that must differ: where each begins among the pieces, and what came before it."""
        if terminal.effect in ("open items", "open many items"):
            self.items.append((len(pieces) + 1, set()))
        elif terminal.effect in ("item", "close items"):
            start, before = self.items.pop()
            if text := "".join(pieces[start:]):
                value = _identity(json.loads(text))
                if value in before:
                    raise _RunOut
                before.add(value)
            if terminal.effect == "item":
                self.items.append((len(pieces) + 1, before))

    def _differing(self, item: RuleExpression, depth: int, pieces: list[str]) -> None:
        """An item that is not equal to one before it, if one is found soon."""
        _, before = self.items[-1]
        start = len(pieces)
        for _ in range(_TRIES):
            del pieces[start:]
            self._derive(item, depth, pieces)
            if _identity(json.loads("".join(pieces[start:]))) not in before:
                break

    def _items(self, body: Sequence | Permutation, depth: int) -> list[RuleExpression]:
        """What is present, in its order. Without a separator that has a text, one item at most."""
        if isinstance(body, Sequence) and body.separator is None:
            return list(body.parts)
        items: list[RuleExpression] = []
        alone = body.separator is not None and self._height(body.separator) == inf
        for part in body.parts:
            if not isinstance(part, Repetition):
                items.append(part)
            elif not alone:
                items += [part.part] * self._times(part, depth)
            else:
                items += [part.part] * part.min
        if isinstance(body, Permutation):
            self.rng.shuffle(items)
        return items

    def _times(self, body: Repetition, depth: int) -> int:
        times = body.min
        if self._height(body.part) == inf:
            return times
        while (
            depth < self.max_depth
            and (body.max is None or times < body.max)
            and self.rng.random() < self.going_on
            and times < body.min + 100
        ):
            times += 1
        return times

    def _choose(self, options: list[RuleExpression], depth: int) -> RuleExpression:
        heights = [self._height(option) for option in options]
        limit = max(min(heights), self.max_depth - depth)
        return self.rng.choice(
            [o for o, height in zip(options, heights, strict=True) if height <= limit < inf]
        )

    def _height(self, body: RuleExpression) -> float:
        found = self._known.get(id(body))
        if found is None:
            found = self._known[id(body)] = self._height_of(body)
        return found

    def _height_of(self, body: RuleExpression) -> float:
        if isinstance(body, Terminal):
            return 0 if self._is_possible(body) else inf
        if isinstance(body, Reference):
            return self.heights[body.name]
        if isinstance(body, Choice):
            return min(map(self._height, body.options), default=inf)
        if isinstance(body, Repetition):
            return self._height(body.part) if body.min else 0
        if isinstance(body, SpecialToken):
            return 0
        assert isinstance(body, (Sequence, Permutation))
        heights = [self._height(part) for part in body.parts]
        present = sum(part.min if isinstance(part, Repetition) else 1 for part in body.parts)
        if body.separator is not None and present > 1:
            heights.append(self._height(body.separator))
        return max(heights, default=0)

    @staticmethod
    def _is_possible(terminal: Terminal) -> bool:
        return not is_empty(_not_empty_text(terminal.expression))

    def _terminal(self, terminal: Terminal) -> str:
        """A text of a terminal; one that records gets a text that was not recorded in its scope."""
        expression = _not_empty_text(terminal.expression)
        text = sample_expression(expression, self.rng)
        if terminal.effect == "record":
            taken = self.scopes[-1]
            for _ in range(_TRIES):
                if text not in taken:
                    break
                text = sample_expression(expression, self.rng)
            else:
                left = both((expression, Complement(Union(tuple(map(Literal, sorted(taken)))))))
                if is_empty(left):
                    raise _RunOut
                text = sample_expression(left, self.rng)
            taken.add(text)
        elif terminal.effect in ("open", "open items", "open many items"):
            self.scopes.append(set())
        elif terminal.effect in ("close", "close items"):
            self.scopes = self.scopes[:-1] or [set()]
        return text


def _identity(value: Any) -> Any:
    """Equal for equal values of JSON, and for no others: 1 is 1.0, and is not true."""
    if isinstance(value, dict):
        return frozenset((name, _identity(one)) for name, one in value.items())
    if isinstance(value, list):
        return ("list", *map(_identity, value))
    return ("boolean", value) if isinstance(value, bool) else value


def _not_empty_text(expression: Expression) -> Expression:
    """The expression without the empty text: terminals are never empty."""
    return both((expression, Complement(EPSILON))) if denotes_empty_text(expression) else expression


def sample_expression(expression: Expression, rng: Random) -> str:
    """A random text that the expression denotes.

    Raises:
        EmptyLanguageError: It denotes nothing.
    """
    if is_empty(expression):
        raise EmptyLanguageError("no text can match: the expression denotes nothing")
    if isinstance(expression, Literal):
        return expression.text
    if isinstance(expression, CharSet):
        return chr(_pick(expression.ranges, rng))
    if isinstance(expression, Concat):
        return "".join(sample_expression(part, rng) for part in expression.parts)
    if isinstance(expression, Union):
        return sample_expression(rng.choice([part for part in expression.parts if not is_empty(part)]), rng)
    if isinstance(expression, Repeat):
        times = expression.min
        if not is_empty(expression.part):
            while (expression.max is None or times < expression.max) and rng.random() < _CONTINUE:
                times += 1
        return "".join(sample_expression(expression.part, rng) for _ in range(times))
    return _wander(expression, rng)


def _wander(expression: Expression, rng: Random) -> str:
    """A walk by derivatives that goes where it likes, and in the end to the nearest end."""
    text = ""
    while rng.random() < _CONTINUE:
        going_on = [(ranges, rest) for ranges, rest in ways(expression) if not is_empty(rest)]
        if not going_on:
            break
        ranges, expression = rng.choice(going_on)
        text += chr(_pick(ranges, rng))
    path = path_to_end(expression)
    assert path is not None
    return text + "".join(chr(_pick(ranges, rng)) for ranges in path)


def _pick(ranges: Ranges, rng: Random) -> int:
    """A code point; one of the usual ones rather than any of a million."""
    usual = [
        (max(first, low), min(last, high))
        for first, last in ranges
        for low, high in _COMMON
        if max(first, low) <= min(last, high)
    ]
    first, last = rng.choice(usual if usual and rng.random() < 0.9 else without_surrogates(ranges))
    return rng.randint(first, last)
