"""The official suite by keyword, as a table for docs/json-schema.md.

    python tests/conformance/keyword_table.py SUITE

A keyword is a file of the suite. Cells: tests that agree, are refused by name, and are wrong, over all drafts, with
`exact=True`; the last column has the groups that are refused.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from conformance.test_json_schema_suite import DRAFTS, verdicts_of


def main(root: Path) -> None:
    """Print the table."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    drafts: dict[str, set[str]] = defaultdict(set)
    groups: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for draft in DRAFTS:
        for case, verdict in verdicts_of(root, draft, "*.json", exact=True):
            place, group, _ = case.split(": ", 2)
            keyword = place.split("/")[1]
            kind = verdict.split(":")[0]
            counts[keyword][kind] += 1
            drafts[keyword].add(draft.removeprefix("draft"))
            if kind == "refused":
                groups[keyword].add((draft, group))
    print("| file of the suite | agrees | refused by name | wrong | groups refused |")
    print("|---|---|---|---|---|")
    total: dict[str, int] = defaultdict(int)
    for keyword, found in sorted(counts.items()):
        for kind, number in found.items():
            total[kind] += number
        names = sorted({group for _, group in groups[keyword]})
        print(f"| `{keyword}` | {found['ok']} | {found['refused']} | {found['wrong']} | {'; '.join(names)} |")
    print(f"| all | {total['ok']} | {total['refused']} | {total['wrong']} | |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
