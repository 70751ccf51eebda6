"""`structgen repair` on the command line."""

from __future__ import annotations

import json
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


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_field_of_json_lines_is_repaired(
    jobs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "logs.jsonl"
    records = [{"id": 1, "answer": "{a: 1"}, {"id": 2, "answer": "{}"}, {"id": 3}]
    file.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    schema = '{"type": "object", "required": ["a"]}'
    assert run("repair", str(file), "--field", "answer", "--schema", schema, "--jobs", jobs) == 1
    shown = capsys.readouterr()
    first, second, third = map(json.loads, shown.out.splitlines())
    assert (first["id"], first["answer"], first["repair"]["grade"]) == (1, {"a": 1}, "guessed")
    assert (second["answer"], second["repair"]["grade"]) == ("{}", "refused")
    assert "'a' is a required property" in second["repair"]["problem"]
    assert third["repair"]["problem"] == "'answer' of the record is no text"
    assert "refused" in shown.err


def test_a_folder_is_repaired(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.txt").write_text("[1, 2", encoding="utf-8")
    (tmp_path / "a.txt").write_text("{'x': True}", encoding="utf-8")
    assert run("repair", str(tmp_path)) == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["file"], one["value"]) for one in shown] == [("a.txt", {"x": True}), ("b.txt", [1, 2])]


def test_what_is_no_json_lines_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "logs.jsonl"
    file.write_text('{"a": "x"}\n[1', encoding="utf-8")
    assert run("repair", str(file), "--field", "a") == 2
    assert "line 2" in capsys.readouterr().err
