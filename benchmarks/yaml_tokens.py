"""How many tokens does YAML take, compared with JSON? The valid instances of MaskBench, as `output="yaml"` writes them.

    python benchmarks/yaml_tokens.py --data dev.jsonl --tokenizer DIR [--sample N] [--json OUT]

Each instance is counted as YAML in blocks; as compact JSON, without spaces; as `json.dumps` writes it by default; and
pretty, with `indent=2`. The tokens are those that the tokenizer chooses itself. Of every instance it is checked that
the mask for its schema accepts the YAML (with `property_order="any"`, as many records have another order than their
schema), and that ruamel.yaml and PyYAML read the value back.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import ruamel.yaml
import yaml
from evidence import results
from maskbench import records
from maskbench.supervise import load_tokenizer

import structgen
from structgen.formats.yaml_scalars import YAML, is_plain

FORMS = ("yaml", "compact", "json", "pretty")


def main() -> None:
    """Count, check, write, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="records of MaskBench: a file or its folder")
    parser.add_argument(
        "--tokenizer", default="smollm2", help="folder of a tokenizer of transformers, or smollm2"
    )
    parser.add_argument("--sample", type=int, help="so many instances, chosen at random; else all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    tokenizer = load_tokenizer(options.tokenizer)
    instances = _instances(options.data)
    random.Random(options.seed).shuffle(instances)
    instances = instances[: options.sample]
    sums: Counter[str] = Counter()
    smaller: Counter[str] = Counter()
    checks: Counter[str] = Counter()
    for schema, data in instances:
        texts = written(data)
        counts = {form: len(tokenizer.encode(text, add_special_tokens=False)) for form, text in texts.items()}
        sums.update(counts)
        smaller.update(form for form in FORMS[1:] if counts["yaml"] < counts[form])
        checks.update(_checked(schema, data, texts["yaml"]))
    found = {
        "instances": len(instances),
        "seed": options.seed,
        "tokenizer": Path(options.tokenizer).name,
        "tokens": {form: sums[form] for form in FORMS},
        "yaml_saves": {form: round(1 - sums["yaml"] / sums[form], 4) for form in FORMS[1:]},
        "yaml_is_smaller": {form: round(smaller[form] / len(instances), 4) for form in FORMS[1:]},
        "checks": dict(sorted(checks.items())),
    }
    if options.json:
        results.write(options.json, "yaml_tokens", found)
    print(json.dumps(found, indent=2))


def _instances(path: Path) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    for line in records.lines(path):
        record = json.loads(line)
        found += [(record["schema"], test["data"]) for test in record["tests"] if test["valid"]]
    return found


def written(data: Any) -> dict[str, str]:
    """A value in each form."""
    return {
        "yaml": block(data),
        "compact": json.dumps(data, ensure_ascii=False, separators=(",", ":")),
        "json": json.dumps(data, ensure_ascii=False),
        "pretty": json.dumps(data, ensure_ascii=False, indent=2),
    }


def block(value: Any, column: int = 0) -> str:
    """YAML of a value whose first line stands at a column."""
    if isinstance(value, str):
        return value if is_plain(value) else f'"{YAML.literal(value).text}"'
    if not value or not isinstance(value, (dict, list)):
        text = json.dumps(value)
        return text if "." in text else text.replace("e", ".0e") if isinstance(value, float) else text
    line = "\n" + " " * column
    if isinstance(value, list):
        return line.join("- " + block(item, column + 2) for item in value)
    members = []
    for name, member in value.items():
        inner = column + 2 if isinstance(member, dict) else column
        lead = "\n" + " " * inner if member and isinstance(member, (dict, list)) else " "
        members.append(f"{block(name)}:{lead}{block(member, inner)}")
    return line.join(members)


def _checked(schema: Any, data: Any, text: str) -> list[str]:
    """What is found out about the YAML of an instance."""
    reader = ruamel.yaml.YAML(typ="safe", pure=True)
    found = [
        "ruamel.yaml reads the value" if reader.load(text) == data else "ruamel.yaml reads another value"
    ]
    found.append("PyYAML reads the value" if yaml.safe_load(text) == data else "PyYAML reads another value")
    try:
        constraint = structgen.json_schema(schema, output="yaml", property_order="any")
        error = constraint.compile(structgen.Vocabulary.of_bytes()).find_error(text)
    except structgen.StructgenError as refusal:
        return [*found, f"not compiled or too large: {type(refusal).__name__}"]
    return [*found, "the mask accepts it" if error is None else "the mask does not accept it"]


if __name__ == "__main__":
    main()
