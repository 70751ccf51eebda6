"""`sql(scope=True)`: SQLite prepares whatever the mask lets through."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from random import Random

import pytest

import structgen
from structgen.errors import InvalidOptionError
from structgen.frontends.sql.scopes import scopes_of, short_aliases
from structgen.language.sampling import Sampler

DATA = Path(__file__).parents[2] / "data" / "sql"
FULL = os.environ.get("STRUCTGEN_SQL") == "full"
SAMPLES = 2_000 if FULL else 150
"""Statements for each schema."""

MUSIC = {"artist": ["id", "name"], "album": ["id", "artist_id", "title"], "track": ["id", "ALBUM_ID", "name"]}
ODD = {
    "Order Details": ["Unit Price", "order", 'a"b'],
    "Match": ["id", "select"],
    "t2": ["id", "ID2", "rowid"],
    "as": ["by", "Id"],
}
SCHEMAS = ["music", "odd", *(["chinook", "northwind", "sakila"] if FULL else [])]


def database_of(name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    if name in ("music", "odd"):
        for table, columns in (MUSIC if name == "music" else ODD).items():
            connection.execute(f"CREATE TABLE {quoted(table)} ({', '.join(map(quoted, columns))})")
    else:
        connection.executescript((DATA / f"{name}.schema.sql").read_text())
    return connection


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@pytest.mark.parametrize("name", SCHEMAS)
def test_sqlite_prepares_everything_that_is_sampled(name: str) -> None:
    database = database_of(name)
    constraint = structgen.sql("sqlite", database, scope=True)
    assert not constraint.unenforced
    sampler = Sampler(constraint.grammar, max_depth=15)
    for seed in range(SAMPLES):
        text = sampler.text(Random(seed))
        database.execute(f"EXPLAIN {text}")
        if seed < 10:
            assert constraint._compiled.accepts(text), text


@pytest.mark.parametrize(
    ("accepted", "rejected"),
    [
        ("SELECT name FROM artist", "SELECT title FROM artist"),
        ("SELECT artist.name FROM artist", "SELECT album.title FROM artist"),
        (
            "SELECT title, name FROM artist JOIN album ON artist_id = artist.id",
            "SELECT id FROM artist, album",
        ),
        ("SELECT artist.id FROM artist, album", "SELECT artist.id FROM artist AS a"),
        ("SELECT T1.name FROM artist AS T1", "SELECT T2.name FROM artist AS T1"),
        (
            "SELECT t1.id, t2.id FROM artist t1 JOIN artist t2 ON t1.id = t2.id",
            "SELECT name FROM artist t1, artist t2",
        ),
        ("SELECT a.name FROM artist a", "SELECT a.title FROM artist a"),
        ("SELECT al.title FROM artist a, album al", "SELECT x.title FROM album x"),
        (
            "SELECT name FROM artist WHERE id IN (SELECT artist_id FROM album)",
            "SELECT 1 WHERE 1 IN (SELECT * FROM album)",
        ),
        (
            "SELECT COUNT(*) FROM artist GROUP BY name ORDER BY COUNT(*)",
            "SELECT name FROM artist ORDER BY COUNT(*)",
        ),
        (
            "SELECT name FROM artist GROUP BY name HAVING COUNT(*) > 1",
            "SELECT name FROM artist WHERE COUNT(*) > 1",
        ),
        (
            "SELECT id FROM artist UNION SELECT id FROM album",
            "SELECT id FROM artist UNION SELECT id, title FROM album",
        ),
        ("SELECT * FROM artist JOIN track USING (id)", "SELECT * FROM artist JOIN album USING (name)"),
        (
            "SELECT COUNT(*) FROM (SELECT name FROM artist) AS x",
            "SELECT x.title FROM (SELECT name FROM artist) AS x",
        ),
        ("SELECT MAX(id) FROM artist", "SELECT MAX(MAX(id)) FROM artist"),
        ("SELECT id FROM artist ORDER BY id LIMIT 2, 3", "SELECT id FROM artist ORDER BY 2"),
    ],
)
def test_names_are_in_scope(accepted: str, rejected: str) -> None:
    constraint = structgen.sql("sqlite", MUSIC, scope=True)
    assert constraint.validate(accepted) == accepted
    assert constraint._compiled.accepts(accepted)
    assert not constraint._compiled.accepts(rejected)


def test_validation_accepts_what_the_mask_leaves_out() -> None:
    constraint = structgen.sql("sqlite", MUSIC, scope=True)
    query = "WITH a AS (SELECT id FROM artist) SELECT x.id FROM a AS x"
    assert constraint.validate(query) == query
    assert not constraint._compiled.accepts(query)


def test_it_needs_a_schema_of_sqlite_and_select() -> None:
    for options in ({"schema": None}, {"dialect": "postgresql"}, {"statements": ("select", "insert")}):
        arguments = {"dialect": "sqlite", "schema": MUSIC, "scope": True, **options}
        with pytest.raises(InvalidOptionError, match="scope"):
            structgen.sql(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(("tables", "most"), [(1, 2), (4, 3), (6, 3), (11, 2), (18, 2), (40, 1)])
def test_scopes_are_limited(tables: int, most: int) -> None:
    schema = {f"table{number}": {"id": ""} for number in range(tables)}
    found = scopes_of(schema, {})
    assert max(len(scope.tables) for scope in found) == most
    assert len(found) < 800


def test_short_aliases_are_no_other_names() -> None:
    schema = {name: {"id": ""} for name in ("is_on", "island", "i", "Order", "o", "owner")}
    assert short_aliases(schema, "(?!is$|or$)[a-z_]+") == {
        "is_on": "is_",
        "island": "isl",
        "Order": "ord",
        "owner": "ow",
    }
