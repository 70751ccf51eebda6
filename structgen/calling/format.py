"""Format: how a family of models writes calls, as data."""

from __future__ import annotations

from dataclasses import dataclass

from structgen.calling.bodies.body import Body


@dataclass(frozen=True)
class Reasoning:
    """Where reasoning stands.

    Attributes:
        begin: before it.
        end: after it; what follows the marker as layout may be missing.
        in_prompt: the prompt may end with `begin`, so that the reply may begin without it.
        lead: layout that may stand before `begin`.
        marks: the texts that the reasoning, and the text after it, can't hold.
    """

    begin: str
    end: str
    in_prompt: bool = False
    lead: str = ""

    @property
    def marks(self) -> tuple[str, ...]:
        """The markers without the layout around them."""
        return self.begin.strip(), self.end.strip()


@dataclass(frozen=True)
class Format:
    """How a family of models writes calls.

    Attributes:
        name: what `tools(format=...)` calls it.
        families: the models, for people.
        body: how a name and its arguments are written.
        begin: before each call.
        end: after each call.
        between: between two calls of a section.
        section: before the first call, and after the last; several texts of the first may be written.
        reasoning: where it stands; None: the family has none.
        text_before: text may stand before the calls.
        text_between: text may stand between the calls.
        text_after: text may stand after them.
        answer: before and after the text of a reply without calls.
        preamble: before and after a text that calls follow.
        trailing: layout that may stand after the last call.
        markers: texts that are one token in the family's vocabularies.
        ends: what ends the turn, after calls and after text; the vocabulary has a token for each.
        call_ends: what ends the turn after a call.
        opening: where no marker says that a call begins: a pattern of its first characters, which no text has.
        most: how many calls a turn has at most; None: any number.
    """

    name: str
    families: str
    body: Body
    begin: str = ""
    end: str = ""
    between: tuple[str, ...] = ("",)
    section: tuple[tuple[str, ...], str] = (("",), "")
    reasoning: Reasoning | None = None
    text_before: bool = True
    text_between: bool = False
    text_after: bool = False
    answer: tuple[str, str] = ("", "")
    preamble: tuple[str, str] = ("", "")
    trailing: str = ""
    markers: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    call_ends: tuple[str, ...] = ()
    opening: str = ""
    most: int | None = None

    @property
    def openings(self) -> tuple[str, ...]:
        """What stands before the first call; empty if no marker does."""
        return tuple(start + self.begin for start in self.section[0] if start + self.begin)

    @property
    def call_marks(self) -> tuple[str, ...]:
        """The markers of calls, which no free text holds."""
        starts = [start.strip() or self.begin.strip() for start in self.section[0]]
        return tuple(dict.fromkeys(one.split("\n")[0] for one in starts if one))

    @property
    def marks(self) -> tuple[str, ...]:
        """All markers that no free text holds."""
        of_reasoning = self.reasoning.marks if self.reasoning else ()
        return tuple(dict.fromkeys(one for one in (*self.call_marks, *of_reasoning) if one))
