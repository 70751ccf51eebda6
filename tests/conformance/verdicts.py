"""What conformance tests share: texts, and the ratchet.

A verdict is one line for a case. Those that are not "ok" are committed in `expected/`: a case that gets worse fails the
test; one that gets better is told, and taken over by running with STRUCTGEN_UPDATE_EXPECTED=1.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

EXPECTED = Path(__file__).parent / "expected"


def spell(value: Any, **options: Any) -> str:
    """The JSON text of a value; with escapes only where UTF-8 cannot carry it."""
    text = json.dumps(value, ensure_ascii=False, **options)
    return (
        text
        if text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)
        else json.dumps(value, **options)
    )


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
