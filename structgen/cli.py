"""The command line: `structgen generate`, `check`, `repair`, `explain`, `keywords`, `grammar`, `demo` and `bench`.

Each command reads its options, calls the library and prints. Answers go to standard output, everything about them
to standard error. Exit codes: 0, the text is valid; 1, it is not; 2, the call makes no sense.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

import structgen
from structgen.errors import install_hint
from structgen.frontends.lark import diagnose
from structgen.frontends.library import library_text
from structgen.language.sampling import Sampler

if TYPE_CHECKING:
    from structgen.generation import Generation

app = typer.Typer(
    help="Makes a language model's output valid: JSON for your schema, your regex, your grammar.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
grammar_app = typer.Typer(
    help="Look at Lark grammars: yours, and those that come with structgen.", no_args_is_help=True
)
app.add_typer(grammar_app, name="grammar")
answers = Console(highlight=False, markup=False, soft_wrap=True)
notes = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

Schema = Annotated[str | None, typer.Option(help="A JSON Schema: a file, or the JSON itself.")]
Output = Annotated[str, typer.Option(help="What a schema's text is written in: json, yaml or toml.")]
Regex = Annotated[str | None, typer.Option(help="A regular expression of Python; the whole text matches it.")]
Grammar = Annotated[Path | None, typer.Option(help="A file with a Lark grammar.")]
Start = Annotated[str, typer.Option(help="The start rule of the grammar.")]
GrammarFile = Annotated[
    str, typer.Argument(help="A file with a Lark grammar, or the name of one of structgen's.")
]
Lexer = Annotated[str, typer.Option(help="contextual or dynamic.")]
Choice = Annotated[list[str] | None, typer.Option(help="One of the allowed texts; give it several times.")]
Model = Annotated[str, typer.Option(help="smollm2, or a model of the hub, or a folder.")]
MaxNewTokens = Annotated[
    int, typer.Option(min=1, help="Tokens of the answer at most; it is complete all the same.")
]

DEMO: list[tuple[str, str, Callable[[], structgen.Constraint]]] = [
    (
        "JSON Schema",
        'Extract a JSON object with the keys "name" and "born" (an integer, the year) from: Robert Burns was born '
        "on 25 January 1759 in Alloway.",
        lambda: structgen.json_schema(
            {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "maxLength": 40},
                    "born": {"type": "integer", "minimum": 1000, "maximum": 1999},
                },
                "required": ["name", "born"],
                "additionalProperties": False,
            }
        ),
    ),
    (
        "regular expression",
        "When was Robert Burns born? Answer with the date only, as YYYY-MM-DD.",
        lambda: structgen.regex(r"1[0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"),
    ),
    (
        "Lark grammar",
        "Write the sum of the first four odd numbers as an arithmetic expression with + only.",
        lambda: structgen.lark('start: NUMBER ("+" NUMBER)+\nNUMBER: /[0-9]{1,3}/\n%ignore " "\n'),
    ),
    (
        "choices",
        "Is Glasgow the capital of Scotland? Answer yes or no.",
        lambda: structgen.choice(["Yes", "No"]),
    ),
]
"""Title, prompt and constraint of each part of the demo. Unconstrained, the model fails each of them."""


@app.command()
def generate(
    prompt: Annotated[str, typer.Argument(help="What the model is asked.")],
    schema: Schema = None,
    output: Output = "json",
    regex: Regex = None,
    grammar: Grammar = None,
    start: Start = "start",
    choice: Choice = None,
    model: Model = "smollm2",
    max_new_tokens: MaxNewTokens = 256,
    temperature: Annotated[float, typer.Option(min=0, help="0: the likeliest token at each step.")] = 0.0,
    seed: Annotated[int | None, typer.Option(help="Makes sampling repeatable.")] = None,
    compare: Annotated[bool, typer.Option(help="Show the unconstrained answer beside.")] = False,
) -> None:
    """Let a model answer a prompt under a constraint."""
    constraint = _constraint(schema, regex, grammar, start, choice, output)
    loaded = _load(model)
    options: dict[str, Any] = {"max_new_tokens": max_new_tokens, "temperature": temperature, "seed": seed}
    generation = structgen.generate(*loaded, prompt, constraint, **options)
    if compare:
        free = structgen.generate(*loaded, prompt, None, **options)
        answers.print(_beside(constraint, free, generation))
        return
    answers.print(generation.text)
    notes.print(f"{generation.finish_reason}; {generation.timings}")


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="A file with the text; - for standard input.")],
    schema: Schema = None,
    output: Output = "json",
    regex: Regex = None,
    grammar: Grammar = None,
    start: Start = "start",
    choice: Choice = None,
) -> None:
    """Validate a text. Says where it fails, why, and what was expected there.

    A line break at the end of the file does not belong to the text.
    """
    constraint = _constraint(schema, regex, grammar, start, choice, output)
    text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    try:
        constraint.validate(text.removesuffix("\n"))
    except structgen.InvalidText as error:
        notes.print(f"{file}: {error}")
        raise typer.Exit(1) from None
    notes.print(f"{file}: valid")


@app.command()
def repair(
    file: Annotated[str, typer.Argument(help="A file with the text; - for standard input.")],
    schema: Schema = None,
    format: Annotated[str, typer.Option(help="json, yaml or auto.")] = "auto",
    allow: Annotated[
        str, typer.Option(help="The worst edits accepted: lossless, guessed or dropped.")
    ] = "dropped",
    defaults: Annotated[bool, typer.Option(help="Fill in the defaults of required members.")] = False,
    reformat: Annotated[bool, typer.Option(help="Write the value anew, indented.")] = False,
    diff: Annotated[bool, typer.Option(help="Show what changed, in colour.")] = False,
    explain: Annotated[bool, typer.Option(help="List all edits with their grades and reasons.")] = False,
) -> None:
    """Make a damaged JSON or YAML text valid; what had to be changed goes to standard error."""
    if format not in ("json", "yaml", "auto") or allow not in ("lossless", "guessed", "dropped"):
        raise typer.BadParameter("--format is json, yaml or auto; --allow is lossless, guessed or dropped")
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    constraint = structgen.json_schema(_read_json(schema), strict=False) if schema else None
    try:
        options: dict[str, Any] = {
            "format": format,
            "allow": allow,
            "defaults": defaults,
            "reformat": reformat,
        }
        found = structgen.repair(data, constraint, **options)
    except structgen.RepairError as error:
        notes.print(f"{file}: {error}")
        if explain:
            notes.print(_edits(error.edits))
        raise typer.Exit(1) from None
    text = found.text.removesuffix("\n")
    answers.print(_difference(data.decode(errors="replace"), found) if diff else text)
    if explain:
        notes.print(_edits(found.edits))
    cut = "" if found.truncated is None else f"; the text breaks off at {found.truncated}"
    notes.print(f"{file}: {found.format}, {len(found.edits)} edits, {found.grade}{cut}")


@app.command()
def explain(
    schema: Schema = None,
    output: Output = "json",
    regex: Regex = None,
    grammar: Grammar = None,
    start: Start = "start",
    choice: Choice = None,
    prefix: Annotated[str, typer.Option(help="The text so far.")] = "",
    tokenizer: Annotated[
        str | None, typer.Option(help="Show the tokens of this model's tokenizer too.")
    ] = None,
    tokens: Annotated[int, typer.Option(min=1, help="How many tokens to show at most.")] = 40,
) -> None:
    """Say what may come after a prefix: characters, terminals and tokens."""
    constraint = _constraint(schema, regex, grammar, start, choice, output)
    explanation = constraint.explain(prefix)
    table = Table("what", "may come next", show_header=False, box=None)
    table.add_row("characters", Text(str(explanation)))
    table.add_row("terminals", Text(", ".join(explanation.terminals) or "-"))
    table.add_row("the text may end", "yes" if explanation.can_stop else "no")
    if tokenizer is not None:
        table.add_row("tokens", Text(_allowed_tokens(constraint, prefix, tokenizer, tokens)))
    answers.print(table)


@app.command()
def keywords(
    file: Annotated[Path, typer.Argument(help="A file with a JSON Schema.")],
    every: Annotated[bool, typer.Option("--all", help="Those that the mask enforces, too.")] = False,
) -> None:
    """List what becomes of a schema's keywords: enforced by the mask, checked afterwards, or an annotation.

    Exit code 1: the mask does not enforce all that constrains.
    """
    report = structgen.json_schema(file.read_bytes(), strict=False).report
    table = Table("where", "what", "why", box=None)
    colours = {"enforced": "green", "checked": "red", "annotation": "yellow"}
    for row in report:
        if every or row.handling == "checked" or row.reason:
            table.add_row(Text(row.pointer), Text(row.handling, colours[row.handling]), Text(row.reason))
    if table.row_count:
        answers.print(table)
    counts = Counter(row.handling for row in report)
    notes.print(f"{file}: " + ", ".join(f"{counts[handling]} {handling}" for handling in colours))
    if counts["checked"]:
        raise typer.Exit(1)


@grammar_app.command("list")
def list_grammars() -> None:
    """List the grammars that come with structgen."""
    table = Table("name", "what it is", box=None)
    for name, description in structgen.library().items():
        table.add_row(name, Text(description))
    answers.print(table)


@grammar_app.command("show")
def show_grammar(
    name: Annotated[str, typer.Argument(help="Of one that `structgen grammar list` lists.")],
) -> None:
    """Print a grammar that comes with structgen, with its header."""
    answers.print(Text(library_text(name).removesuffix("\n")))


@grammar_app.command("check")
def check_grammar(
    file: GrammarFile,
    start: Start = "start",
    lexer: Lexer = "contextual",
) -> None:
    """List what is wrong in a Lark grammar, or may surprise. Exit code 1: it can't be used."""
    if lexer not in ("contextual", "dynamic"):
        raise typer.BadParameter("--lexer is contextual or dynamic")
    found = diagnose(_grammar_of(file), start=start, lexer=lexer)
    if found:
        table = Table("where", "what", "why", "example", box=None)
        for one in found:
            place = "-" if one.line is None else f"{one.line}:{one.column}"
            example = Text(repr(one.example) if one.example else "")
            table.add_row(
                place, Text(one.kind, "red" if one.is_fatal else "yellow"), Text(one.message), example
            )
        answers.print(table)
    broken = any(one.is_fatal for one in found)
    notes.print(f"{file}: {len(found) or 'nothing'} found{', it cannot be used' if broken else ''}")
    if broken:
        raise typer.Exit(1)


