"""What `validate()` decides by itself, where the mask refuses a text or leaves a keyword to it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from structgen import InvalidText, json_schema

DRAFT_4 = "http://json-schema.org/draft-04/schema#"


def _is_valid(schema: dict[str, object], text: str) -> bool:
    try:
        json_schema(schema, strict=False).validate(text)
    except InvalidText:
        return False
    return True


@pytest.mark.parametrize("step", [0.1, 0.01, 3, 7, 0.3, 64, 65536, 1e-7, 2.5])
@pytest.mark.parametrize(
    "text", ["0.3", "0.9", "3e30", "1e30", "1e22", "-2.10e1", "9007199254740993", "4587520"]
)
def test_multiples_are_decided_by_the_digits_of_the_text(step: float, text: str) -> None:
    is_multiple = Fraction(text) % Fraction(repr(step)) == 0
    assert _is_valid({"type": "number", "multipleOf": step}, text) is is_multiple


def test_a_number_beyond_all_doubles_is_no_multiple() -> None:
    assert not _is_valid({"multipleOf": 2}, "1e400")


@pytest.mark.parametrize("schema", [{"type": "integer"}, {"type": ["integer", "string"]}])
def test_a_point_makes_no_integer_in_draft_4(schema: dict[str, object]) -> None:
    assert not _is_valid({"$schema": DRAFT_4, **schema}, "1.0")
    assert _is_valid(schema, "1.0")
