"""`structural_tag()`: the JSON that requests to vLLM and SGLang carry (xgrammar's structural tags).

Both forms are read: `{"type": "structural_tag", "format": {...}}`, and the older one with `structures` and `triggers`.
The format types are those of https://xgrammar.mlc.ai/docs/tutorials/structural_tag.html.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from structgen.calling.emission import Rules
from structgen.calling.marked import MarkedConstraint
from structgen.calling.wire import Wire, free_text
from structgen.constraint import Constraint, remembers_arguments
from structgen.errors import InvalidFormError
from structgen.frontends.gbnf import gbnf
from structgen.frontends.json_schema import json_schema
from structgen.frontends.regex import regex
from structgen.grammar.rules import Choice, Grammar, Repetition, RuleExpression, Sequence, Terminal

_NOTHING = Sequence(())


@remembers_arguments
def structural_tag(tag: Mapping[str, Any]) -> Constraint:
    """What a structural tag says.

    Args:
        tag: the dict, in the current or the older form.

    Returns:
        A constraint whose value is the text.

    Raises:
        InvalidFormError: The dict is malformed; names the place by JSON Pointer.
    """
    if not isinstance(tag, Mapping):
        raise InvalidFormError("#", f"{tag!r:.80} is no structural tag, which is a dict")
    form, place = _current(tag)
    reader = _Reader()
    grammar = partial(reader.grammar, form, place)
    return MarkedConstraint(
        grammar(Wire()), description="structural tag", build=grammar, marks=tuple(reader.marks)
    )


def _current(tag: Mapping[str, Any]) -> tuple[Any, str]:
    """The format of a tag, and where it stands."""
    if "structures" in tag:
        tags = []
        for at, one in enumerate(_list(tag, "structures", "#")):
            place = f"#/structures/{at}"
            content = {"type": "json_schema", "json_schema": _get(one, "schema", place)}
            tags.append({"begin": _text(one, "begin", place), "content": content, "end": one.get("end", "")})
        return {"type": "triggered_tags", "triggers": _list(tag, "triggers", "#"), "tags": tags}, "#"
    if "format" in tag:
        return tag["format"], "#/format"
    return tag, "#"


class _Reader:
    def __init__(self) -> None:
        self.marks: list[str] = []

    def grammar(self, form: Any, place: str, wire: Wire) -> Grammar:
        """The grammar of a format."""
        rules = Rules(wire)
        start = self.rule(form, place, rules)
        return Grammar({"start": start, **rules.rules})

    def rule(self, form: Any, place: str, rules: Rules) -> RuleExpression:
        """The texts of a format."""
        if not isinstance(form, Mapping):
            raise InvalidFormError(place, f"{form!r:.80} is no format, which is a dict")
        kinds: dict[Any, Callable[[Any, str, Rules], RuleExpression]] = {
            "const_string": self._const,
            "json_schema": self._schema,
            "regex": self._regex,
            "grammar": self._grammar,
            "any_text": self._any_text,
            "sequence": self._sequence,
            "or": self._or,
            "tag": self._tag,
            "triggered_tags": self._triggered,
            "tags_with_separator": self._separated,
            "optional": self._repeated,
            "star": self._repeated,
            "plus": self._repeated,
            "repeat": self._repeated,
        }
        kind = form.get("type")
        if kind not in kinds:
            raise InvalidFormError(f"{place}/type", f"{kind!r} is none of {', '.join(kinds)}")
        return kinds[kind](form, place, rules)

    def _literal(self, text: str, rules: Rules) -> RuleExpression:
        self.marks.append(text)
        return rules.wire.literal(text) if text else _NOTHING

    def _const(self, form: Any, place: str, rules: Rules) -> RuleExpression:
        return self._literal(_text(form, "value", place), rules)

    def _schema(self, form: Any, place: str, rules: Rules) -> RuleExpression:
        return rules.add(json_schema(_get(form, "json_schema", place)))

    def _regex(self, form: Any, place: str, rules: Rules) -> RuleExpression:
        return rules.add(regex(_text(form, "pattern", place)))

    def _grammar(self, form: Any, place: str, rules: Rules) -> RuleExpression:
        return rules.add(gbnf(_text(form, "grammar", place)))

    def _any_text(self, form: Any, place: str, rules: Rules) -> RuleExpression:
        text = free_text(tuple(form.get("excludes", ())))
        return Repetition(Terminal("text", text), 0, 1)

    def _sequence(self, form: Any, place: str, rules: Rules) -> RuleExpression:
        elements = _list(form, "elements", place)
        parts: list[RuleExpression] = []
        text: Mapping[str, Any] | None = None
        for at, one in enumerate(elements):
            inside = f"{place}/elements/{at}"
            following = elements[at + 1] if at + 1 < len(elements) else None
            if isinstance(one, Mapping) and one.get("type") == "any_text" and _begin(following):
                text = (
                    one  # the lexer takes the longest match, so the text is read up to what begins after it
                )
                continue
            parts.append(
                self.rule(one, inside, rules) if text is None else self._after(text, one, inside, rules)
            )
            text = None
        return Sequence(tuple(parts))

    def _after(self, text: Mapping[str, Any], form: Any, place: str, rules: Rules) -> RuleExpression:
        """Any text, and then a format that begins with a literal."""
        begin = _begin(form)
        self.marks.append(begin)
        opening = rules.wire.ending(free_text((begin, *text.get("excludes", ()))), "text", (begin,))
        if form["type"] == "const_string":
            return opening
        return Sequence((opening, self._content(form, place, rules)))

    def _or(self, form: Any, place: str, rules: Rules) -> RuleExpression:
        elements = _list(form, "elements", place)
        return Choice(
            tuple(self.rule(one, f"{place}/elements/{at}", rules) for at, one in enumerate(elements))
        )

    def _repeated(self, form: Any, place: str, rules: Rules) -> RuleExpression:
        part = self.rule(_get(form, "content", place), f"{place}/content", rules)
        most = form.get("max")
        bounds = {
            "optional": (0, 1),
            "star": (0, None),
            "plus": (1, None),
            "repeat": (form.get("min", 0), None if most == -1 else most),
        }
        return Repetition(part, *bounds[form["type"]])

    def _tag(self, form: Any, place: str, rules: Rules) -> RuleExpression:
        begin = self._literal(_text(form, "begin", place), rules)
        return Sequence((begin, self._content(form, place, rules)))

    def _content(self, form: Any, place: str, rules: Rules) -> RuleExpression:
        """What a tag has after its begin."""
        content = _get(form, "content", place)
        end = form.get("end", "")
        ends = tuple(end) if isinstance(end, list) else (end,)
        if not all(isinstance(one, str) for one in ends):
            raise InvalidFormError(f"{place}/end", "must be a text")
        if isinstance(content, Mapping) and content.get("type") == "any_text" and all(ends):
            self.marks += ends
            text = free_text((*ends, *content.get("excludes", ())))
            return rules.wire.ending(text, "text", ends)
        inside = self.rule(content, f"{place}/content", rules)
        closings = tuple(self._literal(one, rules) for one in ends)
        return Sequence((inside, closings[0] if len(closings) == 1 else Choice(closings)))

    def _triggered(self, form: Any, place: str, rules: Rules) -> RuleExpression:
        triggers = _list(form, "triggers", place)
        tags = _list(form, "tags", place)
        free = free_text((*triggers, *form.get("excludes", ())))
        first: list[RuleExpression] = []
        triggered: dict[str, list[RuleExpression]] = {}
        for at, one in enumerate(tags):
            inside = f"{place}/tags/{at}"
            begin = _text(one, "begin", inside)
            if not any(isinstance(trigger, str) and trigger in begin for trigger in triggers):
                raise InvalidFormError(f"{inside}/begin", f"{begin!r} has none of the triggers {triggers!r}")
            self.marks.append(begin)
            content = self._content(one, inside, rules)
            trigger = max((each for each in triggers if begin.startswith(each)), key=len, default=begin)
            if any(begin.startswith(token) and len(token) > len(trigger) for token in rules.wire.tokens):
                trigger = begin
            after = (rules.wire.literal(begin[len(trigger) :]),) if begin != trigger else ()
            triggered.setdefault(trigger, []).append(Sequence((*after, content)))
            first.append(Sequence((rules.wire.literal(begin), content)))
        options = [
            Sequence((rules.wire.ending(free, "text", (trigger,)), Choice(tuple(found))))
            for trigger, found in triggered.items()
        ]
        tail = Repetition(Terminal("text", free), 0, 1)
        either, alone = Choice(tuple(options)), Choice(tuple(first))
        if form.get("stop_after_first"):
            return alone if form.get("at_least_one") else Choice((either, tail))
        if form.get("at_least_one"):
            return Sequence((alone, Repetition(either, 0, None), tail))
        return Sequence((Repetition(either, 0, None), tail))

    def _separated(self, form: Any, place: str, rules: Rules) -> RuleExpression:
        tags = _list(form, "tags", place)
        one = Choice(tuple(self._tag(tag, f"{place}/tags/{at}", rules) for at, tag in enumerate(tags)))
        least = 1 if form.get("at_least_one") else 0
        most = 1 if form.get("stop_after_first") else None
        separator = form.get("separator", "")
        if not separator:
            return Repetition(one, least, most)
        return Sequence((Repetition(one, least, most),), self._literal(separator, rules))


def _begin(form: Any) -> str:
    """The literal that a format begins with."""
    if not isinstance(form, Mapping):
        return ""
    key = {"tag": "begin", "const_string": "value"}.get(str(form.get("type")), "")
    found = form.get(key)
    return found if isinstance(found, str) else ""


def _get(form: Any, key: str, place: str) -> Any:
    if not isinstance(form, Mapping) or key not in form:
        raise InvalidFormError(place, f"has no {key!r}")
    return form[key]


def _text(form: Any, key: str, place: str) -> str:
    found = _get(form, key, place)
    if not isinstance(found, str):
        raise InvalidFormError(f"{place}/{key}", f"{found!r:.80} is no text")
    return found


def _list(form: Any, key: str, place: str) -> list[Any]:
    found = _get(form, key, place)
    if not isinstance(found, (list, tuple)) or not found:
        raise InvalidFormError(f"{place}/{key}", "must be a list that is not empty")
    return list(found)
