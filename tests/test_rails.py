"""The rails of the code base: direction of imports, size of functions and classes, format of the C++ sources.

Each rail has exceptions, listed in `rails.txt`: one name a line, sorted. The list only shrinks. A new offender fails;
so the way to get past a rail is to split the function, or to turn the import around. An entry that offends no more
is stale; remove it with

    python tests/test_rails.py --update

which also follows a name that was moved, but refuses to let a kind of entry become more frequent.

The limits: no circle of imports (imports within functions and under TYPE_CHECKING count), functions of at most 60 lines
(docstrings not counted) and a cyclomatic complexity of at most 20, classes of at most 30 functions. At most 5% of the
functions in Python and 8% of those in C++ have a complexity over 10.
"""

from __future__ import annotations

import ast
import importlib
import os
import shutil
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "structgen"
LISTED = Path(__file__).with_name("rails.txt")

COMPLEXITY, LINES, FUNCTIONS = 20, 60, 30
COMPLEX = 10
MOST_COMPLEX = {"Python": 0.05, "C++": 0.08}
"""The share of the functions that may have a complexity over `COMPLEX`."""

STALE_FAILS = True
"""Set to False while several people remove entries at once: then stale entries are printed and do not fail."""


# Measuring


def offenders(kind: str) -> set[str]:
    """Returns the names that break one rail."""
    return {name for found, name in _all_offenders() if found == kind}


@cache
def _all_offenders() -> frozenset[tuple[str, str]]:
    found = {("circle", name) for circle in circles(imports(PACKAGE)) for name in circle}
    for path in sorted(PACKAGE.rglob("*.py")):
        found.update(_of_python(_module(path), path.read_text(encoding="utf-8")))
    found.update(_of_cpp())
    return frozenset(found)


