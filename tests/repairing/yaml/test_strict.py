"""The strict parser of YAML: aliases and merge keys are carried out, within bounds."""

from __future__ import annotations

from typing import Any

import pytest

import structgen
from structgen.repairing.yaml import strict

pytest.importorskip("ruamel.yaml", reason="ruamel.yaml is not installed")


def bomb(levels: int) -> str:
    """A text whose value has 2 * 8 ** levels items."""
    lines = ["a0: &a0 [x, x]"]
    for level in range(1, levels + 1):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 8)}]")
    return "\n".join(lines) + "\n"


def size(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(size, inner))


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_aliases_are_expanded(levels: int) -> None:
    found = structgen.repair(bomb(levels), format="yaml")
    assert size(found.value[f"a{levels}"]) == sum(8**n for n in range(levels + 1)) + 2 * 8**levels


@pytest.mark.parametrize("levels", [8, 20])
def test_nested_aliases_do_not_multiply_the_text(levels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0
    node = strict.Node

    def counted(*arguments: Any) -> Any:
        nonlocal made
        made += 1
        return node(*arguments)

    monkeypatch.setattr(strict, "Node", counted)
    text = bomb(levels)
    assert strict.strictly(text) is None
    assert made < strict._ALIASED + len(text)
    assert size(structgen.repair(text, format="yaml").value) < len(text)  # the aliases are read as text


def test_an_alias_to_a_container_around_it_is_refused() -> None:
    assert strict.strictly("a: &a [1, *a]\n") is None
    assert strict.strictly("a: &a [1]\nb: [*a, *a]\n") is not None


def test_own_members_replace_merged_ones() -> None:
    text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*x, *y]\n  a: 5\n  d: 6\n"
    assert structgen.repair(text, format="yaml").value["z"] == {"b": 2, "c": 4, "a": 5, "d": 6}
