"""`structgen repair` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

cli = pytest.importorskip("structgen.cli", reason="the command line is not installed")


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    return int(ended.value.code or 0)


def test_repair_writes_the_value_and_says_what_it_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "answer.txt"
    file.write_text("Sure! {name: 'Rob', born: 1759,", encoding="utf-8")
    assert run("repair", str(file), "--explain") == 0
    shown = capsys.readouterr()
    assert shown.out == '{"name": "Rob", "born": 1759}\n'
    assert "a key without quotes" in shown.err
    assert "5 edits, lossless; the text breaks off at 31" in shown.err


def test_repair_shows_a_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "answer.txt"
    file.write_text('{\n  "a": 1,\n  "b": 2,\n}', encoding="utf-8")
    assert run("repair", str(file), "--diff") == 0
    assert capsys.readouterr().out == '  {\n    "a": 1,\n-   "b": 2,\n+   "b": 2\n  }\n'


def test_repair_refuses_with_the_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "answer.txt"
    file.write_text("{a: 1", encoding="utf-8")
    assert run("repair", str(file), "--schema", '{"required": ["b"]}') == 1
    assert "'b' is a required property" in capsys.readouterr().err
    assert run("repair", str(file), "--format", "xml") == 2
