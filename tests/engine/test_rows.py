"""The row table: ids of masks, shared by the grammars of a vocabulary."""

from __future__ import annotations

from random import Random

import laws
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from oracle import Oracle
from strategies import grammars, vocabularies

from structgen.errors import DeadEnd
from structgen.grammar.expressions import Literal, charset, repeat
from structgen.grammar.rules import Grammar, Repetition, Sequence, Terminal
from structgen.limits import Limits
from structgen.matcher import CompiledGrammar, compile_grammar
from structgen.vocabulary import Vocabulary

RANDOMS = st.randoms(use_true_random=False)
TOKENS = [bytes([byte]) for byte in range(256)] + [b"ab", b"ba", None]
END = 258


def vocabulary() -> Vocabulary:
    """A vocabulary with a store of its own."""
    return Vocabulary(TOKENS, eos_token_ids=[END])


def word(text: str) -> Grammar:
    return Grammar({"start": Sequence((Terminal("W", Literal(text)),))})


def names(effect: str | None) -> Grammar:
    """Names in brackets, each of which ends with a comma."""
    name = Terminal("NAME", repeat(charset("abc"), 1, 3), effect=effect)
    items = Repetition(Sequence((name, Terminal("COMMA", Literal(",")))))
    opening, closing = (
        Terminal("OPEN", Literal("["), effect=effect and "open"),
        Terminal("CLOSE", Literal("]"), effect=effect and "close"),
    )
    return Grammar({"start": Sequence((opening, items, closing))})


@given(grammars(), vocabularies(), RANDOMS)
def test_an_id_names_the_mask(grammar: Grammar, some: Vocabulary, random: Random) -> None:
    oracle = Oracle(grammar)
    assume(not oracle.is_empty)
    found = compile_grammar(grammar, some)
    for matcher, _ in laws.walk(found, oracle, random, steps=6):
        try:
            mask = matcher.bitmask()
        except DeadEnd:
            continue
        number = matcher.row_id()
        assert (found.rows.read([number]) == mask).all()
        assert number < found.rows.size
        assert number == found.row_id(matcher.configuration), "equal rows share an id"


