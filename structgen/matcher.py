"""Compiled grammars and matchers: the faces of the native engine.

    grammar × vocabulary ─► CompiledGrammar ─► Matcher, one for each sequence

A matcher is one integer, its *configuration*; `CompiledGrammar` also offers what it does on plain integers, for
processors that keep many. Knows no schemas, and no torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from structgen.collector import collector_paused
from structgen.engine import Matcher as _NativeMatcher
from structgen.engine import RowTable, lower
from structgen.errors import DeadEnd, InvalidText, TokenRejected
from structgen.grammar.rules import Grammar
from structgen.limits import LIMITS, Limits
from structgen.options import check_option
from structgen.tables import DeviceTables, find_tables
from structgen.vocabulary import Vocabulary

_FORCED_BYTES = 4096
_NAMES = {" ": "a space", "\n": "a line break", "\t": "a tab", "\r": "a carriage return", '"': "'\"'"}


@dataclass(frozen=True, slots=True)
class Completion:
    """A shortest way to finish a text.

    Attributes:
        text: the bytes that finish it; empty if it may end already.
        tokens: the fewest tokens that spell these bytes, without the end-of-text token.
    """

    text: bytes
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What may come next.

    Attributes:
        expected: in words, the most specific first; at most eight.
        terminals: names of the terminals that are being read, or that may begin.
        characters: what may come next, as byte values; the first bytes of characters.
        can_stop: whether the text may end here.
    """

    expected: tuple[str, ...]
    terminals: tuple[str, ...]
    characters: bytes
    can_stop: bool

    def __str__(self) -> str:
        words = list(self.expected)
        if len(words) > 1:
            words[-2:] = [f"{words[-2]} or {words[-1]}"]
        return ", ".join(words) or "nothing"


