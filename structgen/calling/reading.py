"""The reader: a text in a format becomes a `Reply`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from structgen.calling.bodies.body import RawCall
from structgen.calling.bodies.names import unknown_name
from structgen.calling.plan import Plan
from structgen.calling.reply import Call, Reply
from structgen.calling.tool import Tool
from structgen.calling.wire import Malformed, match, match_any, skip_blanks
from structgen.errors import InvalidText


class ReplyReader:
    """Reads one text.

    Args:
        plan: what a reply may be.
        text: the reply.
    """

    def __init__(self, plan: Plan, text: str) -> None:
        self.plan = plan
        self.format = plan.format
        self.whole = text
        self.text = _without_end(text, (*self.format.call_ends, *self.format.ends))
        self.at = 0

    def read(self) -> Reply:
        """The reply.

        Raises:
            InvalidText: The text is none.
        """
        try:
            return self._reply()
        except Malformed as error:
            raise InvalidText(self.whole, min(error.at, len(self.whole)), str(error)) from None

    def _reply(self) -> Reply:
        reasoning = self._reasoning()
        pieces: list[str] = []
        raw: list[RawCall] = []
        while (found := self._next_opening()) is not None:
            start, after = found
            pieces.append(self._bare_text(self.text[self.at : start]))
            self.at = after
            raw += self._section()
        rest = self.text[self.at :]
        text = self._bare_text(rest)
        self._check(raw, [*pieces, text])
        calls = tuple(self._call(index, one) for index, one in enumerate(raw))
        pieces.append(text)
        value = None
        if self.plan.response is not None and not calls:
            value = self.plan.response.validate(text)
        return Reply(reasoning, "".join(pieces), calls, value)

    def _reasoning(self) -> str | None:
        shape, wanted = self.format.reasoning, self.plan.reasoning
        if shape is None:
            return None
        begin, end = shape.marks
        start = skip_blanks(self.text, 0)
        opened = match(self.text, start, begin)
        if opened is None and not (shape.in_prompt and self._closes_first(end)):
            if wanted not in (None, False):
                raise Malformed(f"expected {begin!r}: the reply begins with its reasoning", 0)
            return None
        if wanted is False:
            raise Malformed("reasoning is not allowed here", 0)
        inside = start if opened is None else opened
        inside = 0 if opened is None else inside
        closed = self.text.find(end, inside)
        if closed < 0:
            raise Malformed(f"expected {end!r}: the reasoning is not closed", len(self.text))
        thought = self.text[inside:closed]
        self.at = closed + len(end)
        if "\n" in shape.end:
            self.at = min(skip_blanks(self.text, self.at), self._breaks(2))
        thought = thought[1:] if thought.startswith("\n") else thought
        return thought[:-1] if thought.endswith("\n") else thought

    def _breaks(self, most: int) -> int:
        at = self.at
        while at < len(self.text) and self.text[at] == "\n" and at - self.at < most:
            at += 1
        return at

    def _closes_first(self, end: str) -> bool:
        closed = self.text.find(end)
        opened = [at for mark in self.format.call_marks if (at := self.text.find(mark)) >= 0]
        return closed >= 0 and closed < min(opened, default=len(self.text))

    def _next_opening(self) -> tuple[int, int] | None:
        """Where the next calls are marked, and the place after the marker."""
        form = self.format
        if form.opening:
            return self._unmarked_opening()
        openings = form.openings
        if not openings:
            return self._headed_opening()
        found: list[tuple[int, int]] = []
        for opening in openings:
            mark = opening.strip()
            start = self.text.find(mark.split("\n")[0].rstrip("[ ") or mark, self.at)
            while start >= 0:
                after = match(self.text, start, mark)
                if after is not None:
                    found.append((start, after))
                    break
                start = self.text.find(mark.split("\n")[0].rstrip("[ "), start + 1)
        return min(found, default=None, key=lambda one: (one[0], -one[1]))

    def _unmarked_opening(self) -> tuple[int, int] | None:
        start = skip_blanks(self.text, self.at)
        after = match_any(self.text, start, [one for one in self.format.openings if one])
        if after is not None and not re.compile(self.format.opening).match(self.text, start):
            return start, after
        if re.compile(self.format.opening).match(self.text, start):
            return start, start if after is None else after
        return None

    def _headed_opening(self) -> tuple[int, int] | None:
        """The body's own header marks the call: harmony's."""
        at = self._after_preamble(self.at)
        if at is None:
            at = self.at
        name = self.format.body.begun(self.text, at, self.plan.tools) if self.plan.tools else None
        if name is None and re.compile(r"(?:<\|channel\|>commentary)? to=").match(self.text, at):
            self.format.body.read(self.text, at, self.plan.tools)
        return None if name is None else (at, at)

    def _after_preamble(self, at: int) -> int | None:
        before, after = self.format.preamble
        if not before or not self.text.startswith(before, at):
            return None
        end = self.text.find(after, at)
        return None if end < 0 else end + len(after)

    def _section(self) -> list[RawCall]:
        form = self.format
        found: list[RawCall] = []
        while True:
            one = form.body.read(self.text, self.at, self.plan.tools)
            found.append(one)
            self.at = one.end
            self._expect(form.end)
            following = self._following()
            if following is None:
                break
            self.at = following
        if form.section[1]:
            self._expect(form.section[1])
        return found

    def _following(self) -> int | None:
        """The place after what stands between this call and the next one of the section."""
        form = self.format
        for between in form.between:
            marked = match(self.text, self.at, between)
            if marked is None:
                continue
            after = match(self.text, skip_blanks(self.text, marked), form.begin) if form.begin else marked
            if after is None or (not form.begin and not between.strip() and self._is_closed()):
                continue
            return after
        return None

    def _is_closed(self) -> bool:
        end = self.format.section[1].strip()
        start = skip_blanks(self.text, self.at)
        return start >= len(self.text) or (bool(end) and self.text.startswith(end, start))

    def _expect(self, literal: str) -> None:
        start = skip_blanks(self.text, self.at) if literal.strip() else self.at
        after = match(self.text, start, literal.strip())
        if after is None:
            raise Malformed(f"expected {literal.strip()!r}", self.at)
        self.at = after

    def _bare_text(self, text: str) -> str:
        """A text without the layout around it."""
        for before, after in (self.format.answer, self.format.preamble):
            if before and text.lstrip().startswith(before):
                text = text.lstrip()[len(before) :]
                text = text[: -len(after)] if after and text.endswith(after) else text
        inner = text.strip("\n")
        for mark in self.format.marks:
            if mark in inner:
                raise Malformed(f"{mark!r} stands where it opens nothing", self.whole.find(mark))
        return inner if inner.strip() else ""

    def _check(self, raw: list[RawCall], texts: list[str]) -> None:
        calls = self.plan.calls
        if len(raw) < calls.least:
            raise Malformed("expected a call of a tool", len(self.text))
        most = calls.most
        if most is not None and len(raw) > most:
            raise Malformed(
                f"there may be {most} calls at most" if most else "no call is allowed here", self.at
            )
        if raw and not calls.has_text and any(texts):
            raise Malformed("text beside a call is not allowed here", 0)

    def _call(self, index: int, raw: RawCall) -> Call:
        tool = self.plan.tools.get(raw.name)
        if tool is None:
            raise Malformed(unknown_name(raw.name, self.plan.tools), self.whole.find(raw.name))
        if not isinstance(raw.arguments, dict):
            raise Malformed(f"the arguments of {raw.name} are no object", raw.end)
        value = self._value(tool, raw)
        return Call(index, raw.name, raw.arguments, value, raw.id or f"call_{index}", tool=tool)

    def _value(self, tool: Tool, raw: RawCall) -> Any:
        if tool.is_custom:
            given = raw.arguments.get("input")
            if not isinstance(given, str) or len(raw.arguments) > 1:
                raise Malformed(f"the custom tool {tool.name} takes one text, 'input'", raw.end)
            try:
                return tool.input.validate(given)
            except InvalidText as error:
                raise Malformed(f"the input of {tool.name}: {error}", raw.end) from None
        value, problems = tool.input.check_value(raw.arguments)
        if problems:
            shown = "; ".join(f"{one.pointer}: {one.reason}" for one in problems[:3])
            raise Malformed(f"the arguments of {tool.name}: {shown}", raw.end)
        return value


def _without_end(text: str, ends: tuple[str, ...]) -> str:
    for end in ends:
        if text.endswith(end):
            return text[: -len(end)]
    return text


def read_reply(plan: Plan, text: str) -> Reply:
    """The reply that a text is.

    Raises:
        InvalidText: It is none.
    """
    return ReplyReader(plan, text).read()


Tools = Mapping[str, Tool]
