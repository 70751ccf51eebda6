"""The playground: a page where you type a constraint and a prefix, and see what may come next; and its server."""

from __future__ import annotations

import json
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

import structgen
from structgen.errors import InvalidText, StructgenError
from structgen.limits import Limits

KINDS = ("schema", "regex", "lark", "choice")
LONGEST = 1_000_000
"""Bytes of a question."""

_LIMITS = Limits(milliseconds=5000)
_SHOWN = 400
"""Characters of a completion, and of each other text, that are shown."""


def answer(kind: str, source: str, prefix: str) -> dict[str, Any]:
    """What the engine says of a constraint and a prefix.

    Args:
        kind: of the constraint, one of `KINDS`.
        source: its text; of a choice a text a line.
        prefix: the beginning of a text.

    Returns:
        Either `error`; or `position` and `reason` (why no valid text begins with the prefix, and where), or `expected`,
        `can_stop`, `forced`, `completion` and `value` (whether the prefix is a valid text). In both cases `sample`.
    """
    try:
        constraint = _constraint(kind, source)
        found: dict[str, Any] = {"sample": constraint.sample(Random(0))[:_SHOWN]}
        try:
            explanation = constraint.explain(prefix)
        except InvalidText as error:
            return found | {"position": error.position, "reason": str(error).splitlines()[0]}
        matcher = constraint.by_bytes.matcher()
        for byte in prefix.encode():
            matcher.advance(byte)
        grammar = constraint.by_bytes
        forced = bytes(b for token in matcher.forced_tokens() for b in grammar.vocabulary[token])
        return found | {
            "expected": list(explanation.expected),
            "can_stop": explanation.can_stop,
            "forced": forced.decode(errors="replace")[:_SHOWN],
            "completion": grammar.completion(matcher.configuration).text.decode(errors="replace")[:_SHOWN],
            "is_valid": constraint.is_valid(prefix),
        }
    except (StructgenError, UnicodeError, ValueError, RecursionError) as error:
        return {"error": str(error) or type(error).__name__}


@lru_cache(16)
def _constraint(kind: str, source: str) -> structgen.Constraint:
    if kind == "schema":
        return structgen.json_schema(source, limits=_LIMITS)
    if kind == "regex":
        return structgen.regex(source, limits=_LIMITS)
    if kind == "lark":
        return structgen.lark(source + "\n", limits=_LIMITS)  # a text, never the path of a file
    if kind == "choice":
        return structgen.choice([line for line in source.splitlines() if line])
    raise ValueError(f"the kind {kind!r} is none of {', '.join(KINDS)}")


