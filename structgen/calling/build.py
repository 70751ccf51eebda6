"""`tools()`: a reply with calls of tools, as a `Constraint`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from structgen.calling.format import Format
from structgen.calling.grammar import ReplyGrammar
from structgen.calling.mending import Mend, Mended, mended
from structgen.calling.plan import Plan, read_choice
from structgen.calling.reading import read_reply
from structgen.calling.registry import format_named, format_of, format_of_text
from structgen.calling.reply import Reply
from structgen.calling.tool import Tool
from structgen.calling.wire import Wire
from structgen.constraint import Constraint, remembers_arguments
from structgen.errors import InvalidOptionError, InvalidText, InvalidToolError, Problem, UnknownFormat
from structgen.frontends.conversion import as_constraint
from structgen.grammar.rules import Grammar, Sequence
from structgen.limits import Limits
from structgen.matcher import CompiledGrammar
from structgen.options import Instance, Whole, check_option
from structgen.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class ReplyConstraint(Constraint):
    """A reply with calls of tools.

    Attributes:
        plan: what a reply may be; None until a tokenizer says in which format.
        options: what `tools` was called with, without the format.
    """

    plan: Plan | None = None
    options: Any = None

    def validate(self, text: str) -> Reply:
        """The reply that a text is.

        Raises:
            InvalidText: It is none.
            ValueError: The format is "auto", and no tokenizer has said yet which one that is.
        """
        found = super().validate(text)
        assert isinstance(found, Reply)
        return found

    def written(self, reply: Reply) -> str:
        """A reply as the family's template writes it, without the end of the turn."""
        plan = self._known_plan()
        form = plan.format
        parts = []
        if reply.reasoning is not None and form.reasoning is not None:
            parts.append(form.reasoning.begin + reply.reasoning + form.reasoning.end)
        if reply.text:
            before, after = form.preamble if reply.calls else form.answer
            parts.append(before + reply.text + (after or ("\n" if reply.calls else "")))
        calls = [
            form.begin
            + form.body.write(call.name, call.arguments, call.index, plan.tools[call.name])
            + form.end
            for call in reply.calls
        ]
        if calls:
            parts.append(form.section[0][0] + form.between[0].join(calls) + form.section[1])
        return "".join(parts)

    def mended(self, text: str, mend: Mend) -> Mended | None:
        """What a damaged reply was meant to be; None if nothing can be made of it.

        Args:
            text: what a model wrote.
            mend: repairs JSON: `structgen.repair`.
        """
        return mended(self, self._known_plan(), self.by_bytes, text, mend)

    @property
    def _compiled(self) -> CompiledGrammar:
        self._known_plan()
        return super()._compiled

    def _known_plan(self) -> Plan:
        if self.plan is None:
            raise UnknownFormat(
                "format='auto' is known only with a tokenizer: pass format= to tools(), or call "
                "constraint.for_tokenizer(tokenizer)"
            )
        return self.plan

    def for_tokenizer(self, tokenizer: Any) -> ReplyConstraint:
        """This constraint in the format of a tokenizer's chat template; itself, if it has a format.

        Raises:
            UnknownFormat: The template has none that is known.
        """
        if self.plan is not None:
            return self
        return self._in_format(format_of(tokenizer))

    def _in_format(self, form: Format) -> ReplyConstraint:
        made = tools(**{**self.options, "format": form})
        assert isinstance(made, ReplyConstraint)
        return made

    def compile(self, vocabulary: Vocabulary, *, limits: Limits | None = None) -> CompiledGrammar:
        """The compiled grammar; a marker that the vocabulary has as one special token is that token."""
        if self.plan is None:
            found = format_of_text("\n".join(vocabulary.special_tokens))
            if found is None:
                self._known_plan()
            else:
                return self._in_format(found).compile(vocabulary, limits=limits)
        assert self.plan is not None
        form = self.plan.format
        ends = {name for name, one in vocabulary.special_tokens.items() if one in vocabulary.eos_token_ids}
        marked = (*form.markers, *form.ends, *form.call_ends)
        tokens = frozenset(one for one in marked if one in vocabulary.special_tokens and one not in ends)
        if not tokens:
            return super().compile(vocabulary, limits=limits)
        limits = limits or self.limits

        def make() -> CompiledGrammar:
            assert self.plan is not None
            return CompiledGrammar(ReplyGrammar(self.plan, Wire(tokens)).grammar(), vocabulary, limits)

        return self._compilations.get((vocabulary, limits), make)


