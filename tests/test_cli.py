"""The command line: what it prints, where, and with which exit code."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("typer", reason="typer is not installed")

from typer.testing import CliRunner

import structgen
from structgen import cli

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
            ["check", "-"], "give one of --schema, --regex, --grammar and --choice", id="no constraint"
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
