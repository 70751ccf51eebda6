"""as_constraint(): what it takes, what it refuses, and that every function that takes a constraint takes that too."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import decimal
import enum
import functools
import ipaddress
import json
import pathlib
import pickle
import random
import re
import uuid
from typing import Annotated, Any, Literal, NamedTuple, Optional, TypedDict, Union

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import structgen
from structgen import Candidate, InvalidConstraintError, InvalidSchemaError, InvalidText, as_constraint
from structgen.frontends.types import read_type


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Point(NamedTuple):
    x: int
    y: int = 0


class Movie(TypedDict):
    title: str
    year: int


@dataclasses.dataclass
class Event:
    name: str
    at: datetime.datetime
    day: datetime.date
    hour: datetime.time
    lasts: datetime.timedelta
    id: uuid.UUID
    price: decimal.Decimal
    file: pathlib.Path
    host: ipaddress.IPv4Address
    colour: Colour
    place: Point | None = None


def book(city: str, nights: int = 1, *, arrival: datetime.date, tags: list[str] = []) -> None:  # noqa: B006
    """Book a room."""


def anything(name, **more: int) -> None:  # type: ignore[no-untyped-def]
    """One argument of any type, and more numbers."""


def only_by_place(first: int, /) -> None:
    """Cannot be called by name."""


BOOK_TWO = functools.partial(book, nights=2)

EVENT = (
    '{"name": "x", "at": "2026-12-01T07:30:00.25Z", "day": "2026-12-01", "hour": "07:30:00", "lasts": "P1DT2H3M4.5S",'
    ' "id": "12345678-1234-5678-1234-567812345678", "price": 1.10, "file": "a/b", "host": "10.0.0.1", "colour": "red",'
    ' "place": [1, 2]}'
)


@pytest.mark.parametrize(
    ("source", "text", "value"),
    [
        ({"type": "integer"}, "1", 1),
        (True, "[]", []),
        ('{"type": "integer"}', "1", 1),
        (b'{"type": "integer"}', "1", 1),
        (re.compile("a+", re.IGNORECASE), "aA", "aA"),
        (["yes", "no"], "no", "no"),
        (("yes", "no"), "no", "no"),
        ({"yes", "no"}, "no", "no"),
        (Literal["a", 1], "1", 1),
        (Colour, '"red"', Colour.RED),
        (list[int], "[1]", [1]),
        (Optional[int], "null", None),  # noqa: UP045
        (Union[int, str], '"x"', "x"),  # noqa: UP007
        (int | None, "1", 1),
        (int, "1", 1),
        (Movie, '{"title": "x", "year": 1}', {"title": "x", "year": 1}),
        (Point, "[1]", Point(1)),
        (dict[str, Point], '{"a": [1, 2]}', {"a": Point(1, 2)}),
        (datetime.date, '"2026-12-01"', datetime.date(2026, 12, 1)),
        (
            book,
            '{"city": "x", "arrival": "2026-12-01"}',
            {"city": "x", "arrival": datetime.date(2026, 12, 1)},
        ),
        (
            functools.partial(book, nights=2),
            '{"city": "x", "arrival": "2026-12-01"}',
            {"city": "x", "arrival": datetime.date(2026, 12, 1)},
        ),
        (anything, '{"name": null, "a": 1}', {"name": None, "a": 1}),
        (structgen.regex("a"), "a", "a"),
    ],
)
def test_what_it_takes(source: Any, text: str, value: Any) -> None:
    constraint = as_constraint(source)
    assert constraint.validate(text) == value
    assert type(constraint.validate(text)) is type(value)
    assert as_constraint(constraint) is constraint
    again = pickle.loads(pickle.dumps(constraint))
    assert again.validate(text) == value
    assert copy.deepcopy(constraint).is_valid(text)


def test_values_of_standard_types_are_theirs() -> None:
    found = as_constraint(Event).validate(EVENT)
    assert found == Event(
        "x",
        datetime.datetime(2026, 12, 1, 7, 30, 0, 250000, datetime.timezone.utc),
        datetime.date(2026, 12, 1),
        datetime.time(7, 30),
        datetime.timedelta(days=1, hours=2, minutes=3, seconds=4.5),
        uuid.UUID("12345678123456781234567812345678"),
        decimal.Decimal("1.1"),
        pathlib.Path("a/b"),
        ipaddress.IPv4Address("10.0.0.1"),
        Colour.RED,
        Point(1, 2),
    )


@pytest.mark.parametrize(
    "kind",
    [
        datetime.datetime,
        datetime.date,
        datetime.time,
        datetime.timedelta,
        uuid.UUID,
        decimal.Decimal,
        pathlib.Path,
        ipaddress.IPv4Address,
        ipaddress.IPv6Address,
        re.Pattern,
        Event,
        book,
    ],
)
def test_the_mask_writes_only_what_the_type_can_hold(kind: Any) -> None:
    """Sampled texts are read, and have the schema, as jsonschema says."""
    constraint = as_constraint(kind)
    schema = read_type(kind).schema
    validator = jsonschema.Draft202012Validator(schema)
    source = random.Random(7)
    for _ in range(60):
        text = constraint.sample(source)
        value = constraint.validate(text)
        validator.validate(json.loads(text))
        if kind in (decimal.Decimal, datetime.datetime, datetime.date, datetime.timedelta, uuid.UUID):
            assert isinstance(value, kind)


@given(value=st.datetimes(timezones=st.just(datetime.timezone.utc)))
@settings(max_examples=100)
def test_moments_as_isoformat_writes_them(value: datetime.datetime) -> None:
    constraint = as_constraint(datetime.datetime)
    assert constraint.validate(json.dumps(value.isoformat())) == value


@given(value=st.timedeltas(min_value=datetime.timedelta(days=-364), max_value=datetime.timedelta(days=364)))
@settings(max_examples=100)
def test_durations_as_pydantic_writes_them(value: datetime.timedelta) -> None:
    pydantic = pytest.importorskip("pydantic")
    text = pydantic.TypeAdapter(datetime.timedelta).dump_json(value).decode()
    found = as_constraint(datetime.timedelta)
    try:
        assert found.validate(text) == value
    except InvalidText:
        # Narrower than pydantic: seconds are always there after hours or minutes.
        assert "S" not in text
        assert text != '"PT0S"'


def test_pydantic_models_are_closed_unless_they_say_otherwise() -> None:
    pydantic = pytest.importorskip("pydantic")

    class Closed(pydantic.BaseModel):
        name: str

    class Open(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(extra="allow")
        name: str

    source = random.Random(1)
    texts = [as_constraint(Closed).sample(source) for _ in range(50)]
    assert all(json.loads(text).keys() == {"name"} for text in texts)
    grammar = structgen.compile(Closed, structgen.Vocabulary.of_bytes())
    assert grammar.find_error('{"name": "x", "other": 1}') is not None
    open_grammar = structgen.compile(Open, structgen.Vocabulary.of_bytes())
    assert open_grammar.find_error('{"name": "x", "other": 1}') is None
    assert (
        as_constraint(Closed, closed=False)
        .compile(structgen.Vocabulary.of_bytes())
        .find_error('{"name": "x", "other": 1}')
        is None
    )
    # A schema says what the specification says.
    schema = Closed.model_json_schema()
    assert as_constraint(schema).is_valid('{"name": "x", "other": 1}')
    found = structgen.repair("{'name': 'x'", Closed)
    assert found.value == Closed(name="x")


def test_arguments_of_models() -> None:
    pydantic = pytest.importorskip("pydantic")

    class Item(pydantic.BaseModel):
        price: int = pydantic.Field(ge=0)

    def buy(item, count=1):  # type: ignore[no-untyped-def]
        """Buy something."""

    buy.__annotations__ = {"item": Item, "count": Annotated[int, pydantic.Field(gt=0)]}
    constraint = as_constraint(buy)
    assert constraint.validate('{"item": {"price": 3}}') == {"item": Item(price=3)}
    for text in (
        '{"item": {"price": -3}}',
        '{"item": {"price": 3}, "count": 0}',
        '{"item": {"price": 3}, "x": 0}',
    ):
        assert not constraint.is_valid(text)


@pytest.mark.parametrize(
    "source", [5, 3.5, None, object(), "hello", "5", b"\xff", [], [1], ["a", 1], re.compile(b"a")]
)
def test_what_it_refuses(source: Any) -> None:
    with pytest.raises(InvalidConstraintError, match="must be") as caught:
        as_constraint(source)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, ValueError)
    assert type(pickle.loads(pickle.dumps(InvalidConstraintError(1, "must be")))) is InvalidConstraintError


@pytest.mark.parametrize("source", [{"type": "text"}, '{"type": "text"}', "{", only_by_place, len, complex])
def test_what_is_malformed_says_where(source: Any) -> None:
    with pytest.raises(InvalidSchemaError):
        as_constraint(source)


@pytest.mark.parametrize("source", [["a"], structgen.choice(["a"])])
def test_options_that_do_not_go_with_it(source: Any) -> None:
    with pytest.raises(InvalidConstraintError, match=r"cannot be combined with options \(strict\)"):
        as_constraint(source, strict=False)
    with pytest.raises(InvalidConstraintError, match="no_such"):
        as_constraint({}, no_such=1)
    assert as_constraint({"type": "string"}, output="yaml").is_valid("x")
    assert as_constraint(re.compile("a"), name="A") is not None


def test_every_function_takes_it() -> None:
    vocabulary = structgen.Vocabulary.of_bytes()
    assert structgen.compile(list[int], vocabulary).accepts("[1]")
    assert structgen.repair("[1,", list[int]).value == [1]
    stream = structgen.StreamingRepair({"type": "array", "items": {"type": "integer"}})
    stream.feed("[1, 2")
    assert stream.close().value == [1, 2]
    outcome = structgen.sample(lambda prompt, request: [Candidate("[1]")], "?", list[int], structgen.Retry())
    assert outcome.value == [1]
    with pytest.raises(InvalidConstraintError):
        structgen.sample(lambda prompt, request: [Candidate("1")], "?", 5, structgen.Retry())


def test_generate_and_the_processor_take_it() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from tiny import tiny_model, tiny_tokenizer

    tokenizer = tiny_tokenizer()
    model = tiny_model(tokenizer, seed=0)
    found = structgen.generate(model, tokenizer, "Who?", Point, max_new_tokens=30)
    assert isinstance(found.value, Point)
    assert structgen.generate(model, tokenizer, "Who?", ["poet", "farmer"]).text in ("poet", "farmer")
    inputs = tokenizer(["Who?", "When?"], return_tensors="pt", padding=True)
    for constraint in ([list[bool], re.compile("[0-9]{4}")], ["poet", "farmer"]):
        processor = structgen.LogitsProcessor(constraint, tokenizer, max_new_tokens=30)
        with torch.no_grad():
            rows = model.generate(
                **inputs, logits_processor=[processor], max_new_tokens=30, pad_token_id=tokenizer.pad_token_id
            )
        texts = tokenizer.batch_decode(rows[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        kinds = constraint if isinstance(constraint[0], type(list[bool])) else [constraint, constraint]
        assert all(as_constraint(kind).is_valid(text) for kind, text in zip(kinds, texts, strict=True)), texts
