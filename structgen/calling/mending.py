"""A damaged reply: what it was meant to be, guided by the tools.

Tried in this order, until one gives a reply:

    the text is valid                       as it is; where it is only text, a call of a tool without its markers is one
    another family's format                 read as that
    a valid reply begins so                 the shortest end is added, if that adds no call
    pieces                                  after each marker, in each fence, at each brace: JSON, or values between
                                            tags; names and types as the nearest tool has them
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from structgen.calling.bodies.tagged import Tagged
from structgen.calling.format import Format
from structgen.calling.plan import Plan
from structgen.calling.reading import read_reply
from structgen.calling.registry import FORMATS
from structgen.calling.reply import Call, Reply
from structgen.calling.tool import Tool
from structgen.calling.wire import Malformed
from structgen.constraint import Constraint
from structgen.errors import InvalidText, StructgenError
from structgen.matcher import CompiledGrammar

Mend = Callable[[str, Constraint | None], Any]
"""`structgen.repair`, which belongs to a higher layer: gives an object with `value`."""

Change = tuple[str, int, int, str, str]
"""Kind, start, end, grade and reason of an edit."""

_NAMES = ("name", "tool_name", "function", "tool", "function_name")
_ARGUMENTS = ("arguments", "parameters", "args", "input", "params", "kwargs")
_FENCE = re.compile(r"```\w*\n(.*?)(?:```|\Z)", re.DOTALL)
_HEAD = re.compile(r"""<(?:function|invoke)\s*(?:=|name=)\s*["']?([\w.\-]+)["']?\s*>""")
_TAG = re.compile(r"<(?:｜DSML｜)?parameter\b|</(?:function|invoke)>")
_VALUE = re.compile(
    r"""<(?:｜DSML｜)?parameter\s*(?:=|name=)\s*["']?([\w.\-]+)["']?[^>]*>\n?(.*?)"""
    r"""(?=\n?</(?:｜DSML｜)?parameter|\n?<(?:｜DSML｜)?parameter|\n?</(?:function|invoke)|\n?</tool_call>|\Z)""",
    re.DOTALL,
)


@dataclass(frozen=True)
class Mended:
    """A reply that was meant, and what is different in the text.

    Attributes:
        reply: the reply.
        changes: what had to be changed.
    """

    reply: Reply
    changes: tuple[Change, ...] = ()


def mended(
    constraint: Constraint, plan: Plan, grammar: CompiledGrammar, text: str, mend: Mend
) -> Mended | None:
    """What a text was meant to be.

    Args:
        constraint: of the reply.
        plan: what a reply may be.
        grammar: of the constraint, over bytes.
        text: what a model wrote.
        mend: repairs JSON.

    Returns:
        None if nothing can be made of it.
    """
    valid = _valid(constraint, text)
    if valid is not None and (valid.calls or not plan.tools):
        return Mended(valid)
    found = None
    if valid is None:
        found = _of_other_family(plan, text) or _completed(constraint, grammar, text)
        if found is not None and any(map(_swallows, found.reply.calls)):
            return _in_pieces(plan, text, mend, is_text=False) or found
    found = found or _in_pieces(plan, text, mend, is_text=valid is not None)
    return found or (None if valid is None else Mended(valid))


def _valid(constraint: Constraint, text: str) -> Reply | None:
    try:
        found: Reply = constraint.validate(text)
    except InvalidText:
        return None
    return found


def _completed(constraint: Constraint, grammar: CompiledGrammar, text: str) -> Mended | None:
    """The text breaks off: the shortest end is added."""
    configuration = grammar.initial
    for byte in text.encode(errors="replace"):
        configuration = grammar.try_advance(configuration, byte)
        if configuration < 0:
            return None
    try:
        added = bytes(grammar.completion(configuration).tokens).decode()
    except (StructgenError, UnicodeDecodeError):
        return None
    reply = _valid(constraint, text + added)
    if reply is None or any(call.name in added for call in reply.calls):
        return None  # a call that is only in what was added was never meant
    if reply.calls:
        reply = replace(reply, calls=(*reply.calls[:-1], replace(reply.calls[-1], is_cut=True)))
    return Mended(
        reply, (("cut", len(text), len(text), "guessed", f"the text breaks off: {added!r} is added"),)
    )


def _swallows(call: Call) -> bool:
    """Returns True if a value holds the markers of another one, as if its own end were missing."""
    return any(isinstance(value, str) and _TAG.search(value) for value in call.arguments.values())


def _of_other_family(plan: Plan, text: str) -> Mended | None:
    for form in FORMATS.values():
        if form is plan.format or not any(mark in text for mark in form.call_marks or form.markers):
            continue
        try:
            reply = read_reply(replace(plan, format=form), text)
        except InvalidText:
            continue
        if reply.calls:
            reason = f"the calls are written as in {form.name}, not as in {plan.format.name}"
            return Mended(reply, (("format", 0, len(text), "lossless", reason),))
    return None


def _in_pieces(plan: Plan, text: str, mend: Mend, *, is_text: bool) -> Mended | None:
    """Calls in the pieces of a text, if their arguments can be read."""
    if plan.calls.most == 0:
        return None
    calls: list[Call] = []
    changes: list[Change] = []
    first: int | None = None
    done = 0
    for start, end in _pieces(plan.format, text):
        if start < done:
            continue
        for name, given in _raw_calls(text[start:end], mend):
            tool, reasons = _tool_of(name, plan.tools, exact=is_text)
            made = None if tool is None else _call(len(calls), tool, given, mend, reasons)
            if made is None:
                continue
            first = start if first is None else first
            done = end
            calls.append(made)
            why = "; ".join(["the call is not written as the format has it", *reasons])
            changes.append(("call", start, end, "guessed", why))
    most = plan.calls.most
    if not calls or first is None or (most is not None and len(calls) > most):
        return None
    reasoning, words = _around(plan.format, text, first)
    return Mended(Reply(reasoning, words, tuple(calls)), tuple(changes))


def _pieces(form: Format, text: str) -> Iterator[tuple[int, int]]:
    """Where a call may stand: after a marker, in a fence, from a brace on."""
    marks = {mark for one in FORMATS.values() for mark in one.call_marks if mark.strip("[{( ")} | set(
        form.call_marks
    )
    places = sorted(
        {found.end() for mark in marks for found in re.finditer(re.escape(mark), text)}
        | {found.start() for found in _HEAD.finditer(text)}
    )
    for start, after in pairwise([*places, len(text)]):
        if text[start:after].strip():
            yield start, after
    yield from (found.span(1) for found in _FENCE.finditer(text))
    for found in re.finditer(r"[\[{]\s*(?:\{\s*)?[\"']?(?:" + "|".join(_NAMES) + r")\b", text):
        yield found.start(), len(text)


def _raw_calls(piece: str, mend: Mend) -> Iterator[tuple[str, Any]]:
    """Names and arguments in a piece."""
    heads = list(_HEAD.finditer(piece))
    for at, head in enumerate(heads):
        end = heads[at + 1].start() if at + 1 < len(heads) else len(piece)
        yield head[1], {key: _Raw(value) for key, value in _VALUE.findall(piece[head.end() : end])}
    if heads or not re.search(r"[{\[]", piece):
        return
    try:
        value = mend(piece[re.search(r"[{\[]", piece).start() :], None).value  # type: ignore[union-attr]
    except StructgenError:
        return
    for one in value if isinstance(value, list) else [value]:
        yield from _of_object(one, piece)


def _of_object(value: Any, piece: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        return
    inner = value.get("function")
    value = {**value, **inner} if isinstance(inner, dict) else value
    name = next((value[key] for key in _NAMES if isinstance(value.get(key), str)), None)
    given = next((value[key] for key in _ARGUMENTS if key in value), None)
    if name is not None:
        yield name, {} if given is None else given
        return
    head = re.match(r"\W*(?:functions\.)?([\w.\-]+?)(?::\d+)?\W*(?:\{|\[ARGS\]|<)", piece)
    if head is not None:
        yield head[1], value


class _Raw(str):
    """A value as it stands between tags."""


def _tool_of(name: str, tools: Mapping[str, Tool], *, exact: bool) -> tuple[Tool | None, list[str]]:
    if name in tools:
        return tools[name], []
    plain = name.removeprefix("functions.")
    near = [plain] if plain in tools else difflib.get_close_matches(name, tools, 1, 0.75)
    if exact or not near:
        return None, []
    return tools[near[0]], [f"{name!r} is read as {near[0]!r}"]


def _call(index: int, tool: Tool, given: Any, mend: Mend, reasons: list[str]) -> Call | None:
    """A call whose arguments are what the tool says; None if they can't be read so."""
    if isinstance(given, str) and not tool.is_custom:
        try:
            given = mend(given, None).value
        except StructgenError:
            return None
        reasons.append("the arguments were a text")
    if tool.is_custom:
        given = given.get("input", given) if isinstance(given, dict) else given
        return _custom(index, tool, given)
    if not isinstance(given, dict):
        return None
    plain = {key: _plain(tool, key, value) for key, value in given.items()}
    value, problems = tool.input.check_value(plain)
    if problems:
        try:
            plain = json.loads(mend(json.dumps(plain), tool.input).text)
        except (StructgenError, ValueError):
            return None
        value, problems = tool.input.check_value(plain)
        reasons.append("values have the types of the schema")
    return None if problems else Call(index, tool.name, plain, value, f"call_{index}", tool=tool)


def _custom(index: int, tool: Tool, given: Any) -> Call | None:
    try:
        value = tool.input.validate(given) if isinstance(given, str) else None
    except InvalidText:
        return None
    return (
        None if value is None else Call(index, tool.name, {"input": given}, value, f"call_{index}", tool=tool)
    )


def _plain(tool: Tool, key: str, value: Any) -> Any:
    if not isinstance(value, _Raw):
        return value
    try:
        return Tagged("", "", "", "").value(tool, key, str(value), None, 0)
    except Malformed:
        return str(value)


def _around(form: Format, text: str, first: int) -> tuple[str | None, str]:
    """The reasoning and the text before the first call."""
    before = text[:first]
    reasoning = None
    if form.reasoning is not None:
        begin, end = form.reasoning.marks
        opened = before.find(begin)
        closed = before.find(end)
        if closed >= 0:
            reasoning = before[opened + len(begin) if opened >= 0 else 0 : closed].strip("\n")
            before = before[closed + len(end) :]
        elif opened >= 0:
            reasoning, before = before[opened + len(begin) :], ""
    return None if reasoning is None else _bare(reasoning), _bare(before)


def _bare(text: str) -> str:
    """Text without the markers of calls at its end."""
    for mark in {mark for one in FORMATS.values() for mark in one.call_marks}:
        text = text.replace(mark, "")
    return re.sub(r"```\w*\n?$", "", text).strip("\n ")
