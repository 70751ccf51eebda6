"""The command line: what it prints, where, and with which exit code."""

from __future__ import annotations

import io
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("typer", reason="typer is not installed")

from typer.testing import CliRunner

import structgen
from structgen import cli
from structgen.cli import models

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"name": {"type": "string", "maxLength": 9}, "born": {"type": "integer"}},
        "required": ["name", "born"],
        "additionalProperties": False,
    }
)


def run(*arguments: str) -> int:
    """Run the command line; its exit code."""
    with pytest.raises(SystemExit) as raised:
        cli.main(arguments)
    return int(raised.value.code or 0)


@pytest.fixture
def text(tmp_path: Path) -> Any:
    """Writes a file, and returns its path."""

    def write(content: str) -> str:
        path = tmp_path / "text"
        path.write_text(content, encoding="utf-8")
        return str(path)

    return write


@pytest.mark.parametrize(
    ("content", "options"),
    [
        pytest.param('{"name": "Burns", "born": 1759}\n', ["--schema", SCHEMA], id="schema"),
        pytest.param("1759-01-25\n", ["--regex", r"\d{4}-\d\d-\d\d"], id="regex"),
        pytest.param("né", ["--choice", "no", "--choice", "né"], id="choice"),
    ],
)
def test_check_a_valid_text(
    text: Any, capsys: pytest.CaptureFixture[str], content: str, options: list[str]
) -> None:
    assert run("check", text(content), *options) == 0
    assert capsys.readouterr().err.endswith("text: valid\n")


def test_check_says_where_and_what_was_expected(text: Any, capsys: pytest.CaptureFixture[str]) -> None:
    path = text('{"name": "Burns",\n "born": 25 January 1759}\n')
    assert run("check", path, "--schema", SCHEMA) == 1
    printed = capsys.readouterr().err
    assert f"{path}: line 2, column 13: expected" in printed
    assert "found 'J'" in printed
    assert '\n   "born": 25 January 1759}\n              ^\n' in printed


def test_check_reads_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("maybe"))
    assert run("check", "-", "--choice", "yes", "--choice", "no") == 1
    assert capsys.readouterr().err.startswith("-: line 1, column 1: ")


def test_schemas_and_grammars_are_read_from_files(text: Any, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(SCHEMA)
    grammar = tmp_path / "sums.lark"
    grammar.write_text('start: sum\nsum: NUMBER ("+" NUMBER)*\nNUMBER: /[0-9]+/\n')
    assert run("check", text('{"name": "Burns", "born": 1759}'), "--schema", str(schema)) == 0
    assert run("check", text("1+22+3"), "--grammar", str(grammar)) == 0
    assert run("check", text("1+22+"), "--grammar", str(grammar)) == 1
    assert run("check", text("1+22"), "--grammar", str(grammar), "--start", "sum") == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ["check", "-"], "give one of --schema, --regex, --grammar, --choice and --sql", id="no constraint"
        ),
        pytest.param(["check", "-", "--regex", "a", "--choice", "b"], "give one of", id="two constraints"),
        pytest.param(["check", "-", "--schema", "{nonsense"], "the schema is not JSON", id="no JSON"),
        pytest.param(["check", "no such file", "--regex", "a"], "no such file", id="no file"),
        pytest.param(["check", "-", "--regex", "(a"], "structgen: ", id="a malformed regex"),
        pytest.param(
            ["explain", "--choice", "yes", "--prefix", "x"], "line 1, column 1", id="an impossible prefix"
        ),
        pytest.param(["nonsense"], "No such command", id="no such command"),
    ],
)
def test_bad_usage_is_one_message_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(*arguments) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", "--regex", "ab?[0-9]*", "--prefix", "a") == 0
    printed = capsys.readouterr().out
    assert "a digit" in printed
    assert '"b"' in printed
    assert "the text may end  yes" in " ".join(printed.split("\n")).replace("   ", " ").replace("   ", "  ")


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A small random model in the place of every named one."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("transformers", reason="transformers is not installed")
    from tiny import tiny_model, tiny_tokenizer

    torch.set_num_threads(1)
    tokenizer = tiny_tokenizer()
    model = tiny_model(tokenizer, seed=3)
    monkeypatch.setattr(structgen, "load_model", lambda name: (model, tokenizer), raising=False)
    monkeypatch.setattr("structgen.generation.load_tokenizer", lambda name: tokenizer)
    return model, tokenizer


