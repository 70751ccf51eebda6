"""Every exception of structgen.

    StructgenError
    ├── InvalidOptionError           an argument that no function of structgen takes; a ValueError, too
    ├── InvalidGrammarError          a grammar that cannot be built
    │   ├── InvalidRegexError        ... because its regular expression is malformed or not regular
    │   ├── InvalidLarkError         ... because its Lark text is malformed
    │   ├── InvalidToolError         ... because a tool is malformed
    │   └── EmptyLanguageError       ... because no text can ever match it
    ├── UnknownFormat                a format of tool calls that is not known; a ValueError, too
    ├── InvalidSchemaError           a JSON Schema that is malformed
    ├── UnsupportedSchemaError       a JSON Schema that asks for what no mask enforces
    ├── VocabularyError              a tokenizer that cannot be mapped to bytes
    ├── LimitExceeded                a budget of `Limits` is used up
    ├── BudgetTooSmall               `max_new_tokens` is less than the shortest valid text needs
    ├── InvalidText                  a text that is not in the language of a constraint
    ├── RepairError                  a text that no repair makes valid
    ├── UnknownPromptError           a call of a `LogitsProcessor` that does not say where the prompt ends
    ├── TokenRejected                a token that may not come next
    ├── DeadEnd                      no token of the vocabulary can come next
    ├── NoValidOutput                sampling has found nothing valid
    └── TransportFailed              a sampler got no answer, and it may be worth asking again

Each has a stable `code`, carries its facts as attributes, and pickles. Names that end in Error blame the call;
the others state a fact about data.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

DISTRIBUTION = "structgen-decoding"
"""The name of this package in a package index. `structgen` is another project there."""


def install_hint(extra: str) -> str:
    """Returns the command that installs structgen with an extra, for error messages."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"


class StructgenError(Exception):
    """The base of all errors of structgen."""

    code = "structgen"

    def __str__(self) -> str:
        # A message may quote a text that nothing can print: a lone surrogate.
        return super().__str__().encode("utf-8", "backslashreplace").decode()

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(kind: type[StructgenError], args: tuple[Any, ...], facts: dict[str, Any]) -> StructgenError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(facts)
    return error


class InvalidOptionError(StructgenError, ValueError):
    """An option of a function has a value that it may not have.

    Attributes:
        option: the name of the option.
        value: its value.
        reason: what is allowed.
    """

    code = "invalid_option"

    def __init__(self, option: str, value: Any, reason: str) -> None:
        super().__init__(f"{option}={value!r:.200}: {reason}")
        self.option = option
        self.value = value
        self.reason = reason


class InvalidConstraintError(InvalidOptionError, TypeError):
    """A value was given for a constraint that none can be made of; `as_constraint` says of what one can."""

    code = "invalid_constraint"

    def __init__(self, value: Any, reason: str) -> None:
        super().__init__("constraint", value, reason)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.value, self.reason)


class InvalidFormError(StructgenError):
    """The stored form of a constraint is malformed.

    Attributes:
        pointer: where, by JSON Pointer as a URI fragment.
        reason: what is wrong there.
    """

    code = "invalid_form"

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(f"{pointer}: {reason}")
        self.pointer = pointer
        self.reason = reason


class InvalidGrammarError(StructgenError):
    """A grammar cannot be built.

    Attributes:
        line: of the source, from 1; None if it has no place.
        column: of the source, from 1; None if it has no place.
    """

    code = "invalid_grammar"

    def __init__(self, message: str, *, line: int | None = None, column: int | None = None) -> None:
        place = "" if line is None else f"line {line}, column {column}: "
        super().__init__(place + message)
        self.line = line
        self.column = column


class InvalidToolError(InvalidGrammarError):
    """A tool cannot be offered: its name, its schema, or what it was made of.

    Attributes:
        tool: its name.
        reason: what is wrong with it.
    """

    code = "invalid_tool"

    def __init__(self, tool: str, reason: str) -> None:
        super().__init__(f"tool {tool}: {reason}")
        self.tool = tool
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.tool, self.reason)


