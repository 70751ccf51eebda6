"""Of the SQL queries that people wrote, how many do `sql()` and its masks accept?

    python benchmarks/sql_acceptance.py spider_dev_even.jsonl spider_schemas.json [--rest]

The queries are JSON Lines with `db_id` and `query`; the schemas a JSON object,
`{db_id: {"tables": {table: [[column, type], ...]}}}`. Counted are the queries that SQLite prepares on an empty database
with these tables:

    validate       `sql("sqlite", schema).validate()` accepts the query
    mask           a mask of `sql("sqlite", schema)` lets it through
    mask, scope    a mask of `sql("sqlite", schema, scope=True)` lets it through
"""

from __future__ import annotations

import argparse
import json
import sqlite3
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from evidence import figures
from rich.progress import track

import structgen

ARMS = ("validate", "mask", "mask, scope")


class Judges:
    """The constraints of each database, made once.

    Args:
        schemas: by the name of the database.
    """

    def __init__(self, schemas: dict[str, Any]) -> None:
        self._schemas = schemas
        self._bytes = structgen.Vocabulary.of_bytes()
        self.of = cache(self._of)

    def _of(self, name: str) -> tuple[sqlite3.Connection, Any, Any, Any]:
        tables = {
            table: [column for column, _ in columns]
            for table, columns in self._schemas[name]["tables"].items()
        }
        database = sqlite3.connect(":memory:")
        database.execute("PRAGMA writable_schema = ON")  # for tables of SQLite's own, such as sqlite_sequence
        for table, columns in tables.items():
            database.execute(f"CREATE TABLE {_quoted(table)} ({', '.join(map(_quoted, columns))})")
        usual = structgen.sql("sqlite", tables)
        scoped = structgen.sql("sqlite", tables, scope=True)
        return database, usual, usual.compile(self._bytes), scoped.compile(self._bytes)

    def verdicts(self, name: str, query: str) -> dict[str, bool] | None:
        """Which arms accept a query; None if SQLite does not."""
        database, usual, mask, scoped = self.of(name)
        try:
            database.execute(f"EXPLAIN {query}")
        except sqlite3.Error:
            return None
        found = usual.is_valid(query), mask.accepts(query), scoped.accepts(query)
        return dict(zip(ARMS, found, strict=True))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("queries", type=Path)
    parser.add_argument("schemas", type=Path)
    parser.add_argument(
        "--rest", action="store_true", help="print the queries that validate() or a mask refuses"
    )
    arguments = parser.parse_args()
    judges = Judges(json.loads(arguments.schemas.read_text(encoding="utf-8")))
    lines = arguments.queries.read_text(encoding="utf-8").splitlines()
    counts: Counter[str] = Counter()
    refused = []
    for line in track(lines, description="queries"):
        task = json.loads(line)
        verdicts = judges.verdicts(task["db_id"], task["query"])
        if verdicts is None:
            continue
        counts["all"] += 1
        counts.update(arm for arm, accepted in verdicts.items() if accepted)
        refused.append((task["query"], [arm for arm, accepted in verdicts.items() if not accepted]))
    rows = [[arm, counts[arm], figures.percent(counts[arm], counts["all"])] for arm in ARMS]
    print(figures.table(["accepted by", f"of {counts['all']} queries", "share"], rows))
    for query, arms in refused if arguments.rest else ():
        if arms:
            print(f"{', '.join(arms)}: {query}")


if __name__ == "__main__":
    main()
