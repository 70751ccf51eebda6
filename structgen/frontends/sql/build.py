"""The function that others call: statements of a dialect, over the tables of a schema.

The grammar is that of the library (`grammars/sqlite.lark`, `grammars/postgresql.lark`). A schema overrides its
rules for names, in Lark's own words:

    table         a table of the schema
    column        a column; behind the name of a table one of its own; behind an alias any
    label         an alias: no table of the schema has that name
    order, group, having      may also name an output of the query (`AS total`)

Names are written as the dialect asks for: bare where they may be, else quoted.

What WITH declares cannot be followed by a grammar. So after WITH any name goes, and the judge looks. What a subquery in
FROM calls its columns can be named only if it is the name of a column of the schema; else WITH says the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal, get_args

from structgen.constraint import Constraint, Judge
from structgen.errors import InvalidOptionError, Problem
from structgen.frontends.library import library_text
from structgen.frontends.sql.judges import PostgreSQLJudge, SQLiteJudge
from structgen.frontends.sql.reading import read_grammar
from structgen.frontends.sql.schemas import Schema, read_schema
from structgen.grammar.rules import (
    Choice,
    Grammar,
    Permutation,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
)
from structgen.limits import Limits
from structgen.options import check_flags, check_option

Dialect = Literal["sqlite", "postgresql"]
Statement = Literal["select", "insert", "update", "delete"]

_RULES = {"select": "query", "insert": "insert", "update": "update", "delete": "delete"}
_QUOTES: dict[str, list[tuple[str, str]]] = {
    "sqlite": [('"', '"'), ("`", "`"), ("[", "]")],
    "postgresql": [('"', '"')],
}
_WORD = re.compile(r"^WORD: /(.*)/$", re.MULTILINE)
_LEFT = (
    Problem(
        "#", "whether a column belongs to a table of the FROM clause, and other rules of names and types"
    ),
    Problem("#", "the names in a statement that begins with WITH; ctes=False forbids these statements"),
)


def sql(
    dialect: Dialect,
    schema: Any = None,
    *,
    statements: Iterable[Statement] = ("select",),
    ctes: bool = True,
    limits: Limits | None = None,
) -> Constraint:
    """The text is one SQL statement.

    Args:
        dialect: "sqlite" or "postgresql".
        schema: which tables and columns there are: `{table: [columns]}`, `{table: {column: type}}`, the text of
            CREATE TABLE statements, an `sqlite3.Connection`, or an engine or inspector of SQLAlchemy. Then no others
            can be named. None: any names.
        statements: which kinds of statements: "select", "insert", "update", "delete".
        ctes: with a schema, whether a query may begin with WITH. What it declares can be named afterwards; that nothing
            else is named there is left to `validate()`.
        limits: what compiling and masking may cost.

    Returns:
        A constraint whose value is the text of the statement. `validate()` also asks the database's own parser
        (SQLite's `EXPLAIN` on an empty database with the schema, or sqlglot for PostgreSQL) for what no mask knows.

    Raises:
        InvalidSchemaError: The schema can't be read.
        InvalidOptionError: There is no such dialect or kind of statement.
        ImportError: CREATE TABLE statements and PostgreSQL need sqlglot.

    >>> music = sql("sqlite", {"artist": ["id", "name"], "album": ["id", "artist_id", "title"]})
    >>> music.is_valid("SELECT a.name FROM artist AS a JOIN album ON a.id = album.artist_id ORDER BY a.name")
    True
    >>> music.validate("SELECT name FROM album")
    Traceback (most recent call last):
    ...
    structgen.errors.InvalidText: line 1, column 8: SQLite: no such column: name
      SELECT name FROM album
             ^
    """
    check_option("dialect", dialect, get_args(Dialect))
    check_flags(ctes=ctes)
    kinds = [statements] if isinstance(statements, str) else list(statements)
    for kind in kinds:
        check_option("statements", kind, get_args(Statement))
    if not kinds:
        raise InvalidOptionError("statements", statements, "must be one kind of statement or more")
    tables = None if schema is None else read_schema(schema, dialect)
    judge: Judge = SQLiteJudge(tables) if dialect == "sqlite" else PostgreSQLJudge(tables)
    text = library_text(dialect)
    text += f"\n%override start: ({' | '.join(_RULES[kind] for kind in kinds)}) [SEMICOLON | BLANK]\n"
    grammar = read_grammar(text)
    if tables is not None:
        strict = read_grammar(text + _names(text, tables, dialect))
        grammar = _with(strict, grammar) if ctes else _without(strict)
    found = Constraint(
        grammar,
        judge,
        unenforced=_LEFT[: 1 + ctes] if tables is not None else (),
        description=f"of {dialect} statements"
        + (f" over {len(tables)} table{'s' * (len(tables) > 1)}" if tables else ""),
        limits=limits or Limits(),
    )
    return found.made_by(sql, dialect, tables, statements=kinds, ctes=ctes, limits=limits)


def _names(text: str, schema: Schema, dialect: str) -> str:
    """The rules for names of a schema, in Lark."""
    word = _WORD.search(text)
    assert word is not None, "the grammar of a dialect defines WORD in one line"
    is_bare = re.compile(word[1])

    def written(name: str) -> str:
        forms = []
        if is_bare.fullmatch(name) and (dialect == "sqlite" or name == name.lower()):
            forms.append(f"(?ai:{_escaped(name)})")
        for opening, closing in _QUOTES[dialect]:
            if closing != "]" or closing not in name:
                forms.append(_escaped(opening + name.replace(closing, closing * 2) + closing))
        return f"(?:{'|'.join(forms)})"

    def options(names: Iterable[str]) -> str:  # one pattern: Lark takes its time with thousands of options
        return f"(?:{'|'.join(map(written, names))})"

    def other_than(names: Iterable[str]) -> str:
        bare = "|".join(_escaped(name) for name in names)
        return f"/(?ai:(?!({bare})(?![a-z0-9_])))/ WORD"

    columns = dict.fromkeys(column for of_table in schema.values() for column in of_table)
    qualified = "|".join(f"{written(table)}\\.{options(names)}" for table, names in schema.items())
    typed = "%override typed: TYPE_WORD TYPED" if dialect == "postgresql" else ""
    return f"""
TABLE: /{options(schema)}/
TABLE_QUALIFIER: TABLE "."
BARE_COLUMN: /{options(columns)}/
COLUMN: BARE_COLUMN | /{qualified}/
OTHER: {other_than(schema)}
OUTPUT: {other_than(columns)}
%override QUALIFIER: OTHER "."
%override LABEL: BLANK OTHER
%override table: TABLE
%override label: OTHER
%override any_star: (TABLE_QUALIFIER | QUALIFIER) STAR
%override column: COLUMN | QUALIFIER BARE_COLUMN
%override bare_column: BARE_COLUMN
%override order: (expr | OUTPUT) [DIRECTION] [NULLS]
%override group: expr | OUTPUT
%override having: expr | OUTPUT COMPARE sum
{typed}
"""


def _escaped(text: str) -> str:
    return re.escape(text).replace("/", r"\/")


def _without(strict: Grammar) -> Grammar:
    """The grammar, without statements that begin with WITH."""
    return replace(strict, rules={**strict.rules, "query": Reference("plain")})


def _with(strict: Grammar, free: Grammar) -> Grammar:
    """The names of a schema in queries without WITH, any names in those with it."""
    rules = {f"free {name}": _renamed(body) for name, body in free.rules.items()}
    after_with = Sequence((Reference("free with"), Reference("free plain")))
    query = Choice((Reference("plain"), after_with))
    return replace(strict, rules={**rules, **strict.rules, "query": query})


def _renamed(body: RuleExpression) -> RuleExpression:
    if isinstance(body, Reference):
        return Reference(f"free {body.name}")
    if isinstance(body, (Sequence, Permutation)):
        parts = tuple(map(_renamed, body.parts))
        return replace(body, parts=parts, separator=body.separator and _renamed(body.separator))
    if isinstance(body, Choice):
        return Choice(tuple(map(_renamed, body.options)))
    if isinstance(body, Repetition):
        return replace(body, part=_renamed(body.part))
    return body