class CompiledGrammar:
    """A grammar for a vocabulary. Immutable to its users, and safe to share between threads.

    Attributes:
        vocabulary: whose tokens it masks.
        limits: what it may cost.
        rows: the masks that the grammars of this vocabulary have made, by id.

    Configurations are integers of this process: `initial`, and what `advance` returns. It pickles as what it was
    compiled from, and is compiled again where it is unpickled; deepcopy returns it as it is.

    Masks have ids, so that they can be kept elsewhere, such as in the memory of a GPU, and be named instead of copied.
    Equal masks have the same id, in all grammars that share `rows`. An id stays valid as long as `rows.epoch` stays
    the same; the id that a `Matcher` returned last is valid in any case. A mirror of the table is kept up to date with

        ids, new, made = grammar.rows.new_rows(made)  # made: 0 at first
        mirror[ids] = new

    after the ids of a batch were requested, and before they are used. `new_rows` also reports ids that were given
    to another mask, so a mirror need not look at the epoch.
    """

    def __init__(
        self,
        grammar: Grammar,
        vocabulary: Vocabulary,
        limits: Limits,
        *,
        recipe: tuple[Callable[..., CompiledGrammar], tuple[Any, ...]] | None = None,
    ) -> None:
        self._recipe = recipe or (type(self), (grammar, vocabulary, limits))
        self.vocabulary = vocabulary
        self.limits = limits
        with collector_paused():
            lowered = lower(
                grammar,
                vocabulary.native,
                special_tokens=vocabulary.special_tokens,
                eos_token_ids=vocabulary.eos_token_ids,
                limits=limits,
            )
        self.native = lowered.native
        self.rows = RowTable(lowered.native.store)
        self._terminals = lowered.terminals

    def __reduce__(self) -> tuple[Any, ...]:
        return self._recipe

    def __copy__(self) -> CompiledGrammar:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> CompiledGrammar:
        return self

    @property
    def initial(self) -> int:
        """The configuration before any token."""
        return self.native.initial

    def matcher(self) -> Matcher:
        """A matcher at the beginning of a text."""
        return Matcher(self)

    def advance(self, configuration: int, token_id: int) -> int:
        """The configuration after a token.

        Raises:
            TokenRejected: The token may not come next.
        """
        found = self.native.try_advance(configuration, token_id)
        if found < 0:
            raise self._rejection(configuration, token_id)
        return found

    def try_advance(self, configuration: int, token_id: int) -> int:
        """The configuration after a token, or -1 if it may not come next."""
        return self.native.try_advance(configuration, token_id)

    def fill(self, configuration: int, array: npt.NDArray[np.int32], row: int) -> None:
        """Write the mask of a configuration into a row.

        Args:
            configuration: of this grammar.
            array: int32 [B, W], W >= ceil(V / 32); bits from V up become zero.
            row: which row of it.

        Raises:
            DeadEnd: No token of the vocabulary can come next.
        """
        if not self.native.fill(configuration, array, row):
            raise self._dead_end(configuration)

    def fill_within(self, configuration: int, budget: int, array: npt.NDArray[np.int32], row: int) -> None:
        """Like `fill`, but only tokens after which the text can be finished in time.

        Args:
            configuration: of this grammar.
            budget: how many tokens may still come, this one and the end-of-text token included.
            array: int32 [B, W].
            row: which row of it.

        Raises:
            DeadEnd: No token leads to a text that is finished within the budget.
        """
        if not self.native.fill_within(configuration, max(budget, 0), array, row):
            raise self._dead_end(configuration, f" within {budget} tokens")

    def row_id(self, configuration: int) -> int:
        """The id in `rows` of the mask of a configuration.

        Raises:
            DeadEnd: No token of the vocabulary can come next.
        """
        found = self.native.row_id(configuration)
        if found < 0:
            raise self._dead_end(configuration)
        return found

    def row_id_within(self, configuration: int, budget: int) -> int:
        """Like `row_id`, for the mask that `fill_within` writes.

        Such a mask often belongs to one step only. It is the first to be dropped from `rows`.

        Raises:
            DeadEnd: No token leads to a text that is finished within the budget.
        """
        found = self.native.row_id_within(configuration, max(budget, 0))
        if found < 0:
            raise self._dead_end(configuration, f" within {budget} tokens")
        return found

    def device_tables(self, device: Any, *, limits: Limits | None = None) -> DeviceTables:
        """All configurations and masks of the grammar as tables on a device, for a `DeviceMatcher`. Needs torch.

        Args:
            device: of torch, where the tables are to be.
            limits: what they may cost: `states` (at most 20,000), `work` for the tokens that are tried, `row_bytes` for
                the memory of the tables. None: those of the grammar.

        Raises:
            LimitExceeded: The grammar has more configurations, or infinitely many (nesting, names that must differ).
                Then use `LogitsProcessor`, or `Matcher` and `DeviceRows`.
        """
        check_option("limits", limits, LIMITS)
        return find_tables(self.native, self.vocabulary, device, limits or self.limits)

    def can_stop(self, configuration: int) -> bool:
        """Returns True if the text may end here."""
        return self.native.can_stop(configuration)

    def is_finished(self, configuration: int) -> bool:
        """Returns True after the end-of-text token. Then only this token may come, any number of times."""
        return self.native.is_finished(configuration)

    def completion_tokens(self, configuration: int) -> int:
        """How many tokens finish the text at most, the end-of-text token included.

        Raises:
            DeadEnd: The vocabulary cannot spell any completion.
        """
        found = self.native.completion_tokens(configuration)
        if found < 0:
            raise self._dead_end(configuration)
        return found

    def completion(self, configuration: int) -> Completion:
        """A shortest way to finish the text.

        Raises:
            DeadEnd: The vocabulary cannot spell any completion.
        """
        found = self.native.completion(configuration)
        if found is None:
            raise self._dead_end(configuration)
        return Completion(found[0], tuple(found[1]))

    def accepts(self, text: str) -> bool:
        """Returns True if the text is in the language of the grammar."""
        try:
            data = _utf8(text)
        except InvalidText:
            return False
        configuration, length = self.native.try_read(self.initial, data)
        return length == len(data) and self.can_stop(configuration)

    def find_error(self, text: str) -> InvalidText | None:
        """Returns why the text is not in the language of the grammar, and where; None if it is in it."""
        try:
            data = _utf8(text)
        except InvalidText as error:
            return error
        configuration, length = self.native.try_read(self.initial, data)
        if length < len(data):
            return self._unexpected(text, data, length, configuration)
        if not self.can_stop(configuration):
            expected = self.explain(configuration)
            return InvalidText(
                text, len(text), f"the text ends too early: expected {expected}", expected.expected
            )
        return None

    def read(self, text: str) -> tuple[int, int]:
        """Read a text as far as some text of the language begins with it.

        Returns:
            How many bytes were read, and how many bytes a shortest completion of them has; -1 if the vocabulary cannot
            spell one.
        """
        data = text.encode("utf-8", "surrogatepass")
        configuration, length = self.native.try_read(self.initial, data)
        completion = self.native.completion(configuration)
        return length, -1 if completion is None else len(completion[0])

    def explain_text(self, prefix: str) -> Explanation:
        """What may come after a prefix.

        Raises:
            InvalidText: No text of the language begins with it.
        """
        data = _utf8(prefix)
        configuration, length = self.native.try_read(self.initial, data)
        if length < len(data):
            raise self._unexpected(prefix, data, length, configuration)
        return self.explain(configuration)

    def explain(self, configuration: int) -> Explanation:
        """What may come next, in words, terminals and characters."""
        following = self.native.next_bytes(configuration)
        numbers = self.native.live_terminals(configuration)
        terminals = tuple(dict.fromkeys(self._terminals[number] for number in numbers))
        can_stop = self.can_stop(configuration)
        if self.native.is_fresh(configuration) and len(terminals) > 0:
            words = list(terminals)
        else:
            words = _describe_bytes(following)
        if can_stop:
            words.append("the end of the text")
        return Explanation(
            tuple(words[:7] + words[-1:] if len(words) > 8 else words), terminals, following, can_stop
        )

    def stats(self) -> dict[str, int]:
        """Counters of the engine: states, rows, trie nodes walked, bytes. For tests and tuning."""
        return dict(self.native.stats())

    def _unexpected(self, text: str, data: bytes, length: int, configuration: int) -> InvalidText:
        position = len(data[:length].decode(errors="ignore"))
        expected = self.explain(configuration)
        return InvalidText(
            text, position, f"expected {expected}, found {text[position]!r}", expected.expected
        )

    def _rejection(self, configuration: int, token_id: int) -> TokenRejected:
        known = 0 <= token_id < len(self.vocabulary)
        shown = (
            repr(self.vocabulary[token_id].decode(errors="backslashreplace"))
            if known
            else "not in the vocabulary"
        )
        return TokenRejected(token_id, shown, self.explain(configuration).expected)

    def _dead_end(self, configuration: int, within: str = "") -> DeadEnd:
        return DeadEnd(f"no token can continue this text{within}", self.explain(configuration).expected)


