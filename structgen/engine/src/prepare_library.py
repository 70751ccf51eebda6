"""Prepares the grammars of the library while the package is built, for `structgen.frontends.prepared` to find.

    python prepare_library.py ROOT TARGET MODULE...

ROOT is the folder of the sources, TARGET that of the prepared grammars, and each MODULE a native one that was built.
Without the libraries that the package needs nothing is prepared: then each process does that for itself.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path


def main() -> None:
    """Fill the folder."""
    root, target = Path(sys.argv[1]), Path(sys.argv[2])
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(root))
    for file in map(Path, sys.argv[3:]):
        _load(file)
    try:
        import structgen
        from structgen.frontends import prepared
    except ImportError as error:
        print(f"the grammars of the library are not prepared: {error}")
        return
    for old in target.iterdir():
        old.unlink()
    os.environ[prepared.VARIABLE] = str(target)
    for file in sorted((root / "grammars").glob("*.lark")):
        try:
            structgen.lark(file.read_text(encoding="utf-8"))
        except structgen.StructgenError as error:  # a limit, on a machine that is very slow
            print(f"{file.stem} is not prepared: {error}")
    prepared.seal(target)
    print(f"prepared {len(list(target.iterdir())) - 1} grammars")


def _load(file: Path) -> None:
    """A native module, under the name that it will have."""
    package = {"_native": "engine", "_reader": "repairing"}[file.name.partition(".")[0]]
    name = f"structgen.{package}.{file.name.partition('.')[0]}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])


if __name__ == "__main__":
    main()
