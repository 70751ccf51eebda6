"""Which configuration a row is in, call by call, without a model."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from structgen.constraint import compile
from structgen.errors import TokenRejected
from structgen.frontends.regex import regex
from structgen.generation.progress import REJECTED, Progress
from structgen.matcher import CompiledGrammar
from structgen.vocabulary import Vocabulary

TOKENS = "abcdefgh"
END = len(TOKENS)
VOCABULARY = Vocabulary([*(char.encode() for char in TOKENS), None], eos_token_ids=[END])
ANY = compile(regex("[a-f]*"), VOCABULARY)
ODD = compile(regex("a(ba)*"), VOCABULARY)


def rows(*texts: str) -> torch.Tensor:
    """Rows of equal length; `.` ends a text, `g` and `h` are in no grammar."""
    tokens = [[END if char == "." else TOKENS.index(char) for char in text] for text in texts]
    return torch.tensor(tokens, dtype=torch.long)


def configuration(grammar: CompiledGrammar | None, text: str) -> int:
    """What a row should be in, read without memory."""
    if grammar is None:
        return 0
    found = grammar.initial
    for token in rows(text)[0].tolist():
        following = grammar.try_advance(found, token)
        if following < 0 and not grammar.is_finished(found):
            return REJECTED
        found = following if following >= 0 else found
    return found


class Checked:
    """The progress of rows after a prompt, each answer of which is compared with the text it should have read."""

    def __init__(self, *grammars: CompiledGrammar | None, prompt: str = "gg") -> None:
        self.grammars = grammars
        self.prompt = prompt
        self.progress = Progress(len(prompt))

    def __call__(self, *answers: str, grammars: Any = None) -> list[int]:
        grammars = list(grammars or self.grammars) * len(answers)
        grammars = grammars[: len(answers)]
        found = self.progress.follow(rows(*(self.prompt + answer for answer in answers)), grammars)
        assert found == [
            configuration(grammar, answer) for grammar, answer in zip(grammars, answers, strict=True)
        ]
        return found


@pytest.mark.parametrize("prompt", ["", "g", "gab"])
def test_rows_grow_by_a_token(prompt: str) -> None:
    follow = Checked(ANY, prompt=prompt)
    for length in range(6):
        follow("abcde"[:length], "edcba"[:length])


def test_rows_grow_by_several_tokens() -> None:
    follow = Checked(ANY)
    follow("abc")
    follow("abcdef")


def test_beams_are_reordered() -> None:
    follow = Checked(ANY)
    follow("", "", "", "")
    follow("a", "b", "a", "c")
    follow("bc", "ba", "ca", "ab")
    follow("bad", "bab", "aba", "caa")
    follow("bade", "badf", "abab", "abaa")


def test_candidates_go_back_and_branch() -> None:
    follow = Checked(ANY)
    for answer in ("", "a", "ab", "abc", "abcd", "abcde", "", "a", "ab", "abf", "abfa", "abf", "abe"):
        follow(answer)


def test_the_number_of_rows_may_change() -> None:
    follow = Checked(ANY)
    follow("abc")
    follow("abca", "abcb")
    follow("abcbd")


def test_a_row_is_read_under_its_grammar() -> None:
    follow = Checked()
    follow("a", "a", "a", grammars=[ODD, ANY, None])
    follow("ab", "ab", "ab", grammars=[ODD, ANY, None])
    follow("ab", "ab", "ab", grammars=[ANY, None, ODD])
    follow("aba", "abg", "abb", grammars=[ANY, None, ODD])


def test_what_follows_the_end_is_padding() -> None:
    follow = Checked(ODD)
    for answers in (("a", "a"), ("a.", "ab"), ("a.h", "aba"), ("a.h.", "aba."), ("a.h.a", "aba..")):
        found = follow(*answers)
    assert all(ODD.is_finished(configuration) for configuration in found)


def test_a_token_that_does_not_fit_marks_its_row() -> None:
    follow = Checked(ODD)
    follow("a", "a")
    assert [found == REJECTED for found in follow("ab", "aa")] == [False, True]
    assert [found == REJECTED for found in follow("aba", "aab")] == [False, True]
    error = follow.progress.rejection(ODD, rows("ggaba", "ggaab"), 1)
    assert isinstance(error, TokenRejected)
    assert (error.row, error.token_id) == (1, 0)
    assert "row 1: token 0 ('a') may not come next" in str(error)


def test_rows_shorter_than_the_prompt_are_an_error() -> None:
    with pytest.raises(ValueError, match="prompt_length = 2, but the rows have 1 tokens only"):
        Progress(2).follow(rows("g"), [ANY])


def test_callers_may_write_over_their_tensor() -> None:
    progress = Progress(1)
    buffer = torch.zeros((1, 8), dtype=torch.long)
    for text in ("g", "ga", "gab", "gfa", "gfab", "gb"):
        buffer[:, : len(text)] = rows(text)
        found = progress.follow(buffer[:, : len(text)], [ANY])
        assert found == [configuration(ANY, text[1:])]


def test_other_types_of_integers() -> None:
    progress = Progress(1)
    progress.follow(rows("ga").int(), [ANY])
    assert progress.follow(rows("gab").int(), [ANY]) == [configuration(ANY, "ab")]
    assert progress.follow(rows("gabc"), [ANY]) == [configuration(ANY, "abc")]


ANSWERS = st.integers(0, 5).flatmap(
    lambda length: st.lists(
        st.tuples(st.text("abc.", min_size=length, max_size=length), st.sampled_from([ANY, ODD, None])),
        min_size=1,
        max_size=4,
    )
)


@given(st.lists(ANSWERS, max_size=8))
def test_memory_changes_nothing(calls: list[list[tuple[str, CompiledGrammar | None]]]) -> None:
    """Whatever was shown before, a row's configuration is that of its tokens."""
    follow = Checked()
    for call in calls:
        follow(*(answer for answer, _ in call), grammars=[grammar for _, grammar in call])
