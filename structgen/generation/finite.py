"""Finite parts are decided as wholes: an enum, a boolean, a choice, by the probability of each text.

Under a mask alone such a part is decided by its first token, which is often a short one that the model would never have
written: of `choice(cities)`, the `L` of `London`, as the likeliest beginning of something else that it would say. Here
all texts of the part are compared by their probability under the model: the sum over their spellings. The search for
these goes best first, until the others can't matter.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import transformers

from structgen.generation.decoder import ModelDecoder
from structgen.generation.host_tokens import on_host
from structgen.matcher import CompiledGrammar
from structgen.sampling.decoding import Masks, draw, next_token
from structgen.sampling.steps import Decision

END = -1
"""The configuration at which a part ends that is the rest of the text."""

_BRANCHES = 64
"""A part with more bytes to begin with is taken for free text."""

_NODES = 1024
"""How many configurations a part may have."""

_PATH = 64
"""How many bytes of the shortest completion are tried as the end of a part."""

_ROWS = 16
"""How many beginnings the model reads at once."""

_LARGEST_SEARCH = 2048
"""How many beginnings are read at most; where that is not enough the mask decides."""

_UNSEEN = 0.005
"""The search stops when the beginnings not read yet have less than this share of the probability found."""

_SPACES = b" \t\n\r"
_SPACES_ONE_BY_ONE = (b" ", b"\t", b"\n", b"\r")

_CROSSING = 1e-3
"""A token with a smaller probability is not asked if a part begins within it."""


class FiniteParts:
    """Finds the finite parts of a grammar.

    Args:
        grammar: compiled for the model's vocabulary.
        largest: how many texts a part may have.
    """

    def __init__(self, grammar: CompiledGrammar, largest: int) -> None:
        self._grammar = grammar
        self._native = grammar.native
        self._largest = largest
        self._ends: dict[int, int | None] = {}

    def end_of(self, configuration: int) -> int | None:
        """Where the part ends that begins at a configuration; None if no finite part with a choice begins there.

        Returns:
            The configuration that all its texts lead to, or `END`.
        """
        if configuration not in self._ends:
            self._ends[configuration] = self._end_of(configuration)
        return self._ends[configuration]

    def after(self, configuration: int, data: bytes) -> int | None:
        """The configuration after some bytes; None if they may not come."""
        found, length = self._native.try_read(configuration, data)
        return found if length == len(data) else None

    def may_be_spaced(self, configuration: int) -> bool:
        """Returns True if whitespace may come before what comes next. It belongs to none of the texts of a part."""
        following = self._native.next_bytes(configuration)
        words = {byte for byte in following if byte not in _SPACES}
        spaces = [self.after(configuration, bytes([byte])) for byte in following if byte in _SPACES]
        return bool(words) and any(
            after is not None and words <= set(self._native.next_bytes(after)) for after in spaces
        )

    def goes_on(self, configuration: int) -> bool:
        """Returns True if more bytes may come."""
        return bool(self._native.next_bytes(configuration))

    def starts(self, configuration: int, data: bytes, is_start: bool) -> Iterator[tuple[int, bool]]:
        """The configuration after each byte, and True where a part may begin.

        That is where a terminal may begin, and after bytes of it that are forced. Otherwise each place after a
        backslash or within a character of several bytes would count as a part.

        Args:
            configuration: before the bytes.
            data: the bytes, which may come.
            is_start: whether a part could begin before them.
        """
        for byte in data:
            is_forced = len(self._first(configuration)) == 1 and not self._native.can_stop(configuration)
            after = self.after(configuration, bytes([byte]))
            if after is None:  # a special token
                return
            configuration = after
            may_begin = self._native.is_fresh(configuration) or self.may_be_spaced(configuration)
            is_start = may_begin or (is_start and is_forced)
            yield configuration, is_start

    def rest_of_word(self, configuration: int) -> str:
        """The forced bytes up to the end of the terminal: all texts of a part may end with the same ones."""
        found = b""
        while configuration != END and not self._native.is_fresh(configuration) and len(found) < _PATH:
            following = self._native.next_bytes(configuration)
            after = self.after(configuration, following) if len(following) == 1 else None
            if after is None:
                break
            found, configuration = found + following, after
        return found.decode(errors="replace")

    def _end_of(self, configuration: int) -> int | None:
        first = self._first(configuration)
        if len(first) > _BRANCHES:
            return None
        if len(first) + self._native.can_stop(configuration) > 1:
            for end in self._candidates(configuration, first):
                # Of parts of one byte, such as a digit, the mask decides: their bytes are tokens.
                is_byte = all(self.after(configuration, bytes([byte])) == end for byte in first)
                if not is_byte and self._count(configuration, end) is not None:
                    return end
        return END if (self._count(configuration, END) or 0) > 1 else None

    def _first(self, configuration: int) -> bytes:
        """The bytes with which a part may begin: not with whitespace, if it may begin with something else."""
        following = self._native.next_bytes(configuration)
        if not self.may_be_spaced(configuration):
            return following
        return bytes(byte for byte in following if byte not in _SPACES)

    def _candidates(self, configuration: int, first: bytes) -> Iterator[int]:
        """The configurations that shortest texts through two different first bytes have in common, in their order."""
        if self._native.can_stop(configuration):
            return
        paths = []
        for byte in (first[0], first[-1]):
            after = self.after(configuration, bytes([byte]))
            if after is None:
                return
            paths.append([after, *self._shortest(after)])
        others = set(paths[1])
        yield from (one for one in paths[0] if one in others)

    def _shortest(self, configuration: int) -> Iterator[int]:
        """The configurations on the way of a shortest completion."""
        completion = self._native.completion(configuration)
        for byte in (completion[0] if completion is not None else b"")[:_PATH]:
            after = self.after(configuration, bytes([byte]))
            if after is None:
                return
            configuration = after
            yield configuration

    def _count(self, start: int, end: int) -> int | None:
        """How many texts lead from the beginning of a part to its end; None if too many, or one misses the end."""
        known: dict[int, int | None] = {}
        # Depth first, with a stack of its own: a node is settled once all that follow it are.
        stack = [start]
        while stack:
            node = stack[-1]
            if node in known and known[node] is not None:
                stack.pop()
                continue
            following = self._following(node, end, self._first(node) if node == start else None)
            if following is None or len(known) > _NODES:
                return None
            open_nodes = [one for one in following if one != end and known.get(one) is None]
            if not open_nodes:
                total = sum(1 if one == end else known[one] or 0 for one in following)
                total += end == END and self._native.can_stop(node)
                if total > self._largest:
                    return None
                known[node] = total
                stack.pop()
            elif node in known:  # seen before, and not settled by what follows: a cycle
                return None
            else:
                known[node] = None
                stack += open_nodes
        return known[start]

    def _following(self, configuration: int, end: int, first: bytes | None) -> list[int] | None:
        """The configurations after each byte that may come; None if this is no inner place of a finite part."""
        first = self._native.next_bytes(configuration) if first is None else first
        if len(first) > _BRANCHES or 0xFF in first:
            return None
        if end != END and (not first or self._native.can_stop(configuration)):
            return None
        found: list[int] = []
        for byte in first:
            after = self.after(configuration, bytes([byte]))
            if after is None:
                return None
            found.append(after)
        return found


@dataclass(order=True, slots=True)
class _Beginning:
    """A beginning of the part, by its probability (negative, for the heap).

    Attributes:
        cost: minus its log-probability.
        tokens: of it.
        data: its bytes.
        configuration: after it.
    """

    cost: float
    tokens: tuple[int, ...] = field(compare=False)
    data: bytes = field(compare=False)
    configuration: int = field(compare=False)


@dataclass(slots=True)
class Search:
    """The probability of each text of a part, best first.

    Args:
        parts: of the grammar.
        masks: of the constraint, by tokens.
        decoder: the model, after the text so far.
        end: where the part ends.
        used: tokens of the text so far.
        prefix: bytes that come before the part, such as a space that may belong to its first token.
        is_spaced: whether whitespace may come before the part, after the prefix.
    """

    parts: FiniteParts
    masks: Masks
    decoder: ModelDecoder
    end: int
    used: int
    prefix: bytes = b""
    is_spaced: bool = False
    rows: int = 0
    spellings: dict[bytes, list[tuple[float, tuple[int, ...]]]] = field(default_factory=dict)
    _open: list[_Beginning] = field(default_factory=list)
    _found: float = 0.0

    def run(self, configuration: int) -> bool:
        """Search from the beginning of the part. Returns True if enough of the probability is known."""
        self._open = [_Beginning(0.0, (), b"", configuration)]
        while self._open:
            unseen = sum(math.exp(-one.cost) for one in self._open)
            if unseen <= _UNSEEN * self._found:
                return True
            if self.rows >= _LARGEST_SEARCH:
                return False
            batch = [heapq.heappop(self._open) for _ in range(min(_ROWS, len(self._open)))]
            self.rows += len(batch)
            logprobs = self.decoder.after_each([one.tokens for one in batch])
            for beginning, row in zip(batch, logprobs, strict=True):
                self._expand(beginning, row)
        return bool(self.spellings)

    def _expand(self, beginning: _Beginning, logprobs: Any) -> None:
        allowed = self.masks.allowed(beginning.configuration, self.used + len(beginning.tokens))
        following = next_token(logprobs, allowed)
        continued = 0.0
        for token, probability in zip(following.tokens.tolist(), following.probabilities, strict=True):
            if self.masks.is_end(token):
                continue
            continued += probability
            self._continue(beginning, token, beginning.cost - math.log(probability))
        if self.end == END and self.masks.can_stop(beginning.configuration) and continued < 1:
            # It ends here, whatever the model would write after it, but for a longer text of the part.
            ends = [token for token in following.tokens.tolist() if self.masks.is_end(token)]
            tokens = (*beginning.tokens, *ends[:1]) if continued else beginning.tokens
            self._complete(beginning.data, beginning.cost - math.log1p(-continued), tokens)

    def _continue(self, beginning: _Beginning, token: int, cost: float) -> None:
        tokens = (*beginning.tokens, token)
        piece = self.masks.vocabulary[token]
        before = beginning.configuration
        begun = len(beginning.data)
        if self._is_elsewhere(beginning.data + piece):
            return
        for place in range(len(piece)):
            after = self.parts.after(before, piece[place : place + 1])
            if after is None:  # a special token
                return
            if after == self.end and begun + place >= len(self.prefix):
                self._complete(beginning.data + piece[: place + 1], cost, tokens)
                return
            before = after
        data = beginning.data + piece
        configuration = self.masks.advance(beginning.configuration, token)
        if self.end == END and not self.parts.goes_on(configuration):
            self._complete(data, cost, tokens)
        else:
            heapq.heappush(self._open, _Beginning(cost, tokens, data, configuration))

    def _is_elsewhere(self, data: bytes) -> bool:
        """Returns True if a beginning has another prefix, or more whitespace before the part."""
        if not data.startswith(self.prefix[: len(data)]):
            return True
        return self.is_spaced and data[len(self.prefix) : len(self.prefix) + 1] in _SPACES_ONE_BY_ONE

    def _complete(self, text: bytes, cost: float, tokens: tuple[int, ...]) -> None:
        self.spellings.setdefault(text[len(self.prefix) :], []).append((-cost, tokens))
        self._found += math.exp(-cost)


class DecideFiniteParts(transformers.LogitsProcessor):
    """Takes the texts of finite parts as wholes. For one row; runs after the mask.

    Args:
        model: that generates.
        grammar: compiled for its vocabulary.
        masks: of the constraint.
        prompt: int64 [1, T].
        temperature: 0: the likeliest text; else one is drawn, by probability to the power 1/temperature.
        largest: how many texts a part may have.
    """

    def __init__(
        self,
        model: Any,
        grammar: CompiledGrammar,
        masks: Masks,
        prompt: torch.Tensor,
        temperature: float,
        largest: int,
    ) -> None:
        self.decisions: list[Decision] = []
        self._model = model
        self._parts = FiniteParts(grammar, largest)
        self._masks = masks
        self._prompt = prompt
        self._temperature = temperature
        self._decoder: ModelDecoder | None = None
        self._tokens: list[int] = []
        self._configuration = grammar.initial
        self._pending: list[int] = []
        self._is_start = True

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Force the next token of a text that was taken; take one where a part begins."""
        self._read(on_host(input_ids)[0, self._prompt.shape[1] :].tolist())
        if self._tokens and self._masks.is_end(self._tokens[-1]):
            return scores
        if not self._pending and self._is_start and not self._parts.may_be_spaced(self._configuration):
            self._pending = self._decided(b"", self._configuration)
        if not self._pending:
            return self._crossing(scores)
        forced = torch.full_like(scores, -torch.inf)
        forced[:, self._pending[0]] = 0.0
        return forced  # type: ignore[return-value]

    def planned(self) -> list[int]:
        """The tokens that come next for certain: the rest of a text that was taken, after the token forced last."""
        return self._pending[1:]

    def _read(self, tokens: list[int]) -> None:
        for token in tokens[len(self._tokens) :]:
            if self._pending[:1] == [token]:
                self._pending = self._pending[1:]
            else:
                self._pending = []
                starts = self._parts.starts(
                    self._configuration, self._masks.vocabulary[token], self._is_start
                )
                self._is_start = next(reversed([is_start for _, is_start in starts]), False)
            if not self._masks.is_end(token):
                self._configuration = self._masks.advance(self._configuration, token)
            self._tokens.append(token)

    def _crossing(self, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Decide a part that begins within the next token, such as after the space of ` true`."""
        logprobs = torch.log_softmax(scores[0].float() / (self._temperature or 1.0), -1)
        likely = torch.nonzero(logprobs > math.log(_CROSSING)).flatten().tolist()
        parts = {token: self._part_within(token) for token in likely}
        if not any(parts.values()):
            return scores
        token = likely[self._index(logprobs[likely].double().cpu().numpy())]
        found = parts[token]
        if found is not None:
            self._pending = self._decided(*found)
        scores = scores.clone()  # type: ignore[assignment]
        if self._pending:
            scores[:] = -torch.inf
            scores[:, self._pending[0]] = 0.0
        elif found is None:
            scores[:, [token for token, part in parts.items() if part is not None]] = -torch.inf
        return scores

    def _part_within(self, token: int) -> tuple[bytes, int] | None:
        """The bytes of a token before a part that begins within it, and the configuration there."""
        piece = self._masks.vocabulary[token]
        if not piece:  # an end token or a marker: no text begins within it
            return None
        here = [(self._configuration, self._is_start)]
        starts = self._parts.starts(self._configuration, piece[:-1], self._is_start)
        for place, (configuration, is_start) in enumerate([*here, *starts]):
            if is_start and self._parts.end_of(configuration) is not None:
                is_space = piece[place] in _SPACES and self._parts.may_be_spaced(configuration)
                if not is_space:
                    return piece[:place], configuration
        return None

    def _decided(self, prefix: bytes, configuration: int) -> list[int]:
        """The tokens of the text that is taken here; none if no finite part begins, or it can't be decided."""
        end = self._parts.end_of(configuration)
        if end is None:
            return []
        if self._decoder is None:
            self._decoder = ModelDecoder(self._model, self._masks.vocabulary, self._prompt)
        decoder = self._decoder.extended(self._tokens)
        is_spaced = self._parts.may_be_spaced(configuration)
        search = Search(self._parts, self._masks, decoder, end, len(self._tokens), prefix, is_spaced)
        return self._take(search) if search.run(self._configuration) else []

    def _take(self, search: Search) -> list[int]:
        texts = list(search.spellings)
        masses = np.array([_log_sum([mass for mass, _ in search.spellings[text]]) for text in texts])
        total = _log_sum(masses)
        shares = np.exp(masses - total)
        # At another temperature than 1 the texts compete as wholes.
        index = self._index((masses - masses.max()) / (self._temperature or 1.0))
        spellings = search.spellings[texts[index]]
        logprobs = np.array([mass for mass, _ in spellings])
        chosen = self._index(logprobs - logprobs.max())
        order = np.argsort(-shares, kind="stable")
        rest = self._parts.rest_of_word(search.end)
        self.decisions.append(
            Decision(
                start=sum(len(self._masks.vocabulary[token]) for token in self._tokens) + len(search.prefix),
                shares={texts[i].decode(errors="replace") + rest: float(shares[i]) for i in order},
                taken=texts[index].decode(errors="replace") + rest,
                log_mass=float(total),
                rows=search.rows,
            )
        )
        return list(spellings[chosen][1])

    def _index(self, logarithms: Any) -> int:
        """The largest weight at temperature 0, else one drawn in proportion, by torch's random state."""
        if self._temperature == 0:
            return int(logarithms.argmax())
        return draw(np.exp(logarithms), float(torch.rand((), dtype=torch.float64)))


def _log_sum(logarithms: Sequence[float] | Any) -> float:
    highest = float(max(logarithms))
    return highest + math.log(sum(math.exp(one - highest) for one in logarithms))
