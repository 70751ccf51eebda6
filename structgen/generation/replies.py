"""Replies with tools or reasoning: what `generate()` asks for, and how it is read back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from structgen.calling.build import ReplyConstraint, tools
from structgen.calling.format import Format, Reasoning
from structgen.calling.registry import FORMATS, format_of
from structgen.calling.reply import Reply
from structgen.calling.tool import Tool
from structgen.constraint import Constraint
from structgen.errors import UnknownFormat
from structgen.vocabulary import Vocabulary


@dataclass(frozen=True)
class Asked:
    """What a caller of `generate()` wants of the reply, besides the constraint.

    Attributes:
        tools: what the model may call; None: there are none.
        options: of `structgen.tools`.
    """

    tools: tuple[Tool, ...] | None
    options: dict[str, Any]

    @property
    def is_reply(self) -> bool:
        """Returns True if the answer has parts: reasoning, text, calls."""
        return self.tools is not None or self.options["reasoning"] is not None

    def shown(self) -> list[dict[str, Any]] | None:
        """The tools as a chat template reads them."""
        return None if self.tools is None else [tool.to_openai() for tool in self.tools]

    def constraint(self, response: Constraint | None) -> Constraint | None:
        """The constraint of the reply, whose text is the response; that itself, if the answer has no parts.

        Raises:
            InvalidOptionError: An option has a value that it may not have.
        """
        if not self.is_reply:
            return response
        return tools(self.tools or (), response=response, **self.options)


def asked(
    offered: Iterable[Any] | None,
    form: str | Format,
    choice: Any,
    parallel: bool | int,
    reasoning: Any,
    reasoning_tokens: int | None,
) -> Asked:
    """What a caller wants; the options are checked.

    Raises:
        InvalidOptionError: One has a value that it may not have.
        InvalidToolError: A tool is malformed.
    """
    options = {
        "format": form,
        "choice": choice,
        "parallel": parallel,
        "reasoning": reasoning,
        "reasoning_tokens": reasoning_tokens,
    }
    tools(() if offered is None else offered, **options)
    return Asked(None if offered is None else tuple(Tool.of(one) for one in offered), options)


def bound(
    constraint: Constraint, tokenizer: Any, prompt: str = "", *, needs_tools: bool = True
) -> Constraint:
    """The constraint in the format of the tokenizer's chat template, and with the reasoning that the prompt opened.

    Raises:
        UnknownFormat: The template has no format that is known.
    """
    if not isinstance(constraint, ReplyConstraint):
        return constraint
    form = constraint.plan.format if constraint.plan is not None else _format(tokenizer, needs_tools)
    reasoning = constraint.options["reasoning"]
    if form.reasoning is not None:
        begin, end = form.reasoning.marks
        if prompt.rstrip().endswith(begin):
            form = replace(form, reasoning=replace(form.reasoning, in_prompt=True))
            reasoning = True if reasoning is None else reasoning
        elif prompt.rstrip().endswith(end):
            reasoning = None if reasoning is True else reasoning
            form = replace(form, reasoning=None) if reasoning is None else form
    made = tools(**{**constraint.options, "format": form, "reasoning": reasoning})
    assert isinstance(made, ReplyConstraint)
    return made


def _format(tokenizer: Any, needs_tools: bool) -> Format:
    try:
        return format_of(tokenizer)
    except UnknownFormat:
        if needs_tools:
            raise
        return replace(FORMATS["qwen3"], reasoning=Reasoning("<think>\n", "\n</think>\n\n"), ends=())


def shown_text(tokens: Sequence[int], vocabulary: Vocabulary) -> str:
    """The text of tokens, in which special tokens stand by their names; the end token is left out."""
    names = {one: name.encode() for name, one in vocabulary.special_tokens.items()}
    pieces = [
        names.get(token, vocabulary[token]) for token in tokens if token not in vocabulary.eos_token_ids
    ]
    return b"".join(pieces).decode("utf-8", errors="replace")


def reply_of(constraint: ReplyConstraint, text: str, is_cut: bool) -> Reply:
    """The reply that a text is; `is_cut`: its last call was closed by the limit of tokens."""
    reply = constraint.validate(text)
    if not is_cut or not reply.calls:
        return reply
    return replace(reply, calls=(*reply.calls[:-1], replace(reply.calls[-1], is_cut=True)))


def value_of(constraint: ReplyConstraint, reply: Reply) -> Any:
    """What the caller gets: the reply, or the value of the constraint alone where there are no tools."""
    if constraint.plan is None or constraint.plan.tools or constraint.options["tools"]:
        return reply
    return reply.text if constraint.plan.response is None else reply.value


def turn_ends(constraint: Constraint | None, tokenizer: Any) -> list[int]:
    """The tokens that end a turn in the constraint's format, as far as the tokenizer has them."""
    if not isinstance(constraint, ReplyConstraint) or constraint.plan is None:
        return []
    form = constraint.plan.format
    known = tokenizer.get_vocab()
    return [known[one] for one in (*form.ends, *form.call_ends) if one in known]
