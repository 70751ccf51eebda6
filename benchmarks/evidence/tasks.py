"""Tasks: a prompt, a constraint, and somebody else who says whether an answer is valid.

The judges are `jsonschema`, `re` and `sqlite3`; never structgen.
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
from maskbench.records import lines

import structgen
from structgen.errors import StructgenError

FOLDER = Path(__file__).parent.parent / "tasks"
SCHEMAS = FOLDER / "schemas.jsonl"
"""Records as MaskBench has them, written into the repository."""
TABLES = (
    "CREATE TABLE poets (id INTEGER, name TEXT, born INTEGER); "
    "CREATE TABLE poems (title TEXT, poet INTEGER, year INTEGER, lines INTEGER);"
)
_LONGEST_SCHEMA = 1200
"""Characters of a schema in a prompt: a small model on a CPU reads some thousand tokens a minute."""


@dataclass(frozen=True)
class Task:
    """A question.

    Attributes:
        name: of the task.
        family: which kind of task.
        prompt: the question, and in words what the answer is to look like.
        exact: the same with the schema, the pattern or the tables themselves.
        constraint: what the answer must be.
        is_parseable: whether a text has the form of an answer at all.
        is_valid: whether it is valid, as an outside judge says.
        reference: the right answer, where there is one.
    """

    name: str
    family: str
    prompt: str
    exact: str
    constraint: structgen.Constraint
    is_parseable: Callable[[str], bool]
    is_valid: Callable[[str], bool]
    reference: Any = None


def records(name: str) -> list[dict[str, Any]]:
    """The lines of a file of tasks."""
    lines = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def built_in() -> list[Task]:
    """The tasks that are written into the repository."""
    found = []
    for number, one in enumerate(records("extraction")):
        keys = ", ".join(f'"{key}"' for key in one["schema"]["required"])
        question = f"Extract a JSON object with the keys {keys} from: {one['text']}"
        found.append(_json(f"extraction {number}", "extraction", question, one["schema"], one["reference"]))
    for number, one in enumerate(records("tools")):
        question = f"{one['question']} Write the arguments of the function {one['name']} as a JSON object."
        found.append(_json(f"tools {number}", "tools", question, one["schema"]))
    for number, one in enumerate(records("regex")):
        found.append(_regex(f"regex {number}", one["question"], one["pattern"]))
    for number, one in enumerate(records("classification")):
        found.append(_choice(f"classification {number}", one))
    found += [_sql(f"sql {number}", one["question"]) for number, one in enumerate(records("sql"))]
    return found


def arithmetic() -> list[Task]:
    """Word problems with their results."""
    schema = {
        "type": "object",
        "properties": {"answer": {"type": "integer"}},
        "required": ["answer"],
        "additionalProperties": False,
    }
    return [
        _json(
            f"arithmetic {number}",
            "arithmetic",
            f'{one["question"]} Answer with a JSON object that has the key "answer".',
            schema,
            {"answer": one["reference"]},
        )
        for number, one in enumerate(records("arithmetic"))
    ]


def in_turn(found: Sequence[Task]) -> list[Task]:
    """The first of each family, the second of each ...: so that those that come first are of all families."""
    seen: Counter[str] = Counter()
    places = []
    for task in found:
        places.append(seen[task.family])
        seen[task.family] += 1
    return [found[i] for i in sorted(range(len(found)), key=places.__getitem__)]


def of_maskbench(path: Path, count: int, seed: int) -> tuple[list[Task], list[str]]:
    """Schemas of MaskBench: as many of each family as come, in turn, until there are `count`.

    Left out are schemas that are longer than a prompt should be, and those that structgen refuses; returned are the
    tasks, and the names of what was refused on the way.
    """
    by_family: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in map(json.loads, lines(path)):
        if len(json.dumps(record["schema"])) <= _LONGEST_SCHEMA:
            by_family[re.split(r"[_\-]", record["id"])[0]].append(record)
    rng = random.Random(seed)
    for family in by_family.values():
        rng.shuffle(family)
    found: list[Task] = []
    refused: list[str] = []
    while len(found) < count and any(by_family.values()):
        for family in sorted(by_family):
            if by_family[family] and len(found) < count:
                record = by_family[family].pop()
                try:
                    found.append(
                        _json(record["id"], "schemas", _described(record["schema"]), record["schema"])
                    )
                except StructgenError:
                    refused.append(record["id"])
    return found, refused


def _described(schema: Any) -> str:
    """A question made of a schema's title, description and properties."""
    if not isinstance(schema, dict):
        return "Write an example of any JSON value."
    about = schema.get("description") or schema.get("title") or ""
    lines = [f"Write an example of a JSON {schema.get('type', 'value')}.", str(about)[:300]]
    for name, part in list(_properties(schema))[:15]:
        part = part if isinstance(part, dict) else {}
        lines.append(f"- {name}: {part.get('description') or part.get('type') or 'anything'}"[:160])
    return "\n".join(line for line in lines if line)


