"""One report of all benchmarks: results/report.md, results/report.html, plots, and the figures in the README.

    python benchmarks/report.py [--results benchmarks/results] [--readme README.md docs/sql.md]

Reads the JSON files that the benchmarks wrote; what is not there is left out. The page holds its plots and needs
nothing else. In these pages, what stands between `<!-- bench:NAME -->` and `<!-- /bench -->` is made of the results of
that name, so that no claim drifts from its file; `--check` only says whether one has.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import sys
from pathlib import Path

from evidence import readme, results
from evidence import tables as tables_of

RESULTS = Path(__file__).parent / "results"
TITLES = {
    "validity": "What prompt, repair, retry and mask are worth",
    "quality": "Does the mask hurt?",
    "latency": "What a constraint adds to a step",
    "generate": "Around generate() with a real model",
    "drafts": "Passes of the model, with drafts and without",
    "distortion": "How far masks and strategies are from the model's own distribution",
    "masks": "What a mask costs, on real JSON Schemas",
    "masks_xgrammar": "The same with xgrammar, which gets 5 seconds for a schema",
    "memory": "What a compiled schema keeps in memory",
    "grammar_masks": "What a mask costs, for Lark grammars",
    "tools": "What a turn with tools costs",
    "tool_calls": "Calls of tools of a small model",
    "apply": "Applying masks to logits on the CPU",
    "gpu": "Applying masks to logits on a GPU",
    "repair_json": "Repair of JSON",
    "repair_json_twice": "Repair of JSON, two damages at once",
    "repair_models": "Repair of JSON as models write it",
    "repair_yaml": "Repair of YAML",
    "repair_model": "Repair of a model's answers",
    "repair_speed": "Speed of repair",
    "repair_suites": "Repair: other people's suites",
    "yaml_tokens": "Tokens of YAML compared with JSON",
    "text_to_sql": "SQL of a small model",
}
_BLOCK = re.compile(r"(<!-- bench:(\w+) -->\n).*?(<!-- /bench -->)", re.DOTALL)
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: auto; padding: 1rem; }
div { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; }
th, td { padding: .25rem .5rem; border-bottom: 1px solid #ccc; text-align: right; }
td { white-space: nowrap; } th { vertical-align: bottom; overflow-wrap: break-word; }
th:first-child, td:first-child { text-align: left; white-space: normal; min-width: 7rem; max-width: 18rem;
  position: sticky; left: 0; background: white; }
svg { width: 100%; min-width: 34rem; height: auto; }
"""


def tables(folder: Path) -> dict[str, str]:
    """Markdown by name of benchmark, for all that there are results of."""
    sources = {name: folder / f"{name}.json" for name in TITLES}
    return {
        name: tables_of.TABLES[name](json.loads(source.read_text(encoding="utf-8")))
        for name, source in sources.items()
        if source.exists()
    }


def rendered(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Tables and plots (SVG) by name of benchmark, written next to their figures, too."""
    found, drawn = {}, {}
    for name in TITLES:
        if (folder / f"{name}.json").exists():
            found[name], plot = results.render(folder / f"{name}.json", name)
            if plot is not None:
                drawn[name] = plot
    return found, drawn


def markdown(found: dict[str, str], drawn: dict[str, str]) -> str:
    """The report."""
    parts = [
        "# Benchmarks\n",
        "Written by `benchmarks/report.py` from the files next to it. `make bench` makes a short one of its own; the "
        "commands of these figures are in the README of the benchmarks.\n",
    ]
    for name, table in found.items():
        parts += [f"## {TITLES[name]}\n", table]
        if name in drawn:
            parts.append(f"![{TITLES[name]}]({name}.svg)\n")
    return "\n".join(parts)


def page(found: dict[str, str], drawn: dict[str, str]) -> str:
    """The same as one page of HTML that needs nothing else."""
    parts = []
    for name, table in found.items():
        parts.append(f"<h2>{html.escape(TITLES[name])}</h2>{_html_of(table)}")
        if name in drawn:
            parts.append(f"<div>{drawn[name]}</div>")
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    head += f"<title>structgen: benchmarks</title><style>{_STYLE}</style>"
    return f'<!doctype html><html lang="en">{head}<h1>Benchmarks</h1>{"".join(parts)}</html>\n'


def _html_of(text: str) -> str:
    """The Markdown that benchmarks write: paragraphs and tables."""
    parts: list[str] = []
    rows: list[str] = []
    for line in [*text.split("\n"), ""]:
        if line.startswith("|"):
            if not line.startswith("|---"):
                kind = "td" if rows else "th"
                cells = [cell.strip() for cell in line[1:].rstrip("| ").split("|")]
                rows.append(
                    "<tr>" + "".join(f"<{kind}>{html.escape(one)}</{kind}>" for one in cells) + "</tr>"
                )
            continue
        if rows:
            parts.append(f"<div><table>{''.join(rows)}</table></div>")
            rows = []
        if line.strip():
            parts.append(f"<p>{html.escape(line)}</p>")
    return "".join(parts)


def filled(readme: str, found: dict[str, str]) -> str:
    """The README with the blocks in their places."""

    def block(match: re.Match[str]) -> str:
        return match[1] + found[match[2]].rstrip("\n") + "\n" + match[3] if match[2] in found else match[0]

    return _BLOCK.sub(block, readme)


def main() -> None:
    """Read, draw, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--readme", type=Path, nargs="+", default=[], help="pages to fill in tables of")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page has drifted")
    options = parser.parse_args()
    blocks = readme.blocks(options.results)
    before = {path: path.read_text(encoding="utf-8") for path in options.readme}
    after = {path: filled(text, blocks) for path, text in before.items()}
    if options.check:
        drifted = [str(path) for path in before if after[path] != before[path]]
        sys.exit(f"the figures of {', '.join(drifted)} are not those of the results" if drifted else None)
    found, drawn = rendered(options.results)
    (options.results / "report.md").write_text(markdown(found, drawn), encoding="utf-8")
    (options.results / "report.html").write_text(page(found, drawn), encoding="utf-8")
    for path, text in after.items():
        path.write_text(text, encoding="utf-8")
    print(f"{options.results / 'report.html'}: {', '.join(found) or 'nothing was measured'}")


if __name__ == "__main__":
    main()
