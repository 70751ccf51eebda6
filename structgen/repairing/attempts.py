"""Attempts: the values that a text may hold, coerced and validated; an ordered table of strategies makes them.

The first valid attempt is the answer. If none is valid, the best one is in the error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

from structgen.errors import Problem
from structgen.formats.json import json_format
from structgen.frontends.json_schema.view import SchemaView
from structgen.repairing import costs, scalars
from structgen.repairing.calls import calls
from structgen.repairing.coerce import QUOTED, Coercion, coerce
from structgen.repairing.edits import Edit, Grade, worst
from structgen.repairing.envelopes import CARRIERS, fitting, holds_one
from structgen.repairing.json.candidates import (
    Candidate,
    candidates,
    largest,
    last_first,
    read,
    singly,
)
from structgen.repairing.json.native_reader import PackedEdits
from structgen.repairing.json.regions import Region
from structgen.repairing.tree import Node, Tree
from structgen.repairing.yaml.parsers import is_installed
from structgen.repairing.yaml.reading import looks_like_yaml, payload
from structgen.repairing.yaml.reading import read as read_yaml
from structgen.repairing.yaml.strict import strictly
from structgen.repairing.yaml.values import NEEDED

Format = Literal["json", "yaml", "auto"]

Check = Callable[[Any], "tuple[Any, list[Problem]]"]
"""Checks a value: gives what `validate` would return for it, and all that is wrong with it."""

_OTHERS = 8
"""Up to so many candidates are returned as `others`; a text with more is a list of something else."""
_LONG = 50_000
"""Longer texts are tried with well-formed items first, which is many times faster."""
_SCALARS = frozenset(("string", "integer", "number", "boolean", "null"))
_ROUND = re.compile(
    r"""(?:[A-Za-z_][\w.]*)?\(\s*(?:["'{\[(-]|\d|(?:true|false|null|True|False|None)\b).*\)\Z""", re.DOTALL
)
"""A tuple, or a call of a function, around a value."""
_NUMBERS = re.compile(
    r"(?:-?\d[\d.eE+-]*|true|false|null)(?:[ \t]*\r?\n[ \t]*(?:-?\d[\d.eE+-]*|true|false|null))+\Z"
)
_WORD = re.compile(r"\S+")
_ENVELOPE = "the value stands in an envelope that is not in the schema"
_BY_LINES = "read line by line: YAML would be read otherwise"
_IN_DOUBT = "read as if it had had no quotes, though quotes are missing elsewhere"
_IN_A_ROW = "values in a row are read as an array"
_ONE_OF_SEVERAL = "the text has several values: this is one of them"
_MUCH_LARGER = 2
"""A value that is so many times larger than another one is the payload, without a doubt."""
_SEVERAL = "several values where the schema wants an array"


@dataclass(slots=True)
class Parsed:
    """A tree, with its place in the text.

    Attributes:
        node: the value.
        edits: what was changed to read it.
        start: where it begins.
        end: where it ends.
        cut: True if the text breaks off in it.
        format: "json" or "yaml".
        packed: the changes by the native reader.
    """

    node: Node
    edits: list[Edit]
    start: int
    end: int
    cut: bool = False
    format: str = "json"
    packed: list[PackedEdits] = field(default_factory=list)


@dataclass(slots=True)
class Attempt:
    """A value, coerced and validated.

    Attributes:
        parsed: the tree of which it was made.
        value: the value; of a constraint over a Python type, an instance if it is valid.
        plain: the same as JSON has it.
        edits: all changes but the packed ones.
        problems: what is wrong with it; empty if it is valid.
        others: further values of the text.
    """

    parsed: Parsed
    value: Any
    plain: Any
    edits: list[Edit]
    problems: list[Problem]
    others: tuple[Any, ...] = ()

    @property
    def grade(self) -> Grade:
        """The worst grade of its edits."""
        grade = worst(self.edits)
        has_guesses = any(packed.guesses for packed in self.parsed.packed)
        return "guessed" if grade == "lossless" and has_guesses else grade

    @property
    def all_edits(self) -> Iterator[Edit]:
        """All changes."""
        for packed in self.parsed.packed:
            yield from packed
        yield from self.edits


@dataclass(frozen=True)
class Search:
    """What is looked for, and where.

    Attributes:
        text: the text.
        view: what the schema says of the value; None without a schema.
        check: checks a value against it.
        format: what the text is written in.
        defaults: fill in the defaults of required properties.
        nesting: how deep brackets may nest.
    """

    text: str
    view: SchemaView | None
    check: Check | None
    format: Format
    defaults: bool
    nesting: int

    @cached_property
    def is_yaml(self) -> bool:
        """True if the text may be YAML."""
        return self.format == "yaml" or (self.format == "auto" and looks_like_yaml(self.text, self.view))

    @cached_property
    def found(self) -> list[Candidate]:
        """The values that the text may hold as JSON."""
        return [] if self.format == "yaml" else candidates(self.text, self.view, nesting=self.nesting)


def best_attempt(search: Search) -> Attempt | None:
    """Returns the first valid attempt, else the best one; None if there is no value in the text."""
    made: list[Attempt] = []
    for strategy in STRATEGIES:
        for attempt in strategy(search):
            opened = _opened(search, attempt)
            if not opened.problems:
                return opened
            made.append(attempt)
    for attempt in () if search.found else _scalar(search):
        if made and attempt.problems:
            continue
        if not attempt.problems:
            return attempt
        made.append(attempt)
    return _best(made)


def _best(made: list[Attempt]) -> Attempt | None:
    """The attempt with the fewest problems, then the longest; of equals the last candidate of JSON, the first of YAML.

    All attempts at YAML read the same lines, so among them the length says nothing.
    """
    as_yaml = [attempt for attempt in made if attempt.parsed.format == "yaml"]
    as_json = [attempt for attempt in reversed(made) if attempt.parsed.format == "json"]

    def order(attempt: Attempt) -> tuple[int, int]:
        length = attempt.parsed.end - attempt.parsed.start if as_json else 0
        return len(attempt.problems), -length

    return min([*as_json, *as_yaml], key=order, default=None)


def _opened(search: Search, attempt: Attempt) -> Attempt:
    """The attempt, or what is wanted inside of its value, if it is not the value itself: it stands in an envelope."""
    view, node = search.view, attempt.parsed.node
    if view is None or "object" not in view.types:
        return attempt
    is_refused = bool(attempt.problems) or attempt.grade == "dropped"
    if not is_refused and not holds_one(attempt.plain, view):
        return attempt
    read_inside = _embedded(search)
    found: list[Attempt] = []
    carriers = None if is_refused else CARRIERS
    for inner in fitting(node, view, lambda text: read_inside(text, view), carriers):
        parsed = replace(attempt.parsed, node=inner, edits=list(attempt.parsed.edits))
        one = _coerced(search, parsed, efforts=(0, 1))
        if not one.problems:
            found.append(one)
    if not found:
        return attempt
    best = found[-1]
    values = [one.value for one in found if one.value != best.value]
    grade: Grade = "dropped" if values else "guessed"
    best.edits.append(Edit("wrapper", node.start, node.end, grade, _ENVELOPE))
    best.others = (*attempt.others, *values)
    return best


def _as_json_in_yaml(search: Search) -> Iterator[Attempt]:
    """JSON where YAML is wanted, unless it is YAML as it stands."""
    start, end = payload(search.text) if search.format == "yaml" else (0, 0)
    if search.text[start:end].lstrip("\ufeff \t\r\n")[:1] not in ("{", "["):
        return
    if strictly(search.text[start:end]) is None:
        attempt = best_attempt(replace(search, format="json"))
        if attempt is not None:
            yield attempt


# The strategies, in their order. Each yields the attempts that it makes, if it applies.


def _as_yaml(search: Search) -> Iterator[Attempt]:
    """The text is YAML. What the strict parser gives is taken only if nothing has to be guessed."""
    if not search.is_yaml:
        return
    for candidate in read_yaml(search.text, search.view):
        parsed = Parsed(
            candidate.node, candidate.edits, candidate.start, candidate.end, candidate.cut, "yaml"
        )
        if candidate.is_strict:
            attempt = _coerced(search, parsed, efforts=(0,))
            if not attempt.problems and attempt.grade != "lossless":
                continue
        else:
            attempt = _coerced(search, parsed)
            if not attempt.edits and not _is_plain_yaml(search, attempt):
                attempt.edits.append(Edit("layout", parsed.start, parsed.end, "guessed", _BY_LINES))
        yield attempt


def _is_plain_yaml(search: Search, attempt: Attempt) -> bool:
    """Returns True if the strict parser, if there is one, reads the same in a text in which nothing was changed."""
    if not is_installed():
        return True
    parsed = attempt.parsed
    lines = lines_of(search.text, parsed)
    tree = strictly(lines) or strictly(lines.replace("\t", " "))
    if tree is None:
        return False
    strict = _coerced(search, Parsed(tree, [], parsed.start, parsed.end, format="yaml"), efforts=(0,))
    write = json_format().write
    return write(strict.plain) == write(attempt.plain)


def lines_of(text: str, parsed: Parsed) -> str:
    """Returns the lines of a value: all, if there are only space ones, comments and markers of YAML around it."""
    before, after = text[: parsed.start], text[parsed.end :]
    if _is_no_payload(before) and _is_no_payload(after):
        return text
    head = before.rpartition("\n")[2]  # the indentation of the first line counts
    return (head if not head.strip() else "") + text[parsed.start : parsed.end]


def _is_no_payload(text: str) -> bool:
    """Returns True if there are only empty lines, comments and markers of YAML."""
    return all(re.match(r"[ \t\r]*(?:#|\Z)|(?:---|\.\.\.)[ \t\r]*\Z", line) for line in text.split("\n"))


def _as_lines(search: Search) -> Iterator[Attempt]:
    """The text is a sequence of values (JSON Lines, or values in a row), and an array is wanted, or nothing else."""
    view = search.view
    if view is not None and ("array" not in view.types or "object" in view.types):
        return
    if _are_in_a_row(search.text, search.found):
        yield _joined(search, _IN_A_ROW)


def _are_in_a_row(text: str, found: list[Candidate]) -> bool:
    if len(found) < 2 or any(candidate.cost >= costs.IN_A_ROW for candidate in found[:-1]):
        return False
    gaps = [text[: found[0].start], text[found[-1].end :]]
    gaps += [text[a.end : b.start] for a, b in pairwise(found)]
    return not any(
        re.search(r"[^\s,;\ufeff]", gap) and not re.fullmatch(r"\s*(?:```\w*\s*)?", gap) for gap in gaps
    )


def _largest(search: Search) -> Iterator[Attempt]:
    """Without a schema: the candidate that says most."""
    if search.view is None and search.found:
        found = singly(search.found)
        best = largest(found)
        attempt = _of_candidate(search, best)
        others = [other for other in found if other is not best]
        if len(found) <= _OTHERS:
            attempt.others = tuple(_of_candidate(search, other).value for other in others)
            rivals = zip(others, attempt.others, strict=True)
            is_one_of_several = any(
                _rivals(best, other) and value != attempt.value for other, value in rivals
            )
        else:
            is_one_of_several = any(_rivals(best, other) for other in others)
        if is_one_of_several:
            attempt.edits.append(Edit("ambiguous", best.start, best.end, "guessed", _ONE_OF_SEVERAL))
        yield attempt


def _rivals(best: Candidate, other: Candidate) -> bool:
    """Returns True if another value is about as likely the payload as the best one."""
    return other.size * _MUCH_LARGER >= best.size


def _unguided(search: Search) -> Iterator[Attempt]:
    """With a schema: the only candidate as it is read without one, if no bracket was moved and it is valid so.

    Then there is nothing in which the schema could help, and it costs no more than a validation.
    """
    if search.view is None or search.check is None or search.is_yaml:
        return
    found = candidates(search.text, None, nesting=search.nesting)
    if len(found) != 1 or found[0].row is not None or not _is_sure(found[0]):
        return
    attempt = _plain(search, found[0])
    if attempt is None:
        attempt = _of_tree(search, found[0], found[0].tree)
        attempt = _opened(search, attempt) if attempt.problems or attempt.grade == "dropped" else None
    if attempt is not None and not attempt.problems and attempt.grade != "dropped":
        yield attempt


def _plain(search: Search, candidate: Candidate) -> Attempt | None:
    """The value of a candidate as the text has it; None if it is not valid, or a word in it had to be understood."""
    attempt = _of_tree(replace(search, view=None), candidate, candidate.tree)
    is_plain = not attempt.problems and len(attempt.edits) == len(attempt.parsed.edits)
    return attempt if is_plain else None


def _by_items(search: Search) -> Iterator[Attempt]:
    """With a schema: the only candidate of a long text, if it is valid though nobody looked into well-formed items."""
    if search.view is None or search.is_yaml or len(search.text) < _LONG:
        return
    found = candidates(search.text, search.view, nesting=search.nesting, by_items=True)
    if len(found) != 1 or found[0].row is not None or found[0].tree.rival is not None:
        return
    attempt = _plain(search, found[0]) or _of_tree(search, found[0], found[0].tree)
    if not attempt.problems and attempt.grade != "dropped":
        yield attempt


def _is_sure(candidate: Candidate) -> bool:
    """Returns True if no bracket was moved, nothing was dropped, and no other reading is as likely."""
    return candidate.tree.rival is None and not any(
        edit.grade == "dropped" or edit.kind == "bracket"
        for edits in (candidate.edits, candidate.tree.edits)
        for edit in edits
    )


def _last(search: Search) -> Iterator[Attempt]:
    """With a schema: the last candidate that is valid. Earlier ones may be quoted input, or a draft."""
    if search.view is not None:
        found = last_first(search.found)
        for number, candidate in enumerate(found):
            attempt = _of_candidate(search, candidate)
            if not attempt.problems and 1 < len(found) <= _OTHERS:
                earlier = [_of_candidate(search, other) for other in found[number + 1 :]]
                attempt.others = tuple(other.value for other in earlier if not other.problems)
                if any(value != attempt.value for value in attempt.others):
                    edit = Edit("ambiguous", candidate.start, candidate.end, "guessed", _ONE_OF_SEVERAL)
                    attempt.edits.append(edit)
            yield attempt


def _all_as_array(search: Search) -> Iterator[Attempt]:
    """With a schema that allows an array: all candidates are its items."""
    if search.view is not None and len(search.found) > 1 and "array" in search.view.types:
        yield _joined(search, _SEVERAL)


def _as_call(search: Search) -> Iterator[Attempt]:
    """With a schema: the arguments of a call that is no JSON, the last call first."""
    if search.view is None or "object" not in search.view.types:
        return
    for node in reversed(calls(search.text)):
        edit = Edit("call", node.start, node.end, "guessed", "the arguments of a call are read as an object")
        yield _coerced(search, Parsed(node, [edit], node.start, node.end))


STRATEGIES: tuple[Callable[[Search], Iterator[Attempt]], ...] = (
    _as_json_in_yaml,
    _as_yaml,
    _unguided,
    _by_items,
    _as_lines,
    _largest,
    _last,
    _all_as_array,
    _as_call,
)


# Without brackets


def _scalar(search: Search) -> Iterator[Attempt]:
    """A text without brackets: a scalar, if it is nothing but that."""
    text, view = search.text, search.view
    body = re.sub(r"\A\s*(?:```\w*\s)?|```\s*\Z", "", text).strip("\ufeff \t\r\n;")
    if not body or search.format == "yaml":
        return
    start = text.index(body)
    if _ROUND.match(body) is not None or _NUMBERS.match(body) is not None:
        yield from _without_brackets(search, start, body)
        return
    is_quoted = len(body) > 1 and body[0] in "\"'" and body[-1] == body[0]
    if view is None and not is_quoted and _is_text(body):
        # Text without a schema is no value, but a string that is cut off is one.
        candidate = _string(search, start, len(text)) if body[0] == '"' else None
        if candidate is not None and candidate.end >= len(text.rstrip()):
            yield _of_candidate(search, candidate)
        return
    candidate = _string(search, start, start + len(body)) if is_quoted or body[0] == '"' else None
    if candidate is not None:
        yield _of_candidate(search, candidate)
    elif view is None or view.types & _SCALARS or not _is_text(body):
        yield _coerced(
            search, Parsed(Node("b", start, start + len(body), body), [], start, start + len(body))
        )


def _without_brackets(search: Search, start: int, body: str) -> Iterator[Attempt]:
    """What stands in round brackets (a tuple, a call of a function), or numbers and literals line by line."""
    region = Region(start, start + len(body))
    if body[-1] == ")":
        candidate = read(search.text, start, region, search.view, nesting=search.nesting)[0]
        if candidate is not None and search.text[candidate.end : region.stop].strip() in ("", ")"):
            yield _of_candidate(search, candidate)
        return
    words = [
        Node("b", *found.span(), found.group()) for found in _WORD.finditer(search.text, start, region.stop)
    ]
    edit = Edit("bracket", start, region.stop, "guessed", _IN_A_ROW)
    node = Node("[", start, region.stop, words)
    yield _coerced(search, Parsed(node, [edit], start, region.stop))


def _is_text(body: str) -> bool:
    return scalars.strict(body) is scalars.MISSING and scalars.bare(body) is None


def _string(search: Search, start: int, stop: int) -> Candidate | None:
    return read(search.text, start, Region(start, stop), search.view, nesting=search.nesting)[0]


# From trees to attempts


def _of_candidate(search: Search, candidate: Candidate) -> Attempt:
    """The value of a candidate: of its cheapest tree, or of another one, if only that is valid."""
    best = _of_tree(search, candidate, candidate.tree)
    for other in candidate.tree.others if best.problems else ():
        attempt = _of_tree(search, candidate, other)
        if not attempt.problems:
            return attempt
    return best


def _of_tree(search: Search, candidate: Candidate, tree: Tree) -> Attempt:
    assert tree.node is not None
    edits = [*candidate.edits, *tree.edits]
    if tree.rival is not None:
        other = "; ".join(edit.reason for edit in tree.rival if edit.kind == "bracket")[:200]
        reason = f"another reading is as likely{': ' + other if other else ''}"
        edits.append(Edit("ambiguous", candidate.start, candidate.end, "guessed", reason))
    start, end, packed = candidate.start, candidate.end, candidate.packed
    return _coerced(search, Parsed(tree.node, edits, start, end, candidate.cut, packed=packed))


def _joined(search: Search, reason: str) -> Attempt:
    """All candidates as the items of an array."""
    found = search.found
    start, end = found[0].start, found[-1].end
    node = Node("[", start, end, [candidate.tree.node for candidate in found])
    edits = [edit for candidate in found for edit in (*candidate.edits, *candidate.tree.edits)]
    edits.append(Edit("bracket", start, end, "guessed", reason))
    packed = [packed for candidate in found for packed in candidate.packed]
    return _coerced(search, Parsed(node, edits, start, end, found[-1].cut, packed=packed))


def _coerced(search: Search, parsed: Parsed, *, efforts: tuple[int, ...] = (0, 1, 2)) -> Attempt:
    """The value of a tree, with the least effort that makes it valid."""
    best: Attempt | None = None
    for effort in efforts if search.view is not None else (0,):
        # What was chosen of a schema's alternatives may have been the wrong one.
        for merged in (False, True):
            state = Coercion(_embedded(search), effort=effort, defaults=search.defaults, merged=merged)
            attempt = _validated(search, parsed, state)
            if not attempt.problems:
                return attempt
            if best is None or len(attempt.problems) < len(best.problems):
                best = attempt
            if not state.has_chosen:
                break
    assert best is not None
    return best


def _validated(search: Search, parsed: Parsed, state: Coercion) -> Attempt:
    value = coerce(state, parsed.node, search.view)
    edits = parsed.edits + state.log.edits
    if search.view is not None and any(edit.reason in (NEEDED, QUOTED) for edit in edits):
        edits += [Edit("type", of.start, of.end, "guessed", _IN_DOUBT) for of in state.log.doubtful]
    if search.check is None:
        return Attempt(parsed, value, value, edits, [])
    found, problems = search.check(value)
    if value is None and problems:
        problems = [*problems, *missing(search.view)]
    return Attempt(parsed, found, value, edits, problems)


def missing(view: SchemaView | None) -> list[Problem]:
    """Returns a problem for each property that is required where there is no value at all."""
    if view is None or "object" not in view.types:
        return []
    return [Problem("#", f"{name!r} is a required property") for name in view.required]


def _embedded(search: Search) -> Callable[[str, SchemaView | None], Node | None]:
    """What reads JSON that stands in a string."""

    def read_embedded(text: str, view: SchemaView | None) -> Node | None:
        start = len(text) - len(text.lstrip())
        candidate, reached = read(text, start, Region(0, len(text)), view, nesting=search.nesting)
        if candidate is None or text[reached:].strip() or candidate.cost > costs.EMBEDDED:
            return None
        return candidate.tree.node

    return read_embedded