class Matcher(_NativeMatcher):
    """One sequence's position in a compiled grammar. It wraps a single integer, `configuration`.

    Attributes:
        grammar: the compiled grammar.

    Inherited from the native engine: `advance(token_id)`, `try_advance(token_id)`, `rollback(count)`,
    `bind(array, row)`, `fill()`, `fill_bitmask(array, row)`, `bitmask()`, `row_id()`, `can_stop`, `is_finished`,
    `advanced`.

    `bitmask()` is int32 [W], W = ceil(V / 32), read-only: token t is allowed if bit t % 32 of word t // 32 is
    set, the packing of xgrammar, llguidance and vLLM. `advance` raises `TokenRejected` and leaves the matcher
    as it was. `row_id()` names the same mask by its id in `grammar.rows`.

    Not for several threads at once; their compiled grammar may be shared.
    """

    def __init__(self, grammar: CompiledGrammar) -> None:
        super().__init__(grammar.native)
        self.grammar = grammar

    def fork(self) -> Matcher:
        """An independent matcher at the same position, with the same tokens to roll back."""
        other = Matcher(self.grammar)
        other.copy_from(self)
        return other

    def forced_tokens(self) -> list[int]:
        """Tokens for the bytes that must come next anyway; empty if there is a choice.

        They are a valid way to spell these bytes (the longest tokens first), at most 4096 bytes of them.
        """
        return self.grammar.native.forced_tokens(self.configuration, _FORCED_BYTES)

    def shortest_completion(self) -> Completion:
        """A shortest way to finish the text.

        Raises:
            DeadEnd: The vocabulary cannot spell any completion.
        """
        return self.grammar.completion(self.configuration)

    def explain(self) -> Explanation:
        """What may come next, in words, terminals and characters."""
        return self.grammar.explain(self.configuration)


def compile_grammar(
    grammar: Grammar, vocabulary: Vocabulary, *, limits: Limits | None = None
) -> CompiledGrammar:
    """Compile a grammar for a vocabulary.

    Args:
        grammar: rules over terminals.
        vocabulary: whose tokens are to be masked.
        limits: what compiling and masking may cost.

    Raises:
        InvalidGrammarError: It is not well formed.
        EmptyLanguageError: No text can match.
        LimitExceeded: It costs more than `limits` allow.
    """
    return CompiledGrammar(grammar, vocabulary, limits or Limits())


def rejection(matcher: Matcher, token_id: int) -> TokenRejected:
    """The error for a token that a matcher refused. Called by the native engine."""
    return matcher.grammar._rejection(matcher.configuration, token_id)


def dead_end(matcher: Matcher) -> DeadEnd:
    """The error for a matcher that no token can continue. Called by the native engine."""
    return matcher.grammar._dead_end(matcher.configuration)


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidText(text, error.start, "lone surrogates cannot be encoded as UTF-8") from None
    except AttributeError:
        raise TypeError(f"expected a text, a str, not {type(text).__name__}") from None


def _describe_bytes(following: bytes) -> list[str]:
    """Byte values in words: the special ones first, then classes."""
    left = set(following)
    words = []
    classes = (
        ("a digit", range(0x30, 0x3A)),
        ("an upper-case letter", range(0x41, 0x5B)),
        ("a lower-case letter", range(0x61, 0x7B)),
        ("a character beyond ASCII", range(0xC2, 0xF5)),
        ("the rest of a character", range(0x80, 0xC0)),
        ("a special token", range(0xFF, 0x100)),
    )
    if len(left & set(range(0x20, 0x7F))) > 90:
        return ["any character"]
    for name, values in classes:
        inside = left & set(values)
        if len(inside) == len(values) or (inside and values[0] >= 0x80):
            words.append(name)
            left -= inside
    for value in sorted(left):
        char = chr(value)
        words.append(_NAMES.get(char, f'"{char}"' if 0x20 < value < 0x7F else f"the byte 0x{value:02X}"))
    return words