def _properties(schema: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    properties = schema.get("properties")
    return properties.items() if isinstance(properties, dict) else ()


def _json(name: str, family: str, question: str, schema: Any, reference: Any = None) -> Task:
    kind = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
    validator = kind(schema, format_checker=kind.FORMAT_CHECKER)

    def is_valid(text: str) -> bool:
        try:
            return _is_json(text) and bool(validator.is_valid(json.loads(text)))
        except (ArithmeticError, RecursionError):  # of a number or depth that the judge cannot do
            return False

    return Task(
        name,
        family,
        f"{question}\nAnswer only with JSON.",
        f"{question}\nIt must be valid for this JSON Schema: {json.dumps(schema)}\nAnswer only with JSON.",
        structgen.json_schema(schema),
        _is_json,
        is_valid,
        reference,
    )


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False
    return True


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _regex(name: str, question: str, pattern: str) -> Task:
    def is_valid(text: str) -> bool:
        return re.fullmatch(pattern, text) is not None

    exact = f"{question}\nIt must match the regular expression {pattern}"
    return Task(name, "regex", question, exact, structgen.regex(pattern), is_valid, is_valid)


def _choice(name: str, record: dict[str, Any]) -> Task:
    labels: list[str] = record["labels"]
    question = f"What is this about or like? {record['text']}\nAnswer with one word."
    exact = f"{question} It must be one of: {', '.join(labels)}."
    is_valid = labels.__contains__
    return Task(
        name,
        "classification",
        question,
        exact,
        structgen.choice(labels),
        is_valid,
        is_valid,
        record["reference"],
    )


def _sql(name: str, question: str) -> Task:
    def is_valid(text: str) -> bool:
        with sqlite3.connect(":memory:") as database:
            database.executescript(TABLES)
            try:
                database.execute(f"EXPLAIN {text}")
            except (sqlite3.Error, sqlite3.Warning):
                return False
        return True

    def is_parseable(text: str) -> bool:
        return re.match(r"(?is)\s*(select|with)\b.*\bfrom\b", text) is not None

    prompt = f"{question}\nAnswer only with a query in SQL."
    exact = f"{question}\nThe tables: {TABLES}\nAnswer only with a query in SQL."
    return Task(name, "sql", prompt, exact, structgen.lark(_grammar_of_selects()), is_parseable, is_valid)


def _grammar_of_selects() -> str:
    """Queries over one table of `TABLES` whose columns exist."""
    tables = {"poets": ["id", "name", "born"], "poems": ["title", "poet", "year", "lines"]}
    lines = ["start: " + " | ".join(f"{table}_query" for table in tables)]
    for table, columns in tables.items():
        names = " | ".join(f'"{column}"' for column in columns)
        lines += [
            f'{table}_query: "SELECT " {table}_what " FROM {table}" {table}_where? {table}_order? ";"',
            f'{table}_what: "*" | "COUNT(*)" | {table}_column (", " {table}_column)*',
            f'{table}_where: " WHERE " {table}_column OPERATOR value',
            f'{table}_order: " ORDER BY " {table}_column',
            f"{table}_column: {names}",
        ]
    return (
        "\n".join(
            [
                *lines,
                "value: /[0-9]{1,4}/ | /'[A-Za-z ]{1,30}'/",
                'OPERATOR: " = " | " > " | " < " | " >= " | " <= "',
            ]
        )
        + "\n"
    )