def _module(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def imports(package: Path) -> dict[str, set[str]]:
    """Returns the modules that each module of a package imports, anywhere in its source."""
    paths = {
        ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in package.rglob("*.py")
    }
    graph: dict[str, set[str]] = {}
    for name, path in paths.items():
        base = name if path.name == "__init__.py" else name.rpartition(".")[0]
        graph[name] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for candidates in _imported(node, base):
                target = next((candidate for candidate in candidates if candidate in paths), name)
                graph[name].add(target)
        graph[name].discard(name)
    return graph


def _imported(node: ast.AST, package: str) -> Iterator[tuple[str, ...]]:
    """Yields, for each name that a statement imports, the modules that it may be; the first that exists counts."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield (alias.name,)
    elif isinstance(node, ast.ImportFrom):
        parents = package.split(".")[: -node.level + 1 or None] if node.level else []
        origin = ".".join([*parents, *([node.module] if node.module else [])])
        for alias in node.names:
            yield f"{origin}.{alias.name}", origin


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Returns the strongly connected components of more than one module."""
    reached = {name: _reachable(graph, name) for name in graph}
    found = []
    todo = set(graph)
    while todo:
        name = todo.pop()
        circle = {other for other in reached[name] if name in reached[other]}
        if circle:
            found.append(circle)
            todo -= circle
    return found


def _reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    reached: set[str] = set()
    todo = [start]
    while todo:
        new = graph[todo.pop()] - reached
        reached |= new
        todo.extend(new)
    return reached


def _of_python(module: str, source: str) -> Iterator[tuple[str, str]]:
    for name, node in _definitions(ast.parse(source), module):
        if isinstance(node, ast.ClassDef):
            functions = [
                part for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
            ]
            if len(functions) > FUNCTIONS:
                yield "class", name
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _lines(node) > LINES:
            yield "long", name
    radon = _tool("radon.visitors")
    if radon is None:
        return
    for name, complexity in _complexities(radon, module, source):
        if complexity > COMPLEXITY:
            yield "complex", name


def _complexities(radon: Any, module: str, source: str) -> Iterator[tuple[str, int]]:
    visitor = radon.ComplexityVisitor.from_code(source)
    todo = [(module, block) for block in [*visitor.functions, *visitor.classes]]
    while todo:
        place, block = todo.pop()
        name = f"{place}.{block.name}"
        if isinstance(block, radon.Class):
            todo += [(name, inner) for inner in [*block.methods, *block.inner_classes]]
        else:
            yield name, block.complexity


def _definitions(node: ast.AST, place: str) -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{place}.{child.name}"
            yield name, child
            yield from _definitions(child, name)
        else:
            yield from _definitions(child, place)


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        assert docstring.end_lineno is not None
        lines -= docstring.end_lineno - docstring.lineno + 1
    return lines


def _cpp_files() -> list[Path]:
    return sorted([*PACKAGE.rglob("*.cpp"), *PACKAGE.rglob("*.h")])


def _of_cpp() -> Iterator[tuple[str, str]]:
    lizard = _tool("lizard")
    if lizard is None:
        return
    classes: Counter[str] = Counter()
    for path in _cpp_files():
        file = path.relative_to(ROOT).as_posix()
        for function in lizard.analyze_file(str(path)).function_list:
            name = f"{file}:{function.name}"
            if function.cyclomatic_complexity > COMPLEXITY:
                yield "complex", name
            if function.length > LINES:
                yield "long", name
            owner = function.name.rpartition("::")[0]
            if owner.rpartition("::")[2][:1].isupper():  # a class, as namespaces are in lower case
                classes[owner] += 1
    for owner, count in classes.items():
        if count > FUNCTIONS:
            yield "class", owner


@cache
def _tool(name: str) -> Any:
    """Returns a module of the `dev` extra; None if it is missing, which is an error on CI."""
    try:
        return importlib.import_module(name)
    except ImportError:
        if os.environ.get("CI"):
            raise
        return None


# The list of exceptions


KINDS = {
    "circle": "imports itself by way of others; turn one of the imports around",
    "complex": f"has a cyclomatic complexity over {COMPLEXITY}; make it a table, or named steps",
    "long": f"has more than {LINES} lines; split it into named steps",
    "class": f"has more than {FUNCTIONS} functions; give some of its work to another class",
}


def listed(kind: str) -> set[str]:
    """Returns the exceptions of one rail."""
    entries = [line.split(" ", 1) for line in LISTED.read_text(encoding="utf-8").splitlines()]
    return {name for found, name in entries if found == kind}


def update() -> str:
    """Rewrite the list. Returns what became of it; raises SystemExit if a kind would become more frequent."""
    lines: list[str] = []
    for kind in KINDS:
        today, before = offenders(kind), listed(kind)
        if len(today) > len(before):
            new = "\n".join(sorted(today - before))
            raise SystemExit(f"{len(today)} entries of the kind {kind}, before {len(before)}. New:\n{new}")
        lines += [f"{kind} {name}" for name in today]
    before_all = len(LISTED.read_text(encoding="utf-8").splitlines())
    LISTED.write_text("".join(f"{line}\n" for line in sorted(lines)), encoding="utf-8")
    return f"{LISTED.name}: {before_all} entries before, {len(lines)} now"


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_new_breaks_a_rail(kind: str) -> None:
    if kind == "complex" and (_tool("radon") is None or _tool("lizard") is None):
        pytest.skip("radon and lizard, of the extra dev, are not installed")
    new = sorted(offenders(kind) - listed(kind))
    assert not new, "\n".join(f"{name} {KINDS[kind]}" for name in new)


def test_few_functions_are_complex() -> None:
    radon, lizard = _tool("radon.visitors"), _tool("lizard")
    if radon is None or lizard is None:
        pytest.skip("radon and lizard, of the extra dev, are not installed")
    found = {
        "Python": dict(
            one
            for path in sorted(PACKAGE.rglob("*.py"))
            for one in _complexities(radon, _module(path), path.read_text(encoding="utf-8"))
        ),
        "C++": {
            f"{path.name}:{function.name}:{function.start_line}": function.cyclomatic_complexity
            for path in _cpp_files()
            for function in lizard.analyze_file(str(path)).function_list
        },
    }
    for language, most in MOST_COMPLEX.items():
        over = [name for name, complexity in found[language].items() if complexity > COMPLEX]
        share = len(over) / len(found[language])
        assert share <= most, (
            f"{share:.1%} of the functions in {language} have a complexity over {COMPLEX}: {over}"
        )


@pytest.mark.parametrize("kind", KINDS)
def test_the_list_of_exceptions_shrinks(kind: str) -> None:
    if _tool("radon") is None or _tool("lizard") is None:
        pytest.skip("radon and lizard, of the extra dev, are not installed")
    stale = sorted(listed(kind) - offenders(kind))
    if not stale:
        return
    message = f"no longer {kind}; run python tests/test_rails.py --update: {', '.join(stale)}"
    if STALE_FAILS:
        pytest.fail(message)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.warn(message, stacklevel=1)


def test_the_list_of_exceptions_is_sorted() -> None:
    lines = LISTED.read_text(encoding="utf-8").splitlines()
    if STALE_FAILS:  # a merge of two branches that shortened the list may leave it unsorted
        assert lines == sorted(set(lines))
    assert {line.split(" ", 1)[0] for line in lines} <= set(KINDS)


# The format of the C++ sources


def test_cpp_is_formatted() -> None:
    program = shutil.which(
        "clang-format", path=os.pathsep.join([str(Path(sys.executable).parent), os.defpath])
    )
    if program is None:
        assert not os.environ.get("CI"), "clang-format, of the extra dev, is not installed"
        pytest.skip("clang-format, of the extra dev, is not installed")
    command = [program, "--dry-run", "-Werror", *map(str, _cpp_files())]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, f"run make format\n{ran.stderr}"


# The rails themselves


def _package(folder: Path, files: dict[str, str]) -> Path:
    package = folder / "p"
    for name, source in files.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return package


def test_a_circle_is_found_wherever_its_imports_stand(tmp_path: Path) -> None:
    package = _package(
        tmp_path,
        {
            "__init__.py": "from p.a import x",
            "a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p.b import B",
            "b.py": "def f():\n    from .inner import c",
            "inner/__init__.py": "",
            "inner/c.py": "import p.a\nfrom .. import d",
            "d.py": "import os",
        },
    )
    assert imports(package)["p.inner.c"] == {"p.a", "p.d"}
    assert circles(imports(package)) == [{"p.a", "p.b", "p.inner.c"}]


def test_large_functions_and_classes_are_found() -> None:
    body = "    x = 1\n" * LINES
    branches = "".join(f"    if a == {i}:\n        pass\n" for i in range(COMPLEXITY))
    methods = "".join(f"    def f{i}(self): ...\n" for i in range(FUNCTIONS + 1))
    source = (
        f'def long():\n{body}def fits():\n    """Text.\n\n    More.\n    """\n{body[10:]}'
        f"class C:\n    def m(self, a):\n        if a:\n{branches.replace('    ', '            ')}"
        f"class Large:\n{methods}"
    )
    expected = {("long", "m.long"), ("class", "m.Large")}
    if _tool("radon") is not None:
        expected.add(("complex", "m.C.m"))
    assert set(_of_python("m", source)) == expected


if __name__ == "__main__":
    if sys.argv[1:] != ["--update"]:
        raise SystemExit("usage: python tests/test_rails.py --update")
    print(update())
