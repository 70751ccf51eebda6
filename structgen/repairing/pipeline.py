"""repair(): the text as it is, if that is valid; else the best of all attempts to read it (attempts.py)."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, cast, get_args, runtime_checkable

from structgen.errors import InvalidOptionError, InvalidText, Problem, RepairError
from structgen.formats.format import Format as TextFormat
from structgen.formats.json import JsonText, json_format
from structgen.formats.yaml import Yaml, yaml_format
from structgen.frontends.json_schema.view import SchemaView
from structgen.limits import LIMITS, Limits
from structgen.options import check_flags, check_option
from structgen.repairing import _reader
from structgen.repairing.attempts import Attempt, Format, Parsed, Search, best_attempt, lines_of, missing
from structgen.repairing.decoding import decoded
from structgen.repairing.edits import Edit, Grade, worse, worst
from structgen.repairing.edits import Repair as Repair
from structgen.repairing.envelopes import holds_one
from structgen.repairing.foreign_marks import Unescaped, without_entities, without_wide_marks
from structgen.repairing.prefixes import without_prefixes
from structgen.repairing.tree import scalar_spans

_LONG = 20_000
"""Code points from which on a text is long."""
_SPANS = 64
"""Lines, and parts in quotes, that are tried against a constraint that is no schema: the last ones."""
_COMMENT = re.compile(r"(?:(?<=\s)|^)#[^\n]*", re.MULTILINE)
_QUOTES = ".\"'`*“”"


class Repairable(Protocol):
    """What a repair uses of a `Constraint`."""

    @property
    def description(self) -> str:
        """What it was made from, in one line."""

    @property
    def schema(self) -> Any:
        """What checks the values of a schema."""

    @property
    def view(self) -> SchemaView | None:
        """What a schema says of the value; None if the constraint is no schema."""

    def validate(self, text: str) -> Any:
        """Returns the value of a text; raises `InvalidText`."""

    def is_valid(self, text: str) -> bool:
        """Returns True if `validate` accepts a text."""

    def check_value(self, value: Any) -> tuple[Any, list[Problem]]:
        """Returns what `validate` would return for a value, and all that is wrong with it."""


@runtime_checkable
class OfReplies(Protocol):
    """A constraint whose texts are replies with calls of tools (`structgen.calling`)."""

    def mended(self, text: str, mend: Callable[..., Repair]) -> Any:
        """Returns the `reply` that was meant, and the `changes`; None if nothing can be made of the text."""

    def written(self, reply: Any) -> str:
        """Returns the text of a reply."""


def repair(
    text: str | bytes,
    constraint: Repairable | None = None,
    *,
    format: Format = "auto",
    allow: Grade = "dropped",
    defaults: bool = False,
    reformat: bool = False,
    limits: Limits | None = None,
) -> Repair:
    """`structgen.repair`, for a constraint that is one already (see `structgen.repairing.repair`)."""
    check_options(format=format, allow=allow, defaults=defaults, reformat=reformat, limits=limits)
    check_constraint(constraint)
    limits = limits or Limits()
    with _uncollected(len(text)):
        decoded_text, before = decoded(text) if isinstance(text, (bytes, bytearray)) else (text, [])
        given: Any = constraint
        if isinstance(given, OfReplies):
            return _reply(decoded_text, given, before, allow)
        if format != "yaml" and not before:
            strict = _as_it_is(decoded_text, constraint, reformat=reformat)
            if strict is not None:
                return strict
        if constraint is not None and constraint.view is None:
            return _last_valid_part(decoded_text, constraint, before)
        unescaped = without_entities(decoded_text)
        if unescaped is not None:
            return _unescaped(unescaped, constraint, format, allow, defaults=defaults, limits=limits)
        plain_text, prefixes = without_prefixes(decoded_text)
        plain_text, wide = without_wide_marks(plain_text)
        before = [*before, *prefixes, *wide]
        view, check = (None, None) if constraint is None else (constraint.view, constraint.check_value)
        search = Search(plain_text, view, check, format, defaults, limits.nesting)
        attempt = best_attempt(search)
        if attempt is None:
            raise RepairError("there is no value in the text", text=decoded_text, problems=missing(view))
        return _answer(plain_text, attempt, before, allow, reformat=reformat)


def _unescaped(
    unescaped: Unescaped,
    constraint: Repairable | None,
    format: Format,
    allow: Grade,
    *,
    defaults: bool,
    limits: Limits,
) -> Repair:
    """The answer for a text whose quotes were entities of HTML, with places in that text."""
    try:
        found = repair(
            unescaped.text, constraint, format=format, allow=allow, defaults=defaults, limits=limits
        )
    except RepairError as error:
        error.edits = unescaped.all_edits(error.edits)
        raise
    around = tuple(map(unescaped.span, found.surrounding))
    edits = unescaped.all_edits(found.edits)
    cut = None if found.truncated is None else unescaped.place(found.truncated)
    return Repair(found.value, found.text, edits, found.format, cut, around, found.others)


def check_options(
    *,
    format: Format = "auto",
    allow: Grade = "dropped",
    defaults: bool = False,
    reformat: bool = False,
    limits: Limits | None = None,
) -> None:
    """See that options of `repair` have values that they may have.

    Raises:
        InvalidOptionError: One has not.
    """
    check_option("format", format, get_args(Format))
    check_option("allow", allow, get_args(Grade))
    check_option("limits", limits, LIMITS)
    check_flags(defaults=defaults, reformat=reformat)
    if not isinstance(limits, Limits):
        check_option("limits", limits, (None,), or_else="Limits")


def check_constraint(constraint: Repairable | None) -> None:
    """See that texts of a constraint can be repaired.

    Raises:
        InvalidOptionError: It is no constraint, or its texts are of another format, such as TOML.
    """
    if constraint is not None and not callable(getattr(constraint, "check_value", None)):
        raise InvalidOptionError("constraint", constraint, "must be a Constraint or None")
    form = None if constraint is None else getattr(constraint.schema, "format", None)
    if isinstance(form, TextFormat) and not isinstance(form, (JsonText, Yaml)):
        assert constraint is not None
        reason = f"must be of JSON or YAML: {form.title} is not repaired"
        raise InvalidOptionError("constraint", constraint.description, reason)


@contextmanager
def _uncollected(length: int) -> Iterator[None]:
    """Pauses Python's cyclic garbage collector while a long text is parsed: parsing makes no cycles.

    The collector would visit all objects made so far again and again: a third of the time, more for longer texts.
    """
    if length < _LONG or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _reply(text: str, constraint: OfReplies, before: list[Edit], allow: Grade) -> Repair:
    """The answer for a reply with calls of tools.

    Raises:
        RepairError: Nothing can be made of it, or only by edits that `allow` forbids.
    """
    found = constraint.mended(text, repair)
    if found is None:
        raise RepairError("the text is no reply, and holds no call that can be read", text=text)
    edits = (
        *before,
        *(
            Edit(kind, start, end, cast("Grade", grade), why)
            for kind, start, end, grade, why in found.changes
        ),
    )
    if worse(worst(edits), allow) != allow:
        message = f"the reply needs edits that are worse than allow={allow!r}"
        raise RepairError(message, text=text, value=found.reply, edits=edits)
    cut = len(text) if any(edit.kind == "cut" for edit in edits) else None
    return Repair(found.reply, constraint.written(found.reply) if edits else text, edits, "text", cut)


# Valid text


def _as_it_is(text: str, constraint: Repairable | None, *, reformat: bool) -> Repair | None:
    """The answer if the text is valid as it is."""
    checked = _reader.check(text)
    if not checked or not _is_utf8(text):
        return None
    try:
        value = json.loads(text, object_pairs_hook=_distinct if checked > 1 else None)
    except (ValueError, RecursionError):
        return None
    if constraint is not None:
        if holds_one(value, constraint.view):
            return None
        try:
            value = constraint.validate(text)
        except InvalidText:
            return None
    elif reformat:
        return Repair(value, json_format().write(value, indent=2))
    return Repair(value, text)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key comes twice")
    return found


def _is_utf8(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# The answer


def _answer(text: str, attempt: Attempt, before: list[Edit], allow: Grade, *, reformat: bool) -> Repair:
    """Make the outcome of an attempt, or the error.

    Raises:
        RepairError: It is not valid, or has edits that `allow` forbids.
    """
    parsed = attempt.parsed

    def edits() -> tuple[Edit, ...]:
        made = [*before, *attempt.all_edits]
        if parsed.format == "yaml" and made:  # the text is written again
            made += _comments(text, parsed, made)
        return tuple(sorted(made, key=lambda edit: edit.span))

    def written() -> str:
        is_changed = bool(before or attempt.edits or any(map(len, parsed.packed)))
        return _written(text, attempt, is_changed=is_changed, reformat=reformat)

    grade = worse(worst(before), attempt.grade)
    if attempt.problems:
        message = "the repaired text is not what the constraint says"
    elif worse(grade, allow) != allow:
        wrong = [edit for edit in edits() if worse(edit.grade, allow) != allow]
        message = f"{len(wrong)} edits are worse than allow={allow!r}: {wrong[0]}"
    else:
        around = _without_blank(text, (0, parsed.start), (parsed.end, len(text)))
        cut = len(text) if parsed.cut else None
        return Repair(attempt.value, written, edits, parsed.format, cut, around, attempt.others, grade=grade)
    raise RepairError(message, text=written(), value=attempt.value, edits=edits(), problems=attempt.problems)


def _comments(text: str, parsed: Parsed, made: list[Edit]) -> Iterator[Edit]:
    """Yields the comments of YAML that are dropped: those that stand in no key, scalar or edit."""
    at = parsed.start
    spans = sorted([*scalar_spans(parsed.node), *(edit.span for edit in made)])
    for start, end in [*spans, (parsed.end, parsed.end)]:
        for found in _COMMENT.finditer(text, at, max(at, start)):
            yield Edit("comment", *found.span(), "lossless", "comments of YAML are left out")
        at = max(at, end)


def _without_blank(text: str, *spans: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    return tuple((start, end) for start, end in spans if text[start:end].strip())


def _written(text: str, attempt: Attempt, *, is_changed: bool, reformat: bool) -> str:
    """Valid text of an attempt; the text itself if that is valid as it is."""
    parsed = attempt.parsed
    as_it_is = text[parsed.start : parsed.end]
    if parsed.format == "yaml":
        if not is_changed:
            as_it_is = lines_of(text, parsed)
        has_fence = as_it_is is not text and ("```" in as_it_is or "~~~" in as_it_is)  # would be read as one
        is_new = reformat or is_changed or has_fence or not _is_utf8(as_it_is)
        return yaml_format().write(attempt.plain) if is_new else as_it_is
    if not is_changed and not reformat and _reader.check(as_it_is) and _is_utf8(as_it_is):
        return as_it_is
    in_lines = reformat or "\n" in as_it_is.strip()
    return json_format().write(attempt.plain, indent=2 if in_lines else None)


# Constraints that are no schema


def _last_valid_part(text: str, constraint: Repairable, before: list[Edit]) -> Repair:
    """The last part of a text that a regular expression, a grammar or a choice accepts.

    Raises:
        RepairError: There is none.
    """
    for start, end in _parts(text):
        body = text[start:end]
        for shown in (body, body.strip(), body.strip().strip(_QUOTES).strip()):
            if shown and constraint.is_valid(shown):
                at = text.index(shown, start)
                stop = at + len(shown)
                around = _without_blank(text, (0, at), (stop, len(text)))
                return Repair(constraint.validate(shown), shown, tuple(before), "text", None, around)
    raise RepairError("no part of the text is what the constraint says", text=text)


def _parts(text: str) -> Iterator[tuple[int, int]]:
    """Yields the whole text, then parts in quotes, lines and fences, the last first."""
    yield 0, len(text)
    fences = [found.span(1) for found in re.finditer(r"```\w*\n?(.*?)\n?```", text, re.DOTALL)]
    lines = [found.span() for found in re.finditer(r"[^\n]+", text)]
    quoted = [found.span(2) for found in re.finditer(r"(\*\*|[\"'`“*])(.{1,400}?)(?:\1|”)", text)]
    yield from reversed([*fences, *lines[-_SPANS:], *quoted[-_SPANS:]])
