"""`structgen repair` on the command line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

cli = pytest.importorskip("structgen.cli", reason="the command line is not installed")

# As in a terminal: a process that a script starts in the background inherits that it ignores interruptions.
_MAIN = """
import signal, sys, structgen.cli
signal.signal(signal.SIGINT, signal.default_int_handler)
structgen.cli.main(sys.argv[1:])
"""


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


@pytest.mark.parametrize(
    ("text", "to", "wanted"),
    [
        ("{a: [1, 'x'], b: {c: no", "yaml", 'a:\n- 1\n- x\nb:\n  c: "no"\n'),
        ("a:\n  - 1\n  - x\n", "json", '{\n  "a": [\n    1,\n    "x"\n  ]\n}\n'),
        ('{"a": 1}', "json", '{"a": 1}\n'),
        ("a: 1 # one\n", "yaml", "a: 1 # one\n"),
    ],
)
def test_the_value_is_written_in_the_format_that_is_wanted(
    text: str, to: str, wanted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "answer.txt"
    file.write_text(text, encoding="utf-8")
    assert run("repair", str(file), "--to", to) == 0
    assert capsys.readouterr().out == wanted


def test_only_one_text_is_written_in_another_format(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("{}", encoding="utf-8")
    assert run("repair", str(tmp_path), "--to", "yaml") == 2
    assert "--to is for a single text" in capsys.readouterr().err
    assert run("repair", str(tmp_path / "a.txt"), "--to", "toml") == 2


@pytest.mark.skipif(os.name != "posix", reason="sends a signal to a group of processes")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interruption_loses_nothing_that_was_printed(jobs: str, tmp_path: Path) -> None:
    count = 20_000  # more than a pipe holds: the command cannot end before it is interrupted
    file = tmp_path / "logs.jsonl"
    file.write_text("".join(f'{{"id": {i}, "answer": "{{a: {i}"}}\n' for i in range(count)), encoding="utf-8")
    command = [sys.executable, "-c", _MAIN, "repair", str(file), "--field", "answer", "--jobs", jobs]
    with (
        (tmp_path / "notes").open("w+", encoding="utf-8") as notes,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=notes, text=True, start_new_session=True
        ) as running,
    ):
        assert running.stdout is not None
        lines = [running.stdout.readline()]
        os.killpg(running.pid, signal.SIGINT)
        lines += running.stdout.readlines()
        code = running.wait()
        notes.seek(0)
        told = notes.read()
    assert code == 130, told
    assert [json.loads(line)["answer"] for line in lines] == [{"a": i} for i in range(len(lines))]
    counted = re.search(rf"interrupted after (\d+) of {count} texts", told)
    assert counted is not None
    assert len(lines) - int(counted[1]) in (0, 1)  # the last one may be printed and not yet counted
    assert "Traceback" not in told
