"""SQL: SQLite itself and PostgreSQL's own parser (pglast) judge what the masks let through."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path
from random import Random

import pytest

import structgen
from structgen.errors import InvalidOptionError, InvalidSchemaError, InvalidText
from structgen.grammar.expressions import in_order
from structgen.grammar.rules import Terminal, walk
from structgen.language.sampling import Sampler

DATA = Path(__file__).parents[2] / "data" / "sql"
DATABASES = ["chinook", "northwind", "sakila"]
SAMPLES = 10_000 if os.environ.get("STRUCTGEN_SQL") == "full" else 240
"""Statements in all, over the three schemas; PostgreSQL gets a fifth."""

MUSIC = {"artist": ["id", "name"], "album": {"id": "INTEGER", "artist_id": "INTEGER", "title": "TEXT"}}
REFUSED = re.compile(
    r"syntax error|unrecognized token|incomplete input|no such function|wrong number of arg|may not"
)


def ddl(name: str) -> str:
    return (DATA / f"{name}.schema.sql").read_text()


def queries(name: str) -> list[str]:
    return [query.strip() for query in (DATA / f"{name}.queries.sql").read_text().split(";\n")]


def refusal_of(database: sqlite3.Connection, text: str) -> str:
    """What SQLite has against a statement; empty if nothing."""
    try:
        database.execute(f"EXPLAIN {text}")
    except sqlite3.Error as error:
        return str(error)
    return ""


@pytest.fixture
def database(request: pytest.FixtureRequest) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript(ddl(request.param))
    return connection


@pytest.mark.parametrize("name", DATABASES)
def test_real_queries_are_accepted_with_and_without_the_schema(name: str) -> None:
    pytest.importorskip("sqlglot")
    for constraint in (structgen.sql("sqlite"), structgen.sql("sqlite", ddl(name))):
        for query in queries(name):
            assert constraint.validate(query) == query


def test_there_are_150_real_queries() -> None:
    assert sum(len(queries(name)) for name in DATABASES) >= 150


@pytest.mark.parametrize("with_schema", [False, True])
def test_real_queries_of_postgresql_are_accepted(with_schema: bool) -> None:
    pglast = pytest.importorskip("pglast")
    pytest.importorskip("sqlglot")
    constraint = structgen.sql("postgresql", ddl("sakila") if with_schema else None)
    for query in queries("pagila"):
        pglast.parse_sql(query)
        assert constraint.validate(query) == query


@pytest.mark.parametrize("database", DATABASES, indirect=True)
def test_sqlite_prepares_what_is_sampled(database: sqlite3.Connection) -> None:
    kinds = ("select", "insert", "update", "delete")
    constraint = structgen.sql("sqlite", database, statements=kinds)
    sampler = Sampler(constraint.grammar, max_depth=15)
    for seed in range(SAMPLES // len(DATABASES)):
        text = sampler.text(Random(seed))
        assert constraint._compiled.accepts(text), text
        refusal = refusal_of(database, text)
        assert not REFUSED.search(refusal), f"{refusal}: {text}"


@pytest.mark.parametrize("with_schema", [False, True])
def test_postgresql_parses_what_is_sampled(with_schema: bool) -> None:
    pglast = pytest.importorskip("pglast")
    pytest.importorskip("sqlglot")
    kinds = ("select", "insert", "update", "delete")
    constraint = structgen.sql("postgresql", ddl("sakila") if with_schema else None, statements=kinds)
    sampler = Sampler(constraint.grammar, max_depth=15)
    for seed in range(SAMPLES // 10):
        text = sampler.text(Random(seed))
        assert constraint._compiled.accepts(text), text
        pglast.parse_sql(text)


@pytest.mark.parametrize("database", DATABASES, indirect=True)
def test_only_tables_and_columns_of_the_schema_are_named(database: sqlite3.Connection) -> None:
    """SQLite's own complaints name nothing but aliases: names that no table has, where an alias may stand."""
    constraint = structgen.sql("sqlite", database, ctes=False)
    tables = {name.lower() for (name,) in database.execute("SELECT name FROM sqlite_master")}
    columns = {
        (table, column.lower())
        for table in tables
        for (column,) in database.execute("SELECT name FROM pragma_table_info(?)", (table,))
    }
    outputs = 0
    sampler = Sampler(constraint.grammar, max_depth=15)
    for seed in range(SAMPLES // len(DATABASES)):
        text = sampler.text(Random(seed))
        bare = re.sub(r"'[^']*'", "''", text)
        for table in re.findall(r"(?i)\b(?:from|join)\s+(\"[^\"]+\"|`[^`]+`|\[[^]]+\]|\w+)", bare):
            assert table.lower().strip('"`[]') in tables | {"select"}, text
        missing = re.fullmatch(r"no such column: (?:(.+)\.)?(.+)", refusal_of(database, text))
        if missing and not missing[1]:  # an output, or a column of a table that is not in FROM
            outputs += missing[2].lower() not in {column for _, column in columns}
        elif missing and missing[1].lower() in tables:
            assert (missing[1].lower(), missing[2].lower()) in columns, text
    assert outputs < SAMPLES / len(DATABASES) / 2


@pytest.mark.parametrize(
    ("accepted", "rejected"),
    [
        ("SELECT name FROM artist", "SELECT nam FROM artist"),
        ("SELECT artist.name FROM artist", "SELECT artist.title FROM artist"),
        ("SELECT a.name FROM artist AS a", "SELECT a.foo FROM artist AS a"),
        ("SELECT * FROM album", "SELECT * FROM albums"),
        ("SELECT COUNT(*) AS n FROM album ORDER BY n", "SELECT n FROM album"),
        ("SELECT id FROM album WHERE artist_id IN (1, 2)", "SELECT id FROM album WHERE artist_id IN 1"),
        ("SELECT id FROM album", "SELECTid FROM album"),
        ("SELECT id, title FROM album", "SELECT id, titleFROM album"),
        ("SELECT a.id FROM album a JOIN artist b ON a.id = b.id", "SELECT select FROM album"),
    ],
)
def test_the_mask_knows_the_schema(accepted: str, rejected: str) -> None:
    constraint = structgen.sql("sqlite", MUSIC)
    assert constraint.validate(accepted) == accepted
    assert not constraint._compiled.accepts(rejected)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    "text",
    [
        "SELECT name FROM album",
        "SELECT x.name FROM artist",
        "WITH t AS (SELECT 1 AS one) SELECT two FROM t",
        "WITH t AS (SELECT 1 AS one) SELECT one FROM s",
    ],
)
def test_what_a_grammar_cannot_know_is_left_to_validate(dialect: str, text: str) -> None:
    pytest.importorskip("sqlglot")
    constraint = structgen.sql(dialect, MUSIC)  # type: ignore[arg-type]
    assert constraint._compiled.accepts(text)
    assert constraint.unenforced
    with pytest.raises(InvalidText):
        constraint.validate(text)
    assert not structgen.sql(dialect, MUSIC, ctes=False)._compiled.accepts("WITH " + text)  # type: ignore[arg-type]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_blanks_may_follow_a_statement_but_not_for_ever(dialect: str) -> None:
    """A model that has said what it has to say often writes line breaks: it can end there."""
    pytest.importorskip("sqlglot")
    compiled = structgen.sql(dialect, MUSIC)._compiled  # type: ignore[arg-type]
    for text in ("SELECT name FROM artist", "SELECT name FROM artist;"):
        assert compiled.accepts(text + 100 * "\n")
        assert not compiled.accepts(text + 101 * "\n")


