"""`sql()`: statements of a dialect, over the tables of a schema, as a `Constraint`.

The grammar is that of the library (`grammars/sqlite.lark`, `grammars/postgresql.lark`). With a schema, the rules for
names are overridden (`reading.py`), and their terminals are made of its names (`names.py`).

What WITH declares cannot be followed by a grammar. So after WITH any name goes, and `validate()` checks. What a
subquery in FROM calls its columns can be named only if it is the name of a column of the schema; else WITH says the
same.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, Literal, get_args

from structgen.collector import collector_paused
from structgen.constraint import Constraint, Validator
from structgen.errors import InvalidOptionError, Problem
from structgen.frontends.sql.names import Names, name_terminals
from structgen.frontends.sql.reading import grammar_of_dialect, word_pattern
from structgen.frontends.sql.schemas import Schema, read_schema
from structgen.frontends.sql.scopes import ScopedRules
from structgen.frontends.sql.validators import PostgreSQLValidator, SQLiteValidator
from structgen.grammar.expressions import Expression
from structgen.grammar.rules import (
    Choice,
    Grammar,
    Reference,
    RuleExpression,
    Sequence,
    Terminal,
    walk,
)
from structgen.language.renaming import embedded
from structgen.limits import LIMITS, Limits
from structgen.options import check_flags, check_option

Dialect = Literal["sqlite", "postgresql"]
Statement = Literal["select", "insert", "update", "delete"]

_RULES = {"select": "query", "insert": "insert", "update": "update", "delete": "delete"}
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
    lenient: bool = True,
    scope: bool = False,
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
        lenient: `validate()` also accepts what people write and masks never do, if the database's own parser does:
            names made in a subquery of FROM, no space around a keyword (`(a = 1)AND b = 2`), and in SQLite `"text"` in
            double quotes and NATURAL JOIN.
        scope: the mask lets a SELECT name only columns of the tables that its own FROM clause has, each with its table
            where two of them have it, so that SQLite prepares every statement. For "sqlite", a schema, and SELECT
            statements without WITH. Up to three tables in a FROM clause, fewer if the schema is large; aliases are T1,
            T2, ... or the first letters of the table; subqueries name no tables around them. `validate()` still
            accepts what SQLite accepts. Compiling takes longer.
        limits: what compiling and masking may cost.

    Returns:
        A constraint whose value is the text of the statement. `validate()` also asks the database's own parser
        (SQLite's `EXPLAIN` on an empty database with the schema, or sqlglot for PostgreSQL) for what no mask knows.

    Raises:
        InvalidSchemaError: The schema can't be read.
        InvalidOptionError: There is no such dialect or kind of statement; `scope` without what it needs.
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
    check_option("limits", limits, LIMITS)
    check_flags(ctes=ctes, lenient=lenient, scope=scope)
    kinds = _kinds(statements)
    tables = None if schema is None else read_schema(schema, dialect)
    if scope and (dialect != "sqlite" or tables is None or kinds != ["select"]):
        raise InvalidOptionError(
            "scope", scope, 'needs dialect="sqlite", a schema, and statements=("select",)'
        )
    rules = tuple(dict.fromkeys(_RULES[kind] for kind in kinds))
    wider = partial(_lenient, dialect, rules, ctes, limits or Limits()) if lenient else None
    validator: Validator = (SQLiteValidator if dialect == "sqlite" else PostgreSQLValidator)(tables, wider)
    with collector_paused():
        if tables is None:
            grammar = grammar_of_dialect(dialect, rules)
        else:
            grammar = _scoped(tables) if scope else _over(tables, dialect, rules, ctes)
    found = Constraint(
        grammar,
        validator,
        unenforced=() if tables is None or scope else _LEFT[: 1 + ctes],
        description=f"of {dialect} statements"
        + (f" over {len(tables)} table{'s' * (len(tables) > 1)}" if tables else ""),
        limits=limits or Limits(),
    )
    return found.made_by(
        sql, dialect, tables, statements=kinds, ctes=ctes, lenient=lenient, scope=scope, limits=limits
    )


def _kinds(statements: Iterable[Statement]) -> list[Any]:
    kinds = [statements] if isinstance(statements, str) else list(statements)
    for kind in kinds:
        check_option("statements", kind, get_args(Statement))
    if not kinds:
        raise InvalidOptionError("statements", statements, "must be one kind of statement or more")
    return kinds


def _over(schema: Schema, dialect: Dialect, starts: tuple[str, ...], ctes: bool) -> Grammar:
    """The grammar of a dialect, with the names of a schema; in statements that begin with WITH, with any names."""
    free, strict = grammar_of_dialect(dialect, starts), grammar_of_dialect(dialect, starts, "schema")
    blank, words = _expression_of("BLANK", free), _expression_of("OTHER", strict)
    names = Names(dialect, word_pattern(dialect, fallback=True), words)
    terminals = name_terminals(schema, names, blank)
    rules = {name: _with_names(body, terminals) for name, body in strict.rules.items()}
    if not ctes:
        return replace(strict, rules={**rules, "query": Reference("plain")})
    after_with = Sequence((Reference("free with"), Reference("free plain")))
    query = Choice((Reference("plain"), after_with))
    return replace(strict, rules={**_free_rules(dialect, starts), **rules, "query": query})


def _scoped(schema: Schema) -> Grammar:
    """The grammar of `sql(scope=True)`."""
    template = grammar_of_dialect("sqlite", ("query",), "scope")
    words = _expression_of("OTHER", template)
    names = Names("sqlite", word_pattern("sqlite", fallback=True), words)
    blank = _expression_of("BLANK", template)
    terminals = name_terminals(schema, names, blank)
    rules = {name: _with_names(body, terminals) for name, body in template.rules.items()}
    template = replace(template, rules=rules)
    return ScopedRules(template, schema, names, word_pattern("sqlite"), blank).grammar()


def _lenient(dialect: Dialect, starts: tuple[str, ...], ctes: bool, limits: Limits) -> Constraint:
    """What `validate()` reads where the mask's grammar refuses a text: any names, and what only people write."""
    grammar = grammar_of_dialect(dialect, starts, "lenient")
    if not ctes:
        grammar = replace(grammar, rules={**grammar.rules, "query": Reference("plain")})
    return Constraint(grammar, limits=limits)


@lru_cache(maxsize=8)
def _free_rules(dialect: Dialect, starts: tuple[str, ...]) -> Mapping[str, RuleExpression]:
    """The rules of a dialect with any names, under names of their own."""
    return embedded(grammar_of_dialect(dialect, starts), "free ")


def _expression_of(name: str, grammar: Grammar) -> Expression:
    """The texts of a terminal."""
    found = (node for body in grammar.rules.values() for node in _terminals(body) if node.name == name)
    return next(found).expression


def _terminals(body: RuleExpression) -> Iterable[Terminal]:
    return (node for node in walk(body) if isinstance(node, Terminal))


def _with_names(body: RuleExpression, terminals: Mapping[str, Expression]) -> RuleExpression:
    """A body whose terminals for names are those of a schema."""
    if isinstance(body, Terminal):
        expression = terminals.get(body.name)
        return body if expression is None else Terminal(body.name, expression)
    if not isinstance(body, (Choice, Sequence)):
        return body
    parts = body.options if isinstance(body, Choice) else body.parts
    found = tuple([_with_names(part, terminals) for part in parts])
    if all(map(operator.is_, found, parts)):  # shared with other constraints
        return body
    return Choice(found) if isinstance(body, Choice) else Sequence(found)
