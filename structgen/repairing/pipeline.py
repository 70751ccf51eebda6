"""repair(): strict first, then the candidates of the text, read and fitted; what validates is the answer."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, get_args

from structgen.constraint import Constraint
from structgen.errors import InvalidOptionError, InvalidText, Problem, RepairError
from structgen.formats.json import json_format
from structgen.formats.toml import Toml
from structgen.formats.yaml import yaml_format
from structgen.frontends.json_schema.view import SchemaView
from structgen.limits import Limits
from structgen.options import check_flags, check_option
from structgen.repairing import _reader, scalars
from structgen.repairing.decoding import decoded
from structgen.repairing.edits import Edit, Grade, worst
from structgen.repairing.edits import Repair as Repair
from structgen.repairing.fit import ASKED, Fitter
from structgen.repairing.json.candidates import Candidate, candidates, largest, last_first, read, singly
from structgen.repairing.json.native_reader import PackedEdits
from structgen.repairing.json.regions import Region
from structgen.repairing.tree import Node, Tree
from structgen.repairing.yaml import reading as yaml_reading
from structgen.repairing.yaml.reading import looks_like_yaml
from structgen.repairing.yaml.values import NEEDED
from structgen.repairing.yaml_strict import is_installed, strictly

Format = Literal["json", "yaml", "auto"]
_JSON = json_format()
_WORSE: dict[Grade, int] = {"lossless": 0, "guessed": 1, "dropped": 2}
_LONG = 20_000
"""Code points from which on a text is long."""
_EMBEDDED = 3
"""JSON in a string in JSON in a string ...: so many levels."""

_NO_YAML = "read line by line: YAML would be read otherwise"
_DOUBT = "read as if it had had no quotes, though quotes are missing elsewhere"


class _Repeated(ValueError):
    """A key comes twice."""


def repair(
    text: str | bytes,
    constraint: Constraint | None = None,
    *,
    format: Format = "auto",
    allow: Grade = "dropped",
    defaults: bool = False,
    reformat: bool = False,
    limits: Limits | None = None,
) -> Repair:
    """The value that a damaged text was meant to have, and what had to be changed.

    Args:
        text: what a model wrote, or what came over a wire: bytes are read as UTF-8.
        constraint: what the value must be; decides what the text leaves open.
        format: what the text is written in; "auto": JSON, or YAML where it looks like that.
        allow: the worst grade of edit that is accepted: "lossless" refuses every guess, "guessed" every loss.
        defaults: fill required members that are missing with the defaults of the schema.
        reformat: write `.text` anew even if nothing was changed.
        limits: `nesting` bounds how deep brackets may nest.

    Returns:
        The value, valid text for it, and all edits. Valid text comes back as it is.

    Raises:
        RepairError: There is no value in the text, or none that the constraint accepts, or only by edits that `allow`
            forbids. Says what is still wrong by JSON Pointer; has the best value and its edits.
        LimitExceeded: Brackets nest too deeply.
        InvalidOptionError: An option has a value that it may not have.

    Time is linear in the text. Nothing is invented: a required member that is missing is an error.

    >>> repair("Sure! {name: 'Robert Burns', born: 1759,").value
    {'name': 'Robert Burns', 'born': 1759}
    """
    check_options(format=format, allow=allow, defaults=defaults, reformat=reformat)
    check_constraint(constraint)
    with _uncollected(len(text)):
        return _Pipeline(constraint, format, allow, defaults, reformat, limits or Limits()).run(text)


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
    check_flags(defaults=defaults, reformat=reformat)
    if not isinstance(limits, Limits):
        check_option("limits", limits, (None,), or_else="Limits")


def check_constraint(constraint: Constraint | None) -> None:
    """See that texts of a constraint can be repaired.

    Raises:
        InvalidOptionError: They are TOML.
    """
    if constraint is not None and isinstance(getattr(constraint.schema, "format", None), Toml):
        raise InvalidOptionError(
            "constraint", constraint.description, "must be of JSON or YAML: TOML is not repaired"
        )


@contextmanager
def _uncollected(length: int) -> Iterator[None]:
    """Without Python's search for cycles while a long text is read: nothing that a reading makes has any.

    The search goes through all that was made so far again and again: a third of the time, and more the longer the text.
    """
    if length < _LONG or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@dataclass(slots=True)
class _Attempt:
    """A value made of one candidate, or of all of them."""

    value: Any
    plain: Any
    edits: list[Edit]
    start: int
    end: int
    cut: bool
    problems: list[Problem]
    format: str = "json"
    packed: list[PackedEdits] = field(default_factory=list)

    @property
    def grade(self) -> Grade:
        """The worst grade of its edits."""
        found = worst(self.edits)
        return "guessed" if found == "lossless" and any(packed.guesses for packed in self.packed) else found


class _Pipeline:
    def __init__(
        self,
        constraint: Constraint | None,
        format: Format,
        allow: Grade,
        defaults: bool,
        reformat: bool,
        limits: Limits,
    ) -> None:
        self.constraint = constraint
        self.format = format
        self.allow = allow
        self.defaults = defaults
        self.reformat = reformat
        self.limits = limits
        self.guide: SchemaView | None = None if constraint is None else constraint.view

    def run(self, given: str | bytes) -> Repair:
        text, before = decoded(given) if isinstance(given, (bytes, bytearray)) else (given, [])
        if self.format != "yaml":
            strict = self._strictly(text)
            if strict is not None and not before:
                return strict
        if self.constraint is not None and self.constraint.schema is None:
            return self._plain_text(text, before)
        attempts = self._attempts(text)
        if not attempts:
            raise RepairError("there is no value in the text", text=text)
        return self._answer(text, attempts, before)

    def _strictly(self, text: str) -> Repair | None:
        """The answer if the text is valid as it is."""
        checked = _reader.check(text)
        if not checked:
            return None
        try:
            value = json.loads(text, object_pairs_hook=_distinct if checked > 1 else None)
        except (ValueError, RecursionError):
            return None
        if not text.isascii() and not _is_utf8(text):
            return None
        if self.constraint is not None:
            try:
                value = self.constraint.validate(text)
            except InvalidText:
                return None
        return Repair(
            value, _JSON.write(value, indent=2) if self.reformat and self.constraint is None else text
        )

    # Attempts

    def _attempts(self, text: str) -> list[_Attempt]:
        """What the text may mean, the likeliest first; all that follow a valid one are left out."""
        made: list[_Attempt] = []
        if self.format == "yaml" or (self.format == "auto" and looks_like_yaml(text, self.guide)):
            for reading in yaml_reading.read(text, self.guide):
                made.append(
                    self._fitted(
                        reading.node,
                        reading.edits,
                        reading.start,
                        reading.end,
                        reading.cut,
                        "yaml",
                        (0,) if reading.is_strict else (0, 1, 2),
                    )
                )
                if not reading.is_strict and not made[-1].edits and not self._is_plain_yaml(text, made[-1]):
                    made[-1].edits.append(Edit("layout", reading.start, reading.end, "guessed", _NO_YAML))
                if not made[-1].problems and not (reading.is_strict and made[-1].grade != "lossless"):
                    return [made[-1]]
            made.sort(key=lambda attempt: len(attempt.problems))
            if self.format == "yaml":
                return made
        found = candidates(text, self.guide, nesting=self.limits.nesting)
        if not found:
            return made or self._scalar(text)
        if self.guide is None:
            lines = _as_lines(text, found)
            if lines is not None:
                return [self._joined(found, lines)]
            found = singly(found)
            best = largest(found)
            return [
                self._made(best),
                *(self._made(other) for other in found if other is not best and len(found) <= 8),
            ]
        if "array" in self.guide.types and "object" not in self.guide.types:
            lines = _as_lines(text, found)
            if lines is not None:
                made.insert(0, self._joined(found, lines))
                if not made[0].problems:
                    return made
        for candidate in last_first(found):
            attempt = self._made(candidate)
            made.insert(0, attempt)
            if not attempt.problems:
                return made
        if len(found) > 1 and "array" in self.guide.types:
            made.insert(0, self._joined(found, "several values where an array is asked for"))
        made.sort(key=lambda attempt: (len(attempt.problems), attempt.start - attempt.end))
        return made

    def _is_plain_yaml(self, text: str, attempt: _Attempt) -> bool:
        """Whether the strict parser, if there is one, reads the same in a text in which nothing had to be changed."""
        if not is_installed():
            return True
        lines = _lines_of(text, attempt)
        tree = strictly(lines) or strictly(lines.replace("\t", " "))
        if tree is None:
            return False
        strict = self._fitted(tree, [], attempt.start, attempt.end, False, "yaml", (0,))
        return _JSON.write(strict.plain) == _JSON.write(attempt.plain)

    def _made(self, candidate: Candidate) -> _Attempt:
        best = self._of_tree(candidate, candidate.tree)
        for other in candidate.tree.others if best.problems else ():
            attempt = self._of_tree(candidate, other)
            if not attempt.problems:
                return attempt
        return best

    def _of_tree(self, candidate: Candidate, tree: Tree) -> _Attempt:
        assert tree.node is not None
        edits = [*candidate.edits, *tree.edits]
        if tree.rival is not None:
            other = "; ".join(edit.reason for edit in tree.rival if edit.kind == "bracket")[:200]
            reason = f"another reading is as likely{': ' + other if other else ''}"
            edits.append(Edit("ambiguous", candidate.start, candidate.end, "guessed", reason))
        attempt = self._fitted(tree.node, edits, candidate.start, candidate.end, candidate.cut, "json")
        attempt.packed = candidate.packed
        return attempt

    def _fitted(
        self,
        node: Node,
        edits: list[Edit],
        start: int,
        end: int,
        cut: bool,
        format: str,
        efforts: tuple[int, ...] = (0, 1, 2),
    ) -> _Attempt:
        """The value of a tree, with the least effort that makes it valid."""
        best: _Attempt | None = None
        for effort in efforts if self.guide is not None else (0,):
            for merged in (
                False,
                True,
            ):  # what was chosen of a schema's alternatives may have been the wrong one
                fitter = self._fitter(effort, merged=merged)
                value = fitter.fit(node, self.guide)
                found = edits + fitter.edits
                if self.guide is not None and any(edit.reason in (NEEDED, ASKED) for edit in found):
                    found += [Edit("type", of.start, of.end, "guessed", _DOUBT) for of in fitter.doubtful]
                attempt = self._finished(value, found, start, end, cut, format)
                if best is None or len(attempt.problems) < len(best.problems):
                    best = attempt
                if not attempt.problems:
                    return attempt
                if not fitter.has_chosen:
                    break
        assert best is not None
        return best

    def _joined(self, found: list[Candidate], reason: str) -> _Attempt:
        node = Node("[", found[0].start, found[-1].end, [candidate.tree.node for candidate in found])
        edits = [edit for candidate in found for edit in (*candidate.edits, *candidate.tree.edits)]
        edits.append(Edit("bracket", node.start, node.end, "guessed", reason))
        attempt = self._fitted(node, edits, node.start, node.end, found[-1].cut, "json")
        attempt.packed = [packed for candidate in found for packed in candidate.packed]
        return attempt

    def _scalar(self, text: str) -> list[_Attempt]:
        """A text without brackets: a scalar, if it is nothing but that."""
        body = re.sub(r"\A\s*(?:```\w*\s)?|```\s*\Z", "", text).strip("\ufeff \t\r\n;")
        if not body:
            return []
        start = text.index(body)
        quoted = len(body) > 1 and body[0] in "\"'" and body[-1] == body[0]
        if (
            not quoted
            and self.guide is None
            and scalars.strict(body) is scalars.MISSING
            and scalars.bare(body) is None
        ):
            if body[0] != '"':
                return []
            lexed, _ = read(text, start, Region(start, len(text)), None, nesting=self.limits.nesting)
            return [self._made(lexed)] if lexed is not None and lexed.end >= len(text.rstrip()) else []
        if quoted or body[0] == '"':
            lexed, _ = read(
                text,
                start,
                Region(start, start + len(body)),
                self.guide,
                nesting=self.limits.nesting,
            )
            if lexed is not None:
                return [self._made(lexed)]
        if self.guide is not None and not self.guide.types & {
            "string",
            "integer",
            "number",
            "boolean",
            "null",
        }:
            return []
        node = Node("b", start, start + len(body), body)
        return [self._fitted(node, [], start, start + len(body), False, "json")]

    def _fitter(self, effort: int, level: int = 0, *, merged: bool = False) -> Fitter:
        def embedded(text: str, guide: SchemaView | None) -> Node | None:
            if level >= _EMBEDDED:
                return None
            region = Region(0, len(text))
            candidate, reached = read(
                text, len(text) - len(text.lstrip()), region, guide, nesting=self.limits.nesting
            )
            if (
                candidate is None
                or candidate.tree.node is None
                or text[reached:].strip()
                or candidate.cost > 3
            ):
                return None
            return candidate.tree.node

        return Fitter(embedded, effort=effort, defaults=self.defaults, merged=merged)

    def _finished(
        self, value: Any, edits: list[Edit], start: int, end: int, cut: bool, format: str
    ) -> _Attempt:
        plain = value
        problems: list[Problem] = []
        if self.constraint is not None and self.constraint.schema is not None:
            try:
                value = self.constraint.validate(_JSON.write(value))
            except InvalidText as error:
                problems = self.constraint.schema.problems(value) or [Problem("#", error.reason)]
        return _Attempt(value, plain, edits, start, end, cut, problems, format)

    # The answer

    def _answer(self, text: str, attempts: Sequence[_Attempt], before: list[Edit]) -> Repair:
        best, grade = attempts[0], attempts[0].grade
        if _WORSE[worst(before)] > _WORSE[grade]:
            grade = worst(before)

        def changed() -> tuple[Edit, ...]:
            made = [*before, *(edit for packed in best.packed for edit in packed), *best.edits]
            return tuple(sorted(made, key=lambda edit: (edit.start, edit.end)))

        def written() -> str:
            return self._written(
                text, best, is_changed=bool(before or best.edits or any(map(len, best.packed)))
            )

        if best.problems:
            raise RepairError(
                "the repaired text is not what the constraint says",
                text=written(),
                value=best.value,
                edits=changed(),
                problems=best.problems,
            )
        if _WORSE[grade] > _WORSE[self.allow]:
            edits = changed()
            wrong = [edit for edit in edits if _WORSE[edit.grade] > _WORSE[self.allow]]
            raise RepairError(
                f"{len(wrong)} edits are worse than allow={self.allow!r}: {wrong[0]}",
                text=written(),
                value=best.value,
                edits=edits,
            )
        around = tuple(
            (start, end) for start, end in ((0, best.start), (best.end, len(text))) if text[start:end].strip()
        )
        others = tuple(attempt.value for attempt in attempts[1:] if not attempt.problems)
        cut = len(text) if best.cut else None
        return Repair(best.value, written, changed, best.format, cut, around, others, grade=grade)

    def _written(self, text: str, best: _Attempt, *, is_changed: bool) -> str:
        """Valid text of an attempt; the text itself if that is valid as it is."""
        as_it_is = text[best.start : best.end]
        if best.format == "yaml":
            if not is_changed:
                as_it_is = _lines_of(text, best)
            is_part = as_it_is is not text and (
                "```" in as_it_is or "~~~" in as_it_is
            )  # would be read as a fence
            is_new = self.reformat or is_changed or is_part or not _is_utf8(as_it_is)
            return yaml_format().write(best.plain) if is_new else as_it_is
        if not is_changed and not self.reformat and _is_json(as_it_is):
            return as_it_is
        in_lines = self.reformat or "\n" in as_it_is.strip()
        return _JSON.write(best.plain, indent=2 if in_lines else None)

    def _plain_text(self, text: str, before: list[Edit]) -> Repair:
        """Of a regular expression, a grammar, choices: the last part of the text that they accept."""
        constraint = self.constraint
        assert constraint is not None
        spans = [(0, len(text))]
        spans += [found.span(1) for found in re.finditer(r"```\w*\n?(.*?)\n?```", text, re.DOTALL)]
        spans += [found.span() for found in re.finditer(r"[^\n]+", text)][-64:]
        spans += [found.span(2) for found in re.finditer(r"(\*\*|[\"'`“*])(.{1,400}?)(?:\1|”)", text)][-64:]
        for start, end in [*spans[:1], *reversed(spans[1:])]:
            body = text[start:end]
            for shown in (body, body.strip(), body.strip().strip(".\"'`*“”").strip()):
                if shown and constraint.is_valid(shown):
                    at = text.index(shown, start)
                    stop = at + len(shown)
                    around = tuple(s for s in ((0, at), (stop, len(text))) if text[s[0] : s[1]].strip())
                    return Repair(constraint.validate(shown), shown, tuple(before), "text", None, around)
        raise RepairError("no part of the text is what the constraint says", text=text)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    raise _Repeated


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _lines_of(text: str, attempt: _Attempt) -> str:
    """The lines of an attempt: all, if there are only blank ones, comments and markers of YAML around it."""
    before, after = text[: attempt.start], text[attempt.end :]
    if _is_no_payload(before) and _is_no_payload(after):
        return text
    head = before.rpartition("\n")[2]  # the indentation of the first line counts
    return (head if not head.strip() else "") + text[attempt.start : attempt.end]


def _is_no_payload(text: str) -> bool:
    """Whether there are only blank lines, comments and markers of YAML in what stands around a value."""
    return all(re.match(r"[ \t\r]*(?:#|\Z)|(?:---|\.\.\.)[ \t\r]*\Z", line) for line in text.split("\n"))


def _is_json(text: str) -> bool:
    return _reader.check(text) > 0 and _is_utf8(text)


def _as_lines(text: str, found: list[Candidate]) -> str | None:
    """Whether all candidates are one sequence of values (JSON Lines, or values in a row): the reason to say so."""
    if len(found) < 2 or any(candidate.cost >= 1 for candidate in found[:-1]):
        return None
    gaps = [text[: found[0].start], text[found[-1].end :]]
    gaps += [text[a.end : b.start] for a, b in pairwise(found)]
    if any(re.search(r"[^\s,;\ufeff]", gap) and not re.fullmatch(r"\s*(?:```\w*\s*)?", gap) for gap in gaps):
        return None
    return "values in a row are read as an array"
