"""What the named rules of a text have read.

The text is in the language already; here it is read once more, by an Earley parser, to see which rule has read what.
Where it can be read in several ways, the first alternative counts, and each part takes the longest text that it can.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from structgen.constraint import Constraint
from structgen.errors import EmptyLanguageError, InvalidText, LimitExceeded
from structgen.frontends.lark.dialect.lowering import Failure, Lowering
from structgen.frontends.lark.dialect.tree import (
    Definition,
    Name,
    Nested,
    Node,
    OneAfterTheOther,
    OneOf,
    Times,
    Token,
    Written,
    is_terminal,
)
from structgen.grammar.expressions import EPSILON, Expression, Literal, union
from structgen.grammar.rules import Grammar, Repetition, RuleExpression, Sequence, Terminal
from structgen.language.derivatives import denotes_empty_text
from structgen.limits import Limits
from structgen.matcher import CompiledGrammar


@dataclass(frozen=True)
class Captured:
    """A text, and what its named rules have read.

    Attributes:
        text: the whole text.
        captures: pairs of a name and a text, in the order in which they end.

    `captured["name"]` is the last one of a name.
    """

    text: str
    captures: tuple[tuple[str, str], ...]

    def __getitem__(self, name: str) -> str:
        return dict(self.captures)[name]

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, eq=False)
class _Leaf:
    """What is read in one piece.

    Attributes:
        constraint: its texts.
        suffix: of a rule with a suffix: that.
        capture: the name of its text, without the suffix.
        suffix_capture: the name of the suffix.
    """

    constraint: Constraint
    suffix: Constraint | None = None
    capture: str = ""
    suffix_capture: str = ""


@dataclass(eq=False)
class _Symbol:
    """A rule or a part of one.

    Attributes:
        options: its alternatives, the preferred first.
        capture: the name of its text.
    """

    options: list[tuple[_Symbol | _Leaf, ...]]
    capture: str = ""


class Captures:
    """Reads a text for its captures: the validator of a grammar that has some.

    Attributes:
        has_names: whether there is anything to capture.
    """

    def __init__(self, written: Written, start: str, failure: Failure, limits: Limits) -> None:
        self._written = written
        self._start = start
        self._limits = limits
        self._lowering = Lowering(written, failure)
        self._symbols: dict[str, _Symbol] = {}
        self._leaves: dict[Any, _Leaf] = {}
        self._root: _Symbol | None = None
        self.has_names = any(
            "capture" in one.options or "stop_capture" in one.options for one in written.definitions.values()
        )

    def __call__(self, text: str, error: InvalidText | None) -> Captured:
        """The captures of a text.

        Raises:
            InvalidText: The text is not in the language.
            LimitExceeded: There are too many ways to read it.
        """
        if error is not None:
            raise error
        if self._root is None:
            first = self._rule(self._start)
            self._root = _Symbol([(*self._skip(), first)])
        found = _Reading(text, self._limits).captures(self._root)
        return Captured(text, tuple(found))

    # The grammar, as symbols

    def _rule(self, name: str) -> _Symbol:
        known = self._symbols.get(name)
        if known is None:
            definition = self._written.definitions[name]
            known = self._symbols[name] = _Symbol([])
            if self._is_leaf(definition):
                known.options = [(self._bounded(definition), *self._skip())]
            else:
                known.capture = _name(definition, "capture")
                known.options = self._options(definition.body)
        return known

    def _is_leaf(self, definition: Definition) -> bool:
        return any(key in definition.options for key in ("lazy", "stop", "suffix", "max_tokens"))

    def _options(self, node: Node) -> list[tuple[_Symbol | _Leaf, ...]]:
        if isinstance(node, OneOf):
            return [self._parts(one) for one in node.options]
        return [self._parts(node)]

    def _parts(self, node: Node) -> tuple[_Symbol | _Leaf, ...]:
        if isinstance(node, OneAfterTheOther):
            return tuple(part for one in node.parts for part in self._parts(one))
        if isinstance(node, Name) and not is_terminal(node.name):
            return (self._rule(node.name),)
        if isinstance(node, OneOf):
            return (_Symbol(self._options(node)),)
        if isinstance(node, Times):
            part = self._parts(node.part)
            if (node.least, node.most) == (0, 1):
                return (_Symbol([part, ()]),)
            many = _Symbol([])  # how often, the engine has counted
            many.options = [(many, *part), ()]
            return (many,)
        return (self._leaf(node), *self._skip())

    def _leaf(self, node: Node) -> _Leaf:
        if isinstance(node, Nested):
            return self._kept(id(node), lambda: _Leaf(node.constraint))
        if isinstance(node, Token):
            return self._kept(node.text, lambda: self._made(Literal(node.text)))
        return self._kept(id(node), lambda: self._made(self._lowering.expression(node)))

    def _skip(self) -> tuple[_Leaf, ...]:
        if not self._written.ignored:
            return ()
        ignored = union(*map(self._lowering.expression, self._written.ignored))
        return (self._kept("ignored", lambda: self._made(ignored, 0, None)),)

    def _kept(self, key: Any, make: Any) -> _Leaf:
        if key not in self._leaves:
            self._leaves[key] = make()
        return self._leaves[key]

    def _made(self, expression: Expression, least: int = 1, most: int | None = 1) -> _Leaf:
        body: RuleExpression = Terminal("text", expression)
        if expression == EPSILON:
            body = Sequence(())
        elif least == 0 or denotes_empty_text(expression):
            body = Repetition(body, 0, most)
        return _Leaf(Constraint(Grammar({"start": body}), limits=self._limits))

    def _bounded(self, definition: Definition) -> _Leaf:
        whole = self._made(self._lowering.bounded(definition))
        suffix = definition.options.get("suffix")
        return _Leaf(
            whole.constraint,
            self._made(self._lowering.expression(suffix)).constraint if isinstance(suffix, Node) else None,
            _name(definition, "capture"),
            _name(definition, "stop_capture"),
        )


def _name(definition: Definition, option: str) -> str:
    given = definition.options.get(option)
    return definition.name if given is True else given if isinstance(given, str) else ""


_Item = tuple[_Symbol, int, int, int]
"""Of a symbol's option (by its index): how many parts are read, and where they begin."""

