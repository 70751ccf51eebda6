"""Choices: the text is one of a list. The front end to read first.

A front end makes a grammar of what the user has, and a `Constraint` of the grammar.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable

from structgen.constraint import Constraint
from structgen.errors import InvalidGrammarError
from structgen.grammar.expressions import Literal, union
from structgen.grammar.rules import Grammar, Repetition, Sequence, Terminal


def choice(options: Iterable[str]) -> Constraint:
    """The text is one of the options.

    Args:
        options: the texts, in any order. One that comes twice counts once.

    Returns:
        A constraint whose value is the text.

    Raises:
        InvalidGrammarError: There are no options, or one is not a text that UTF-8 can carry.

    Ten thousand options cost little more than ten: the engine keeps them as a trie.

    >>> choice(["yes", "no"])
    <Constraint choice of 2 texts>
    """
    texts = _distinct(options)
    start: Terminal | Repetition | Sequence = Sequence(())
    if any(texts):
        start = Terminal(_name(texts), union(*[Literal(text) for text in texts if text]))
        if "" in texts:  # terminals are never empty
            start = Repetition(start, 0, 1)
    description = f"choice of {len(texts)} text{'s' * (len(texts) > 1)}"
    return Constraint(Grammar({"start": start}), description=description).made_by(choice, texts)


def _distinct(options: Iterable[str]) -> list[str]:
    """The options, each once."""
    if isinstance(options, str):
        raise InvalidGrammarError(f"options are a list of texts, not the text {options!r}")
    texts = list(dict.fromkeys(options))
    if not texts:
        raise InvalidGrammarError("a choice needs at least one option")
    for text in texts:
        if not isinstance(text, str) or any("\ud800" <= char <= "\udfff" for char in text):
            raise InvalidGrammarError(f"the option {text!r} is not a text that UTF-8 can carry")
    return texts


def _name(texts: Collection[str]) -> str:
    """What errors call the options: themselves, if they are few and short."""
    if len(texts) <= 4 and all(len(text) <= 20 for text in texts):
        return " or ".join(json.dumps(text, ensure_ascii=False) for text in texts if text)
    return f"one of {len(texts)} texts"