def test_equal_rows_of_two_grammars_share_an_id() -> None:
    shared = vocabulary()
    one, other = (compile_grammar(word(text), shared) for text in ("ab", "ac"))
    ids = [[one.row_id(one.initial), other.row_id(other.initial)]]
    after = [found.try_advance(found.initial, ord("a")) for found in (one, other)]
    ids.append([one.row_id(after[0]), other.row_id(after[1])])
    assert ids[0][0] != ids[0][1], "ab may be one token, ac not"
    assert ids[1][0] != ids[1][1], "b and c"
    finished = [
        found.row_id(found.try_advance(c, ord(text)))
        for found, c, text in zip((one, other), after, "bc", strict=True)
    ]
    assert finished[0] == finished[1], "the end of the text in both"
    assert one.rows.read(finished[:1]).nonzero()[1].tolist() == [END // 32]
    assert len(one.rows) == len(other.rows) == 5


def test_new_rows_are_reported_once() -> None:
    found = compile_grammar(word("ab"), vocabulary())
    table = found.rows
    assert table.new_rows(0)[0] == []
    first = found.row_id(found.initial)
    ids, rows, made = table.new_rows(0)
    assert (ids, made) == ([first], table.made)
    assert rows.dtype == np.int32
    assert rows.shape == (1, table.words)
    assert (rows == table.read([first])).all()
    found.row_id(found.initial)
    assert table.new_rows(made)[0] == [], "it was there"
    second = found.row_id(found.try_advance(found.initial, ord("a")))
    assert table.new_rows(made)[0] == [second]
    assert table.new_rows(0)[0] == [first, second], "oldest first"


def test_a_mirror_holds_every_row_however_many_were_dropped() -> None:
    shared = vocabulary()
    kept = compile_grammar(word("abc"), shared)
    mirror: dict[int, np.ndarray] = {}
    made = 0
    for number in range(40):
        text = bytes(range(number, number + 3)).decode()
        some = compile_grammar(word(text), shared, limits=Limits(row_bytes=1))
        for found, read in (kept, "abc"), (some, text):
            matcher = found.matcher()
            for byte in read.encode():
                row_id = matcher.row_id()
                ids, rows, made = found.rows.new_rows(made)
                mirror.update(zip(ids, rows, strict=True))
                assert (mirror[row_id] == matcher.bitmask()).all()
                matcher.advance(byte)
    assert kept.rows.epoch > 40
    assert kept.rows.made > 80
    assert kept.rows.size == len(mirror) < 20, "ids are given again"


def test_a_dropped_row_changes_the_epoch() -> None:
    found = compile_grammar(word("abcabc"), vocabulary(), limits=Limits(row_bytes=1))
    assert found.rows.epoch == 0
    first = found.row_id(found.initial)
    row = found.rows.read([first])
    assert found.rows.epoch == 0, "nothing was dropped"
    second = found.row_id(found.try_advance(found.initial, ord("a")))
    assert found.rows.epoch == 1
    assert second == first, "the id was given again"
    assert (found.rows.read([second]) != row).any()
    assert len(found.rows) == 1


def test_an_id_that_no_row_has_is_an_error() -> None:
    found = compile_grammar(word("ab"), vocabulary())
    found.row_id(found.initial)
    with pytest.raises(IndexError, match="no row has the id 1"):
        found.rows.read([0, 1])


def test_a_row_that_another_grammar_uses_is_not_dropped() -> None:
    shared = vocabulary()
    other = compile_grammar(word("abcabc"), shared)
    number = other.row_id(other.initial)
    row = other.rows.read([number])
    found = compile_grammar(word("abcabc"), shared, limits=Limits(row_bytes=1))
    assert found.row_id(found.initial) == number
    for _ in range(3):
        found.row_id(found.try_advance(found.initial, ord("a")))
        assert found.row_id(found.initial) == number
    assert (other.rows.read([number]) == row).all()


def test_the_last_id_of_a_matcher_stays() -> None:
    """Even of a row that depends on recorded texts, and that no grammar keeps."""
    shared = vocabulary()
    found = compile_grammar(names("record"), shared)
    matcher = found.matcher()
    for byte in b"[a,":
        matcher.advance(byte)
    number = matcher.row_id()
    row = found.rows.read([number])
    for index in range(5):  # rows are dropped
        some = compile_grammar(word("abc" * (index + 1)), shared, limits=Limits(row_bytes=1))
        some.row_id(some.initial)
        some.row_id(some.try_advance(some.initial, ord("a")))
    assert found.rows.epoch > 1
    assert (found.rows.read([number]) == row).all()


def test_rows_that_depend_on_recorded_texts_have_ids() -> None:
    shared = vocabulary()
    unique, plain = (compile_grammar(names(effect), shared) for effect in ("record", None))

    def after(found: CompiledGrammar, text: bytes) -> int:
        matcher = found.matcher()
        for byte in text:
            matcher.advance(byte)
        return matcher.row_id()

    assert after(unique, b"[a") == after(plain, b"[a"), "nothing is recorded"
    assert after(unique, b"[a,b") == after(plain, b"[a,b"), "b is new"
    assert after(unique, b"[a,a") != after(plain, b"[a,a"), "a is not"
    assert after(unique, b"[a,a") == after(unique, b"[b,c,a,a")


def test_rows_within_a_budget_have_ids() -> None:
    found = compile_grammar(names(None), vocabulary())
    start = found.try_advance(found.initial, ord("["))
    row = np.zeros((1, found.rows.words), dtype=np.int32)
    for budget in range(2, 12):
        number = found.row_id_within(start, budget)
        found.fill_within(start, budget, row, 0)
        assert (found.rows.read([number]) == row).all()
    assert found.row_id_within(start, 1000) == found.row_id(start), "all tokens are in time"
    with pytest.raises(DeadEnd, match="within 1 tokens"):
        found.row_id_within(start, 1)


def test_a_dead_end_has_no_id() -> None:
    found = compile_grammar(word("ab"), Vocabulary([b"a"]))
    dead = found.try_advance(found.initial, 0)
    with pytest.raises(DeadEnd):
        found.row_id(dead)
    matcher = found.matcher()
    matcher.advance(0)
    with pytest.raises(DeadEnd):
        matcher.row_id()


def test_reading_several_rows() -> None:
    found = compile_grammar(word("ab"), vocabulary())
    ids = [found.row_id(found.initial), found.row_id(found.try_advance(found.initial, ord("a")))]
    rows = found.rows.read([*ids, ids[0]])
    assert rows.shape == (3, found.rows.words)
    assert (rows[0] == rows[2]).all()
    rows[:] = 0  # an array of the caller's own
    assert found.rows.read(ids[:1]).any()
    assert found.rows.read(range(found.rows.size)).shape == (2, found.rows.words)
    assert found.rows.read([]).shape == (0, found.rows.words)