def test_names_are_quoted_where_they_must_be() -> None:
    schema = {"Order Details": ["Unit Price", "order", 'a"b'], "plain": ["MixedCase", "lower"]}
    sqlite = structgen.sql("sqlite", schema)
    assert sqlite.is_valid('SELECT "Unit Price", "order", "a""b" FROM [Order Details]')
    assert sqlite.is_valid("SELECT mixedcase FROM Plain")
    assert not sqlite.is_valid('SELECT order FROM "Order Details"')
    pytest.importorskip("sqlglot")
    postgresql = structgen.sql("postgresql", schema)
    assert postgresql.is_valid('SELECT "MixedCase", LOWER, "lower" FROM plain')
    assert not postgresql.is_valid("SELECT MixedCase FROM plain")
    assert not postgresql.is_valid('SELECT "MIXEDCASE" FROM plain')


KEYWORDS = re.findall(
    r"\w+",
    """
    abort action add after all alter always analyze and as asc attach autoincrement before begin between
    by cascade case cast check collate column commit conflict constraint create cross current
    current_date current_time current_timestamp database default deferrable deferred delete desc detach
    distinct do drop each else end escape except exclude exclusive exists explain fail filter first
    following for foreign from full generated glob group groups having if ignore immediate in index
    indexed initially inner insert instead intersect into is isnull join key last left like limit match
    materialized natural no not nothing notnull null nulls of offset on or order others outer over
    partition plan pragma preceding primary query raise range recursive references regexp reindex
    release rename replace restrict returning right rollback row rows savepoint select set table temp
    temporary then ties to transaction trigger unbounded union unique update using vacuum values view
    virtual when where window with without
    """,
)
"""All keywords of SQLite (https://sqlite.org/lang_keywords.html)."""


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_a_keyword_is_a_bare_name_only_where_sqlite_reads_it_so(keyword: str) -> None:
    schema = {keyword: [keyword, "x"], "t": ["y"]}
    database = sqlite3.connect(":memory:")
    for table, columns in schema.items():
        quoted = ", ".join(f'"{name}"' for name in columns)
        database.execute(f'CREATE TABLE "{table}" ({quoted})')
    constraint = structgen.sql("sqlite", schema, lenient=False)
    for text in (
        f"SELECT x FROM {keyword}",
        f"SELECT {keyword} FROM {keyword} WHERE NOT {keyword} AND {keyword} IN ({keyword}) ORDER BY {keyword} DESC",
        f"SELECT {keyword}.x, {keyword}.{keyword} FROM t JOIN {keyword} ON {keyword}.x = y GROUP BY {keyword}",
        f"SELECT CASE {keyword} WHEN {keyword} THEN {keyword} ELSE {keyword} END FROM {keyword} AS a",
    ):
        if constraint._compiled.accepts(text):
            database.execute(f"EXPLAIN {text}")