@pytest.mark.usefixtures("tiny")
def test_explain_with_tokens(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", "--choice", "name", "--choice", "none", "--prefix", "n", "--tokenizer", "tiny") == 0
    printed = capsys.readouterr().out
    assert "'a'" in printed
    assert "'o'" in printed
    assert "'x'" not in printed


@pytest.mark.usefixtures("tiny")
def test_generate_prints_the_text_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("generate", "Who was he?", "--schema", SCHEMA, "--max-new-tokens", "60") == 0
    printed = capsys.readouterr()
    assert set(json.loads(printed.out)) == {"name", "born"}
    assert "stop; " in printed.err
    assert "tokens/s" in printed.err


@pytest.mark.usefixtures("tiny")
def test_generate_writes_yaml(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("generate", "Who?", "--schema", SCHEMA, "--output", "yaml", "--max-new-tokens", "60") == 0
    lines = capsys.readouterr().out.split("\n")
    assert lines[0].startswith("name: ")
    assert lines[1].startswith("born: ")


def test_check_reads_yaml(text: Any, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("ruamel.yaml", reason="ruamel.yaml is not installed")
    assert run("check", text("name: Burns\nborn: 1759\n"), "--schema", SCHEMA, "--output", "yaml") == 0
    assert run("check", text("name: Burns\nborn: no\n"), "--schema", SCHEMA, "--output", "yaml") == 1
    assert "line 2, column 7" in capsys.readouterr().err


def test_check_reads_toml(text: Any) -> None:
    assert run("check", text('name = "Burns"\nborn = 1759\n'), "--schema", SCHEMA, "--output", "toml") == 0
    assert run("check", text('name = "Burns"\nborn = "no"\n'), "--schema", SCHEMA, "--output", "toml") == 1


@pytest.mark.usefixtures("tiny")
def test_generate_beside_the_unconstrained_answer(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--temperature", "1.5", "--seed", "3", "--max-new-tokens", "12", "--compare"]
    assert run("generate", "Who?", "--choice", "Burns", *options) == 0
    printed = capsys.readouterr().out
    assert "without a constraint" in printed
    assert "Burns" in printed
    assert "valid" in printed
    assert "stop" in printed


@pytest.mark.usefixtures("tiny")
def test_the_demo_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("demo") == 0
    printed = capsys.readouterr().out
    for title, _, _ in cli.DEMO:
        assert title in printed


@pytest.mark.usefixtures("tiny")
def test_a_budget_that_is_too_small_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("generate", "Who?", "--choice", "Burns", "--max-new-tokens", "1") == 2
    assert "too few" in capsys.readouterr().err


def test_keywords_lists_what_is_not_enforced(text: Any, capsys: pytest.CaptureFixture[str]) -> None:
    schema = {"type": "string", "pattern": r"^(.)\1$", "format": "colour", "title": "a"}
    assert run("keywords", text(json.dumps(schema))) == 1
    printed = capsys.readouterr()
    assert "#/pattern" in printed.out
    assert "backreference" in printed.out
    assert "#/format" in printed.out
    assert "#/type" not in printed.out
    assert "1 enforced, 1 checked, 2 annotation" in printed.err
    assert run("keywords", "--all", text(json.dumps({"type": "string"}))) == 0
    assert "#/type" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("grammar", "code", "words"),
    [
        pytest.param('start: A+\nA: "a"\n', 0, ["nothing found"], id="nothing"),
        pytest.param("start: foo\n", 1, ["1:8", "error", "'foo' used but not defined"], id="undefined"),
        pytest.param('start: A\nA: "a"\nb: A\n', 0, ["3:1", "unused", "does not need b"], id="unused"),
        pytest.param('start: "a" | x\nx: x "y"\n', 0, ["2:1", "unfinished", "x never finishes"], id="unfinished"),
        pytest.param('start: x\nx: "a" x\n', 1, ["1:1", "empty"], id="empty"),
        pytest.param('start: A | B\nA: /a+/\nB: /a*b?a/\n', 0, ["2:1", "collision", "'a'"], id="collision"),
    ],
)  # fmt: skip
def test_grammar_check(text: Any, grammar: str, code: int, words: list[str]) -> None:
    result = CliRunner().invoke(cli.app, ["grammar", "check", text(grammar)])
    assert result.exit_code == code, result.output
    for word in words:
        assert word in result.output


def test_grammar_check_by_name() -> None:
    result = CliRunner().invoke(cli.app, ["grammar", "check", "semver"])
    assert (result.exit_code, result.output) == (0, "semver: nothing found\n")


def test_grammar_list_and_show() -> None:
    result = CliRunner().invoke(cli.app, ["grammar", "list"])
    assert result.exit_code == 0
    for name in structgen.library():
        assert re.search(rf"^ ?{name} ", result.output, re.MULTILINE), name
    result = CliRunner().invoke(cli.app, ["grammar", "show", "chess-uci"])
    assert result.output == (Path(__file__).parents[1] / "grammars" / "chess-uci.lark").read_text()
    with pytest.raises(SystemExit) as exit_:
        cli.main(["grammar", "show", "chess"])
    assert exit_.value.code == 2


def test_grammar_sample(text: Any) -> None:
    result = CliRunner().invoke(cli.app, ["grammar", "sample", "semver", "-n", "7", "--seed", "1"])
    assert result.exit_code == 0
    texts = [json.loads(line) for line in result.output.splitlines()]
    assert len(texts) == 7
    assert all(map(structgen.lark("semver").is_valid, texts))
    assert (
        result.output
        == CliRunner().invoke(cli.app, ["grammar", "sample", "semver", "-n", "7", "--seed", "1"]).output
    )
    result = CliRunner().invoke(
        cli.app, ["grammar", "sample", text('first: "a"\n'), "--start", "first", "-n", "1"]
    )
    assert (result.exit_code, result.output) == (0, '"a"\n')


DEEP = "[" * 200_000 + "]" * 200_000
BROKEN = b'{"name": "\xff"}'
UNSUPPORTED = json.dumps({"type": "string", "pattern": r"^(.)\1$"})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files of every kind, which is the working folder."""
    files: dict[str, str | bytes] = {
        "ok.json": '{"name": "Burns", "born": 1759}\n',
        "text.txt": "aa",
        "empty": "",
        "deep.json": DEEP,
        "bin.json": BROKEN,
        "schema.json": SCHEMA,
        "unsupported.json": UNSUPPORTED,
        "malformed.json": '{"type": "nothing"}',
        "never.json": "false",
        "list.json": "[1, 2]",
        "good.lark": 'start: "a"+\n',
        "bad.lark": "start: foo\n",
        "bin.lark": b"start: \xff",
        "tables.sql": "CREATE TABLE artist (id INTEGER, name TEXT);",
        "tables.json": '{"artist": ["id", "name"]}',
        "no-tables.json": "{}",
        "query.sql": "SELECT name FROM artist",
        "other.sql": "SELECT title FROM album",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (tmp_path / "directory").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


WRONG = [
    ("check missing.json --schema schema.json", "missing.json: No such file"),
    ("check ok.json --schema missing.json", "missing.json: No such file"),
    ("check directory --schema schema.json", "directory: Is a directory"),
    ("check ok.json --schema directory", "directory: Is a directory"),
    ("check bin.json --schema schema.json", "bin.json: not UTF-8: byte 0xff at 10; convert"),
    ("check ok.json --schema bin.json", "bin.json: not UTF-8: byte 0xff at 10; convert"),
    ("check ok.json --schema deep.json", "deep.json: the JSON nests too deeply"),
    ("check ok.json --schema empty", "empty: the schema is not JSON"),
    ("check ok.json --schema malformed.json", "malformed.json: #/type: "),
    ("check ok.json --schema never.json", "never.json: "),
    ("check ok.json --schema list.json", "list.json: "),
    ("check ok.json --schema schema.json --choice a", "give one of"),
    ("check ok.json --regex (a", "--regex: line 1"),
    ("check ok.json --regex a --output yaml", "--output goes with --schema"),
    ("check ok.json --schema schema.json --output xml", "--output xml: must be json, yaml or toml"),
    ("check ok.json --grammar missing.lark", "missing.lark: no such file, and no grammar of structgen's"),
    ("check ok.json --grammar bad.lark", "bad.lark: line 1, column 8"),
    ("check ok.json --grammar bin.lark", "bin.lark: not UTF-8"),
    ("check ok.json --grammar directory", "directory: Is a directory"),
    ("check query.sql --sql oracle", "--sql oracle: must be sqlite or postgresql"),
    ("check query.sql --sql sqlite --tables missing.sql", "missing.sql: No such file"),
    ("check query.sql --sql sqlite --tables no-tables.json", "no-tables.json: "),
    ("check query.sql --regex a --tables tables.json", "--tables goes with --sql"),
    ("explain --schema unsupported.json", "With --no-strict"),
    ("explain --schema unsupported.json", "unsupported.json: the mask cannot enforce"),
    ("explain --choice a --prefix b", "--prefix: line 1, column 1"),
    ("explain --choice a --tokenizer directory", "cannot load the tokenizer directory: "),
    ("explain --choice a --tokenizer ok.json", "ok.json: a file; give the folder of a model"),
    ("explain --choice a --tokenizer ./nosuch", "./nosuch: no such folder"),
    ("explain --choice a --tokenizer /no/such/folder", "/no/such/folder: no such folder"),
    ("generate hi --choice a --temperature inf", "--temperature inf: must be"),
    ("generate hi --choice a --temperature nan", "--temperature"),
    ("generate hi --choice a --temperature -1", "--temperature"),
    ("generate hi --choice a --max-new-tokens 0", "--max-new-tokens"),
    ("generate hi --choice a --seed -1", "--seed"),
    ("trace hi --choice a --max-new-tokens 0", "--max-new-tokens"),
    ("trace hi --choice a --model directory", "cannot load the model directory: "),
    ("generate hi --choice a --model directory", "cannot load the model directory: "),
    ("generate hi --schema unsupported.json", "unsupported.json: the mask cannot enforce"),
    ("keywords missing.json", "missing.json: No such file"),
    ("keywords deep.json", "deep.json: the JSON nests too deeply"),
    ("keywords bin.json", "bin.json: not UTF-8"),
    ("keywords malformed.json", "malformed.json: #/type: "),
    ("repair missing.json", "missing.json: No such file"),
    ("repair ok.json --schema bin.json", "bin.json: not UTF-8"),
    ("repair ok.json --schema deep.json", "deep.json: the JSON nests too deeply"),
    ("repair ok.json --format xml", "--format xml: must be json, yaml or auto"),
    ("repair ok.json --allow all", "--allow all: must be lossless, guessed or dropped"),
    ("grammar check missing.lark", "missing.lark: no such file"),
    ("grammar check nosuch", "nosuch: no such file, and no grammar of structgen's"),
    ("grammar check bin.lark", "bin.lark: not UTF-8"),
    ("grammar check good.lark --lexer other", "--lexer other: must be contextual or dynamic"),
    ("grammar sample missing.lark", "missing.lark: no such file"),
    ("grammar sample bad.lark", "bad.lark: line 1, column 8"),
    ("grammar show nosuch", "no grammar called 'nosuch'"),
    ("bench --nosuch", "No such option"),
]
"""Calls that make no sense, and words of the message."""


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("call", "words"), WRONG, ids=[call for call, _ in WRONG])
def test_a_call_that_makes_no_sense(capsys: pytest.CaptureFixture[str], call: str, words: str) -> None:
    """One message that names the input, nothing on standard output, exit code 2."""
    if "--tokenizer" in call or "--model" in call:
        pytest.importorskip("transformers", reason="transformers is not installed")
    assert run(*call.split()) == 2
    printed = capsys.readouterr()
    assert words in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""


RIGHT = [
    ("check ok.json --schema schema.json", 0, "ok.json: valid"),
    ("check ok.json --choice a", 1, """ok.json: line 1, column 1: expected "a", found '{'"""),
    ("check ok.json --choice a --choice bb", 1, 'expected "a" or "bb"'),
    ("check text.txt --schema unsupported.json", 1, "text.txt: line 1, column 1"),
    ("check deep.json --schema schema.json", 1, "deep.json: line 1, column 1"),
    ("check text.txt --grammar good.lark", 0, "text.txt: valid"),
    ("check ok.json --grammar json5", 0, "ok.json: valid"),
    ("check query.sql --sql sqlite", 0, "query.sql: valid"),
    ("check query.sql --sql sqlite --tables tables.json", 0, "query.sql: valid"),
    ("check query.sql --sql sqlite --tables music.db", 0, "query.sql: valid"),
    ("check query.sql --sql sqlite --tables tables.sql", 0, "query.sql: valid"),
    ("check other.sql --sql sqlite --tables tables.json", 1, "other.sql: line 1, column 19"),
    ("check other.sql --sql sqlite --tables music.db", 1, "other.sql: line 1, column 19"),
    ("repair deep.json", 1, "deep.json: "),
    ("repair bin.json", 0, "bin.json: json, "),
    ("grammar check bad.lark", 1, "it cannot be used"),
    ("grammar check good.lark", 0, "nothing found"),
    ("explain --schema unsupported.json --no-strict", 0, ""),
    ("keywords unsupported.json", 1, "1 checked"),
]
"""Calls that make sense, their exit codes, and words of what is said about the answer."""


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("call", "code", "words"), RIGHT, ids=[call for call, *_ in RIGHT])
def test_a_call_that_makes_sense(
    capsys: pytest.CaptureFixture[str], folder: Path, call: str, code: int, words: str
) -> None:
    if "tables.sql" in call:
        pytest.importorskip("sqlglot", reason="sqlglot is not installed")
    with closing(sqlite3.connect(folder / "music.db")) as database:
        database.execute("CREATE TABLE artist (id INTEGER, name TEXT)")
    assert run(*call.split()) == code
    printed = capsys.readouterr()
    assert words in printed.err
    assert "Traceback" not in printed.err
    assert "Make the grammar smaller" not in printed.err


def test_a_schema_that_no_mask_enforces_is_checked_all_the_same(text: Any) -> None:
    assert run("check", text('"aa"'), "--schema", UNSUPPORTED) == 0
    assert run("check", text('"ab"'), "--schema", UNSUPPORTED) == 1


@pytest.mark.parametrize("command", ["explain --choice a --tokenizer", "generate hi --choice a --model"])
@pytest.mark.parametrize("name", ["nosuch/model", "nosuch"])
def test_nobody_waits_for_a_hub_without_being_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, name: str
) -> None:
    pytest.importorskip("transformers", reason="transformers is not installed")

    def loading(name: str) -> Any:
        assert f"{name}: no such folder; looking for it on the Hugging Face hub" in capsys.readouterr().err
        raise OSError(f"{name} is not a local folder\nand more lines")

    monkeypatch.setattr(structgen, "load_model", loading, raising=False)
    monkeypatch.setattr("structgen.generation.load_tokenizer", loading)
    assert run(*command.split(), name) == 2
    printed = capsys.readouterr()
    assert f"{name}: {name} is not a local folder\n" in printed.err
    assert "more lines" not in printed.err


def test_the_default_model_is_no_business_of_a_hub(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("transformers", reason="transformers is not installed")
    monkeypatch.setattr(structgen, "load_model", lambda name: ("model", "tokenizer"), raising=False)
    assert models.load_model("smollm2") == ("model", "tokenizer")
    assert "hub" not in capsys.readouterr().err
