"""Runs one attack in this process, under bounds of time and memory, and prints what came of it as a line of JSON.

    attack(schema=..., valid=[...], invalid=[...])

The engine is that of the environment variable ATTACKED: structgen, or one of `benchmarks/peers` for schemas and
patterns. An attack is survived if the engine answers rightly, or refuses with its own kind of error. It is not if it
crashes, gives a wrong answer, or is ended by a bound: then no line is printed.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

SECONDS = 10
"""Of the processor, for one attack."""

MIB = 1024
"""Of memory, on top of what the process has before the attack."""


def attack(
    *,
    schema: Any = None,
    regex: str | None = None,
    lark: str | None = None,
    sql: Any = None,
    broken: str | None = None,
    form: str | None = None,
    options: dict[str, Any] | None = None,
    valid: Sequence[str] = (),
    invalid: Sequence[str] = (),
) -> None:
    """Make a constraint of one of the first five, or repair `broken`; see that texts are judged rightly."""
    engine = os.environ.get("ATTACKED", "structgen")
    run = _structgen if engine == "structgen" else _peer(engine)
    sources = {"schema": schema, "regex": regex, "lark": lark, "sql": sql, "broken": broken, "form": form}
    ((kind, source),) = ((kind, source) for kind, source in sources.items() if source is not None)
    _bound()
    begun = time.process_time()
    outcome = run(kind, source, options or {}, valid, invalid)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps({"outcome": outcome, "seconds": round(time.process_time() - begun, 2), "mib": round(used)})
    )


def _bound() -> None:
    """From here on the process is ended if it takes more."""
    used = int(time.process_time())
    resource.setrlimit(resource.RLIMIT_CPU, (used + SECONDS + 1, used + SECONDS + 2))
    with open("/proc/self/statm", encoding="ascii") as file:
        pages = int(file.read().split()[0])
    size = pages * resource.getpagesize() + (MIB << 20)
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _structgen(
    kind: str, source: Any, options: dict[str, Any], valid: Sequence[str], invalid: Sequence[str]
) -> str:
    import structgen

    makers: dict[str, Callable[..., Any]] = {
        "schema": structgen.json_schema,
        "regex": structgen.regex,
        "lark": structgen.lark,
        "sql": lambda tables, **more: structgen.sql("sqlite", tables, **more),
        "form": structgen.from_json,
    }
    try:
        if kind == "broken":
            structgen.repair(source, **options)
            return "answered"
        constraint = makers[kind](source, **options)
        structgen.compile(constraint, structgen.Vocabulary.of_bytes()).matcher().bitmask()
        for texts, expected in ((valid, True), (invalid, False)):
            for text in texts:
                if constraint.is_valid(text) is not expected:
                    return f"wrong: {text[:40]!r}"
    except (structgen.StructgenError, structgen.InvalidText) as error:
        return f"refused: {type(error).__name__}"
    return "answered"


def _peer(name: str) -> Callable[..., str]:
    sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
    from peers import Refused, find_engine
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(os.environ["ATTACKED_TOKENIZER"])
    found = find_engine(name)
    assert found is not None, f"{name} is not installed"
    engine = found(tokenizer)

    def run(
        kind: str, source: Any, options: dict[str, Any], valid: Sequence[str], invalid: Sequence[str]
    ) -> str:
        if kind == "regex":
            schema: Any = {"type": "string", "pattern": f"^(?:{source})$"}
            valid, invalid = [json.dumps(text) for text in valid], [json.dumps(text) for text in invalid]
        elif kind == "schema":
            schema = source
        else:
            return "not asked"
        try:
            grammar = engine.compile(schema if isinstance(schema, str) else json.dumps(schema))
            for texts, expected in ((valid, True), (invalid, False)):
                for text in texts:
                    if _reads(grammar, tokenizer, text) is not expected:
                        return f"wrong: {text[:40]!r}"
            grammar.matcher().fill()
        except Refused as error:
            return f"refused: {error}"[:80]
        return "answered"

    return run


def _reads(grammar: Any, tokenizer: Any, text: str) -> bool:
    """Whether the masks let a whole text through, and its end."""
    matcher = grammar.matcher()
    for token in [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]:
        matcher.fill()
        if not matcher.mask[token // 32] >> (token % 32) & 1:
            return False
        matcher.advance(token)
    return True