class UnknownFormat(StructgenError, ValueError):
    """No format of tool calls is known by that name, or none is found for a tokenizer.

    Attributes:
        known: the names of the formats that there are.
    """

    code = "unknown_format"

    def __init__(self, reason: str, known: Iterable[str] = ()) -> None:
        super().__init__(reason)
        self.known = tuple(known)


class InvalidRegexError(InvalidGrammarError):
    """A regular expression is malformed, or asks for something that is not regular.

    Attributes:
        pattern: the regular expression.
        position: offset of the cause, in code points.
        reason: what is wrong there, and the way out.
    """

    code = "invalid_regex"

    def __init__(self, reason: str, pattern: str, position: int) -> None:
        line = pattern.count("\n", 0, position) + 1
        start = pattern.rfind("\n", 0, position) + 1
        shown = pattern[start : start + 200].split("\n")[0]
        super().__init__(
            f"{reason}\n  {shown}\n  {' ' * (position - start)}^", line=line, column=position - start + 1
        )
        self.reason = reason
        self.pattern = pattern
        self.position = position


class InvalidLarkError(InvalidGrammarError):
    """The text of a Lark grammar is malformed, or uses what is not supported."""

    code = "invalid_lark"


class EmptyLanguageError(InvalidGrammarError):
    """No text can ever match: a contradiction, or rules that never finish."""

    code = "empty_language"


