"""`tagged()`: free text, with a constraint wherever a marker is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from structgen.calling.emission import Rules
from structgen.calling.marked import MarkedConstraint
from structgen.calling.wire import Wire, free_text
from structgen.constraint import Constraint, remembers_arguments
from structgen.errors import InvalidGrammarError, InvalidOptionError, InvalidText
from structgen.frontends.conversion import as_constraint
from structgen.grammar.rules import Choice, Grammar, Reference, Repetition, RuleExpression, Sequence, Terminal
from structgen.options import Instance, Whole, check_flags, check_option


@dataclass(frozen=True)
class Tag:
    """A part of a text between two markers.

    Attributes:
        begin: the marker before it.
        inside: what it is: a constraint, or what `as_constraint` makes one of.
        end: the marker after it.
    """

    begin: str
    inside: Any
    end: str


@dataclass(frozen=True)
class _Tagging:
    tags: tuple[Tag, ...]
    text: bool
    at_least: int
    at_most: int | None
    separator: str
    exclude: tuple[str, ...]

    @property
    def text_marks(self) -> tuple[str, ...]:
        """What free text does not hold."""
        return tuple(dict.fromkeys((*(tag.begin for tag in self.tags), *self.exclude)))

    def grammar(self, wire: Wire) -> Grammar:
        """The grammar of the whole text."""
        rules = Rules(wire)
        free = free_text(self.text_marks)
        options: list[RuleExpression] = []
        for tag in self.tags:
            opening = wire.ending(free, "text", (tag.begin,)) if self.text else wire.literal(tag.begin)
            end = (wire.literal(tag.end),) if tag.end else ()
            options.append(Sequence((opening, rules.add(tag.inside), *end)))
        rules.rules["tag"] = options[0] if len(options) == 1 else Choice(tuple(options))
        one = Reference("tag")
        tail = (Repetition(Terminal("text", free), 0, 1),) if self.text else ()
        if self.separator:
            separated = Sequence(
                (Repetition(one, self.at_least, self.at_most),), wire.literal(self.separator)
            )
            return Grammar({"start": Sequence((separated, *tail)), **rules.rules})
        parts = Repetition(one, self.at_least, self.at_most)
        return Grammar({"start": Sequence((parts, *tail)), **rules.rules})

    def read(self, text: str, error: InvalidText | None) -> tuple[Any, ...]:
        """The parts of a text."""
        found: list[Any] = []
        at, count = 0, 0
        while (opened := self._opening(text, at)) is not None:
            start, tag = opened
            if start > at and (gap := text[at:start]) != self.separator:
                found.append(gap)
            value, at = self._inside(text, start + len(tag.begin), tag, error)
            found.append((tag.begin, value))
            count += 1
        if at < len(text):
            found.append(text[at:])
        if error is not None:
            raise error
        return tuple(found)

    def _opening(self, text: str, at: int) -> tuple[int, Tag] | None:
        """The next marker; of several at one place the longest."""
        places = [(text.find(tag.begin, at), tag) for tag in self.tags]
        return min(
            (one for one in places if one[0] >= 0),
            default=None,
            key=lambda one: (one[0], -len(one[1].begin)),
        )

    def _inside(self, text: str, at: int, tag: Tag, error: InvalidText | None) -> tuple[Any, int]:
        problem = error
        end = text.find(tag.end, at) if tag.end else len(text)
        while end >= 0:
            try:
                return tag.inside.validate(text[at:end]), end + len(tag.end)
            except InvalidText as caught:
                problem = problem or caught
            end = text.find(tag.end, end + 1) if tag.end and end < len(text) else -1
        raise problem or InvalidText(text, at, f"expected {tag.end!r}")


@remembers_arguments
def tagged(
    parts: Any,
    *,
    text: bool = True,
    at_least: int = 0,
    at_most: int | None = None,
    separator: str = "",
    exclude: Iterable[str] = (),
) -> Constraint:
    """Free text, in which a constraint holds from each marker on to its end.

    Args:
        parts: the tags: `Tag(begin, inside, end)`, triples like it, or a dict of `(inside, end)` by their markers.
        text: text may stand before, between and after the tags.
        at_least: how many tags at least.
        at_most: how many tags at most; None: without bound.
        separator: stands between two tags, where there is no text.
        exclude: what the text does not hold.

    Returns:
        A constraint whose value is a tuple: texts, and a pair of the marker and the value for each tag.

    Raises:
        InvalidGrammarError: There are no tags, or a marker is empty.
        InvalidOptionError: An option has a value that it may not have.

    >>> import structgen
    >>> number = structgen.regex("[0-9]+")
    >>> tagged([Tag("<n>", number, "</n>")]).validate("It is <n>42</n>, I think.")
    ('It is ', ('<n>', '42'), ', I think.')
    """
    check_flags(text=text)
    check_option("at_least", at_least, (Whole(0),))
    check_option("at_most", at_most, (Whole(0), None))
    check_option("separator", separator, (Instance(str, "a text"),))
    if at_most is not None and at_most < at_least:
        raise InvalidOptionError("at_most", at_most, f"must be {at_least} or more, as at_least is")
    excluded = tuple(exclude)
    for one in excluded:
        check_option("exclude", one, (Instance(str, "a text"),))
    tags = tuple(_tag(one) for one in _listed(parts))
    if not tags:
        raise InvalidGrammarError("tagged() needs at least one tag")
    if text and separator:
        raise InvalidOptionError("separator", separator, "cannot be combined with text=True")
    tagging = _Tagging(tags, text, at_least, at_most, separator, excluded)
    return MarkedConstraint(
        tagging.grammar(Wire()),
        partial(_read, tagging),
        tuple(problem for tag in tags for problem in tag.inside.unenforced),
        f"text with {', '.join(tag.begin for tag in tags)}"[:200],
        build=tagging.grammar,
        marks=tuple(mark for tag in tags for mark in (tag.begin, tag.end)),
    )


def _read(tagging: _Tagging, text: str, error: InvalidText | None) -> tuple[Any, ...]:
    return tagging.read(text, error)


def _listed(parts: Any) -> list[Any]:
    if isinstance(parts, Mapping):
        return [(begin, *rest) for begin, rest in parts.items()]
    if isinstance(parts, Tag):
        return [parts]
    if isinstance(parts, (list, tuple)):
        return list(parts)
    raise InvalidOptionError("parts", parts, "must be a list of tags")


def _tag(part: Any) -> Tag:
    if isinstance(part, (tuple, list)) and len(part) == 3:
        part = Tag(*part)
    check_option("parts", part, (Instance(Tag),), or_else="a triple (begin, inside, end)")
    check_option("begin", part.begin, (Instance(str, "a text"),))
    check_option("end", part.end, (Instance(str, "a text"),))
    if not part.begin:
        raise InvalidGrammarError("the marker of a tag is empty")
    return Tag(part.begin, as_constraint(part.inside), part.end)
