"""The weights: what their reasons say of their order."""

from __future__ import annotations

import structgen
from structgen.repairing import costs


def test_characters_are_cheaper_than_content() -> None:
    characters = [
        costs.TRAILING_COMMA,
        costs.COLON_TWICE,
        costs.COMMA,
        costs.COLON,
        costs.CLOSING_MISSING,
        costs.SURPLUS,
        costs.SURPLUS_OPENING_MISFIT,
        costs.OPENING_MISSING,
        costs.SUBSTITUTED,
    ]
    assert characters == sorted(characters)
    assert (
        characters[-1] < costs.KEY_LOST < costs.TOKEN_LOST < costs.SLACK < costs.RUN_AS_ONE < costs.HOPELESS
    )
    assert costs.SUBSTITUTED < costs.CLOSING_MISSING + costs.SURPLUS


def test_what_the_schema_says_is_ordered() -> None:
    assert costs.UNKNOWN_NAME < costs.MISFIT < costs.CLOSING_MISSING <= costs.UNKNOWN_NAME_IN_CLOSED
    assert costs.CHANGED < costs.PROPERTY_LOST < costs.PROPERTY_MISSING < costs.WRONG < costs.NEVER
    assert costs.BY_PATTERN < costs.UNNAMED < costs.PROPERTY_UNDECLARED < costs.CLOSED < costs.AGAIN
    assert costs.DRIFT < costs.PROPERTY_UNDECLARED < costs.FAR


def test_two_brackets_lost_together_cost_one() -> None:
    found = structgen.repair('[{"a": 1, "b": 2, "a": 3, "b": 4}]')
    assert found.value == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]