class InvalidSchemaError(StructgenError):
    """A JSON Schema is malformed.

    Attributes:
        pointer: where (JSON Pointer, RFC 6901, as a URI fragment: `#/properties/a`).
        reason: what is wrong there.
    """

    code = "invalid_schema"

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(f"{pointer}: {reason}")
        self.pointer = pointer
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a keyword that the mask does not enforce, or a place in a value.

    Attributes:
        pointer: where it stands (JSON Pointer, RFC 6901, as a URI fragment: `#/properties/a/pattern`).
        reason: why it cannot be enforced, or what the schema asks for.
    """

    pointer: str
    reason: str

    def __str__(self) -> str:
        return f"{self.pointer}   {self.reason}"


class UnsupportedSchemaError(StructgenError):
    """A schema asks for something that no mask enforces.

    Reports everything that is wrong with the schema at once, in document order.

    Attributes:
        problems: where each keyword stands and why it can't be enforced.
    """

    code = "unsupported_schema"

    def __init__(self, problems: Sequence[Problem]) -> None:
        keywords = "1 keyword" if len(problems) == 1 else f"{len(problems)} keywords"
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(
            f"{keywords} cannot be enforced in the mask\n{lines}\nPass strict=False to compile the rest; these are "
            f"then in constraint.unenforced and validate() checks them."
        )
        self.problems = tuple(problems)


class VocabularyError(StructgenError):
    """A tokenizer cannot be mapped to byte strings, or does not fit the grammar."""

    code = "vocabulary"


class LimitExceeded(StructgenError):
    """A budget of `Limits` is used up.

    Attributes:
        limit: the name of the field of `Limits`, or of a limit that is fixed.
        value: its value.
    """

    code = "limit_exceeded"

    def __init__(self, limit: str, value: int, hint: str = "", *, is_fixed: bool = False) -> None:
        way_out = "" if is_fixed else f", or pass Limits({limit}=...)"
        super().__init__(
            f"limits.{limit} = {value} reached{': ' + hint if hint else ''}. Make the grammar smaller{way_out}"
        )
        self.limit = limit
        self.value = value


class BudgetTooSmall(StructgenError):
    """The token budget is less than the shortest valid text needs.

    Attributes:
        budget: tokens allowed.
        needed: tokens that the shortest text known takes, the end-of-text token included.
    """

    code = "budget_too_small"

    def __init__(self, budget: int, needed: int) -> None:
        super().__init__(
            f"{budget} tokens are too few: the shortest valid text needs {needed}, with the end-of-text token. "
            f"Raise max_new_tokens"
        )
        self.budget = budget
        self.needed = needed


class InvalidText(StructgenError):
    """A text is not in the language of a constraint.

    Attributes:
        text: the text.
        position: offset of the first character that cannot stand there, in code points; `len(text)` if the text
            ends too early.
        line: of that character, from 1.
        column: of that character, from 1.
        reason: what is wrong there.
        expected: what could stand there, in words, the most specific first; at most eight.
    """

    code = "invalid_text"

    def __init__(self, text: str, position: int, reason: str, expected: Iterable[str] = ()) -> None:
        self.text = text
        self.position = position
        self.reason = reason
        self.expected = tuple(expected)
        self.line = text.count("\n", 0, position) + 1
        start = text.rfind("\n", 0, position) + 1
        self.column = position - start + 1
        shown_from = max(start, position - 80)
        shown = text[shown_from : position + 40].split("\n")[0]
        super().__init__(
            f"line {self.line}, column {self.column}: {reason}\n  {shown}\n  {' ' * (position - shown_from)}^"
        )


class RepairError(StructgenError):
    """A text holds no value that the constraint accepts, or only by edits that the caller forbids.

    Attributes:
        text: the best repaired text; the input if there is none.
        value: the best value; None if there is none.
        edits: what was changed to get there (`structgen.repairing.edits.Edit`).
        problems: what is still wrong with the value, by JSON Pointer.
    """

    code = "repair"

    def __init__(
        self,
        reason: str,
        *,
        text: str,
        value: Any = None,
        edits: Sequence[Any] = (),
        problems: Sequence[Problem] = (),
    ) -> None:
        lines = "".join(f"\n  {problem}" for problem in problems[:20])
        more = f"\n  and {len(problems) - 20} more" if len(problems) > 20 else ""
        super().__init__(reason + lines + more)
        self.text = text
        self.value = value
        self.edits = tuple(edits)
        self.problems = tuple(problems)


class UnknownPromptError(StructgenError):
    """A `LogitsProcessor` was called in a way that does not say where the prompt ends.

    It knows in `model.generate()` of transformers. Other decoding loops pass `prompt_length`, or call it inside
    `with processor.generation():`.
    """

    code = "unknown_prompt"


class TokenRejected(StructgenError):
    """A token may not come next; the matcher is as it was.

    Attributes:
        token_id: the token.
        token: its text, for people.
        expected: what could come next, in words.
        row: of the batch, from 0; None if there is no batch.
    """

    code = "token_rejected"

    def __init__(
        self, token_id: int, token: str, expected: Iterable[str] = (), *, row: int | None = None
    ) -> None:
        self.token_id = token_id
        self.token = token
        self.expected = tuple(expected)
        self.row = row
        place = "" if row is None else f"row {row}: "
        hint = f"; expected {' or '.join(self.expected)}" if self.expected else ""
        super().__init__(f"{place}token {token_id} ({token}) may not come next{hint}")


class DeadEnd(StructgenError):
    """No token of the vocabulary can come next.

    Attributes:
        expected: what the grammar asks for, in words.
    """

    code = "dead_end"

    def __init__(self, reason: str, expected: Iterable[str] = ()) -> None:
        self.expected = tuple(expected)
        hint = f"; expected {' or '.join(self.expected)}" if self.expected else ""
        super().__init__(reason + hint)


class NoValidOutput(StructgenError):
    """Sampling has found nothing valid: the strategy is at its end, or the budget.

    Attributes:
        outcome: all attempts, with texts, errors and costs; `outcome.chosen` is the nearest to a valid one.
    """

    code = "no_valid_output"

    def __init__(self, reason: str, outcome: Any) -> None:
        super().__init__(
            f"{reason}. All attempts are in .outcome; ask for more (attempts, tokens), give the sampler the "
            f"constraint (mask=True), or take the best attempt (on_failure='best')"
        )
        self.outcome = outcome


class TransportFailed(StructgenError):
    """A sampler got no answer: the network, a time-out, a server that is busy. It may be worth asking again.

    Samplers raise it; the loop asks again after a pause, which spends no attempt.

    Attributes:
        retry_after: seconds that the server asks to wait; None if it does not say.
    """

    code = "transport_failed"

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
