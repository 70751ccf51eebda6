"""Numbers: bounds. The judge is Python's arithmetic, on Decimal."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from conformance.test_samples import validator_of
from frontends.json_schema.checking import check_accepts
from frontends.matching import denotes
from hypothesis import example, given, settings
from hypothesis import strategies as st

from structgen.errors import EmptyLanguageError, InvalidSchemaError, TokenRejected, UnsupportedSchemaError
from structgen.frontends.json_schema import json_schema, numbers
from structgen.language.sampling import Sampler
from structgen.vocabulary import Vocabulary


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param({"minimum": 0}, ["0", "7", "1000000"], ["-1", "1.5"], id="minimum"),
        pytest.param({"minimum": -3}, ["-3", "-1", "0", "99"], ["-4", "-10"], id="a negative minimum"),
        pytest.param({"maximum": 12}, ["12", "0", "-99", "9"], ["13", "20", "100"], id="maximum"),
        pytest.param({"maximum": -5}, ["-5", "-50"], ["-4", "0", "5"], id="a negative maximum"),
        pytest.param(
            {"minimum": 18, "maximum": 120}, ["18", "99", "100", "120"], ["17", "121", "1"], id="both"
        ),
        pytest.param({"exclusiveMinimum": 1, "exclusiveMaximum": 3}, ["2"], ["1", "3"], id="exclusive"),
        pytest.param({"minimum": 0.5, "maximum": 2.5}, ["1", "2"], ["0", "3"], id="bounds between integers"),
        pytest.param(
            {"minimum": 10**25}, [str(10**25), str(10**25 + 1)], [str(10**25 - 1)], id="beyond 20 digits"
        ),
        pytest.param(
            {"maximum": 10**25, "minimum": 5},
            [str(10**25)],
            [str(10**25 + 1), "4"],
            id="up to beyond 20 digits",
        ),
        pytest.param({"minimum": 5, "maximum": 5}, ["5"], ["4", "6", "55"], id="one number"),
    ],
)
def test_integers(schema: dict[str, Any], accepted: list[str], rejected: list[str]) -> None:
    check_accepts({"type": "integer", **schema}, accepted, rejected)


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param(
            {"minimum": 0}, ["0", "0.0", "1e5", "0.001"], ["-1", "-0.1"], id="minimum 0 keeps exponents"
        ),
        pytest.param({"exclusiveMinimum": 0}, ["0.001", "1"], ["0", "0.0", "-1"], id="above 0"),
        pytest.param(
            {"minimum": 0, "maximum": 1},
            ["0", "0.5", "1", "1.0", "1.000"],
            ["1.0001", "-0.5", "2"],
            id="0 to 1",
        ),
        pytest.param(
            {"exclusiveMinimum": 0, "exclusiveMaximum": 1},
            ["0.5", "0.999"],
            ["0", "0.0", "1", "1.0"],
            id="within 0 and 1",
        ),
        pytest.param(
            {"minimum": 0.1}, ["0.1", "0.10", "0.11", "0.2", "1"], ["0.09", "0.0999", "0"], id="0.1 is 0.1"
        ),
        pytest.param(
            {"maximum": -1.5},
            ["-1.5", "-1.50", "-1.6", "-2"],
            ["-1.49", "-1", "1.5"],
            id="a negative maximum",
        ),
        pytest.param(
            {"minimum": -1.5, "maximum": 2.25},
            ["-1.5", "-0.1", "0", "2.25"],
            ["-1.51", "2.26"],
            id="around 0",
        ),
        pytest.param(
            {"minimum": 3.1, "maximum": 3.14},
            ["3.1", "3.12", "3.140"],
            ["3", "3.09", "3.141"],
            id="one whole part",
        ),
    ],
)
def test_numbers(schema: dict[str, Any], accepted: list[str], rejected: list[str]) -> None:
    check_accepts({"type": "number", **schema}, accepted, rejected)


def test_boolean_bounds_of_draft_4() -> None:
    draft = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "integer"}
    check_accepts({**draft, "minimum": 1, "exclusiveMinimum": True}, ["2"], ["1"])
    check_accepts({**draft, "maximum": 1, "exclusiveMaximum": True}, ["0"], ["1"])
    check_accepts({**draft, "maximum": 1, "exclusiveMaximum": False}, ["1"], ["2"])


def test_what_is_narrowed() -> None:
    """Under bounds there are no exponents, no zero has a minus, and digits have an end."""
    check_accepts({"type": "number", "maximum": 5}, ["1"], [], narrowed=["1e0", "-0.0"])
    check_accepts({"type": "integer", "minimum": 0}, ["0"], [], narrowed=["-0", "1" * 30])


def test_no_number_is_infinite() -> None:
    grammar = json_schema({"type": "number"})._compiled
    assert grammar.accepts("9" * 20 + "e279")
    assert not grammar.accepts("1e308")
    assert float("9" * 20 + "e279") < float("inf")


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("minimum", "1"),
        ("maximum", None),
        ("exclusiveMinimum", []),
        ("minimum", True),
        ("maximum", 10**500),
        ("minimum", float("nan")),
    ],
)
def test_bounds_that_are_no_numbers(keyword: str, value: Any) -> None:
    with pytest.raises(InvalidSchemaError) as caught:
        json_schema(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "number", keyword: value}
        )
    assert caught.value.pointer == f"#/{keyword}"


INTEGERS = st.integers(-1200, 1200) | st.integers(-(10**21), 10**21)


@settings(deadline=None)
@given(INTEGERS | st.none(), INTEGERS | st.none(), INTEGERS)
@example(0, 0, 0)
@example(-100, 99, -99)
@example(99, 1000, 999)
def test_integers_compare_as_python_does(low: int | None, high: int | None, value: int) -> None:
    terminal = numbers.integer(low, high)
    inside = (low is None or low <= value) and (high is None or value <= high)
    if terminal is None:
        assert low is not None
        assert high is not None
        assert low > high
    elif len(str(abs(value))) <= 20:
        assert denotes(terminal.expression, str(value)) == inside


DECIMALS = (
    st.decimals(-30, 30, places=3) | st.decimals(-3, 3, places=1) | st.decimals(-(10**9), 10**9, places=5)
)
TEXTS = st.builds(lambda value, zeros: format(value, "f") + "0" * zeros, DECIMALS, st.integers(0, 2))


@settings(deadline=None)
@given(DECIMALS | st.none(), DECIMALS | st.none(), st.booleans(), st.booleans(), TEXTS)
@example(Decimal("0.5"), Decimal("0.75"), True, True, "0.75")
@example(Decimal("-0.5"), Decimal("0"), False, True, "0.0")
@example(Decimal("1.05"), None, True, False, "1.050")
def test_decimals_compare_as_python_does(
    low: Decimal | None, high: Decimal | None, low_excluded: bool, high_excluded: bool, text: str
) -> None:
    low_excluded, high_excluded = low_excluded and low is not None, high_excluded and high is not None
    terminal = numbers.number(numbers.Range(low, high, low_excluded, high_excluded))
    value = Decimal(text)
    inside = (low is None or low < value or (low == value and not low_excluded)) and (
        high is None or value < high or (value == high and not high_excluded)
    )
    if terminal is None:
        assert not inside
    elif not (value == 0 and text.startswith("-")):
        assert denotes(terminal.expression, text) == inside


@settings(deadline=None, max_examples=30)
@given(st.integers(-50, 50), st.text("0123456789.", max_size=25))
def test_doubles_agree_with_exclusive_bounds(bound: int, rest: str) -> None:
    """What the mask takes for less than a bound is less than it to whoever reads it as a double."""
    grammar = json_schema({"type": "number", "exclusiveMaximum": bound})._compiled
    for text in (rest, f"{bound - 1}.{rest}", f"{bound - 1}.9999999999999999999{rest}"):
        if grammar.accepts(text):
            assert json.loads(text) < bound


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param(
            {"type": "integer", "multipleOf": 5},
            ["0", "15", "-20"],
            ["1", "12", "51"],
            id="the last digit decides",
        ),
        pytest.param(
            {"type": "integer", "multipleOf": 4},
            ["8", "100", "-12", "0"],
            ["2", "102", "10"],
            id="the last two",
        ),
        pytest.param(
            {"type": "integer", "multipleOf": 1000}, ["0", "1000", "12000"], ["100", "1100"], id="a thousand"
        ),
        pytest.param(
            {"type": "integer", "multipleOf": 7},
            ["0", "7", "49", "-700"],
            ["1", "48", "70000001"],
            id="the remainder decides",
        ),
        pytest.param(
            {"type": "integer", "multipleOf": 12, "minimum": 13, "maximum": 10**9},
            ["24", "120000"],
            ["12", "13", "25"],
            id="within bounds",
        ),
        pytest.param(
            {"type": "integer", "multipleOf": 7, "minimum": -20, "maximum": 20},
            ["-14", "0", "14"],
            ["-21", "21", "1"],
            id="few",
        ),
        pytest.param(
            {"type": "integer", "multipleOf": 0.5}, ["1", "-3"], ["1.5"], id="integers of half steps"
        ),
        pytest.param(
            {"type": "integer", "multipleOf": 1.5},
            ["3", "0", "-6"],
            ["1", "2", "4"],
            id="integers of one and a half",
        ),
        pytest.param({"type": "number", "multipleOf": 1}, ["3", "3.0"], ["3.5"], id="whole numbers"),
        pytest.param(
            {"type": "number", "multipleOf": 0.5}, ["0.5", "1", "1.50", "-2.5"], ["0.25", "1.51"], id="halves"
        ),
        pytest.param(
            {"type": "number", "multipleOf": 0.25, "maximum": 1},
            ["0.75", "1.0", "-3.25"],
            ["1.25", "0.1"],
            id="quarters",
        ),
        pytest.param(
            {"type": "number", "multipleOf": 2.5},
            ["2.5", "5", "7.5", "10.0", "12.5"],
            ["2", "3.5", "1.25"],
            id="across the point",
        ),
        pytest.param({"type": "number", "multipleOf": 3}, ["3", "-9"], ["4", "3.5"], id="thirds"),
        pytest.param(
            {"allOf": [{"multipleOf": 2}, {"multipleOf": 3}], "type": "integer"},
            ["6", "12"],
            ["2", "3", "8"],
            id="two steps",
        ),
    ],
)
def test_steps(schema: dict[str, Any], accepted: list[str], rejected: list[str]) -> None:
    check_accepts(schema, accepted, rejected)


def test_steps_are_decimals() -> None:
    """To a double 0.07 is no multiple of 0.01, and 1.1 is not 11 times 0.1."""
    check_accepts(
        {"type": "number", "multipleOf": 0.01}, ["0.07", "1.1", "19.99"], ["0.001", "1.005"], judge=False
    )
    check_accepts({"type": "number", "multipleOf": 0.3}, ["0.3", "0.9", "2.1"], ["0.1", "1"], judge=False)


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from([2, 3, 4, 6, 7, 8, 10, 12, 25, 40]),
    st.integers(-3000, 3000) | st.none(),
    st.integers(-3000, 3000) | st.none(),
    st.lists(st.integers(-4000, 4000), max_size=20),
)
def test_multiples_as_python_does(step: int, low: int | None, high: int | None, values: list[int]) -> None:
    schema: dict[str, Any] = {"type": "integer", "multipleOf": step}
    if low is not None:
        schema["minimum"] = low
    if high is not None:
        schema["maximum"] = high
    try:
        accepts = json_schema(schema)._compiled.accepts
    except EmptyLanguageError:
        assert low is not None
        assert high is not None
        assert not any(value % step == 0 for value in range(low, high + 1))
        return
    for value in values:
        inside = (low is None or low <= value) and (high is None or value <= high)
        assert accepts(str(value)) == (inside and value % step == 0)


@pytest.mark.parametrize("step", [64, 128, 1000, 1024, 2048, 4096, 6400])
@pytest.mark.parametrize("kind", ["integer", "number"])
@pytest.mark.parametrize("bounds", [{}, {"minimum": 0.5, "exclusiveMaximum": 10**9}, {"maximum": -7}])
def test_steps_with_many_last_digits(step: int, kind: str, bounds: dict[str, float]) -> None:
    """More of them than are listed. A number is written without a point then, where it is read digit by digit."""
    constraint = json_schema({"type": kind, "multipleOf": step, **bounds})
    accepts = constraint._compiled.accepts
    random = Random(step)
    for _ in range(40):
        value = random.randrange(-(10**9), 10**9)
        for one in (value, value - value % step, value - value % step + 1, value // 10 * step):
            inside = bounds.get("minimum", one) <= one <= bounds.get("maximum", one)
            inside &= one < bounds.get("exclusiveMaximum", one + 1)
            assert accepts(str(one)) == (one % step == 0 and inside), one
    for text in ("0.64", "12.8", "4.096", "1000.5"):
        assert not accepts(text)
    compiled = constraint.compile(Vocabulary.of_bytes())
    for prefix in ("", "-", "1", "98765432", "-1000000001"):
        matcher = compiled.matcher()
        try:
            for byte in prefix.encode():
                matcher.advance(byte)
        except TokenRejected:
            continue
        assert constraint.validate(prefix + matcher.shortest_completion().text.decode()) % step == 0


def test_steps_that_are_too_large() -> None:
    with pytest.raises(UnsupportedSchemaError, match="#/multipleOf"):
        json_schema({"multipleOf": 2**20})
    assert json_schema({"multipleOf": 10**6})._compiled.accepts("3000000")


NUMBERS = st.fixed_dictionaries(
    {"type": st.sampled_from(["number", "integer"])},
    optional={
        "multipleOf": st.sampled_from([1, 3, 10, 12, 0.25, 0.01, 1.5]),
        "minimum": st.sampled_from([-5, 0, 1.5, 1000]),
        "exclusiveMaximum": st.sampled_from([5, 0, 1e6, -7]),
        "not": st.sampled_from([{"multipleOf": step} for step in (2, 3, 0.5)]),
    },
)


@settings(deadline=None, max_examples=60)
@example({"type": "number", "multipleOf": 0.25, "exclusiveMaximum": 5}, [("-", "1", "", 21)])
@given(
    NUMBERS,
    st.lists(
        st.tuples(
            st.sampled_from(["", "-"]),
            st.sampled_from(["0", "1", "3", "75", "12", "999", "7777777777777"]),
            st.sampled_from(["", ".0", ".5", ".25", ".125", ".10000", ".0000001"]),
            st.sampled_from([0, 1, -1, 5, -7, 19, -20, 60, -60, 308, -308]),
        ),
        min_size=5,
        max_size=20,
    ),
)
def test_spellings_as_fractions_do(
    schema: dict[str, Any], spellings: list[tuple[str, str, str, int]]
) -> None:
    """With any exponent, as exact arithmetic has it."""
    try:
        accepts = json_schema(schema, exact=True)._compiled.accepts
    except EmptyLanguageError:
        return
    for sign, whole, fraction, exponent in spellings:
        text = f"{sign}{whole}{fraction}e{exponent}"
        value = Fraction(text)
        allowed = (
            (schema["type"] == "number" or value.denominator == 1)
            and (value / Fraction(str(schema.get("multipleOf", value or 1)))).denominator == 1
            and not ("minimum" in schema and value < Fraction(schema["minimum"]))
            and not ("exclusiveMaximum" in schema and value >= Fraction(schema["exclusiveMaximum"]))
            and not ("not" in schema and (value / Fraction(schema["not"]["multipleOf"])).denominator == 1)
        )
        # Far from all bounds the mask wants one digit before the point, and not more where the exponent is negative.
        beyond = abs(exponent) > 20 and (whole == "0" or (exponent < 0 and len(whole) > 1))
        assert accepts(text) == allowed or (allowed and beyond), (text, allowed)


@pytest.mark.parametrize(
    ("keywords", "text"),
    [
        ({"not": {"multipleOf": 8}}, "56258024542430049327.5"),
        ({"multipleOf": 3}, "12345678901234567890.0"),
        ({"not": {"const": 0.5}}, "0.50000000000000000001"),
        ({"not": {"enum": [0.1, 0.2]}}, "0.10000000000000000001"),
        ({"exclusiveMaximum": 1}, "0.99999999999999999999"),
        ({"exclusiveMinimum": 0.5}, "0.50000000000000000001"),
        ({"exclusiveMinimum": 1e10}, "10000000000.00000000001"),
        ({"not": {"type": "integer"}}, "12345678901234567890.5"),
        ({"not": {"type": "integer"}, "minimum": 1}, "12345678901234567890.5"),
    ],
)
def test_numbers_whose_doubles_are_others_are_not_written(keywords: dict[str, Any], text: str) -> None:
    """The text is what is asked for, but its double is not, and most validators see only that."""
    schema = {"type": "number", **keywords}
    judge = validator_of(schema)
    assert not judge.is_valid(json.loads(text))
    constraint = json_schema(schema)
    assert not constraint._compiled.accepts(text)
    random, sampler = Random(0), Sampler(constraint.grammar)
    for _ in range(100):
        assert judge.is_valid(json.loads(sampler.text(random)))


@pytest.mark.parametrize(
    ("keywords", "text"),
    [
        ({"multipleOf": 1e-17}, "0.00000000000000003"),
        ({"multipleOf": 1e-17, "maximum": 9e-17, "exclusiveMinimum": 0}, "0.00000000000000009"),
        ({"exclusiveMinimum": 0, "maximum": 9e-17}, "0.00000000000000009"),
        ({"exclusiveMinimum": 1e-18, "exclusiveMaximum": 3e-18}, "0.000000000000000002"),
        ({"multipleOf": 0.01}, "1234567890123.25"),
        ({"exclusiveMinimum": 0, "exclusiveMaximum": 1}, "0.999999999999999"),
        ({"exclusiveMinimum": 0, "exclusiveMaximum": 1}, "0.1234567890123456"),
        ({"exclusiveMinimum": 1e10}, "10000000000.000001"),
        ({"not": {"multipleOf": 8}}, "56258024542430049327"),
    ],
)
def test_numbers_have_the_digits_that_they_need(keywords: dict[str, Any], text: str) -> None:
    assert json_schema({"type": "number", **keywords})._compiled.accepts(text)
