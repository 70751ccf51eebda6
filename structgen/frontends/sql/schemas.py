"""Tables and their columns, from what the user has: a mapping, CREATE TABLE statements, or a live database.

Only looks at databases: nothing is written, and no row is read.
"""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from structgen.errors import InvalidSchemaError, install_hint

Schema = Mapping[str, Mapping[str, str]]
"""The type of each column of each table; "" where it is not known."""

MAX_NAME = 1_000
"""Characters of a name."""

_ASCII_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
_NO_NAME = re.compile("[\\x00-\\x1f\\ud800-\\udfff]")

SQLGLOT_NAMES = {"sqlite": "sqlite", "postgresql": "postgres"}
"""What sqlglot calls the dialects."""


def read_schema(source: Any, dialect: str) -> dict[str, dict[str, str]]:
    """Tables and columns.

    Args:
        source: `{table: [columns]}` or `{table: {column: type}}`; the text of CREATE TABLE statements; an
            `sqlite3.Connection`; an engine, connection or inspector of SQLAlchemy.
        dialect: of the CREATE TABLE statements.

    Raises:
        InvalidSchemaError: It is none of these, has no table, or a name that no statement can hold, or that two have.
    """
    if isinstance(source, Mapping):
        tables = {table: _columns(table, columns) for table, columns in source.items()}
    elif isinstance(source, str):
        tables = _from_ddl(source, dialect)
    elif isinstance(source, sqlite3.Connection):
        tables = _from_sqlite(source)
    else:
        tables = _from_sqlalchemy(source)
    if not tables:
        raise InvalidSchemaError("#", "the schema has no table")
    for table, columns in tables.items():
        if not columns:
            raise InvalidSchemaError(f"#/{table}", "the table has no column")
        for name in (table, *columns):
            _check_name(name, table)
        _check_distinct(columns, f"#/{table}", dialect)
    _check_distinct(tables, "#", dialect)
    return tables


def _check_name(name: Any, table: str) -> None:
    if not isinstance(name, str) or not name or _NO_NAME.search(name):
        raise InvalidSchemaError(f"#/{table}", f"{name!r} can't be the name of a table or column")
    if len(name) > MAX_NAME:
        reason = f"the name {name[:40]!r}... has more than {MAX_NAME} characters"
        raise InvalidSchemaError(f"#/{table[:40]}", reason)


def _check_distinct(names: Iterable[str], pointer: str, dialect: str) -> None:
    """SQLite does not tell capitals from small letters, not in quotes either."""
    seen: dict[str, str] = {}
    for name in names if dialect == "sqlite" else ():
        other = seen.setdefault(fold_ascii(name), name)
        if other != name:
            raise InvalidSchemaError(pointer, f"{other!r} and {name!r} are the same name to SQLite")


def fold_ascii(name: str) -> str:
    """The name in small letters, as SQLite compares names: only those of ASCII."""
    return name.lower() if name.isascii() else name.translate(_ASCII_LOWER)


def _columns(table: str, columns: Any) -> dict[str, str]:
    if isinstance(columns, Mapping):
        return {name: str(kind or "") for name, kind in columns.items()}
    if isinstance(columns, str):
        raise InvalidSchemaError(f"#/{table}", f"columns are a list of names, not the text {columns!r}")
    return dict.fromkeys(columns, "")


def _from_ddl(text: str, dialect: str) -> dict[str, dict[str, str]]:
    sqlglot = import_sqlglot()
    name = SQLGLOT_NAMES[dialect]
    try:
        statements = sqlglot.parse(text, read=name)
    except sqlglot.errors.SqlglotError as error:
        raise InvalidSchemaError("#", f"sqlglot can't read the CREATE TABLE statements: {error}") from None
    tables: dict[str, dict[str, str]] = {}
    for statement in statements:
        if isinstance(statement, sqlglot.exp.Create) and isinstance(statement.this, sqlglot.exp.Schema):
            columns = statement.this.find_all(sqlglot.exp.ColumnDef)
            tables[_folded(statement.this.this.this, dialect)] = {
                _folded(column.this, dialect): column.kind.sql(name) if column.kind else ""
                for column in columns
            }
    return tables


def _folded(identifier: Any, dialect: str) -> str:
    """The name as the database keeps it: PostgreSQL folds what is not quoted to lower case."""
    name = str(identifier.this)
    return name.lower() if dialect == "postgresql" and not identifier.args.get("quoted") else name


def _from_sqlite(connection: sqlite3.Connection) -> dict[str, dict[str, str]]:
    try:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
            " ORDER BY rowid"
        ).fetchall()
        columns = (
            "SELECT name, type FROM pragma_table_xinfo(?) WHERE hidden <> 1"  # generated ones are there too
        )
        return {name: dict(connection.execute(columns, (name,)).fetchall()) for (name,) in names}
    except sqlite3.Error as error:
        raise InvalidSchemaError("#", f"SQLite does not say what tables there are: {error}") from None


def _from_sqlalchemy(source: Any) -> dict[str, dict[str, str]]:
    if not type(source).__module__.startswith("sqlalchemy"):
        raise InvalidSchemaError(
            "#",
            f"an object of {type(source).__name__} is no schema; give {{table: [columns]}}, CREATE TABLE statements, "
            f"an sqlite3.Connection or an engine of SQLAlchemy",
        )
    from sqlalchemy import inspect

    inspector = source if hasattr(source, "get_table_names") else inspect(source)
    return {
        table: {column["name"]: str(column["type"]) for column in inspector.get_columns(table)}
        for table in [*inspector.get_table_names(), *inspector.get_view_names()]
    }


def import_sqlglot() -> Any:
    """The package sqlglot, which takes a while to import.

    Raises:
        ImportError: It is not installed; says how to get it.
    """
    require_sqlglot()
    import sqlglot

    return sqlglot


def require_sqlglot() -> None:
    """Raise `ImportError` if sqlglot is not installed."""
    if "sqlglot" not in sys.modules and find_spec("sqlglot") is None:
        raise ImportError(f"this needs sqlglot: {install_hint('sql')}")