def test_most_keywords_that_sqlite_reads_as_names_are_bare_names() -> None:
    bare = [
        word for word in KEYWORDS if structgen.sql("sqlite", {word: ["x"]}).is_valid(f"SELECT x FROM {word}")
    ]
    assert {"match", "by", "end", "key", "left", "offset", "row", "window"} <= set(bare)
    assert not {"select", "from", "case", "exists", "null", "order", "current_date"} & set(bare)


@pytest.mark.parametrize(
    ("text", "by_the_mask"),
    [
        ('SELECT name FROM artist WHERE name = "x y"', False),
        ("SELECT AVG(n) FROM (SELECT COUNT(*) AS n FROM album GROUP BY artist_id)", False),
        ("SELECT s.n FROM (SELECT COUNT(*) AS n FROM album) AS s", False),
        ("SELECT id FROM album WHERE (id = 1)AND(title = 'x')", False),
        ("SELECT title FROM artist NATURAL JOIN album", False),
        ("SELECT id FROM album LIMIT 9, 2", True),
        ("SELECT COUNT (*), MAX ( id ) FROM album", True),
        ("SELECT DATETIME()", True),
    ],
)
def test_what_people_write_is_valid(text: str, by_the_mask: bool) -> None:
    constraint = structgen.sql("sqlite", MUSIC)
    assert constraint.validate(text) == text
    assert constraint._compiled.accepts(text) == by_the_mask
    assert structgen.sql("sqlite", MUSIC, lenient=False).is_valid(text) == by_the_mask


@pytest.mark.parametrize(
    "text",
    [
        'SELECT name FROM artist WHERE nam = "x"',
        'DELETE FROM artist WHERE name = "x"',
        "SELECT m FROM (SELECT COUNT(*) AS n FROM album)",
        'SELECT * FROM sqlite_master WHERE name = "x"; SELECT 1',
        'QUERY PLAN SELECT name FROM artist WHERE name = "x"',
        "WITH s AS (SELECT id FROM album)SELECT nothing FROM s",
    ],
)
def test_what_the_database_refuses_stays_invalid(text: str) -> None:
    assert not structgen.sql("sqlite", MUSIC).is_valid(text)


def test_tables_of_sqlite_itself_may_be_in_a_schema() -> None:
    constraint = structgen.sql("sqlite", {"sqlite_sequence": ["name", "seq"], "t": ["a"]})
    assert constraint.is_valid("SELECT a, seq FROM t, sqlite_sequence")


