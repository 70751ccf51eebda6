"""What a grammar cannot know about a statement: whether a column belongs to a table of its FROM, for instance.

SQLite is asked itself: it prepares the statement (EXPLAIN) on an empty database with the same tables. For PostgreSQL
sqlglot parses it and looks up its names. Nothing is ever executed.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from functools import cached_property
from typing import Any

from structgen.constraint import Constraint
from structgen.errors import InvalidText
from structgen.frontends.sql.schemas import SQLGLOT_NAMES, Schema, import_sqlglot, require_sqlglot

_SYNTAX = re.compile(r"syntax error|unrecognized token|incomplete input")
_NAMED = re.compile(r'near "(.+?)"|: (?:.*\.)?(\S+)$|token: "(.+?)"')


class SQLiteValidator:
    """The value of a statement is its text, if SQLite prepares it.

    Without a schema only its syntax counts: that a table is missing is no fault.

    Args:
        schema: tables and their columns.
        wider: makes the constraint of what may be written though no mask writes it; then SQLite decides.
    """

    def __init__(self, schema: Schema | None, wider: Callable[[], Constraint] | None) -> None:
        self._schema = schema
        self._wider = _Wider(wider)

    def __call__(self, text: str, error: InvalidText | None) -> str:
        """The text.

        Raises:
            InvalidText: The grammars or SQLite refuse it.
        """
        if error is not None and not self._wider.allows(text):
            raise error
        try:
            self._database.execute(f"EXPLAIN {text}")
        except sqlite3.Error as refusal:
            if self._schema is not None or _SYNTAX.search(str(refusal)):
                raise InvalidText(text, _place(text, str(refusal)), f"SQLite: {refusal}") from None
        return text

    @cached_property
    def _database(self) -> sqlite3.Connection:
        """An empty database in memory with the tables of the schema."""
        database = sqlite3.connect(":memory:", check_same_thread=False)
        database.execute("PRAGMA writable_schema = ON")  # for tables of SQLite's own, such as sqlite_sequence
        for table, columns in (self._schema or {}).items():
            database.execute(f"CREATE TABLE {_quoted(table)} ({', '.join(map(_quoted, columns))})")
        database.execute("PRAGMA writable_schema = OFF")
        return database


class PostgreSQLValidator:
    """The value of a statement is its text, if sqlglot parses it and finds the names of the schema in their places."""

    def __init__(self, schema: Schema | None, wider: Callable[[], Constraint] | None) -> None:
        require_sqlglot()
        self._schema = schema
        self._wider = _Wider(wider)

    def __call__(self, text: str, error: InvalidText | None) -> str:
        """The text.

        Raises:
            InvalidText: The grammars or sqlglot refuse it.
        """
        if error is not None and not self._wider.allows(text):
            raise error
        from sqlglot.optimizer.qualify import qualify
        from sqlglot.optimizer.scope import traverse_scope
        from sqlglot.schema import MappingSchema

        dialect = SQLGLOT_NAMES["postgresql"]
        try:
            tree = self._sqlglot.parse_one(text, read=dialect)
            if self._schema is not None:
                tables: dict[str, object] = {
                    table: {column: kind or "TEXT" for column, kind in columns.items()}
                    for table, columns in self._schema.items()
                }
                found = qualify(
                    tree,
                    dialect=dialect,
                    schema=MappingSchema(tables, dialect=dialect, normalize=False),
                )
                self._check_tables(text, traverse_scope(found))
        except self._sqlglot.errors.SqlglotError as refusal:
            reason = str(refusal).split("\n")[0]
            raise InvalidText(text, _place(text, reason), f"sqlglot: {reason}") from None
        return text

    @cached_property
    def _sqlglot(self) -> Any:
        return import_sqlglot()

    def _check_tables(self, text: str, scopes: list) -> None:  # type: ignore[type-arg]
        for scope in scopes:
            for source in scope.sources.values():
                name = getattr(source, "name", None)
                if isinstance(source, self._sqlglot.exp.Table) and name not in (self._schema or {}):
                    raise InvalidText(text, _place(text, f": {name}"), f"there is no table {name!r}")


class _Wider:
    """What people write and no mask does. The constraint is made for the first text that the mask's grammar refuses."""

    def __init__(self, make: Callable[[], Constraint] | None) -> None:
        self._make = make

    def allows(self, text: str) -> bool:
        """Returns True if the text may be written."""
        return self._constraint is not None and self._constraint.is_valid(text)

    @cached_property
    def _constraint(self) -> Constraint | None:
        return None if self._make is None else self._make()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _place(text: str, reason: str) -> int:
    """Where the name that a refusal is about stands first; the end of the text if it names none."""
    named = _NAMED.search(reason)
    name = next((group for group in named.groups() if group), "") if named else ""
    bare = re.escape(name.strip("'\""))
    found = re.search(rf"(?<!\w){bare}(?!\w)", text, re.IGNORECASE) if bare else None
    return found.start() if found else len(text)
