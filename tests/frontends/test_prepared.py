"""Prepared grammars in a folder, or in the package: the same constraint as without, whatever is there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import structgen
from structgen.engine import _native
from structgen.errors import InvalidText
from structgen.frontends import prepared
from structgen.frontends.lark import build
from structgen.frontends.library import library, library_text
from structgen.frontends.prepared import VARIABLE, place
from structgen.frontends.sql import reading
from structgen.repairing import _reader

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
    reading.grammar_of_dialect.cache_clear()


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
    kept.keep(lambda: data)
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
    texts = [json.dumps(["x" * 50_000, i]) for i in range(8)]

    def work(i: int) -> bool:
        kept.keep(lambda: json.loads(texts[i % 8]))
        found = kept.find()
        return json.dumps(found) in texts

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(200)))
    assert [name for name in os.listdir(folder) if name.endswith(".tmp")] == []


# The grammars of the library, which are prepared when the package is built.


def shipped(name: str) -> Path | None:
    """The prepared form that came with the package; None if the code was edited since."""
    kept = place("lark", library_text(name), "start", "contextual", True)
    return next((file for file in kept._files if file != kept.target and file.exists()), None)


def test_the_library_is_prepared_when_it_is_built() -> None:
    """All of it; or nothing, where the package was edited after it was installed, or built without its libraries.

    STRUCTGEN_FRESH says that it was just built, with them.
    """
    found = [shipped(name) is not None for name in library()]
    assert all(found) or (not any(found) and not os.environ.get("STRUCTGEN_FRESH"))


@pytest.mark.parametrize("name", library())
def test_a_prepared_grammar_is_what_it_would_be(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if shipped(name) is None:
        pytest.skip("the package was edited after it was installed, or built without its libraries")
    monkeypatch.delenv(VARIABLE, raising=False)
    forget()
    make = build._make
    unprepared(monkeypatch)
    found = structgen.lark(name)
    made = make(build.Source(library_text(name), ""), "start", "contextual", {}, (), True)
    assert found.grammar == made.grammar
    assert found.unenforced == made.unenforced


@pytest.fixture
def package(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package in which GRAMMAR is prepared; its folder for that."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "prepared"))
    structgen.lark(GRAMMAR)
    kept = place("lark", GRAMMAR, "start", "contextual", True)
    assert kept.target is not None
    kept.target.rename(kept.target.with_name(kept.name))
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(structgen, "__path__", [str(tmp_path)])
    forget()
    yield tmp_path / "prepared"
    forget()


def test_what_the_package_brings_is_found(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unprepared(monkeypatch)
    assert structgen.lark(GRAMMAR).is_valid("let x = 1")
    with pytest.raises(AssertionError, match="prepared again"):
        structgen.lark(GRAMMAR + "other: NAME\n")


def test_nothing_is_written_into_the_package(package: Path) -> None:
    before = sorted(package.iterdir())
    structgen.lark(GRAMMAR + "other: NAME\n")
    assert sorted(package.iterdir()) == before


def test_what_was_made_by_other_code_is_not_found(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = tmp_path / "code"
    shutil.copytree(prepared._PACKAGE, code)
    monkeypatch.setattr(prepared, "_PACKAGE", code)
    assert prepared._versions() == prepared._VERSIONS
    with (code / "frontends" / "lark" / "first_match" / "lexicon.py").open("a") as file:
        file.write("# another line\n")
    assert prepared._versions() != prepared._VERSIONS
    monkeypatch.setattr(prepared, "_VERSIONS", prepared._versions())
    unprepared(monkeypatch)
    with pytest.raises(AssertionError, match="prepared again"):
        structgen.lark(GRAMMAR)


def test_a_native_module_has_files_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = prepared.place("lark", GRAMMAR)
    monkeypatch.setattr(prepared, "native_digest", lambda: b"another build")
    other = prepared.place("lark", GRAMMAR)
    assert one.target != other.target
    assert one.name == other.name  # comes with its native module


@pytest.mark.parametrize("is_there", [True, False])
def test_code_that_cannot_be_read(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    if is_there:  # byte code alone
        (tmp_path / "code" / "frontends").mkdir(parents=True)
        (tmp_path / "code" / "frontends" / "prepared.pyc").touch()
    monkeypatch.setattr(prepared, "_PACKAGE", tmp_path / "code")
    monkeypatch.setattr(prepared, "_VERSIONS", prepared._versions())
    assert structgen.lark(GRAMMAR).is_valid("let x = 1")
    assert not folder.exists()


def test_the_script_prepares_the_library_or_leaves_nothing(tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "grammars" / "prepare.py"
    modules = [_native.__file__, _reader.__file__]

    def run(*modules: str) -> str:
        command = [sys.executable, str(script), str(tmp_path), *modules]
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=250).stdout

    (tmp_path / "old.json").write_text("")
    count = (
        len(library()) + 7
    )  # two dialects of SQL, each with three kinds of names; SQLite also with names in scope
    assert run(*modules) == f"prepared {count} grammars\n"
    assert len(list(tmp_path.iterdir())) == count
    assert run(*modules) == f"prepared {count} grammars\n"  # which are there
    broken = tmp_path.parent / "_native.so"
    broken.write_bytes(b"no module")
    assert "are not prepared" in run(str(broken))
    assert list(tmp_path.iterdir()) == []


def test_the_folder_stays_small_and_what_was_used_last_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {}
    monkeypatch.setenv(prepared.SIZE, "1")
    for number in range(6):
        structgen.lark(GRAMMAR.replace("let", f"let{number}"))
        (new,) = set(folder.iterdir()) - set(made.values())
        made[number] = new
        os.utime(new, (1_000_000 + number, 1_000_000 + number))
    other = folder / "notes.txt"
    other.write_text("not ours")
    lost = folder / "begun.tmp"
    lost.write_text("begun")
    os.utime(lost, (1_000_000, 1_000_000))
    forget()
    structgen.lark(GRAMMAR.replace("let", "let0"))  # found, so it was used last
    monkeypatch.setattr(prepared, "largest_size", lambda: 3 * made[0].stat().st_size + 100)
    structgen.lark(GRAMMAR.replace("let", "let9"))
    left = {number for number, path in made.items() if path.exists()}
    assert left == {0, 5}
    assert other.exists()
    assert not lost.exists()


@pytest.mark.parametrize("size", ["many", "-1", "1.5", "٣"])
def test_a_size_that_is_no_number(folder: Path, monkeypatch: pytest.MonkeyPatch, size: str) -> None:
    monkeypatch.setenv(prepared.SIZE, size)
    with pytest.raises(structgen.InvalidOptionError, match="STRUCTGEN_CACHE_MIB="):
        structgen.lark(GRAMMAR)


def test_a_size_of_zero_keeps_only_what_was_made_last(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(prepared.SIZE, "0")
    for number in range(3):
        structgen.lark(GRAMMAR.replace("let", f"let{number}"))
    assert len(list(folder.iterdir())) == 1