def test_a_schema_may_be_an_engine_of_sqlalchemy() -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE artist (id INTEGER, name TEXT)"))
        for source in (connection, sqlalchemy.inspect(connection)):
            constraint = structgen.sql("sqlite", source)
            assert constraint.is_valid("SELECT name FROM artist")
            assert not constraint.is_valid("SELECT title FROM artist")
    engine.dispose()


@pytest.mark.parametrize("kind", ["insert", "update", "delete"])
def test_changes_are_off_unless_asked_for(kind: str) -> None:
    text = {
        "insert": "INSERT INTO artist (id, name) VALUES (1, 'x')",
        "update": "UPDATE artist SET name = 'x' WHERE id = 1",
        "delete": "DELETE FROM artist WHERE id = 1",
    }[kind]
    assert not structgen.sql("sqlite", MUSIC).is_valid(text)
    assert structgen.sql("sqlite", MUSIC, statements=[kind]).is_valid(text)  # type: ignore[list-item]


@pytest.mark.parametrize(
    "schema",
    [
        *(
            {},
            {"t": []},
            {"t": "ab"},
            {"t": [""]},
            {"t\n": ["a"]},
            3,
            {"t": [None]},
            {3: ["a"]},
            {"t\ud800": ["a"]},
        ),
        *({"t": ["a"], "T": ["a"]}, {"t": ["a", "A"]}, {"t" * 1001: ["a"]}, "SELECT 1", "CREATE TABLE"),
    ],
)
def test_what_is_no_schema_is_an_error(schema: object) -> None:
    with pytest.raises(InvalidSchemaError):
        structgen.sql("sqlite", schema)


def test_a_database_that_is_closed_is_an_error() -> None:
    connection = sqlite3.connect(":memory:")
    connection.close()
    with pytest.raises(InvalidSchemaError, match="closed"):
        structgen.sql("sqlite", connection)


def test_generated_columns_can_be_named() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a INTEGER, b GENERATED ALWAYS AS (a + 1))")
    assert structgen.sql("sqlite", connection).is_valid("SELECT b FROM t")


def test_names_that_postgresql_tells_apart() -> None:
    pytest.importorskip("sqlglot")
    constraint = structgen.sql("postgresql", {"t": ["a", "A"], "T": ["b"]})
    assert constraint.is_valid('SELECT a, "A" FROM t')
    assert constraint.is_valid('SELECT b FROM "T"')


def test_what_is_no_dialect_is_an_error() -> None:
    with pytest.raises(InvalidOptionError, match="dialect='oracle'"):
        structgen.sql("oracle")  # type: ignore[arg-type]
    with pytest.raises(InvalidOptionError, match="statements='drop'"):
        structgen.sql("sqlite", statements=["drop"])  # type: ignore[list-item]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@pytest.mark.parametrize("column", ["c_{j}", "c_{i}_{j}", "C {i}-{j}", 'a"{i}`{j}]'])
def test_a_database_may_have_a_hundred_thousand_columns(dialect: str, column: str) -> None:
    """Each name becomes a path of a trie once for all tables and once for its own: work grows with the names."""
    pytest.importorskip("sqlglot")
    schema = {f"t_{i}": [column.format(i=i, j=j) for j in range(100)] for i in range(1000)}
    constraint = structgen.sql(dialect, schema)  # type: ignore[arg-type]
    terminals = {
        node.name: node
        for body in constraint.grammar.rules.values()
        for node in walk(body)
        if isinstance(node, Terminal)
    }
    parts = {
        id(part)
        for name in ("TABLE", "COLUMN", "OTHER", "OUTPUT")
        for part in in_order(terminals[name].expression)
    }
    assert len(parts) < 10 * 1000 * 100
    name = '"' + column.format(i=7, j=9).replace('"', '""') + '"'
    accepts = constraint._compiled.accepts
    assert accepts(f"SELECT {name}, t_7.{name} FROM t_7 AS x WHERE x.{name} = 1")
    assert not accepts(f"SELECT t_7.{name[:-1]}x{name[-1]} FROM t_7")
    assert accepts(f"SELECT t_8.{name} FROM t_8") == ("{i}" not in column)
