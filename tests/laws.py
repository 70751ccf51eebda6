"""What must hold of every mask, as functions that any test may call.

    mask_equals_oracle          each mask is, bit by bit, the set of tokens that the oracle would let through
    advance_agrees_with_mask    advance(t) succeeds exactly if bit t is set, and leaves the matcher alone otherwise
    end_closes_the_text         after an end token only end tokens may come, and only where the text is complete
    rollback_undoes_advance     masks are the same after going forth and back
    fork_leaves_parent_alone    what a fork reads is nothing to its parent
    completion_is_shortest      the shortest completion is accepted, and no shorter one can be spelt
    budget_is_kept              a token is allowed under a budget only if the text can be finished within it
    text_is_finished_in_time    whoever takes any token that is allowed under what is left of a budget finishes the text
    forced_tokens_are_forced    what is called forced has no alternative, and what has none is called forced
    explanation_says_what_may_come

A law gets a matcher and, where only a slower program can say what is right, the oracle and its position.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from itertools import count
from random import Random

import numpy as np
import pytest
from oracle import Oracle, Position, allowed_tokens, describe, read_token

from structgen.errors import DeadEnd, TokenRejected
from structgen.matcher import CompiledGrammar, Matcher
from structgen.vocabulary import Vocabulary


def unpack(row: np.ndarray, size: int) -> set[int]:
    """The ids whose bit is set; all of them must be below `size`."""
    assert row.dtype == np.int32
    bits = np.unpackbits(np.ascontiguousarray(row).view(np.uint8), bitorder="little")
    assert not bits[size:].any(), "a bit beyond the vocabulary is set"
    return set(np.flatnonzero(bits).tolist())


def allowed(matcher: Matcher) -> set[int]:
    """The ids that the mask allows; none where there is no mask."""
    try:
        return unpack(matcher.bitmask(), matcher.grammar.vocabulary.size)
    except DeadEnd:
        return set()


def allowed_within(grammar: CompiledGrammar, configuration: int, budget: int) -> set[int]:
    """The ids that the mask allows under a budget; none where there is no mask."""
    row = np.zeros((1, -(-grammar.vocabulary.size // 32)), dtype=np.int32)
    try:
        grammar.fill_within(configuration, budget, row, 0)
    except DeadEnd:
        return set()
    return unpack(row[0], grammar.vocabulary.size)


def walk(
    grammar: CompiledGrammar, oracle: Oracle, random: Random, *, steps: int = 12
) -> Iterator[tuple[Matcher, Position]]:
    """The matcher and the oracle's position after each token of a random text. The matcher is the caller's own."""
    matcher, position = grammar.matcher(), oracle.start()
    for _ in range(steps):
        yield matcher.fork(), position
        choices = sorted(
            allowed_tokens(oracle, grammar.vocabulary, position) - grammar.vocabulary.eos_token_ids
        )
        if not choices:
            return
        token = random.choice(choices)
        matcher.advance(token)
        following = read_token(oracle, grammar.vocabulary, position, token)
        assert following is not None
        position = following


def random_tokens(vocabulary: Vocabulary, oracle: Oracle, random: Random, *, steps: int = 12) -> list[int]:
    """The tokens of a random text, without an end."""
    position, tokens = oracle.start(), []
    for _ in range(steps):
        choices = sorted(allowed_tokens(oracle, vocabulary, position) - vocabulary.eos_token_ids)
        if not choices:
            break
        tokens.append(random.choice(choices))
        following = read_token(oracle, vocabulary, position, tokens[-1])
        assert following is not None
        position = following
    return tokens


def masks_along(grammar: CompiledGrammar, tokens: Iterable[int]) -> list[set[int]]:
    """The masks before, between and after tokens."""
    matcher = grammar.matcher()
    masks = [allowed(matcher)]
    for token in tokens:
        matcher.advance(token)
        masks.append(allowed(matcher))
    return masks


def mask_equals_oracle(matcher: Matcher, oracle: Oracle, position: Position) -> None:
    vocabulary = matcher.grammar.vocabulary
    expected, found = allowed_tokens(oracle, vocabulary, position), allowed(matcher)
    if found != expected:
        extra = {token: vocabulary[token] for token in sorted(found - expected)}
        missing = {token: vocabulary[token] for token in sorted(expected - found)}
        pytest.fail(f"{describe(oracle, position)}\nallowed wrongly: {extra}\nmissing: {missing}")
    assert matcher.can_stop == oracle.can_stop(position), describe(oracle, position)


def advance_agrees_with_mask(matcher: Matcher) -> None:
    expected, before = allowed(matcher), matcher.configuration
    for token in range(-1, matcher.grammar.vocabulary.size + 1):
        other = matcher.fork()
        if token in expected:
            other.advance(token)
            assert matcher.grammar.try_advance(before, token) == other.configuration
        else:
            with pytest.raises(TokenRejected) as caught:
                other.advance(token)
            assert caught.value.token_id == token
            assert other.configuration == before
            assert matcher.grammar.try_advance(before, token) == -1
    assert matcher.configuration == before


def end_closes_the_text(matcher: Matcher) -> None:
    ends = set(matcher.grammar.vocabulary.eos_token_ids)
    assert allowed(matcher) & ends == (ends if matcher.can_stop else set())
    assert not matcher.is_finished
    if matcher.can_stop:
        for end in ends:
            finished = matcher.fork()
            finished.advance(end)
            assert finished.is_finished
            assert allowed(finished) == ends
            finished.advance(end)
            assert finished.is_finished
            finished.rollback(2)
            assert finished.configuration == matcher.configuration


def rollback_undoes_advance(matcher: Matcher, random: Random, *, steps: int = 6) -> None:
    other = matcher.fork()
    seen = [(other.configuration, allowed(other))]
    for _ in range(steps):
        choices = sorted(seen[-1][1])
        if not choices:
            break
        other.advance(random.choice(choices))
        seen.append((other.configuration, allowed(other)))
    while len(seen) > 1:
        back = random.randint(1, len(seen) - 1)
        other.rollback(back)
        del seen[-back:]
        assert (other.configuration, allowed(other)) == seen[-1]


def fork_leaves_parent_alone(matcher: Matcher, random: Random, *, steps: int = 4) -> None:
    before, mask = matcher.configuration, allowed(matcher)
    fork = matcher.fork()
    for _ in range(steps):
        choices = sorted(allowed(fork))
        if choices:
            fork.advance(random.choice(choices))
    assert (matcher.configuration, allowed(matcher)) == (before, mask)


def completion_is_shortest(matcher: Matcher, oracle: Oracle, position: Position) -> None:
    """A search over all tokens, by the number of bytes, finds the length of the shortest completion."""
    vocabulary = matcher.grammar.vocabulary
    length = _bytes_to_the_end(oracle, vocabulary, position)
    if length is None:
        return  # too much to search
    if length < 0:
        with pytest.raises(DeadEnd):
            matcher.shortest_completion()
        return
    completion = matcher.shortest_completion()
    assert len(completion.text) == length, (completion, length, describe(oracle, position))
    assert b"".join(vocabulary[token] for token in completion.tokens) == completion.text
    other = matcher.fork()
    for token in completion.tokens:
        other.advance(token)
    assert other.can_stop, (completion, describe(oracle, position))
    if not oracle.special_tokens():
        assert len(completion.tokens) == fewest_tokens(vocabulary, completion.text)
    assert matcher.grammar.completion_tokens(matcher.configuration) == len(completion.tokens) + 1


def _bytes_to_the_end(
    oracle: Oracle, vocabulary: Vocabulary, start: Position, *, most: int = 400
) -> int | None:
    """Bytes of the shortest completion that the vocabulary can spell; -1: there is none; None: too far to search."""
    numbers = count()
    queue, seen = [(0, next(numbers), start)], set()
    while queue:
        length, _, position = heapq.heappop(queue)
        if position in seen:
            continue
        seen.add(position)
        if oracle.can_stop(position):
            return length
        if len(seen) > most:
            return None
        for token in allowed_tokens(oracle, vocabulary, position) - vocabulary.eos_token_ids:
            following = read_token(oracle, vocabulary, position, token)
            if following not in seen:
                heapq.heappush(queue, (length + len(vocabulary[token]), next(numbers), following))
    return -1


def fewest_tokens(vocabulary: Vocabulary, text: bytes) -> int:
    """How many tokens spell the text at least."""
    known = {
        token for i, token in enumerate(vocabulary.tokens) if token and i not in vocabulary.eos_token_ids
    }
    fewest = [0] + [10**9] * len(text)
    for end in range(1, len(text) + 1):
        for start in range(end):
            if text[start:end] in known:
                fewest[end] = min(fewest[end], fewest[start] + 1)
    return fewest[-1]


def budget_is_kept(matcher: Matcher, oracle: Oracle, position: Position, *, budget: int) -> None:
    """Under a budget the mask never leads into a text that cannot be finished, and never out of ways."""
    grammar = matcher.grammar
    fits = _Fits(oracle, grammar.vocabulary)
    expected = fits.tokens(position, budget)
    found = allowed_within(grammar, matcher.configuration, budget)
    assert found <= expected, (sorted(found - expected), budget, describe(oracle, position))
    try:
        bound = grammar.completion_tokens(matcher.configuration)
    except DeadEnd:
        assert not expected
        return
    assert found or bound > budget
    if bound <= budget:
        assert fits.within(position, bound)


def text_is_finished_in_time(
    grammar: CompiledGrammar, random: Random, *, budget: int, runs_out: bool = True
) -> None:
    """Whoever takes any token that is allowed under what is left of a budget finishes the text within it.

    (Unless texts that must differ run out, where the grammar asks for more than there are: if `runs_out`.)
    """
    configuration = grammar.initial
    try:
        if grammar.completion_tokens(configuration) > budget:
            return
    except DeadEnd:
        return
    ends = grammar.vocabulary.eos_token_ids
    taken: list[int] = []
    for left in range(budget, 0, -1):
        found = allowed_within(grammar, configuration, left)
        if not found:
            assert runs_out, f"a dead end after {taken}"
            with pytest.raises(DeadEnd):
                grammar.completion_tokens(configuration)
            return
        going_on = sorted(found - ends)
        if not going_on or (found & ends and random.random() < 0.02):
            return
        taken.append(random.choice(going_on))
        configuration = grammar.advance(configuration, taken[-1])
    raise AssertionError(f"not finished after {budget} tokens: {taken}")


class _Fits:
    """Which texts can be finished with how many tokens, the end token included."""

    def __init__(self, oracle: Oracle, vocabulary: Vocabulary) -> None:
        self.oracle, self.vocabulary = oracle, vocabulary
        self.known: dict[tuple[Position, int], bool] = {}

    def within(self, position: Position, budget: int) -> bool:
        if budget <= 0:
            return False
        if self.oracle.can_stop(position) and self.vocabulary.eos_token_ids:
            return True
        key = position, budget
        if key not in self.known:
            self.known[key] = budget > 1 and bool(self.tokens(position, budget))
        return self.known[key]

    def tokens(self, position: Position, budget: int) -> set[int]:
        ends = self.vocabulary.eos_token_ids
        found = allowed_tokens(self.oracle, self.vocabulary, position)
        fitting = found & ends if budget >= 1 else set()
        for token in found - ends:
            following = read_token(self.oracle, self.vocabulary, position, token)
            assert following is not None
            if self.within(following, budget - 1):
                fitting.add(token)
        return fitting


def forced_tokens_are_forced(matcher: Matcher, oracle: Oracle, position: Position) -> None:
    vocabulary = matcher.grammar.vocabulary
    forced = matcher.forced_tokens()
    other = matcher.fork()
    for token in forced:
        other.advance(token)
        if not vocabulary[token]:  # a special token: nothing else may come there
            bytes_there = [byte for byte in range(256) if oracle.read(position, byte) is not None]
            assert not bytes_there, describe(oracle, position)
            assert not oracle.can_stop(position), describe(oracle, position)
            following = read_token(oracle, vocabulary, position, token)
            assert following is not None, describe(oracle, position)
            position = following
            continue
        for byte in vocabulary[token]:
            assert _only_byte(oracle, position) == byte, describe(oracle, position)
            following = oracle.read(position, byte)
            assert following is not None
            position = following
    single = _only_byte(oracle, position)
    if single is not None and len(forced) == 0:
        assert bytes([single]) not in vocabulary.tokens, (single, describe(oracle, position))


def _only_byte(oracle: Oracle, position: Position) -> int | None:
    """The byte that must come next; None if there is a choice."""
    specials = any(oracle.read_special(position, token) is not None for token in oracle.special_tokens())
    following = [byte for byte in range(256) if oracle.read(position, byte) is not None]
    return following[0] if len(following) == 1 and not oracle.can_stop(position) and not specials else None


def explanation_says_what_may_come(matcher: Matcher, oracle: Oracle, position: Position) -> None:
    explanation = matcher.explain()
    following = {byte for byte in range(256) if oracle.read(position, byte) is not None}
    assert set(explanation.characters) == following, describe(oracle, position)
    if following:  # where nothing is left of a terminal, the engine need not have noticed
        assert set(explanation.terminals) == set(oracle.terminals(position)), describe(oracle, position)
    assert explanation.can_stop == oracle.can_stop(position)
    assert len(explanation.expected) <= 8
    assert bool(explanation.expected) == bool(following or explanation.can_stop)
    assert all(word in str(explanation) for word in explanation.expected)
