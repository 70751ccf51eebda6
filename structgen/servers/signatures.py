"""Compare the functions of a server with the signatures that an adapter was written for."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib import import_module
from typing import Any


def find_mismatch(signatures: Mapping[tuple[str, str], tuple[str, ...]], *, original: str = "") -> str | None:
    """Returns the first function that is missing or has other parameters, as a text; None if all agree.

    Args:
        signatures: names of parameters by module and path, such as ("package.module", "Class.method").
        original: attribute that holds the original of a function that was replaced.
    """
    for (module, path), expected in signatures.items():
        try:
            found: Any = import_module(module)
            for name in path.split("."):
                found = getattr(found, name)
        except (ImportError, AttributeError):
            return f"{module}.{path} is missing"
        if original:
            found = getattr(found, original, found)
        names = tuple(inspect.signature(found).parameters)
        if names != expected:
            return f"{module}.{path} takes ({', '.join(names)}), not ({', '.join(expected)})"
    return None
