"""The judge of YAML: the value of a complete text, read by ruamel.yaml as YAML 1.2, or what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from structgen.errors import StructgenError
from structgen.frontends.json_schema.judge import Duplicate, JsonJudge


class YamlJudge(JsonJudge):
    """Judges the YAML texts of one schema."""

    language = "YAML"

    def _read(self, text: str, *, distinct: bool) -> Any:
        reader = _reader()
        from ruamel.yaml.constructor import DuplicateKeyError
        from ruamel.yaml.error import YAMLError

        if not distinct:

            class LastCounts(reader.Constructor):  # type: ignore[misc, name-defined]
                def check_mapping_key(self, *arguments: Any) -> bool:
                    return True

            reader.Constructor = LastCounts
        try:
            value = reader.load(text)
        except DuplicateKeyError as error:
            raise Duplicate(str(error.problem)) from None
        except YAMLError as error:
            raise ValueError(str(error)) from None
        except (AttributeError, IndexError, KeyError, TypeError) as error:  # its own ways with damaged text
            raise ValueError(f"it cannot be read ({error})") from None
        _check(value)
        return value

    def _span_of(self, text: str, path: Sequence[str | int]) -> tuple[int, int]:
        node = _reader().compose(text)
        for step in path:
            if isinstance(step, int):
                node = node.value[step]
            else:
                node = [value for name, value in node.value if name.value == step][-1]
        return node.start_mark.index, node.end_mark.index


def _reader() -> Any:
    """A reader that gives plain values.

    Raises:
        StructgenError: ruamel.yaml is not installed.
    """
    try:
        from ruamel.yaml import YAML
    except ImportError:
        raise StructgenError("YAML is read by ruamel.yaml: pip install 'structgen[yaml]'") from None
    return YAML(typ="safe", pure=True)


def _check(value: Any) -> None:
    """Raise where a value is none that JSON has: a date, a set, infinity, a name that is no string."""
    stack = [value]
    seen: set[int] = set()
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            wrong = next((name for name in one if not isinstance(name, str)), None)
            if wrong is not None:
                raise ValueError(f"{wrong!r} is no name of JSON")
            if id(one) not in seen:
                seen.add(id(one))
                stack.extend(one.values())
        elif isinstance(one, list):
            if id(one) not in seen:
                seen.add(id(one))
                stack.extend(one)
        elif not (one is None or isinstance(one, (str, bool, int, float))) or (
            isinstance(one, float) and not math.isfinite(one)
        ):
            raise ValueError(f"{one!r} is no value of JSON")