class _Handler(BaseHTTPRequestHandler):
    """Serves the page, and answers its questions. Only to this machine."""

    server_version = "structgen"

    def do_GET(self) -> None:
        """The page."""
        if self.path.partition("?")[0] != "/":
            self._send(HTTPStatus.NOT_FOUND, "text/plain", b"not found")
        else:
            self._send(HTTPStatus.OK, "text/html", PAGE.encode())

    def do_POST(self) -> None:
        """A question: JSON with `kind`, `source` and `prefix`."""
        length = int(self.headers.get("Content-Length") or 0)
        is_json = self.headers.get("Content-Type", "").startswith("application/json")
        if self.path != "/answer" or not is_json or length > LONGEST or not self._is_from_here():
            self._send(HTTPStatus.BAD_REQUEST, "text/plain", b"POST JSON of at most 1 MB to /answer")
            return
        try:
            question = json.loads(self.rfile.read(length))
            found = answer(*(str(question[key]) for key in ("kind", "source", "prefix")))
        except (ValueError, KeyError, TypeError) as error:
            found = {"error": f"the question is malformed: {error!r}"}
        self._send(HTTPStatus.OK, "application/json", json.dumps(found).encode())

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing of each request."""

    def _is_from_here(self) -> bool:
        """Returns True unless a page of another site asks: its name would be in the headers."""
        host = self.headers.get("Host", "")
        origin = self.headers.get("Origin")
        is_local = host.rpartition(":")[0] in ("127.0.0.1", "localhost", "[::1]")
        return is_local and origin in (None, f"http://{host}")

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)


def server(port: int) -> ThreadingHTTPServer:
    """A server that listens on this machine only; `serve_forever()` runs it. Port 0: any free one.

    Raises:
        OSError: The port is taken.
    """
    return ThreadingHTTPServer(("127.0.0.1", port), _Handler)


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>structgen playground</title><style>
:root { color-scheme: light dark; --note: #777; --good: #1a7f37; --bad: #c62828; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: auto; padding: 1rem; }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1.5rem; }
textarea { width: 100%; box-sizing: border-box; font: 14px/1.5 ui-monospace, monospace; padding: .5rem; }
#source { height: 20rem; } #prefix { height: 5rem; }
pre { font: 14px/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 0 1rem; }
h2 { font-size: 1rem; margin: 0 0 .2rem; } label { display: block; margin: .6rem 0 .2rem; font-weight: 600; }
small { color: var(--note); } .good { color: var(--good); } .bad { color: var(--bad); }
mark { background: none; color: var(--note); } select { font: inherit; }
</style></head><body>
<h1>structgen playground</h1>
<main><div>
<label for="kind">Constraint</label>
<select id="kind"><option value="schema">JSON Schema</option><option value="regex">regular expression</option>
<option value="lark">Lark grammar</option><option value="choice">texts, one a line</option></select>
<label for="source">Its text</label><textarea id="source" spellcheck="false"></textarea>
<label for="prefix">The answer so far</label><textarea id="prefix" spellcheck="false"></textarea>
</div><div id="result" aria-live="polite"></div></main>
<script>
const examples = {
  schema: [JSON.stringify({type: "object", properties: {name: {type: "string"}, born: {type: "integer", minimum: 1000,
    maximum: 1999}}, required: ["name", "born"], additionalProperties: false}, null, 2), '{"name": "Burns", "bo'],
  regex: ["\\\\d{4}-(0[1-9]|1[0-2])", "1759-0"],
  lark: ['start: NUMBER ("+" NUMBER)*\\nNUMBER: /[0-9]+/\\n%ignore " "', "1 + "],
  choice: ["yes\\nno\\nyes, of course", "ye"]};
const at = id => document.getElementById(id), kind = at("kind"), source = at("source"), prefix = at("prefix");
const given = new URLSearchParams(location.search);
kind.value = given.get("kind") in examples ? given.get("kind") : "schema";
function fill() { [source.value, prefix.value] = examples[kind.value]; }
fill();
if (given.has("source")) source.value = given.get("source");
if (given.has("prefix")) prefix.value = given.get("prefix");
const part = (title, text, style) => { const h = document.createElement("h2"), p = document.createElement("pre");
  h.textContent = title; p.textContent = text; if (style) p.className = style; return [h, p]; };
let asked = 0;
async function ask() {
  const number = ++asked;
  const reply = await fetch("/answer", {method: "POST", headers: {"Content-Type": "application/json"},
    body: JSON.stringify({kind: kind.value, source: source.value, prefix: prefix.value})});
  const found = await reply.json();
  if (number !== asked) return;
  const parts = [];
  if (found.error !== undefined) parts.push(...part("The constraint", found.error, "bad"));
  else if (found.reason !== undefined) {
    const good = [...prefix.value].slice(0, found.position).join("");
    parts.push(...part("No valid text begins so", found.reason, "bad"),
      ...part("Up to here it is right", good, "good"));
  } else {
    parts.push(...part(found.is_valid ? "A valid text" : "A valid text begins so", prefix.value, "good"),
      ...part("What may come next", found.expected.join("\\n") || "nothing"),
      ...part("What must come next", found.forced || "(there is a choice)"),
      ...part("The shortest way to finish", found.completion || "(it may end here)"));
  }
  if (found.sample !== undefined) parts.push(...part("A random text", found.sample));
  at("result").replaceChildren(...parts);
}
let timer;
const soon = () => { clearTimeout(timer); timer = setTimeout(ask, 150); };
kind.onchange = () => { fill(); ask(); };
source.oninput = soon; prefix.oninput = soon;
ask();
</script></body></html>
"""
