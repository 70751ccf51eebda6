"""Prepares the grammars of the library while the package is built, for `structgen.frontends.prepared` to find.

    python grammars/prepare.py TARGET MODULE...

TARGET is the folder for the prepared grammars, and each MODULE a native one that was built. Where that can't be done
here, such as without the libraries that the package needs, nothing is prepared: then each process does it for itself.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder
from pathlib import Path
from typing import Any, get_args

Preparation = tuple[str, Any, Callable[[], object]]
"""What is prepared: its title, its `Place`, and what makes it."""

ROOT = Path(__file__).resolve().parents[1]
PLACES = {"_native": "structgen.engine._native", "_reader": "structgen.repairing._reader"}


def main() -> None:
    """Fill the folder with what belongs there, and nothing else."""
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    names: set[str] = set()
    try:
        _find_package([Path(argument) for argument in sys.argv[2:]])
        names = _prepare(target)
    except (ImportError, OSError) as error:
        print(f"the grammars of the library are not prepared: {error}")
    for file in target.iterdir():
        if file.name not in names:
            file.unlink()


def _prepare(target: Path) -> set[str]:
    """Prepare the grammars; the names of their files."""
    import structgen
    from structgen.frontends.prepared import VARIABLE

    if not Path(structgen.__file__).resolve().is_relative_to(ROOT):
        raise ImportError(f"structgen is not that of {ROOT}")
    os.environ[VARIABLE] = str(target)
    names = set()
    for title, kept, make in (*_of_library(), *_of_sql()):
        if not (target / kept.name).exists():
            try:
                make()
            except structgen.StructgenError as error:  # a limit, on a machine that is very slow
                print(f"{title} is not prepared: {error}")
                continue
            if kept.target is None or not kept.target.exists():
                continue
            kept.target.rename(target / kept.name)
        names.add(kept.name)
    print(f"prepared {len(names)} grammars")
    return names


def _of_library() -> Iterator[Preparation]:
    """What `structgen.lark` makes of each grammar by its name."""
    import structgen
    from structgen.frontends.prepared import place

    for file in sorted((ROOT / "grammars").glob("*.lark")):
        text = file.read_text(encoding="utf-8")
        kept = place("lark", text, "start", "contextual", True)
        yield file.stem, kept, partial(structgen.lark, text)


def _of_sql() -> Iterator[Preparation]:
    """What `structgen.sql` needs of each dialect for queries, with a schema and without."""
    from structgen.frontends import library
    from structgen.frontends.sql import reading

    library.folder = lambda: ROOT / "grammars"  # where they lie before they are installed
    for dialect in ("sqlite", "postgresql"):
        for names in get_args(reading.NameRules):
            if (dialect, names) == ("postgresql", "scope"):  # there is none
                continue
            kept = reading.place_of_dialect(dialect, ("query",), names)
            yield f"sql {dialect}", kept, partial(reading.grammar_of_dialect, dialect, ("query",), names)


def _find_package(modules: list[Path]) -> None:
    """Have the package imported from its sources, whatever is installed, with native modules that were just built."""
    sys.dont_write_bytecode = True
    sys.meta_path[:] = [BuiltinImporter, FrozenImporter, PathFinder]
    sys.path.insert(0, str(ROOT))
    for file in modules:
        name = PLACES[file.name.partition(".")[0]]
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise ImportError(f"{file} is no module")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module


if __name__ == "__main__":
    main()
