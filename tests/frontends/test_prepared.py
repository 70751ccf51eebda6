"""Prepared grammars in a folder: the same constraint as without one, whatever is in the folder."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import structgen
from structgen.errors import InvalidText
from structgen.frontends.lark import build
from structgen.frontends.prepared import VARIABLE, place
from structgen.frontends.sql import reading

GRAMMAR = """
start: "let" NAME "=" (NAME | NUMBER)
NAME: /[a-z]+/
%import common.NUMBER
%ignore " "
"""
LOSSY = 'start: A B\nA: /a+(?<=a)/\nB: /b(?=c|$)/ | "c"\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "kept"))
    forget()
    return tmp_path / "kept"


def forget() -> None:
    """What this process remembers by itself."""
    build._make_once.cache_clear()
    reading.read_grammar.cache_clear()


def unprepared(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on, nothing can be prepared any more."""

    def fail(*_: object) -> None:
        raise AssertionError("prepared again")

    monkeypatch.setattr(build, "_make", fail)
    monkeypatch.setattr(reading, "_read", fail)


def test_a_new_process_finds_what_another_one_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = structgen.lark(GRAMMAR)
    assert len(list(folder.iterdir())) == 1
    forget()
    unprepared(monkeypatch)
    found = structgen.lark(GRAMMAR)
    assert found.grammar == made.grammar
    assert found.unenforced == made.unenforced
    assert found.is_valid("let x = 1.5")
    assert found.validate("let x = y") == made.validate("let x = y")
    with pytest.raises(InvalidText):
        found.validate("let 1 = x")


def test_sql(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = structgen.sql("sqlite", {"artist": ["id", "name"]})
    forget()
    unprepared(monkeypatch)
    found = structgen.sql("sqlite", {"artist": ["id", "name"]})
    assert found.grammar == made.grammar
    assert found.is_valid("SELECT name FROM artist")


def test_problems_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = structgen.lark(LOSSY, strict=False)
    forget()
    unprepared(monkeypatch)
    assert structgen.lark(LOSSY, strict=False).unenforced == made.unenforced


def test_what_matters_is_asked_for(folder: Path) -> None:
    structgen.lark(GRAMMAR)
    structgen.lark(GRAMMAR, lexer="dynamic")
    structgen.lark(GRAMMAR + "other: NAME\n")
    structgen.lark(GRAMMAR, strict=False)
    assert len(list(folder.iterdir())) == 4


def test_without_the_variable_nothing_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    structgen.lark(GRAMMAR)
    assert not folder.exists()
    assert place("lark", GRAMMAR) is None


def test_arguments_that_are_no_text_are_not_kept(folder: Path) -> None:
    structgen.lark('start: "a" B\n%declare B\n', terminals={"B": structgen.choice(["b"])})
    assert not folder.exists()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: data[: len(data) // 2], id="cut"),
        pytest.param(lambda data: data.replace(b"NAME", b"NAMF"), id="changed"),
        pytest.param(lambda data: b"\xff" + data, id="no text"),
        pytest.param(lambda data: b"[" * 100_000, id="deep"),
    ],
)
def test_damaged_files_are_made_anew(folder: Path, monkeypatch: pytest.MonkeyPatch, damage: object) -> None:
    made = structgen.lark(GRAMMAR)
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))  # type: ignore[operator]
    forget()
    assert structgen.lark(GRAMMAR).grammar == made.grammar
    assert file.read_bytes() == whole


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {"grammar": {}, "parsers": ["lalr"], "unenforced": []},
        {"grammar": None, "parsers": "lalr", "unenforced": []},
        {"parsers": []},
    ],
)
def test_whole_files_that_hold_something_else(folder: Path, data: object) -> None:
    kept = place("lark", GRAMMAR, "start", "contextual", True)
    assert kept is not None
    kept.keep(data)
    assert kept.find() == data
    assert structgen.lark(GRAMMAR).is_valid("let x = 1")
    assert kept.find() != data


def test_a_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file" / "folder"))
    forget()
    assert structgen.lark(GRAMMAR).is_valid("let x = 1")


def test_many_at_once(folder: Path) -> None:
    kept = place("test", "many")
    assert kept is not None
    texts = [json.dumps(["x" * 50_000, i]) for i in range(8)]

    def work(i: int) -> bool:
        kept.keep(json.loads(texts[i % 8]))
        found = kept.find()
        return json.dumps(found) in texts

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(200)))
    assert [name for name in os.listdir(folder) if name.endswith(".tmp")] == []