@grammar_app.command("sample")
def sample_grammar(
    file: GrammarFile,
    number: Annotated[int, typer.Option("-n", "--number", min=1, help="How many texts.")] = 5,
    start: Start = "start",
    lexer: Lexer = "contextual",
    seed: Annotated[int | None, typer.Option(help="Makes sampling repeatable.")] = None,
    depth: Annotated[int, typer.Option(min=1, help="From what depth of rules on to make for the end.")] = 12,
) -> None:
    """Print random texts of a grammar, each of which a mask lets through, as JSON strings, one a line."""
    if lexer not in ("contextual", "dynamic"):
        raise typer.BadParameter("--lexer is contextual or dynamic")
    constraint = structgen.lark(_grammar_of(file), start=start, lexer=lexer)  # type: ignore[arg-type]
    compiled = structgen.compile(constraint, structgen.Vocabulary.of_bytes())
    sampler, random = Sampler(constraint.grammar, depth), Random(seed)
    found = 0
    for _ in range(100 * number):  # a sampler does not know what a lexer would make of a text
        if found < number and compiled.accepts(text := sampler.text(random)):
            answers.print(Text(json.dumps(text, ensure_ascii=False)))
            found += 1
    if found < number:
        notes.print(f"{file}: of {100 * number} random texts the mask lets {found} through")
        raise typer.Exit(1)