_Task = tuple[_Symbol | _Leaf, int, int, tuple[_Symbol, ...]]
"""A part, its span, and the symbols around it with the same span."""


class _Reading:
    def __init__(self, text: str, limits: Limits) -> None:
        self._text = text
        self._limits = limits
        self._work = 0
        self._ends: dict[tuple[_Symbol | _Leaf, int], set[int]] = {}

    def captures(self, root: _Symbol) -> Iterator[tuple[str, str]]:
        """Names and texts, in the order in which they end."""
        self._read(root)
        if len(self._text) not in self._ends.get((root, 0), ()):
            raise InvalidText(self._text, len(self._text), "the rules cannot read the text")
        todo: list[_Task] = [(root, 0, len(self._text), ())]
        done: list[tuple[str, str]] = []  # found from the end to the beginning
        while todo:
            part, start, end, around = todo.pop()
            if isinstance(part, _Leaf):
                done += reversed(list(self._of_leaf(part, start, end)))
                continue
            if part.capture:
                done.append((part.capture, self._text[start:end]))
            todo.extend(self._expanded(part, start, end, around))
        return iter(reversed(done))

    def _of_leaf(self, leaf: _Leaf, start: int, end: int) -> Iterator[tuple[str, str]]:
        text = self._text[start:end]
        cut = len(text)
        if leaf.suffix is not None:
            cut = next((at for at in range(len(text) - 1, -1, -1) if leaf.suffix.is_valid(text[at:])), cut)
        if leaf.capture:
            yield leaf.capture, text[:cut]
        if leaf.suffix_capture and leaf.suffix is not None:
            yield leaf.suffix_capture, text[cut:]
        if isinstance(leaf.constraint.validator, Captures):
            yield from leaf.constraint.validate(text).captures

    def _expanded(self, symbol: _Symbol, start: int, end: int, around: tuple[_Symbol, ...]) -> list[_Task]:
        """The parts of a symbol, from left to right: of the first option that has this span."""
        inside = (*around, symbol)
        for option in symbol.options:
            spans = self._split(option, start, end, inside)
            if spans is not None:
                return [
                    (part, first, last, inside if (first, last) == (start, end) else ())
                    for part, (first, last) in zip(option, spans, strict=True)
                ]
        raise InvalidText(self._text, start, "the rules cannot read the text")

    def _split(
        self, option: tuple[_Symbol | _Leaf, ...], start: int, end: int, inside: tuple[_Symbol, ...]
    ) -> list[tuple[int, int]] | None:
        """Where the parts of an option stand, the first ones as long as they can; None if they do not fit."""
        if not option:
            return [] if start == end else None
        stack = [(0, start, iter(self._choices(option[0], start, end)))]
        spans: list[tuple[int, int]] = []
        refused: set[tuple[int, int]] = set()
        while stack:
            index, at, ends = stack[-1]
            stop = next(ends, None)
            if stop is None:
                stack.pop()
                refused.add((index, at))
                if spans:
                    spans.pop()
                continue
            self._spend()
            if (at, stop) == (start, end) and option[index] in inside:
                continue
            if index + 1 == len(option):
                if stop == end:
                    return [*spans, (at, stop)]
            elif (index + 1, stop) not in refused:
                spans.append((at, stop))
                stack.append((index + 1, stop, iter(self._choices(option[index + 1], stop, end))))
        return None

    def _choices(self, part: _Symbol | _Leaf, start: int, end: int) -> list[int]:
        return sorted((one for one in self._ends.get((part, start), ()) if one <= end), reverse=True)

    # Earley's chart

    def _read(self, root: _Symbol) -> None:
        columns: list[dict[_Item, None]] = [{} for _ in range(len(self._text) + 1)]
        waiting: dict[tuple[_Symbol, int], list[_Item]] = {}
        columns[0] = {(root, number, 0, 0): None for number in range(len(root.options))}
        for at, column in enumerate(columns):
            todo = list(column)
            for item in todo:
                for to, place in self._followers(item, at, waiting):
                    if to not in columns[place]:
                        self._spend()
                        columns[place][to] = None
                        if place == at:
                            todo.append(to)
            column.clear()

    def _followers(
        self, item: _Item, at: int, waiting: dict[tuple[_Symbol, int], list[_Item]]
    ) -> Iterator[tuple[_Item, int]]:
        symbol, number, read, origin = item
        option = symbol.options[number]
        if read == len(option):
            ends = self._ends.setdefault((symbol, origin), set())
            if at not in ends:
                ends.add(at)
                for other, index, count, begun in list(waiting.get((symbol, origin), ())):
                    yield (other, index, count + 1, begun), at
            return
        part = option[read]
        if isinstance(part, _Leaf):
            for end in self._ends_of(part, at):
                yield (symbol, number, read + 1, origin), end
            return
        waiters = waiting.setdefault((part, at), [])
        waiters.append(item)
        if len(waiters) == 1:
            for index in range(len(part.options)):
                yield (part, index, 0, at), at
        if at in self._ends.get((part, at), ()):  # the empty text, found before
            yield (symbol, number, read + 1, origin), at

    def _ends_of(self, leaf: _Leaf, start: int) -> set[int]:
        known = self._ends.get((leaf, start))
        if known is not None:
            return known
        try:
            found = self._stops(leaf.constraint.by_bytes, start)
        except EmptyLanguageError:
            found = set()
        self._ends[leaf, start] = found
        return found

    def _stops(self, grammar: CompiledGrammar, start: int) -> set[int]:
        at = grammar.initial
        found = {start} if grammar.can_stop(at) else set()
        for position in range(start, len(self._text)):
            self._spend()
            for byte in self._text[position].encode():
                at = grammar.try_advance(at, byte)
                if at < 0:
                    return found
            if grammar.can_stop(at):
                found.add(position + 1)
        return found

    def _spend(self) -> None:
        self._work += 1
        if self._work > self._limits.work:
            raise LimitExceeded("work", self._limits.work)
