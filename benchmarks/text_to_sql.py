"""How many statements of a small model run, with a constraint and without?

    python benchmarks/text_to_sql.py [--model smollm2] [--json benchmarks/results/text_to_sql.json]

The model answers questions over two sample databases, greedily. Each prompt holds the CREATE TABLE statements, one
solved question and the question. Three runs over the same questions:

    free       no constraint; of the answer the first fenced block counts, else all of it up to a semicolon
    grammar    structgen.sql("sqlite"): any names
    schema     structgen.sql("sqlite", database): only names that there are

A statement *parses* if SQLite finds no syntax error, and *runs* if SQLite executes it on the
database, which has no rows. Whether the answer is right is not asked: a model of 135M parameters hardly ever is.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import sqlite3
import time
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

import structgen
from structgen.generation import load_model

DATA = Path(__file__).parents[1] / "tests" / "data" / "sql"
NEW_TOKENS = 72
QUESTIONS = {
    "chinook": [
        "How many tracks are there?",
        "List the names of all artists.",
        "Which albums has the artist AC/DC made?",
        "What are the ten longest tracks?",
        "How many customers does each country have?",
        "What is the total of all invoices of each customer?",
        "Which employees report to nobody?",
        "List tracks that cost more than 0.99.",
        "Which genre has the most tracks?",
        "Show the names of playlists with the number of their tracks.",
        "What is the average total of invoices by billing country?",
        "Which customers have no company?",
    ],
    "sakila": [
        "How many films are there?",
        "List the titles of films with rating PG-13.",
        "Which actors have the last name Wood?",
        "How many films are in each category?",
        "What is the average length of films by rating?",
        "Which customers have paid the most in total?",
        "List rentals that have not been returned.",
        "Which films are longer than 150 minutes?",
        "Show the cities of the country Japan.",
        "How many copies of each film are in the inventory?",
        "Which films has the actor Penelope Guiness played in?",
        "What is the name of the language of each film?",
    ],
}
SOLVED = {
    "chinook": (
        "Show the titles of the first five albums.",
        "SELECT Title FROM Album ORDER BY AlbumId LIMIT 5",
    ),
    "sakila": (
        "Show the first names of five actors.",
        "SELECT first_name FROM actor ORDER BY actor_id LIMIT 5",
    ),
}


def main() -> None:
    """Ask, execute, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="smollm2", help="smollm2, or a model of the hub, or a folder")
    parser.add_argument("--json", type=Path, help="write the result to this file")
    options = parser.parse_args()
    model, tokenizer = load_model(options.model)
    runs: dict[str, list[dict[str, Any]]] = {"free": [], "grammar": [], "schema": []}
    for name, questions in QUESTIONS.items():
        database = sqlite3.connect(":memory:")
        schema = (DATA / f"{name}.schema.sql").read_text()
        database.executescript(schema)
        constraints = {
            "free": None,
            "grammar": structgen.sql("sqlite"),
            "schema": structgen.sql("sqlite", database),
        }
        for question in questions:
            prompt = _prompt(schema, *SOLVED[name], question)
            for run, constraint in constraints.items():
                started = time.perf_counter()
                text = structgen.generate(
                    model, tokenizer, prompt, constraint, max_new_tokens=NEW_TOKENS
                ).text
                statement = _statement(text) if constraint is None else text
                runs[run].append(
                    {
                        "database": name,
                        "question": question,
                        "statement": statement,
                        "seconds": round(time.perf_counter() - started, 2),
                        "error": _error(database, statement),
                    }
                )
    report = {
        "model": options.model,
        "questions": sum(map(len, QUESTIONS.values())),
        "max_new_tokens": NEW_TOKENS,
        "sqlite": sqlite3.sqlite_version,
        "torch": torch.__version__,
        "platform": platform.platform(),
        "share": {run: _shares(answers) for run, answers in runs.items()},
        "runs": runs,
    }
    if options.json:
        options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    _print(report)


def _prompt(schema: str, solved: str, solution: str, question: str) -> str:
    return (
        f"Answer with one SQLite query and nothing else. The tables are:\n{schema}\n"
        f"Question: {solved}\nQuery: {solution}\n\nQuestion: {question}\nQuery:"
    )


def _statement(text: str) -> str:
    fenced = re.search(r"```(?:sql|sqlite)?\s*\n(.*?)(?:```|\Z)", text, re.DOTALL)
    return (fenced[1] if fenced else text).split(";")[0].strip().removeprefix("Query:").strip()


def _error(database: sqlite3.Connection, statement: str) -> str | None:
    try:
        database.execute(statement).fetchall()
    except (sqlite3.Error, sqlite3.Warning) as error:
        return str(error)
    return None if statement else "empty"


def _shares(answers: list[dict[str, Any]]) -> dict[str, float]:
    broken = re.compile(r"syntax error|unrecognized token|incomplete input|empty")
    parsed = sum(not broken.search(answer["error"] or "") for answer in answers)
    ran = sum(answer["error"] is None for answer in answers)
    return {"parses": round(parsed / len(answers), 3), "runs": round(ran / len(answers), 3)}


def _print(report: dict[str, Any]) -> None:
    table = Table("", "parses", "runs", title=f"{report['model']}, {report['questions']} questions")
    for run, shares in report["share"].items():
        table.add_row(run, f"{shares['parses']:.0%}", f"{shares['runs']:.0%}")
    Console().print(table)


if __name__ == "__main__":
    main()
