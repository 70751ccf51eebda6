"""What conformance tests share: texts in any order of their members, and the ratchet.

A verdict is one line for a case. Those that are not "ok" are committed in `expected/`: a case that gets worse fails the
test; one that gets better is told, and taken over by running with STRUCTGEN_UPDATE_EXPECTED=1.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from structgen.matcher import CompiledGrammar

EXPECTED = Path(__file__).parent / "expected"


def spell(value: Any, **options: Any) -> str:
    """The JSON text of a value; with escapes only where UTF-8 cannot carry it."""
    text = json.dumps(value, ensure_ascii=False, **options)
    return (
        text
        if text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)
        else json.dumps(value, **options)
    )


def accepts_in_some_order(grammar: CompiledGrammar, value: Any) -> bool:
    """Whether the mask lets a value through if the members of its objects may come in another order."""
    return any(grammar.can_stop(end) for end in _after(grammar, grammar.initial, value))


def _after(grammar: CompiledGrammar, configuration: int, value: Any) -> Iterator[int]:
    if isinstance(value, dict):
        for start in _read(grammar, configuration, "{"):
            yield from _members(grammar, start, list(value.items()), first=True)
    elif isinstance(value, list):
        for start in _read(grammar, configuration, "["):
            yield from _items(grammar, start, value)
    else:
        yield from _read(grammar, configuration, spell(value))


def _members(
    grammar: CompiledGrammar, configuration: int, left: list[tuple[str, Any]], *, first: bool
) -> Iterator[int]:
    if not left:
        yield from _read(grammar, configuration, "}")
    for index, (name, value) in enumerate(left):
        others = left[:index] + left[index + 1 :]
        for before in _read(grammar, configuration, ("" if first else ",") + spell(name) + ":"):
            for after in _after(grammar, before, value):
                yield from _members(grammar, after, others, first=False)


def _items(
    grammar: CompiledGrammar, configuration: int, left: list[Any], *, first: bool = True
) -> Iterator[int]:
    if not left:
        yield from _read(grammar, configuration, "]")
        return
    for before in _read(grammar, configuration, "" if first else ","):
        for after in _after(grammar, before, left[0]):
            yield from _items(grammar, after, left[1:], first=False)


def _read(grammar: CompiledGrammar, configuration: int, text: str) -> Iterator[int]:
    data = text.encode()
    after, length = grammar.native.try_read(configuration, data)
    if length == len(data):
        yield after


def check_verdicts(name: str, verdicts: dict[str, str]) -> None:
    """Compare with the committed verdicts, and fail where something got worse."""
    path = EXPECTED / f"{name}.json"
    found = {case: verdict for case, verdict in sorted(verdicts.items()) if verdict != "ok"}
    if os.environ.get("STRUCTGEN_UPDATE_EXPECTED"):
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    expected: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    better = sorted(case for case in expected.keys() & verdicts.keys() if verdicts[case] == "ok")
    if better:
        print(f"better than expected: {', '.join(better)}")
    worse = {case: verdict for case, verdict in found.items() if expected.get(case) != verdict}
    lines = [f"{case}: {verdict} (expected: {expected.get(case, 'ok')})" for case, verdict in worse.items()]
    assert not worse, "\n".join(lines[:50])


def table(verdicts: dict[str, str]) -> str:
    """How many cases have which kind of verdict."""
    kinds = Counter(verdict.split(":")[0] for verdict in verdicts.values())
    return "\n".join(f"{count:6}  {kind}" for kind, count in kinds.most_common())
