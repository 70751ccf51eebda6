"""Which configuration a row is in, call by call, without a model."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from structgen.constraint import compile
from structgen.errors import TokenRejected
from structgen.frontends.regex import regex
from structgen.generation.progress import MEMORY, REJECTED, Progress, Tracker
from structgen.matcher import CompiledGrammar
from structgen.vocabulary import Vocabulary

TOKENS = "abcdefgh"
END = len(TOKENS)
VOCABULARY = Vocabulary([*(char.encode() for char in TOKENS), None], eos_token_ids=[END])
ANY = compile(regex("[a-f]*"), VOCABULARY)
ODD = compile(regex("a(ba)*"), VOCABULARY)


def rows(*texts: str) -> torch.Tensor:
    """Rows of equal length; `.` ends a text, `g` and `h` are in no grammar."""
    return torch.tensor([[END if char == "." else TOKENS.index(char) for char in text] for text in texts])


def configuration(grammar: CompiledGrammar, text: str) -> int:
    found = grammar.initial
    for token in rows(text)[0].tolist() if text else []:
        found = grammar.advance(found, token)
    return found


class Checked:
    """A tracker of rows under one grammar, each answer of which is compared with the text it should have read."""

    def __init__(self, grammar: CompiledGrammar = ANY, **options: Any) -> None:
        self.grammar = grammar
        self.tracker = Tracker(**options)

    def __call__(self, *texts: str) -> Progress:
        """Rows as `prompt|answer`."""
        progress = self.tracker.follow(
            rows(*(text.replace("|", "") for text in texts)), [self.grammar] * len(texts)
        )
        answers = [text.partition("|")[2] for text in texts]
        assert progress.generated == len(answers[0])
        assert progress.configurations == [configuration(self.grammar, answer) for answer in answers]
        return progress


def test_rows_grow_by_a_token() -> None:
    follow = Checked()
    for length in range(5):
        follow("gg|" + "abcde"[:length], "gh|" + "edcba"[:length])


def test_beams_are_reordered_within_their_block() -> None:
    follow = Checked()
    follow("g|", "g|", "h|", "h|")
    follow("g|a", "g|b", "h|a", "h|c")
    follow("g|bc", "g|ba", "h|ca", "h|ab")
    follow("g|bad", "g|bab", "h|aba", "h|caa")
    progress = follow("g|bade", "g|badf", "h|abab", "h|abaa")
    assert progress.blocks == [0, 0, 1, 1]


def test_candidates_go_back_and_branch() -> None:
    follow = Checked()
    follow("g|")
    for length in range(1, 6):
        follow("g|" + "abcde"[:length])
    follow("g|")
    follow("g|a")
    follow("g|ab")
    follow("g|abf")
    follow("g|abfa")
    follow("g|abf")
    follow("g|abe")


def test_rows_that_do_not_continue_are_prompts() -> None:
    follow = Checked()
    follow("gg|")
    follow("gg|a")
    follow("gg|ab")
    follow("ggabcd|")
    follow("ggabcd|a")
    follow("g|")
    follow("g|a")
    follow("gg|", "gh|")
    follow("gg|a", "gh|b")
    follow("gh|", "gg|")
    follow("gh|d", "gg|a")


def test_one_row_that_does_not_continue_makes_prompts_of_all() -> None:
    follow = Checked()
    follow("gg|", "gh|")
    follow("gg|a", "gh|b")
    follow("ggab|", "ghca|")
    follow("ggabc|", "ghbaa|")


def test_as_long_as_the_prompt_is_a_beginning() -> None:
    follow = Checked()
    follow("gg|")
    follow("gg|a")
    follow("gg|")
    follow("gg|b")
    follow("gg|ba")


def test_prompts_that_begin_alike_are_told_apart_by_what_came_last() -> None:
    follow = Checked()
    follow("gab|")
    follow("ga|")
    follow("ga|b")
    follow("ga|bc")


def test_texts_in_turns() -> None:
    """As from two threads: the same prompt, then the same tokens for a while."""
    follow = Checked()
    follow("g|")
    follow("g|")
    for length in range(1, 4):
        follow("g|" + "abc"[:length])
        follow("g|" + "abc"[:length])
    for length in range(4, 9):
        follow("g|abc" + "ddddd"[: length - 3])
        follow("g|abc" + "eeeee"[: length - 3])


def test_prompts_may_be_empty() -> None:
    tracker = Tracker()
    assert tracker.follow(torch.zeros((1, 0), dtype=torch.long), [ANY]).generated == 0
    assert tracker.follow(rows("a"), [ANY]).configurations == [configuration(ANY, "a")]
    assert tracker.follow(torch.zeros((1, 0), dtype=torch.long), [ANY]).generated == 0
    assert tracker.follow(rows("b"), [ANY]).configurations == [configuration(ANY, "b")]


def test_a_given_prompt_length_needs_no_history() -> None:
    follow = Checked(prompt_length=2)
    follow("gg|abc")
    follow("gg|abcd")
    follow("gh|ab")
    with pytest.raises(ValueError, match="prompt_length = 2"):
        follow("g|")


def test_callers_may_write_over_their_tensor() -> None:
    tracker = Tracker()
    buffer = torch.zeros((1, 8), dtype=torch.long)
    buffer[0, 0] = TOKENS.index("g")
    tracker.follow(buffer[:, :1], [ODD])
    buffer[0, 1] = TOKENS.index("a")
    assert tracker.follow(buffer[:, :2], [ODD]).configurations == [configuration(ODD, "a")]
    buffer[:, :3] = rows("gab")
    assert tracker.follow(buffer[:, :3], [ODD]).configurations == [configuration(ODD, "ab")]
    buffer[:, :3] = rows("hab")
    assert tracker.follow(buffer[:, :3], [ODD]).generated == 0


def test_other_types_of_integers() -> None:
    tracker = Tracker()
    tracker.follow(rows("g").int(), [ANY])
    assert tracker.follow(rows("ga").int(), [ANY]).configurations == [configuration(ANY, "a")]
    assert tracker.follow(rows("ga"), [ANY]).generated == 0


def test_a_prompt_that_is_a_known_text_goes_on_with_it() -> None:
    """The one case in which tokens do not say what they are; `prompt_length` is for those who mean otherwise."""
    follow = Checked()
    follow("g|")
    follow("g|a")
    follow("g|ab")
    follow("g|abc")
    follow("g|ab")
    follow("g|abd")


def test_what_follows_the_end_is_padding() -> None:
    tracker = Tracker()
    for texts in (
        ("g", "g"),
        ("ga", "ga"),
        ("ga.", "gab"),
        ("ga.h", "gaba"),
        ("ga.h.", "gaba."),
        ("ga.h.a", "gaba.."),
    ):
        progress = tracker.follow(rows(*texts), [ODD, ODD])
    assert all(ODD.is_finished(found) for found in progress.configurations)


def test_rows_without_a_grammar_may_have_any_token() -> None:
    tracker = Tracker()
    for texts in ("gg", "gg"), ("ggh", "gga"), ("ggh.", "ggab"), ("ggh.g", "ggaba"):
        progress = tracker.follow(rows(*texts), [None, ODD])
    assert progress.configurations == [0, configuration(ODD, "aba")]


def test_a_token_that_does_not_fit_is_an_error_and_changes_nothing() -> None:
    follow = Checked(ODD)
    follow("g|", "h|")
    follow("g|a", "h|a")
    with pytest.raises(TokenRejected, match=r"row 1: token 0 \('a'\) may not come next") as raised:
        follow.tracker.follow(rows("gab", "haa"), [ODD, ODD])
    assert raised.value.row == 1
    follow("g|ab", "h|ab")


def test_a_beam_that_does_not_fit_is_dropped_while_another_one_does() -> None:
    tracker = Tracker()
    grammars = [ODD] * 4
    tracker.follow(rows("g", "g", "h", "h"), grammars)
    progress = tracker.follow(rows("ga", "gb", "ha", "ha"), grammars)
    assert progress.configurations[1] == REJECTED
    progress = tracker.follow(rows("gba", "gab", "hab", "haa"), grammars)
    assert [found == REJECTED for found in progress.configurations] == [True, False, False, True]
    with pytest.raises(TokenRejected, match="row 1"):
        tracker.follow(rows("gbaa", "gabb", "haba", "haab"), grammars)


def test_a_draft_may_be_wrong() -> None:
    tracker = Tracker()
    tracker.follow(rows("g"), [ODD])
    draft = rows("gabbba")
    found = [tracker.follow(draft[:, :length], [ODD]).configurations[0] for length in range(1, 7)]
    assert found == [
        configuration(ODD, ""),
        configuration(ODD, "a"),
        configuration(ODD, "ab"),
        *[REJECTED] * 3,
    ]
    assert tracker.follow(rows("gaba"), [ODD]).configurations == [configuration(ODD, "aba")]


def test_memory_is_bounded() -> None:
    tracker = Tracker()
    for first in TOKENS:
        for second in TOKENS:
            tracker.follow(rows(first + second), [ANY])
    assert len(tracker._known) == MEMORY
