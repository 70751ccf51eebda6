"""One page that shows how an answer came about, token by token. It needs nothing but a browser."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from structgen.sampling.confidence import Confidence
from structgen.sampling.steps import Step

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Trace of an answer</title><style>
:root { color-scheme: light dark; --line: #8886; --note: #777; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: auto; padding: 1rem; }
#text { font: 15px/1.9 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
#text span { padding: .15rem 0; border-bottom: 3px solid transparent; cursor: pointer; }
#text span.forced { color: var(--note); }
#text span[aria-pressed=true] { outline: 2px solid Highlight; }
#about { position: sticky; bottom: 0; background: Canvas; border-top: 1px solid var(--line); padding: .5rem 0;
  min-height: 9rem; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .1rem .9rem .1rem 0; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; } .scroll { overflow-x: auto; }
small { color: var(--note); }
</style></head><body>
<h1>Trace of an answer</h1>
<p>__SUMMARY__</p>
<p><small>Touch a token, or move with the arrow keys. Gray: the mask allowed one token only. Red, below a token: how
much of the model's probability the mask removed.</small></p>
<div id="text"></div>
<div id="about" aria-live="polite"></div>
__FIELDS__
<script type="application/json" id="data">__DATA__</script>
<script>
const steps = JSON.parse(document.getElementById("data").textContent);
const text = document.getElementById("text"), about = document.getElementById("about");
const percent = x => x >= 0.9995 ? "100%" : x < 0.0001 ? x.toExponential(1) : (100 * x).toPrecision(3) + "%";
const quoted = x => { const c = document.createElement("code"); c.textContent = JSON.stringify(x); return c; };
const row = (cells, head) => { const r = document.createElement("tr");
  for (const cell of cells) { const d = document.createElement(head ? "th" : "td");
    if (typeof cell === "number") { d.className = "number"; d.textContent = percent(cell); } else d.append(cell);
    r.append(d); } return r; };
const buttons = steps.map((step, i) => { const b = document.createElement("span");
  b.setAttribute("role", "button"); b.tabIndex = 0;
  b.textContent = step.text === "" ? "[end]" : step.text.replace(/\\n/g, "↵\\n");
  b.title = step.field || "";
  if (step.allowed === 1) b.className = "forced";
  b.style.borderBottomColor = `rgba(214, 40, 40, ${step.removed})`;
  b.onclick = () => show(i); text.append(b); return b; });
let shown = -1;
function show(i) {
  if (shown >= 0) buttons[shown].setAttribute("aria-pressed", "false");
  shown = i; buttons[i].setAttribute("aria-pressed", "true");
  const step = steps[i], table = document.createElement("table");
  table.append(row(["token", quoted(step.text)]), row(["field", step.field || "the whole"]),
    row(["allowed tokens", String(step.allowed)]), row(["probability, without the mask", step.free]),
    row(["with it", step.masked]), row(["removed by the mask", step.removed]));
  const wanted = document.createElement("table");
  wanted.append(row(["the model wanted", ""], true));
  for (const [other, p] of step.wanted) wanted.append(row([quoted(other), p]));
  about.replaceChildren(table, wanted);
}
document.addEventListener("keydown", e => { const by = {ArrowRight: 1, ArrowLeft: -1}[e.key];
  if (by && steps.length) { show(Math.min(Math.max(shown + by, 0), steps.length - 1)); buttons[shown].focus(); } });
if (steps.length) show(0);
</script></body></html>
"""


_MARK = re.compile("__[A-Z]+__")


def page(steps: Sequence[Step], fields: Mapping[str, Confidence]) -> str:
    """The page, as HTML.

    Args:
        steps: of an answer.
        fields: by JSON Pointer.
    """
    data = json.dumps([_data(step, _field_at(step, fields)) for step in steps])
    forced = sum(step.allowed == 1 for step in steps)
    kept = sum(step.log_kept for step in steps)
    summary = f"{len(steps)} tokens, {forced} of them forced; in all, the mask kept {_share(kept)} of the probability."
    filled = {
        "__SUMMARY__": html.escape(summary),
        "__FIELDS__": _table(fields),
        "__DATA__": data.replace("<", "\\u003c"),
    }
    return _MARK.sub(lambda found: filled[found[0]], _PAGE)


def _data(step: Step, field: str) -> dict[str, Any]:
    return {
        "text": step.text.decode(errors="backslashreplace"),  # a token may be a part of a character
        "field": field,
        "allowed": step.allowed,
        "free": math.exp(step.logprob),
        "masked": math.exp(step.masked_logprob),
        "removed": -math.expm1(step.log_kept),
        "wanted": [
            [one.text.decode(errors="backslashreplace"), math.exp(one.logprob)] for one in step.wanted
        ],
    }


def _field_at(step: Step, fields: Mapping[str, Confidence]) -> str:
    """The pointer of the smallest field that a token begins in."""
    inside = [
        field
        for field in fields.values()
        if field.start <= step.start + len(step.text) - 1
        and step.start < field.start + len(field.text.encode())
    ]
    return min(inside, key=lambda field: len(field.text)).pointer if inside else ""


def _share(logarithm: float) -> str:
    share = math.exp(logarithm)
    return f"{share:.1%}" if share >= 0.001 else f"{share:.1e}"


def _table(fields: Mapping[str, Confidence]) -> str:
    rows = []
    for field in fields.values():
        other = "–" if field.runner_up is None else f"{field.runner_up[0]} ({field.runner_up[1]:.1%})"
        cells = [
            field.pointer or "(all)",
            field.text[:60],
            _share(field.masked_logprob),
            f"{field.removed:.1%}",
            other,
        ]
        rows.append("".join(f"<td><code>{html.escape(cell)}</code></td>" for cell in cells))
    heads = "".join(f"<th>{head}</th>" for head in ("field", "text", "probability", "removed", "runner-up"))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<h2>Fields</h2><div class="scroll"><table><tr>{heads}</tr>{body}</table></div>'
