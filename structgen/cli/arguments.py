"""What several commands take: the text, and what it must be. Every input that is wrong is a `WrongCall` that names it.

Files are read here only, so that no error of a file goes without its name.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

import structgen
from structgen.errors import StructgenError, UnsupportedSchemaError
from structgen.formats import options


def _one_of(values: tuple[str, ...]) -> str:
    return f"{', '.join(values[:-1])} or {values[-1]}"


Schema = Annotated[str | None, typer.Option(help="A JSON Schema: a file, or the JSON itself.")]
Output = Annotated[
    str, typer.Option(help=f"What a schema's text is written in: {_one_of(get_args(options.Output))}.")
]
Regex = Annotated[str | None, typer.Option(help="A regular expression of Python; the whole text matches it.")]
Grammar = Annotated[
    str | None, typer.Option(help="A file with a Lark grammar, or the name of one of structgen's.")
]
Start = Annotated[str, typer.Option(help="The start rule of the grammar.")]
Lexer = Annotated[str, typer.Option(help="contextual or dynamic.")]
Choice = Annotated[list[str] | None, typer.Option(help="One of the allowed texts; give it several times.")]
Sql = Annotated[str | None, typer.Option(help="One statement of a dialect: sqlite or postgresql.")]
Tables = Annotated[
    str | None,
    typer.Option(
        help="Of --sql: the only tables that may be named. A file with CREATE TABLE statements, an SQLite "
        "database, or JSON: {table: [columns]}."
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict/--no-strict",
        help="Whether it is an error if the mask cannot enforce all of a schema or a grammar.",
    ),
]
TextFile = Annotated[str, typer.Argument(help="A file with the text; - for standard input.")]
MaxNewTokens = Annotated[
    int, typer.Option(min=1, help="Tokens of the answer at most; it is complete all the same.")
]

_SQLITE_FILE = b"SQLite format 3\0"


class WrongCall(Exception):
    """The call makes no sense; the message says what is wrong, and with which input."""


@dataclass(frozen=True)
class Given:
    """What a command was given as its constraint.

    Attributes are the options of the same names.
    """

    schema: str | None = None
    output: str = "json"
    regex: str | None = None
    grammar: str | None = None
    start: str = "start"
    choice: list[str] | None = None
    sql: str | None = None
    tables: str | None = None

    def constraint(self, *, strict: bool) -> structgen.Constraint:
        """The constraint.

        Args:
            strict: whether it is an error if the mask cannot enforce all of it.

        Raises:
            WrongCall: There is not exactly one, or it cannot be made.
        """
        makers: dict[str, tuple[object, Callable[[bool], structgen.Constraint]]] = {
            "--schema": (self.schema, self._by_schema),
            "--regex": (self.regex, self._by_regex),
            "--grammar": (self.grammar, self._by_grammar),
            "--choice": (self.choice, self._by_choice),
            "--sql": (self.sql, self._by_sql),
        }
        given = [option for option, (value, _) in makers.items() if value is not None and value != []]
        if len(given) != 1:
            raise WrongCall("give one of --schema, --regex, --grammar, --choice and --sql")
        self._check_companions(given[0])
        return makers[given[0]][1](strict)

    def _check_companions(self, option: str) -> None:
        if self.output != "json" and option != "--schema":
            raise WrongCall("--output goes with --schema")
        if self.tables is not None and option != "--sql":
            raise WrongCall("--tables goes with --sql")

    def _by_schema(self, strict: bool) -> structgen.Constraint:
        assert self.schema is not None
        check_value("--output", self.output, get_args(options.Output))
        with naming("--schema" if is_json(self.schema) else self.schema):
            return structgen.json_schema(read_json(self.schema), output=self.output, strict=strict)  # type: ignore[arg-type]

    def _by_regex(self, strict: bool) -> structgen.Constraint:
        assert self.regex is not None
        with naming("--regex"):
            return structgen.regex(self.regex)

    def _by_grammar(self, strict: bool) -> structgen.Constraint:
        assert self.grammar is not None
        grammar = find_grammar(self.grammar)
        with naming(self.grammar):
            return structgen.lark(grammar, start=self.start, strict=strict)

    def _by_choice(self, strict: bool) -> structgen.Constraint:
        with naming("--choice"):
            return structgen.choice(self.choice or [])

    def _by_sql(self, strict: bool) -> structgen.Constraint:
        assert self.sql is not None
        check_value("--sql", self.sql, ("sqlite", "postgresql"))
        tables = None if self.tables is None else read_tables(self.tables)
        with naming("--sql" if self.tables is None else self.tables):
            try:
                return structgen.sql(self.sql, tables)  # type: ignore[arg-type]
            except ImportError as error:
                raise WrongCall(f"--sql {self.sql}: {error}") from None


def check_value(option: str, value: str, allowed: tuple[str, ...]) -> None:
    """See that an option has one of the values that it may have."""
    if value not in allowed:
        raise WrongCall(f"{option} {value}: must be {_one_of(allowed)}")


@contextmanager
def naming(source: str) -> Iterator[None]:
    """Errors of the library inside say which input they are about."""
    try:
        yield
    except UnsupportedSchemaError as error:
        problems = "".join(f"\n  {problem}" for problem in error.problems)
        raise WrongCall(
            f"{source}: the mask cannot enforce these keywords:{problems}\n"
            f"With --no-strict they are checked afterwards only"
        ) from None
    except StructgenError as error:
        raise WrongCall(f"{source}: {error}") from None


def read_bytes(file: str) -> bytes:
    """A file, or standard input.

    Raises:
        WrongCall: It cannot be read.
    """
    if file == "-":
        stream = getattr(sys.stdin, "buffer", None)
        return stream.read() if stream is not None else sys.stdin.read().encode()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise WrongCall(f"{file}: {error.strerror or error}") from None
    except ValueError as error:  # a null byte in the name
        raise WrongCall(f"{file!r}: {error}") from None


def read_text(file: str) -> str:
    """A file in UTF-8, or standard input.

    Raises:
        WrongCall: It cannot be read, or is no UTF-8.
    """
    data = read_bytes(file)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongCall(
            f"{file}: not UTF-8: byte 0x{data[error.start]:02x} at {error.start}; convert the file to UTF-8"
        ) from None


def is_json(text: str) -> bool:
    """Returns True if an option holds JSON itself, and not the name of a file."""
    return text.lstrip().startswith("{") or text.strip() in {"true", "false"}


def read_json(text_or_file: str) -> Any:
    """The JSON in an option, or in the file that it names.

    Raises:
        WrongCall: The file cannot be read, or it is no JSON.
    """
    inline = is_json(text_or_file)
    source = "--schema" if inline else text_or_file
    text = text_or_file if inline else read_text(text_or_file)
    try:
        return json.loads(text)
    except RecursionError:
        raise WrongCall(f"{source}: the JSON nests too deeply to be read") from None
    except ValueError as error:
        raise WrongCall(f"{source}: the schema is not JSON: {error}") from None


def find_grammar(file_or_name: str) -> str | Path:
    """The path of a grammar, or the name of one that comes with structgen.

    Raises:
        WrongCall: There is neither a file nor a grammar of that name.
    """
    path = Path(file_or_name)
    if path.exists():
        read_text(file_or_name)
        return path
    if file_or_name not in structgen.library():
        raise WrongCall(
            f"{file_or_name}: no such file, and no grammar of structgen's (structgen grammar list shows them)"
        )
    return file_or_name


def read_tables(file: str) -> Any:
    """Tables in a file: CREATE TABLE statements, an SQLite database, or JSON.

    Raises:
        WrongCall: The file cannot be read.
    """
    if is_json(file):
        return read_json(file)
    if read_bytes(file).startswith(_SQLITE_FILE):
        return _tables_of_database(file)
    text = read_text(file)
    return read_json(file) if is_json(text) else text


def _tables_of_database(file: str) -> dict[str, list[str]]:
    address = f"{Path(file).resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            names = [
                row[0]
                for row in database.execute(
                    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
                )
            ]
            return {
                name: [row[0] for row in database.execute("SELECT name FROM pragma_table_info(?)", (name,))]
                for name in names
            }
    except sqlite3.Error as error:
        raise WrongCall(f"{file}: {error}") from None
