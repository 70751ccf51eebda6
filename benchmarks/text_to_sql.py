"""How many statements of a small model run, and how many are right, with a constraint and without?

    python benchmarks/text_to_sql.py [--model smollm2] [--json benchmarks/results/text_to_sql.json]

The model answers the questions of `tasks/text_to_sql/` about two small databases, greedily. Each prompt holds the
tables with their columns, three solved questions and the question. Three runs over the same questions:

    free       no constraint; of the answer the first fenced block counts, else its first statement
    grammar    structgen.sql("sqlite"): any names
    schema     structgen.sql("sqlite", database): only names that there are

A statement *parses* if SQLite finds no syntax error, *runs* if SQLite executes it on the database, and is *right*
if it gives the rows of the query that comes with the question, in any order (in the same order where that query
sorts more than one row). A model of 135M parameters is hardly ever right where more than one table is needed.
"""

from __future__ import annotations

import argparse
import json
import re
import sqlite3
import time
from collections import Counter
from pathlib import Path
from typing import Any

from evidence import figures, results, tables
from rich.console import Console
from rich.table import Table

import structgen
from structgen.generation import load_model

TASKS = Path(__file__).parent / "tasks" / "text_to_sql"
SOLVED = {
    "music": {
        "Show the titles of the first five albums.": "SELECT title FROM album ORDER BY id LIMIT 5;",
        "How many albums are there?": "SELECT COUNT(*) FROM album;",
        "Which customers live in Toronto?": "SELECT name FROM customer WHERE city = 'Toronto';",
    },
    "library": {
        "Show the names of two authors.": "SELECT name FROM author ORDER BY id LIMIT 2;",
        "How many authors are there?": "SELECT COUNT(*) FROM author;",
        "Which books were published before 1990?": "SELECT title FROM book WHERE published < 1990;",
    },
}
"""What each prompt shows first; none of it is asked."""

MAX_STEPS = 1_000_000
"""Of SQLite's machine: a statement that needs more, on a few rows, joins without end."""

_BROKEN = re.compile(r"syntax error|unrecognized token|incomplete input|one statement at a time|empty")


def main() -> None:
    """Ask, execute, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="smollm2", help="smollm2, or a model of the hub, or a folder")
    parser.add_argument("--questions", type=int, help="for each database; default: all")
    parser.add_argument("--max-new-tokens", type=int, default=32)
    parser.add_argument("--json", type=Path, help="write the result to this file")
    options = parser.parse_args()
    model, tokenizer = load_model(options.model)
    runs: dict[str, list[dict[str, Any]]] = {run: [] for run in tables.STATEMENTS}
    asked = read_questions()
    for name in SOLVED:
        database = open_database(name)
        constraints = {
            "free": None,
            "grammar": structgen.sql("sqlite"),
            "schema": structgen.sql("sqlite", database),
        }
        for task in [task for task in asked if task["database"] == name][: options.questions]:
            prompt = _prompt(_tables(database), SOLVED[name], task["question"])
            for run, constraint in constraints.items():
                started = time.perf_counter()
                text = structgen.generate(
                    model, tokenizer, prompt, constraint, max_new_tokens=options.max_new_tokens
                ).text
                seconds = round(time.perf_counter() - started, 2)
                statement = first_statement(text) if constraint is None else text
                answer = task | {"statement": statement, "seconds": seconds}
                answer |= judge(database, statement, task["sql"])
                runs[run].append(answer)
                print(name, run, seconds, statement, answer["error"] or answer["right"], flush=True)
    report = {
        "model": options.model,
        "questions": len(runs["free"]),
        "max_new_tokens": options.max_new_tokens,
        "sqlite": sqlite3.sqlite_version,
        "machine": figures.machine(),
        "count": {run: shares(answers) for run, answers in runs.items()},
        "runs": runs,
    }
    if options.json:
        results.write(options.json, "text_to_sql", report)
    _print(report)


def read_questions() -> list[dict[str, Any]]:
    """The questions, each with its database and a query that answers it."""
    return [json.loads(line) for line in (TASKS / "questions.jsonl").read_text().splitlines()]


def open_database(name: str) -> sqlite3.Connection:
    """A sample database, in memory and with its rows."""
    database = sqlite3.connect(":memory:")
    database.executescript((TASKS / f"{name}.sql").read_text())
    return database


def first_statement(text: str) -> str:
    """What counts of an unconstrained answer: its first fenced block, or else all up to a semicolon or empty line."""
    fenced = re.search(r"```(?:sql|sqlite)?\s*\n(.*?)(?:```|\Z)", text, re.DOTALL)
    body = (fenced[1] if fenced else text).strip()
    return re.split(r";|\n\s*\n|\nQuestion:", body)[0].strip().removeprefix("Query:").strip()


def judge(database: sqlite3.Connection, statement: str, gold: str) -> dict[str, Any]:
    """What SQLite says of a statement, and whether it gives the rows of the other."""
    wanted = database.execute(gold).fetchall()
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return int(steps * 1000 > MAX_STEPS)

    database.set_progress_handler(count, 1000)
    try:
        found = database.execute(statement).fetchall()
        error = None if statement else "empty"
    except (sqlite3.Error, sqlite3.Warning) as problem:
        found, error = [], str(problem)
    finally:
        database.set_progress_handler(None, 0)
    same = _rounded(found) == _rounded(wanted)
    if "ORDER BY" not in gold or len(wanted) < 2:
        same = Counter(_rounded(found)) == Counter(_rounded(wanted))
    return {
        "parses": not _BROKEN.search(error or ""),
        "runs": error is None,
        "right": error is None and same,
        "error": error,
    }


def _rounded(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [tuple(round(cell, 6) if isinstance(cell, float) else cell for cell in row) for row in rows]


def shares(answers: list[dict[str, Any]]) -> dict[str, int]:
    """How many statements parse, run and are right."""
    return {kind: sum(answer[kind] for answer in answers) for kind in tables.COUNTED}


def _tables(database: sqlite3.Connection) -> str:
    names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    columns = "SELECT group_concat(name, ', ') FROM pragma_table_info(?)"
    return "\n".join(f"{name}({database.execute(columns, (name,)).fetchone()[0]})" for name in names)


def _prompt(schema: str, solved: dict[str, str], question: str) -> str:
    examples = "\n".join(f"Question: {asked}\nQuery: {query}\n" for asked, query in solved.items())
    return (
        f"Answer with one SQLite query and nothing else. The tables are:\n{schema}\n\n"
        f"{examples}\nQuestion: {question}\nQuery:"
    )


def _print(report: dict[str, Any]) -> None:
    shown = Table("", *tables.COUNTED, title=f"{report['model']}, {report['questions']} questions")
    for run, count in report["count"].items():
        shown.add_row(run, *(f"{count[kind] / report['questions']:.0%}" for kind in tables.COUNTED))
    Console().print(shown)


if __name__ == "__main__":
    main()
