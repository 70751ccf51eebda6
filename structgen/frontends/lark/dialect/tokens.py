"""Tokens of a vocabulary in a grammar: `<name>`, `<[id]>`, `<[10-20,30]>`, `<[^10]>`, `<[*]>`.

A special token is itself. An ordinary token of a list is known by its text, so another way to spell that text is let
through as well; in `<[*]>` and `<[^...]>`, where there are too many to list, they are any one character. A name that
the vocabulary does not have as a special token is text.
"""

from __future__ import annotations

import re

from structgen.grammar.expressions import ANY_CHAR, Literal, union
from structgen.grammar.rules import Choice, RuleExpression, SpecialToken, Terminal
from structgen.vocabulary import Vocabulary

_RANGE = re.compile(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?")

MOST_ORDINARY = 4_096
"""Ordinary tokens that one list may name."""


def is_list(token: str) -> bool:
    """Returns True if a token is a list of ids."""
    return token.startswith("<[")


def problem_of(token: str) -> str | None:
    """What is wrong with a list of ids; None if nothing is."""
    body = token[2:-2].strip()
    if body == "*":
        return None
    for part in body.removeprefix("^").split(","):
        found = _RANGE.fullmatch(part)
        if found is None:
            return f"{part.strip() or body!r} is no id of a token, and no range of ids"
        if found[2] is not None and int(found[2]) < int(found[1]):
            return f"the range {part.strip()} is empty"
    return None


def token_rule(token: str, vocabulary: Vocabulary | None) -> RuleExpression:
    """What stands for a token.

    Args:
        token: as it is written.
        vocabulary: None: where a text is read; names are text there, and ids have none.
    """
    if not is_list(token):
        if vocabulary is not None and token in vocabulary.special_tokens:
            return SpecialToken(token)
        return Terminal(token, Literal(token))
    if vocabulary is None or not (vocabulary.special_tokens or vocabulary.eos_token_ids):
        return SpecialToken(token)  # which no vocabulary has: the error says so
    return _listed(token[2:-2].strip(), vocabulary)


def _listed(body: str, vocabulary: Vocabulary) -> RuleExpression:
    special = set(vocabulary.special_tokens.values()) - set(vocabulary.eos_token_ids)
    if body == "*" or body.startswith("^"):
        excluded = set() if body == "*" else _special_in(body[1:], set(vocabulary.special_tokens.values()))
        kept = sorted(special - excluded)
        return Choice((Terminal("any character", ANY_CHAR), *map(SpecialToken, kept)))
    ends = set(vocabulary.eos_token_ids)
    chosen: list[RuleExpression] = [
        SpecialToken(one) for one in sorted(_special_in(body, special | (ends if body.isdigit() else set())))
    ]
    texts = _ordinary_in(body, vocabulary)
    if texts:
        chosen.append(Terminal(f"<[{body}]>", union(*map(Literal, texts))))
    return chosen[0] if len(chosen) == 1 else Choice(tuple(chosen))


def _ranges(body: str) -> list[tuple[int, int]]:
    found = [_RANGE.fullmatch(part) for part in body.split(",")]
    return [(int(one[1]), int(one[2] or one[1])) for one in found if one is not None]


def _special_in(body: str, ids: set[int]) -> set[int]:
    ranges = _ranges(body)
    return {one for one in ids if any(first <= one <= last for first, last in ranges)}


def _ordinary_in(body: str, vocabulary: Vocabulary) -> list[str]:
    """The texts of ordinary tokens; those that are no texts by themselves are left out."""
    found: dict[str, None] = {}
    for first, last in _ranges(body):
        for number in range(first, min(last + 1, len(vocabulary.tokens), first + MOST_ORDINARY)):
            data = vocabulary.tokens[number]
            try:
                text = "" if data is None else bytes(data).decode()
            except UnicodeDecodeError:
                continue
            if text:
                found[text] = None
    return list(found)[:MOST_ORDINARY]
