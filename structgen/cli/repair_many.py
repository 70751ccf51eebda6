"""`structgen repair` for many texts: the files of a folder, or a field of each record of JSON Lines."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from rich.progress import Progress
from rich.table import Table

import structgen
from structgen.cli.arguments import Given, WrongCall
from structgen.cli.consoles import notes
from structgen.errors import StructgenError

_CHUNK = 16
"""Texts that a process gets at once."""
REFUSED = "refused"


@dataclass(frozen=True)
class Job:
    """A text to repair.

    Attributes:
        record: what is printed besides: a record of JSON Lines, or the name of a file.
        field: the property of the record in which the value is put.
        text: the text; None if the record has none.
    """

    record: dict[str, Any]
    field: str
    text: str | bytes | None


_settings: tuple[structgen.Constraint | None, dict[str, Any]] = (None, {})


def repair_many(
    place: str, field: str | None, schema: str | None, options: dict[str, Any], jobs: int
) -> None:
    """Print a record for each text, in order and as soon as it is there; then a table of grades.

    A record has its value in place of the text, and a property `repair`: the grade, the count of edits; or the reason
    for which it was refused, and then its text stays. An interruption loses nothing that was printed.

    Args:
        place: a folder, or a file of JSON Lines.
        field: the property with the text, in JSON Lines.
        schema: a JSON Schema: a file, or the JSON itself.
        options: of `repair`.
        jobs: how many processes work.

    Raises:
        WrongCall: The place cannot be read, or is no JSON Lines.
    """
    todo = _of_folder(Path(place)) if Path(place).is_dir() else _of_lines(place, field or "text")
    grades: Counter[str] = Counter()
    try:
        _print_all(todo, grades, schema, options, jobs)
    except KeyboardInterrupt:
        notes.print(f"interrupted after {grades.total()} of {len(todo)} texts")
        raise typer.Exit(130) from None
    finally:
        table = Table("grade", "texts")
        for grade in ("lossless", "guessed", "dropped", REFUSED):
            table.add_row(grade, str(grades[grade]))
        notes.print(table)
    if grades[REFUSED]:
        raise typer.Exit(1)


def _print_all(
    todo: list[Job], grades: Counter[str], schema: str | None, options: dict[str, Any], jobs: int
) -> None:
    with Progress(console=notes, transient=True, disable=not notes.is_terminal) as progress:
        for record in progress.track(
            _done(todo, schema, options, jobs), total=len(todo), description="repair"
        ):
            print(f"{json.dumps(record, ensure_ascii=False)}\n", end="", flush=True)  # a line is never cut
            grades[record["repair"]["grade"]] += 1


def _done(
    todo: list[Job], schema: str | None, options: dict[str, Any], jobs: int
) -> Iterator[dict[str, Any]]:
    """Yields the records in their order."""
    if jobs == 1:
        _begin(schema, options)
        yield from map(_repaired, todo)
        return
    with ProcessPoolExecutor(jobs, initializer=_begin_process, initargs=(schema, options)) as pool:
        yield from pool.map(_repaired, todo, chunksize=_CHUNK)


def _begin(schema: str | None, options: dict[str, Any]) -> None:
    """Compile the schema once in each process."""
    global _settings
    _settings = (Given(schema).constraint(strict=False) if schema else None, options)


def _begin_process(schema: str | None, options: dict[str, Any]) -> None:
    """Compile the schema; an interruption is for the first process alone, which ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _begin(schema, options)


def _repaired(job: Job) -> dict[str, Any]:
    constraint, options = _settings
    if job.text is None:
        problem = f"{job.field!r} of the record is no text"
        return {**job.record, "repair": {"grade": REFUSED, "problem": problem}}
    try:
        found = structgen.repair(job.text, constraint, **options)
    except StructgenError as error:
        text = job.text if isinstance(job.text, str) else job.text.decode(errors="replace")
        return {**job.record, job.field: text, "repair": {"grade": REFUSED, "problem": str(error)}}
    about = {"grade": found.grade, "edits": len(found.edits)}
    return {**job.record, job.field: found.value, "repair": about}


def _of_folder(folder: Path) -> list[Job]:
    files = sorted(file for file in folder.iterdir() if file.is_file())
    return [Job({"file": file.name}, "value", file.read_bytes()) for file in files]


def _of_lines(place: str, field: str) -> list[Job]:
    try:
        lines = Path(place).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongCall(f"{place}: {error}") from None
    todo = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise WrongCall(f"{place}, line {number}: no JSON: {error}") from None
        if not isinstance(record, dict):
            raise WrongCall(
                f"{place}, line {number}: no object: a record has a property {field!r} with the text"
            )
        text = record.get(field)
        todo.append(Job(record, field, text if isinstance(text, str) else None))
    return todo
