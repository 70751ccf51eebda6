"""Python types in place of a schema: the value is an instance."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Annotated, Any, Literal, NamedTuple, NewType, Optional, Union

import pytest
from typing_extensions import NotRequired, TypedDict

from structgen.errors import InvalidSchemaError, InvalidText
from structgen.frontends.json_schema import json_schema


class Colour(enum.Enum):
    RED = "red"
    BLUE = 7


@dataclass
class Node:
    name: str
    size: int | None = None
    colour: Colour = Colour.RED
    children: list[Node] = field(default_factory=list)


@dataclass(frozen=True)
class Even:
    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError("odd")


class Movie(TypedDict):
    title: str
    year: NotRequired[int]


class Point(NamedTuple):
    x: int
    y: float = 0.0


UserId = NewType("UserId", int)


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        pytest.param(int, "1", 1, id="int"),
        pytest.param(float, "1", 1.0, id="float takes integers"),
        pytest.param(str, '"x"', "x", id="str"),
        pytest.param(bool, "true", True, id="bool"),
        pytest.param(None, "null", None, id="None"),
        pytest.param(Any, '{"a": []}', {"a": []}, id="Any"),
        pytest.param(list[int], "[1, 2]", [1, 2], id="list"),
        pytest.param(Sequence[str], '["a"]', ["a"], id="Sequence"),
        pytest.param(set[int], "[1, 2, 1]", {1, 2}, id="set"),
        pytest.param(tuple[int, str], '[1, "a"]', (1, "a"), id="tuple"),
        pytest.param(tuple[int, ...], "[1, 2, 3]", (1, 2, 3), id="tuple of any length"),
        pytest.param(tuple[()], "[]", (), id="the empty tuple"),
        pytest.param(dict[str, list[int]], '{"a": [1]}', {"a": [1]}, id="dict"),
        pytest.param(Mapping[str, Point], '{"a": [1]}', {"a": Point(1)}, id="Mapping"),
        pytest.param(Optional[int], "null", None, id="Optional"),  # noqa: UP045
        pytest.param(Union[int, str], '"x"', "x", id="Union"),  # noqa: UP007
        pytest.param(int | list[Even], '[{"number": 2}]', [Even(2)], id="a union of a class"),
        pytest.param(Literal["a", 1, None], "1", 1, id="Literal"),
        pytest.param(Colour, "7", Colour.BLUE, id="Enum"),
        pytest.param(Literal[Colour.RED], '"red"', Colour.RED, id="Literal of an Enum"),
        pytest.param(Node, '{"name": "a"}', Node("a"), id="dataclass"),
        pytest.param(
            Node,
            '{"name": "a", "size": 2, "colour": 7, "children": [{"name": "b"}]}',
            Node("a", 2, Colour.BLUE, [Node("b")]),
            id="recursive dataclass",
        ),
        pytest.param(Movie, '{"title": "x"}', {"title": "x"}, id="TypedDict"),
        pytest.param(Point, "[1, 2]", Point(1, 2.0), id="NamedTuple"),
        pytest.param(UserId, "3", 3, id="NewType"),
        pytest.param(Annotated[int, SimpleNamespace(ge=1, le=5)], "5", 5, id="Annotated"),
        pytest.param(Annotated[list[int], SimpleNamespace(min_length=1)], "[1]", [1], id="Annotated list"),
    ],
)
def test_instances(annotation: Any, text: str, value: Any) -> None:
    found = json_schema(annotation).validate(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("annotation", "texts"),
    [
        pytest.param(int, ['"1"', "1.5", "true"], id="int"),
        pytest.param(tuple[int, str], ["[1]", '["a", 1]', '[1, "a", 2]'], id="tuple"),
        pytest.param(
            Node,
            ["{}", '{"name": 1}', '{"name": "a", "x": 1}', '{"name": "a", "colour": "green"}'],
            id="dataclass",
        ),
        pytest.param(Movie, ["{}", '{"title": "x", "year": "y"}', '{"title": "x", "z": 1}'], id="TypedDict"),
        pytest.param(Annotated[str, SimpleNamespace(max_length=2)], ['"abc"'], id="Annotated"),
        pytest.param(Colour, ['"RED"', '"blue"'], id="Enum by value"),
    ],
)
def test_what_is_no_instance(annotation: Any, texts: list[str]) -> None:
    constraint = json_schema(annotation)
    for text in texts:
        assert not constraint.is_valid(text)


def test_checks_of_the_type_itself() -> None:
    with pytest.raises(InvalidText, match="odd"):
        json_schema(Even).validate('{"number": 3}')


@pytest.mark.parametrize("annotation", [complex, dict[int, str], object(), "Node", Even(2)])
def test_what_json_cannot_carry(annotation: Any) -> None:
    with pytest.raises(InvalidSchemaError):
        json_schema(annotation)


def test_any_text_is_read_as_a_schema() -> None:
    assert json_schema('{"type": "null"}').is_valid("null")


def test_the_description_names_the_type() -> None:
    assert repr(json_schema(Node)) == "<Constraint JSON of Node>"
    assert "list[int]" in repr(json_schema(list[int]))


# pydantic


def test_pydantic() -> None:
    pydantic = pytest.importorskip("pydantic")

    class Person(pydantic.BaseModel):  # type: ignore[misc, name-defined]
        name: str = pydantic.Field(min_length=1)
        born: int = pydantic.Field(alias="birthYear", ge=1000)
        colour: Colour = Colour.RED
        friends: tuple[Point, ...] = ()

    constraint = json_schema(Person)
    person = constraint.validate('{"name": "R", "birthYear": 1759, "friends": [[1, 2]]}')
    assert isinstance(person, Person)
    assert person.born == 1759
    assert person.friends == (Point(1, 2.0),)
    assert not constraint.is_valid('{"name": "", "birthYear": 1759}')
    assert repr(constraint).startswith("<Constraint JSON of ")

    people = json_schema(dict[str, list[Person]]).validate('{"a": [{"name": "R", "birthYear": 1759}]}')
    assert isinstance(people["a"][0], Person)


def test_pydantic_validators() -> None:
    pydantic = pytest.importorskip("pydantic")

    class Odd(pydantic.BaseModel):  # type: ignore[misc, name-defined]
        number: int

        @pydantic.field_validator("number")
        @classmethod
        def check(cls, number: int) -> int:
            if number % 2 == 0:
                raise ValueError("even")
            return number

    assert json_schema(Odd).validate('{"number": 3}').number == 3
    with pytest.raises(InvalidText, match="#/number: Value error, even"):
        json_schema(Odd).validate('{"number": 2}')