def _judge(plan: Plan | None, text: str, error: InvalidText | None) -> Reply:
    assert plan is not None
    try:
        return read_reply(plan, text)
    except InvalidText as problem:
        raise (error if error is not None and error.position >= problem.position else problem) from None


@remembers_arguments
def tools(
    tools: Iterable[Any],
    *,
    format: str | Format = "auto",
    choice: Any = "auto",
    parallel: bool | int = True,
    reasoning: Any = None,
    reasoning_tokens: int | None = None,
    response: Any = None,
) -> Constraint:
    r"""A reply of a model that may call tools: its reasoning, its text and its calls, in one grammar.

    Args:
        tools: each a function, a type, a dict of an API, or a `Tool`; `Tool.of` says what else.
        format: how the family of the model writes calls: one of `structgen.formats()`, or a `Format`. "auto": as the
            tokenizer's chat template does.
        choice: "auto": text or calls; "none": no calls; "required": calls only; "required, text": calls, and text
            before them; a name: one call of that tool; a list of names: calls of these; or the dict of OpenAI's or
            Anthropic's API.
        parallel: several calls may be made. False: one at most; a number: so many at most.
        reasoning: None: as the model likes, where its family reasons; True: it reasons first; False: it does not; or
            a constraint of the reasoning.
        reasoning_tokens: bound of the reasoning, in tokens. It holds also in characters.
        response: what the text is, if it is no call: a constraint, or what `as_constraint` makes one of.

    Returns:
        A constraint whose value is a `Reply`.

    Raises:
        InvalidToolError: A tool is malformed, or two have one name.
        InvalidOptionError: An option has a value that it may not have.
        UnknownFormat: There is no format of that name.

    >>> def add(a: int, b: int) -> int:
    ...     return a + b
    >>> calls = tools([add], format="qwen3", choice="required")
    >>> reply = calls.validate('<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": 2}}\n</tool_call>')
    >>> reply.calls[0].run()
    3
    """
    check_option("parallel", parallel, (True, False, Whole(1)))
    check_option("reasoning_tokens", reasoning_tokens, (Whole(0), None))
    check_option("format", format, (Instance(str, "a name of structgen.formats()"), Instance(Format)))
    if isinstance(tools, (str, bytes, dict)) or not isinstance(tools, Iterable):
        raise InvalidOptionError("tools", tools, "must be a list of tools")
    offered = [Tool.of(one) for one in tools]
    names = [tool.name for tool in offered]
    for name in names:
        _check_name(name, names)
    if reasoning not in (None, True, False):
        reasoning = as_constraint(reasoning)
    answer = None if response is None else as_constraint(response)
    calls = read_choice(choice, names, parallel)
    options = {
        "tools": offered,
        "choice": choice,
        "parallel": parallel,
        "reasoning": reasoning,
        "reasoning_tokens": reasoning_tokens,
        "response": answer,
    }
    description = f"reply with {len(offered)} tool{'s' * (len(offered) != 1)}"
    if format == "auto":
        return ReplyConstraint(Grammar({"start": Sequence(())}), description=description, options=options)
    form = format_named(format) if isinstance(format, str) else format
    if form.reasoning is None and reasoning not in (None, False):
        raise InvalidOptionError(
            "reasoning", reasoning, f"must be None or False: {form.name} has no reasoning"
        )
    chosen = {tool.name: tool for tool in offered if tool.name in calls.names}
    plan = Plan(form, chosen, calls, reasoning, reasoning_tokens, answer)
    return ReplyConstraint(
        ReplyGrammar(plan, Wire()).grammar(),
        partial(_judge, plan),
        tuple(_unenforced(offered)),
        description,
        plan=plan,
        options=options,
    )


def _unenforced(offered: Iterable[Tool]) -> Iterable[Problem]:
    for tool in offered:
        for problem in tool.input.unenforced:
            yield Problem(f"{tool.name}{problem.pointer}", problem.reason)


def _check_name(name: str, names: list[str]) -> None:
    if names.count(name) > 1:
        raise InvalidToolError(name, "two tools have this name")
    bad = next((char for char in name if char in " \t\n\"'<>|{}[]()=:\\" or not char.isprintable()), None)
    if not name or bad is not None:
        raise InvalidToolError(name, f"a name can't have {bad!r}" if name else "the name is empty")
