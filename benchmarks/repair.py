"""How many damaged texts are restored, how many come back wrong without a word, and how long it takes?

Valid instances of MaskBench are written as JSON in several layouts, and damaged by one (or two) of the corruptions
below, each with the same chance, seeds fixed. A text counts as restored if the value is the original one, and as
silently wrong if it is another and the tool does not say that it guessed or dropped anything (no peer ever does).

A text is *restorable* unless another value is as good an answer: one that the standard parser and the schema find in
the text as it stands, or a valid one of which the same damage makes the same text (found as an answer of structgen's,
and checked by damaging it). All figures are given for all texts, and for the restorable ones.

    python benchmarks/repair.py --data dev.jsonl --sample 2000
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import structgen
from structgen.repairing import edits as edit_module

Damage = Callable[[str, random.Random], "str | None"]
LAYOUTS: list[dict[str, Any]] = [{}, {"separators": (",", ":")}, {"indent": 2}]
TRIES = 300
"""Seeds with which a wrong answer is damaged, to see whether the text might have come of it."""
Tool = Callable[[str, "structgen.Constraint | None"], tuple[Any, bool]]


def _structural(text: str) -> list[tuple[int, str]]:
    """The structural characters and quotes of valid JSON, by place."""
    found, at = [], 0
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]', text):
        if match.group()[0] == '"':
            found += [(match.start(), '"'), (match.end() - 1, '"')]
        else:
            found.append((match.start(), match.group()))
        at = match.end()
    del at
    return found


def _delete(characters: str) -> Damage:
    def damage(text: str, rng: random.Random) -> str | None:
        places = [at for at, char in _structural(text) if char in characters]
        if not places:
            return None
        at = rng.choice(places)
        return text[:at] + text[at + 1 :]

    return damage


def _double(characters: str) -> Damage:
    def damage(text: str, rng: random.Random) -> str | None:
        places = [at for at, char in _structural(text) if char in characters]
        if not places:
            return None
        at = rng.choice(places)
        return text[: at + 1] + text[at:]

    return damage


def _strings(text: str) -> list[re.Match[str]]:
    return list(re.finditer(r'"(?:[^"\\]|\\.)*"(\s*:)?', text))


def _outside(text: str, pattern: str, replacement: Callable[[re.Match[str]], str]) -> str | None:
    parts, at, changed = [], 0, 0
    for string in re.finditer(r'"(?:[^"\\]|\\.)*"', text):
        part, count = re.subn(pattern, replacement, text[at : string.start()])
        parts += [part, string.group()]
        changed += count
        at = string.end()
    part, count = re.subn(pattern, replacement, text[at:])
    return "".join([*parts, part]) if changed + count else None


def _mismatched(text: str, rng: random.Random) -> str | None:
    places = [(at, char) for at, char in _structural(text) if char in "}]"]
    at, char = rng.choice(places)
    return text[:at] + ("]" if char == "}" else "}") + text[at + 1 :]


def _trailing_comma(text: str, rng: random.Random) -> str | None:
    places = [at for at, char in _structural(text) if char in "}]" and text[:at].rstrip()[-1] not in "{["]
    if not places:
        return None
    at = rng.choice(places)
    return text[:at] + "," + text[at:]


def _single_quotes(text: str, rng: random.Random) -> str | None:
    if "'" in text or "\\" in text:
        return None
    return re.sub(r'"((?:[^"\\]|\\.)*)"', r"'\1'", text)


def _typographic(text: str, rng: random.Random) -> str | None:
    if "“" in text or "”" in text or "\\" in text:
        return None
    return re.sub(r'"((?:[^"\\]|\\.)*)"', "“\\1”", text)


def _bare_keys(text: str, rng: random.Random) -> str | None:
    made, count = re.subn(r'"([A-Za-z_][A-Za-z0-9_]*)"(\s*:)', r"\1\2", text)
    return made if count else None


def _python_literals(text: str, rng: random.Random) -> str | None:
    names = {"true": "True", "false": "False", "null": "None"}
    return _outside(text, r"\b(?:true|false|null)\b", lambda found: names[found.group()])


def _comment(text: str, rng: random.Random) -> str | None:
    places = [at for at, char in _structural(text) if char == ","]
    if not places:
        return None
    at = rng.choice(places)
    return text[: at + 1] + rng.choice([" // as agreed\n", " /* see above */ ", " # note\n"]) + text[at + 1 :]


def _fenced(text: str, rng: random.Random) -> str | None:
    return f"Here is the result:\n\n```json\n{text}\n```\n\nLet me know if anything {{else}} is needed!"


def _unclosed_fence(text: str, rng: random.Random) -> str | None:
    return f"Sure, here you go:\n```\n{text}"


def _prose(text: str, rng: random.Random) -> str | None:
    return f"Of course! The answer is {text}. I hope this helps."


def _inner_quotes(text: str, rng: random.Random) -> str | None:
    values = [found for found in _strings(text) if not found.group(1) and '\\"' in found.group()]
    if not values:
        return None
    found = rng.choice(values)
    return text[: found.start()] + '"' + found.group()[1:-1].replace('\\"', '"') + '"' + text[found.end() :]


def _with_quotes(value: Any, rng: random.Random) -> Any:
    """The value with a word of one of its longer strings in quotes; the value itself if it has none."""
    text = json.dumps(value, ensure_ascii=False)
    values = [
        found for found in _strings(text) if not found.group(1) and re.search(r"\w \w+ \w", found.group())
    ]
    if not values:
        return value
    found = rng.choice(values)
    inner = rng.choice(list(re.finditer(r"(?<= )\w+(?= )", found.group())))
    start, end = found.start() + inner.start(), found.start() + inner.end()
    return json.loads(f'{text[:start]}\\"{text[start:end]}\\"{text[end:]}')


def _end_missing(text: str, rng: random.Random) -> str | None:
    stripped = text.rstrip("}] \n")
    return (
        stripped + text[len(stripped) :].rstrip()[: rng.randrange(0, 1)]
        if len(stripped) < len(text)
        else None
    )


def _arrow(text: str, rng: random.Random) -> str | None:
    places = [at for at, char in _structural(text) if char == ":"]
    if not places:
        return None
    at = rng.choice(places)
    return text[:at] + rng.choice(["=", " =>"]) + text[at + 1 :]


def _escaped(text: str, rng: random.Random) -> str | None:
    return json.dumps(text)[1:-1]


def _jsonp(text: str, rng: random.Random) -> str | None:
    return f"callback({text});"


def _raw_newline(text: str, rng: random.Random) -> str | None:
    values = [
        found
        for found in _strings(text)
        if not found.group(1) and "\\n" in found.group() and "\\\\" not in found.group()
    ]
    if not values:
        return None
    found = rng.choice(values)
    return text[: found.start()] + found.group().replace("\\n", "\n") + text[found.end() :]


def _yaml_unquoted(text: str, rng: random.Random) -> str | None:
    made, count = re.subn(r"""(?m)^([ ]*(?:- )*(?:[^\s'"][^\n:]*: )?)(['"])([^'"\\\n]+)\2$""", r"\1\3", text)
    return made if count else None


def _yaml_drifting(text: str, rng: random.Random) -> str | None:
    lines = text.split("\n")
    places = [n for n, line in enumerate(lines) if line.startswith("  ")]
    if not places:
        return None
    n = rng.choice(places)
    lines[n] = " " + lines[n] if rng.random() < 0.5 else lines[n][1:]
    return "\n".join(lines)


def _yaml_tabs(text: str, rng: random.Random) -> str | None:
    made = re.sub(
        r"(?m)^( +)", lambda found: "\t" * (len(found.group(1)) // 2) + " " * (len(found.group(1)) % 2), text
    )
    return made if made != text else None


def _yaml_tight(text: str, rng: random.Random) -> str | None:
    places = list(re.finditer(r"(?m)^[ -]*\w+:( )\w", text))
    if not places:
        return None
    found = rng.choice(places)
    return text[: found.start(1)] + text[found.end(1) :]


def _yaml_tight_items(text: str, rng: random.Random) -> str | None:
    made, count = re.subn(r"(?m)^( *)- (?=[A-Za-z])", r"\1-", text)
    return made if count else None


def _yaml_open_quote(text: str, rng: random.Random) -> str | None:
    places = list(re.finditer(r"""(?m)['"]$""", text))
    if not places:
        return None
    at = rng.choice(places).start()
    return text[:at] + text[at + 1 :]


def _yaml_fenced(text: str, rng: random.Random) -> str | None:
    return f"Here is the result:\n\n```yaml\n{text}```\n\nLet me know: anything else?"


def _yaml_prose(text: str, rng: random.Random) -> str | None:
    return f"Here is the result:\n\n{text}\nI hope this helps!\n"


YAML_DAMAGES: dict[str, Damage] = {
    "quotes left out": _yaml_unquoted,
    "drifting indentation": _yaml_drifting,
    "tabs": _yaml_tabs,
    "no blank after the colon": _yaml_tight,
    "no blank after the dash": _yaml_tight_items,
    "closing quote missing": _yaml_open_quote,
    "fence and prose": _yaml_fenced,
    "prose around": _yaml_prose,
}
"""The same for YAML as PyYAML writes it."""

DAMAGES: dict[str, Damage] = {
    "closing bracket deleted": _delete("}]"),
    "opening bracket deleted": _delete("{["),
    "closing bracket doubled": _double("}]"),
    "opening bracket doubled": _double("{["),
    "bracket mismatched": _mismatched,
    "comma deleted": _delete(","),
    "comma doubled": _double(","),
    "trailing comma": _trailing_comma,
    "colon deleted": _delete(":"),
    "colon doubled": _double(":"),
    "quote deleted": _delete('"'),
    "quote doubled": _double('"'),
    "single quotes": _single_quotes,
    "typographic quotes": _typographic,
    "keys without quotes": _bare_keys,
    "literals of Python": _python_literals,
    "comment": _comment,
    "fence and prose": _fenced,
    "unclosed fence": _unclosed_fence,
    "prose around": _prose,
    "unescaped quotes": _inner_quotes,
    "raw newline": _raw_newline,
    "closing brackets at the end missing": _end_missing,
    "= or => for a colon": _arrow,
    "escaped as a string": _escaped,
    "function call around": _jsonp,
}
"""What is done to a text. Each gives None where it does not apply."""


def cases(
    path: Path, sample: int, seed: int, damages: int, format: str
) -> Iterator[tuple[str, str, Any, Any]]:
    """Kind of damage, damaged text, original value, schema."""
    rng = random.Random(seed)
    instances = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            for test in entry["tests"]:
                if (
                    test["valid"]
                    and isinstance(test["data"], (dict, list))
                    and test["data"]
                    and len(json.dumps(test["data"])) < 4000
                ):
                    instances.append((test["data"], entry["schema"]))
    kinds = YAML_DAMAGES if format == "yaml" else DAMAGES
    names = list(kinds)
    made = 0
    while made < sample:
        value, schema = rng.choice(instances)
        layout = rng.choice(LAYOUTS)
        chosen = rng.sample(names, damages)
        if "unescaped quotes" in chosen:
            value = _with_quotes(value, rng)
        text = json.dumps(value, ensure_ascii=False, **layout) if format == "json" else _as_yaml(value)
        if format == "yaml" and not same(_yaml_value(text), value):
            continue  # PyYAML writes YAML 1.1: some of its texts mean something else in YAML 1.2
        damaged: str | None = text
        for name in chosen:
            if damaged is not None:
                try:
                    damaged = kinds[name](damaged, rng)
                except IndexError:
                    damaged = None
        if damaged is None or damaged == text:
            continue
        made += 1
        yield " + ".join(chosen), damaged, value, schema


def _as_yaml(value: Any) -> str:
    import yaml

    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10_000)
    return text


def is_hopeless(text: str, value: Any, schema: Any, format: str) -> bool:
    """Whether nothing shows that a text is damaged: parser and schema accept it as it stands, with another value.

    A number in a field that may be anything, whose quotes were left out, is a number. Judged by json or ruamel.yaml
    (YAML 1.2), and by jsonschema.
    """
    try:
        found = json.loads(text) if format == "json" else _yaml_value(text)
        return not same(found, value) and _is_valid(found, schema)
    except Exception:  # what no parser accepts is damaged, whatever it raises
        return False


def has_other_origin(kinds: str, text: str, answer: Any, schema: Any, format: str) -> bool:
    """Whether an answer is as right as the original: a valid value of which the same damage makes the same text."""
    try:
        if not _is_valid(answer, schema):
            return False
    except (TypeError, ValueError):
        return False
    table = YAML_DAMAGES if format == "yaml" else DAMAGES
    for layout in LAYOUTS if format == "json" else [{}]:
        original = json.dumps(answer, ensure_ascii=False, **layout) if format == "json" else _as_yaml(answer)
        for seed in range(TRIES):
            rng, made = random.Random(seed), original
            try:
                for name in kinds.split(" + "):
                    made = table[name](made, rng) or ""
            except IndexError:
                continue
            if made == text:
                return True
    return False


def _is_valid(value: Any, schema: Any) -> bool:
    import jsonschema

    json.dumps(value, allow_nan=False)
    return bool(jsonschema.validators.validator_for(schema)(schema).is_valid(value))


def _yaml_value(text: str) -> Any:
    """The value of YAML 1.2, where the peers' 1.1 would make dates and octal numbers of strings."""
    import ruamel.yaml

    return ruamel.yaml.YAML(typ="safe", pure=True).load(text)


def same(a: Any, b: Any) -> bool:
    """Whether two values are the same, types included."""
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


def tools_for_yaml() -> dict[str, Tool]:
    """structgen, and the parsers that are no repairers."""
    import ruamel.yaml
    import yaml

    def repaired(text: str, constraint: structgen.Constraint | None) -> tuple[Any, bool]:
        found = structgen.repair(text, constraint, format="yaml")
        return found.value, not found.ok

    return {
        "structgen": lambda text, _: repaired(text, None),
        "structgen, schema": repaired,
        "PyYAML": lambda text, _: (yaml.safe_load(text), False),
        "ruamel.yaml": lambda text, _: (ruamel.yaml.YAML(typ="safe", pure=True).load(text), False),
    }


def tools() -> dict[str, Tool]:
    """Structgen and the peers that are installed."""

    def plain(text: str, constraint: Any) -> tuple[Any, bool]:
        found = structgen.repair(text, format="json")
        return found.value, not found.ok

    def guided(text: str, constraint: Any) -> tuple[Any, bool]:
        found = structgen.repair(text, constraint, format="json")
        return found.value, edit_module.worst(found.edits) != "lossless"

    found: dict[str, Tool] = {"structgen": plain, "structgen, schema": guided}
    try:
        import json_repair

        found["json-repair"] = lambda text, _: (json_repair.loads(text, skip_json_loads=False), False)
    except ImportError:
        pass
    try:
        import jsonmend

        found["jsonmend"] = lambda text, _: (json.loads(jsonmend.repair_json(text)), False)
    except (ImportError, AttributeError):
        pass
    try:
        import parse_broken_json

        loads = getattr(parse_broken_json, "parse_broken_json", None) or parse_broken_json.loads
        found["parse-broken-json"] = lambda text, _: (loads(text), False)
    except (ImportError, AttributeError):
        pass
    try:
        import partial_json_parser

        found["partial-json-parser"] = lambda text, _: (partial_json_parser.loads(text), False)
    except ImportError:
        pass
    return found


def measure(
    path: Path, sample: int, seed: int, damages: int, *, format: str = "json", show: int = 0
) -> dict[str, Any]:
    """Restored and silently wrong, per tool and damage."""
    results: dict[str, Any] = {}
    constraints: dict[int, Any] = {}
    contenders = tools() if format == "json" else tools_for_yaml()
    counts: dict[str, Counter[str]] = {name: Counter() for name in contenders}
    restored_by: dict[str, Counter[str]] = {name: Counter() for name in contenders}
    restorable_counts: dict[str, Counter[str]] = {name: Counter() for name in contenders}
    total: Counter[str] = Counter()
    hopeless: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    for kind, text, value, schema in cases(path, sample, seed, damages, format):
        if id(schema) not in constraints:
            try:
                constraints[id(schema)] = structgen.json_schema(schema, strict=False)
            except structgen.StructgenError:
                constraints[id(schema)] = None
        constraint = constraints[id(schema)]
        if constraint is None:
            continue
        total[kind] += 1
        hopeless_here = is_hopeless(text, value, schema, format)
        verdicts: dict[str, str] = {}
        for name, tool in contenders.items():
            started = time.perf_counter()
            try:
                answer, said = tool(text, constraint)
            except Exception as error:
                verdict, answer = "refused", error
                if name.startswith("structgen") and not isinstance(error, structgen.StructgenError):
                    raise
            else:
                try:
                    right = same(answer, value)
                except (TypeError, ValueError):
                    right = False
                verdict = "restored" if right else "wrong, says so" if said else "silently wrong"
            seconds[name] += time.perf_counter() - started  # type: ignore[assignment]
            counts[name][verdict] += 1
            restored_by[name][kind] += verdict == "restored"
            verdicts[name] = verdict
            if name == "structgen, schema" and "wrong" in verdict and not hopeless_here:
                hopeless_here = has_other_origin(kind, text, answer, schema, format)
            if verdict != "restored" and name.startswith("structgen") and shown[name + kind] < show:
                shown[name + kind] += 1
                print(
                    f"--- {name}: {kind}: {verdict}\n{text[:600]}\n  => {str(answer)[:600]}", file=sys.stderr
                )
        hopeless[kind] += hopeless_here
        for name, verdict in verdicts.items() if not hopeless_here else ():
            restorable_counts[name][verdict] += 1
    for name in contenders:
        results[name] = {
            **counts[name],
            "of restorable texts": dict(restorable_counts[name]),
            "seconds": round(seconds[name], 2),
            "by damage": {kind: round(restored_by[name][kind] / total[kind], 3) for kind in sorted(total)}
            if damages == 1
            else {},
        }
    return {
        "cases": sum(total.values()),
        "not restorable": dict(hopeless),
        "seed": seed,
        "damages": damages,
        "format": format,
        "tools": results,
    }


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="dev.jsonl of MaskBench")
    parser.add_argument("--sample", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--damages", type=int, default=1)
    parser.add_argument("--format", choices=["json", "yaml"], default="json")
    parser.add_argument("--show", type=int, default=0, help="failures to print for each damage")
    parser.add_argument("--output", type=Path, help="where to write the figures as JSON")
    options = parser.parse_args()
    results = measure(
        options.data, options.sample, options.seed, options.damages, format=options.format, show=options.show
    )
    if options.output:
        options.output.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    names = list(results["tools"])
    hopeless = sum(results["not restorable"].values())
    print(f"{results['cases']} texts, {hopeless} of them not restorable (valid with another value)")
    for verdict in ("restored", "refused", "wrong, says so", "silently wrong", "seconds"):
        print(f"{verdict:40}", *(f"{results['tools'][name].get(verdict, 0):>18}" for name in names))
    for verdict in ("restored", "refused", "wrong, says so", "silently wrong"):
        row = [results["tools"][name]["of restorable texts"].get(verdict, 0) for name in names]
        print(f"{'of restorable texts: ' + verdict:40}", *(f"{count:>18}" for count in row))
    print(f"{'':40}", *(f"{name:>18}" for name in names))
    for kind in results["tools"]["structgen"]["by damage"]:
        print(f"{kind:40}", *(f"{results['tools'][name]['by damage'][kind]:18.1%}" for name in names))


if __name__ == "__main__":
    main()