@app.command()
def demo(model: Model = "smollm2", max_new_tokens: MaxNewTokens = 64) -> None:
    """Ask a real model for four things, with a constraint and without."""
    loaded = _load(model)
    for title, prompt, constraint_of in DEMO:
        constraint = constraint_of()
        free = structgen.generate(*loaded, prompt, None, max_new_tokens=max_new_tokens)
        held = structgen.generate(*loaded, prompt, constraint, max_new_tokens=max_new_tokens)
        answers.rule(title)
        answers.print(f"{prompt}\n")
        answers.print(_beside(constraint, free, held))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; errors of the library and of the system are one message, and exit code 2."""
    try:
        app(arguments)
    except (structgen.StructgenError, OSError, UnicodeError) as error:
        notes.print(f"structgen: {error}")
        raise SystemExit(2) from None


@app.command()
def bench(
    names: Annotated[list[str] | None, typer.Argument(help="Only these benchmarks.")] = None,
    full: Annotated[bool, typer.Option(help="Everything, for hours; else ten minutes.")] = False,
    data: Annotated[Path | None, typer.Option(help="Records of MaskBench: a file or its folder.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the results.")] = None,
) -> None:
    """Run the benchmarks, and write a report with tables and plots. Needs the repository."""
    script = Path(structgen.__file__).parent.parent / "benchmarks" / "run.py"
    if not script.exists():
        raise typer.BadParameter(
            f"benchmarks are in the repository, not in the package: there is no {script}"
        )
    arguments = [*(names or []), *(["--full"] if full else [])]
    for option, path in (("--data", data), ("--out", out)):
        arguments += [option, str(path)] if path else []
    raise typer.Exit(subprocess.run([sys.executable, str(script), *arguments], check=False).returncode)


def _constraint(
    schema: str | None,
    regex: str | None,
    grammar: Path | None,
    start: str,
    choice: list[str] | None,
    output: str,
) -> structgen.Constraint:
    given = [option for option in (schema, regex, grammar, choice) if option]
    if len(given) != 1:
        raise typer.BadParameter("give one of --schema, --regex, --grammar and --choice")
    if output not in ("json", "yaml", "toml"):
        raise typer.BadParameter("--output is json, yaml or toml")
    if schema:
        return structgen.json_schema(_read_json(schema), output=output)  # type: ignore[arg-type]
    if output != "json":
        raise typer.BadParameter("--output goes with --schema")
    if regex:
        return structgen.regex(regex)
    return structgen.lark(grammar, start=start) if grammar else structgen.choice(choice or [])


def _grammar_of(file: str) -> str | Path:
    path = Path(file)
    return path if path.suffix == ".lark" or path.exists() else file


def _read_json(text_or_path: str) -> Any:
    is_json = text_or_path.lstrip().startswith("{") or text_or_path.strip() in {"true", "false"}
    text = text_or_path if is_json else Path(text_or_path).read_text(encoding="utf-8")
    try:
        return json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"the schema is not JSON: {error}") from None


def _load(model: str) -> tuple[Any, Any]:
    try:
        from transformers.utils.logging import disable_progress_bar
    except ImportError:
        raise typer.BadParameter(f"a model needs torch and transformers: {install_hint('hf')}") from None
    quieten: Any = disable_progress_bar
    quieten()
    with notes.status(f"loading {model}"):
        return structgen.load_model(model)


def _beside(constraint: structgen.Constraint, free: "Generation", held: "Generation") -> Table:
    """Both answers in a table, with what the constraint says to each."""
    table = Table("", "without a constraint", "with structgen", show_lines=True)
    table.add_row("answer", Text(free.text), Text(held.text))
    verdicts = []
    for generation in (free, held):
        try:
            constraint.validate(generation.text)
            verdicts.append(Text("valid", style="green"))
        except structgen.InvalidText as error:
            verdicts.append(Text(f"line {error.line}, column {error.column}: {error.reason}", style="red"))
    table.add_row("verdict", *verdicts)
    table.add_row("finished by", free.finish_reason, held.finish_reason)
    table.add_row("time", *(str(generation.timings).replace("; ", "\n") for generation in (free, held)))
    return table


_STYLES = {"lossless": "green", "guessed": "yellow", "dropped": "red"}


def _edits(edits: Sequence[structgen.Edit]) -> Table:
    table = Table("where", "what", "grade", "why", box=None)
    for edit in edits:
        table.add_row(
            f"{edit.start}-{edit.end}", edit.kind, Text(edit.grade, _STYLES[edit.grade]), Text(edit.reason)
        )
    return table


def _difference(before: str, found: structgen.Repair) -> Text:
    """The lines of both texts; where one line became another, the changed parts stand out."""
    shown = Text()
    old, new = before.strip("\n").split("\n"), found.text.strip("\n").split("\n")
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            shown.append("".join(f"  {line}\n" for line in old[i:j]), "dim")
            continue
        removed, added = "\n".join(old[i:j]), "\n".join(new[k:m])
        changes = SequenceMatcher(None, removed, added, autojunk=len(removed) > 2000).get_opcodes()
        for sign, text, style in (("-", removed, "red"), ("+", added, "green")):
            if text:
                line = Text(text, style)
                for what, *places in changes:
                    if what != "equal":
                        line.stylize("reverse", *(places[:2] if sign == "-" else places[2:]))
                for part in line.split("\n"):
                    shown.append(f"{sign} ", style).append_text(part).append("\n")
    shown.rstrip()
    return shown


def _allowed_tokens(constraint: structgen.Constraint, prefix: str, name: str, limit: int) -> str:
    from structgen.generation import load_tokenizer

    grammar = structgen.compile(constraint, load_tokenizer(name))
    configuration, _ = grammar.native.try_read(grammar.initial, prefix.encode())
    row = np.zeros((1, (grammar.vocabulary.size + 31) // 32), dtype=np.int32)
    grammar.fill(configuration, row, 0)
    ids = np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little")).tolist()
    names = {token_id: name for name, token_id in grammar.vocabulary.special_tokens.items()}
    shown = [
        names.get(i) or repr(grammar.vocabulary[i].decode(errors="backslashreplace")) for i in ids[:limit]
    ]
    more = f" ... ({len(ids)} in all)" if len(ids) > limit else ""
    return " ".join(shown) + more


if __name__ == "__main__":
    main()
