"""The grammar of a whole reply: reasoning, text and calls.

Text without markers and text that ends with a marker compete; the longest match decides. So every free text leaves out
all markers that may stand where it stands.
"""

from __future__ import annotations

from collections.abc import Iterable

from structgen.calling.emission import Rules
from structgen.calling.plan import Plan
from structgen.calling.wire import BLANKS, Wire, free_text
from structgen.constraint import Constraint
from structgen.grammar.expressions import ANY_CHAR, Expression, intersection, repeat
from structgen.grammar.rules import (
    Choice,
    Grammar,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    Terminal,
)
from structgen.patterns import parse_regex

_NOTHING = Sequence(())


class ReplyGrammar:
    """Makes the grammar of a plan.

    Args:
        plan: what a reply may be.
        wire: which markers are tokens.
    """

    def __init__(self, plan: Plan, wire: Wire) -> None:
        self.plan = plan
        self.format = plan.format
        self.wire = wire
        self.rules = Rules(wire, plan.embedded)
        openings = [parse_regex(self.format.opening)] if self.format.opening else []
        marks = [*self.format.marks, *self.format.ends, *self.format.call_ends]
        marks += [one for one in self.format.answer if one]
        self.text = free_text(self._without_rest(marks), openings)

    def grammar(self) -> Grammar:
        """The grammar."""
        calls = self.plan.calls
        options: list[RuleExpression] = []
        if calls.least == 0:
            options.append(self._answer(self._known(self.format.ends)))
        if calls.most != 0:
            options.append(self._calls(self._known(self.format.call_ends or self.format.ends)))
        main = options[0] if len(options) == 1 else Choice(tuple(options))
        start = Sequence((*self._reasoning(), main))
        return Grammar({"start": start, **self.rules.rules})

    def _without_rest(self, marks: Iterable[str]) -> tuple[str, ...]:
        """The marks that no text holds; of one that begins with a marker of the family only that marker."""
        found = (max(filter(mark.startswith, self.format.markers), key=len, default=mark) for mark in marks)
        return tuple(dict.fromkeys(found))

    def _known(self, ends: tuple[str, ...]) -> tuple[str, ...]:
        """Those that the grammar writes: the others are end tokens, which it does not have."""
        return tuple(end for end in ends if not self.wire.tokens or end in self.wire.tokens)

    def _ended(self, body: RuleExpression, ends: tuple[str, ...]) -> RuleExpression:
        return Sequence((body, Repetition(self.wire.literals(ends), 0, 1))) if ends else body

    def _last_text(self, ends: tuple[str, ...]) -> RuleExpression:
        """The text that the turn ends with, and its end: free text alone would run into the end."""
        text = Repetition(Terminal("text", self.text), 0, 1)
        return Choice((text, self.wire.ending(self.text, "text", ends))) if ends else text

    def _reasoning(self) -> tuple[RuleExpression, ...]:
        shape, wanted = self.format.reasoning, self.plan.reasoning
        if shape is None or wanted is False:
            return ()
        layout = shape.end.rstrip("\n") if shape.end.rstrip("\n") != shape.end else shape.end
        ends = (shape.end,) if layout == shape.end else (layout,)
        begins = (shape.begin, shape.begin.strip())
        opening: RuleExpression = self.wire.literals(
            tuple(dict.fromkeys(lead + begin for lead in ("", shape.lead) for begin in begins))
        )
        if shape.in_prompt:
            opening = Repetition(opening, 0, 1)
        if isinstance(wanted, Constraint):
            inside: RuleExpression = Sequence((self.rules.add(wanted), self.wire.literals(ends)))
        else:
            thought = free_text(
                self._without_rest((*self.format.marks, *self.format.ends, *self.format.call_ends))
            )
            if self.plan.reasoning_tokens is not None:
                # A token has at least one character, so this bound holds for the tokens, too.
                thought = intersection(thought, repeat(ANY_CHAR, 0, self.plan.reasoning_tokens))
            inside = self.wire.ending(thought, "the reasoning", (layout.lstrip("\n"),))
        breaks = Repetition(Terminal("line breaks", repeat(parse_regex("\n"), 1, 2)), 0, 1)
        found = Sequence(
            (opening, inside, breaks) if layout != shape.end and self._has_marker_next else (opening, inside)
        )
        return (found if wanted else Repetition(found, 0, 1),)

    @property
    def _has_marker_next(self) -> bool:
        """Free text holds the line breaks after the reasoning; before a marker or a constraint they are layout."""
        return not self.plan.calls.has_text or self.plan.response is not None

    def _answer(self, ends: tuple[str, ...]) -> RuleExpression:
        before, after = self.format.answer
        opening = self._literal(before)
        if self.plan.response is not None:
            response = Sequence((*opening, self.rules.add(self.plan.response), *self._literal(after)))
            return self._ended(response, ends)
        if after:
            return self._ended(Sequence((*opening, self.wire.ending(self.text, "text", (after,)))), ends)
        return Sequence((*opening, self._last_text(ends)))

    def _calls(self, ends: tuple[str, ...]) -> RuleExpression:
        form, calls = self.format, self.plan.calls
        most = form.most if calls.most is None else min(calls.most, form.most or calls.most)
        one = Sequence((Reference("call"), *self._literal(form.end)))
        self.rules.rules["call"] = form.body.choice(self.plan.tools.values(), self.rules)
        has_text = calls.has_text and self.plan.response is None
        following: RuleExpression
        if form.text_between and has_text:
            following = self.wire.ending(self.text, "text", (form.begin,))
        else:
            following = self.wire.literals(tuple(between + form.begin for between in form.between))
        more = Repetition(Sequence((following, one)), 0, None if most is None else most - 1)
        parts = [self._opening(has_text), one, more, *self._literal(form.section[1])]
        if form.text_after and has_text and calls.least == 0:
            return Sequence((*parts, self._last_text(ends)))
        if form.trailing:
            parts.append(Repetition(self.wire.literal(form.trailing), 0, 1))
        return self._ended(Sequence(tuple(parts)), ends)

    def _literal(self, text: str) -> tuple[RuleExpression, ...]:
        return (self.wire.literal(text),) if text else ()

    def _opening(self, has_text: bool) -> RuleExpression:
        form = self.format
        starts = tuple(start + form.begin for start in form.section[0])
        marked = tuple(start for start in starts if start)
        if not marked:
            return self._preamble(has_text)
        if has_text and form.text_before and not form.preamble[0]:
            return self.wire.ending(self.text, "text", marked)
        layout: Expression = BLANKS
        opening = self.wire.literals(marked) if form.opening else self.wire.ending(layout, "layout", marked)
        if len(marked) < len(starts):
            opening = Repetition(opening, 0, 1)
        return Sequence((self._preamble(has_text), opening))

    def _preamble(self, has_text: bool) -> RuleExpression:
        before, after = self.format.preamble
        if not before or not has_text:
            return _NOTHING
        text = self.wire.ending(self.text, "text before a call", (after,))
        return Repetition(Sequence((self.wire.literal(before), text)), 0, 1)
