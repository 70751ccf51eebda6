"""Plan: what a reply may be, once the options of `tools()` are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from structgen.calling.bodies.names import unknown_name
from structgen.calling.emission import Embedded
from structgen.calling.format import Format
from structgen.calling.tool import Tool
from structgen.constraint import Constraint
from structgen.errors import InvalidOptionError

_WORDS = ("auto", "none", "required", "required, text")


@dataclass(frozen=True)
class Calls:
    """How many calls of which tools.

    Attributes:
        names: of the tools that may be called.
        least: how many calls at least.
        most: how many at most; None: any number.
        has_text: text may stand where the format has it.
    """

    names: tuple[str, ...]
    least: int
    most: int | None
    has_text: bool


@dataclass(frozen=True)
class Plan:
    """What a reply may be.

    Attributes:
        format: how it is written.
        tools: those that may be called, by their names.
        calls: how many.
        reasoning: None: as the model likes; True: there is some; False: there is none; or a constraint of it.
        reasoning_tokens: how long it is at most.
        response: what the text is; None: any text.
        embedded: rules of the tools, which all grammars of the plan share.
    """

    format: Format
    tools: Mapping[str, Tool]
    calls: Calls
    reasoning: bool | Constraint | None = None
    reasoning_tokens: int | None = None
    response: Constraint | None = None
    embedded: Embedded = field(default_factory=dict, repr=False, compare=False)


def read_choice(choice: Any, names: Sequence[str], parallel: bool | int) -> Calls:
    """The choice of a caller.

    Raises:
        InvalidOptionError: It is none, or names a tool that is not there.
    """
    most = None if parallel is True else int(parallel) or 1
    if isinstance(choice, Mapping):
        return _of_dict(choice, names, most)
    if isinstance(choice, str):
        return _of_word(choice, names, most)
    if isinstance(choice, Iterable):
        chosen = tuple(choice)
        for name in chosen:
            _check_name(name, names, choice)
        if not chosen:
            raise InvalidOptionError(
                "choice", choice, "must be a list with a tool's name; choice='none' allows no calls"
            )
        return Calls(chosen, 1, most, False)
    raise InvalidOptionError(
        "choice", choice, f"must be one of {', '.join(_WORDS)}, a name, a list of names, or an API's dict"
    )


def _of_word(choice: str, names: Sequence[str], most: int | None) -> Calls:
    everything = tuple(names)
    if choice == "none" or (choice == "auto" and not names):
        return Calls((), 0, 0, True)
    if choice == "auto":
        return Calls(everything, 0, most, True)
    if choice in ("required", "required, text", "any"):
        if not names:
            raise InvalidOptionError("choice", choice, "must be 'none' or 'auto': there are no tools")
        return Calls(everything, 1, most, choice == "required, text")
    _check_name(choice, names, choice)
    return Calls((choice,), 1, 1, False)


def _of_dict(choice: Mapping[str, Any], names: Sequence[str], most: int | None) -> Calls:
    kind = choice.get("type")
    if choice.get("disable_parallel_tool_use"):
        most = 1
    if kind == "allowed_tools":
        entry = choice.get("allowed_tools", choice)
        allowed = tuple(_name_in(one) for one in entry.get("tools", ()))
        for name in allowed:
            _check_name(name, names, choice)
        return _of_word(entry.get("mode", "auto"), allowed, most)
    if kind in ("auto", "none", "required", "any"):
        return _of_word(kind, names, most)
    if kind in ("tool", "function", "custom"):
        name = _name_in(choice)
        _check_name(name, names, choice)
        return Calls((name,), 1, 1, False)
    raise InvalidOptionError(
        "choice", choice, "must be a choice of OpenAI's or Anthropic's API, if it is a dict"
    )


def _name_in(entry: Any) -> Any:
    if not isinstance(entry, Mapping):
        return entry
    inner = entry.get(str(entry.get("type")), entry)
    return (inner if isinstance(inner, Mapping) else entry).get("name")


def _check_name(name: Any, names: Sequence[str], choice: Any) -> None:
    if name not in names:
        shown = ", ".join(names) or "none"
        reason = (
            f"must be a tool's name ({shown}) or one of {', '.join(_WORDS)}: {unknown_name(str(name), names)}"
        )
        raise InvalidOptionError("choice", choice, reason)
