r"""Texts sampled from the grammar of each MaskBench schema validate with jsonschema, formats included.

jsonschema hands patterns to Python's re as they are, where `$` matches before a last line break, too, and `\d`, `\w`
and `\s` are more than in ECMA-262: they are translated first.

Set STRUCTGEN_MASKBENCH to a file with one record per line (id, schema). Verdicts:

    ok          all texts validate, or the schema does not compile (test_maskbench.py tells)
    limit       sampling took more than SECONDS of CPU
    unjudged    jsonschema cannot read the schema
    wrong       none may be
"""

from __future__ import annotations

import copy
import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import jsonschema.validators
import pytest
from conformance.verdicts import table

from structgen.errors import LimitExceeded, StructgenError
from structgen.frontends.json_schema import json_schema
from structgen.language.sampling import Sampler

SOURCE = os.environ.get("STRUCTGEN_MASKBENCH")
TEXTS = 5
SECONDS = 20
_SPACES = r"\t\n\v\f\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": _SPACES}
_OTHERS = {
    "D": r"\0-/:-\U0010ffff",
    "W": r"\0-/:-@\[-\^`{-\U0010ffff",
    "S": r"\0-\x08\x0e-\x1f!-\x9f\xa1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e"
    r"\u2060-\u2fff\u3001-\ufefe\uff00-\U0010ffff",
}
_TOKENS = re.compile(r"\\c[A-Za-z]|\\u\{[0-9A-Fa-f]+\}|\\.|\[\^?\]?|\]|\$|\(\?<(?![=!])|.", re.DOTALL)


def in_python(pattern: str) -> str:
    """A pattern of ECMA-262 as Python's re has to be told: what a dollar, a point, classes and needless escapes are."""
    found: list[str] = []
    inside = False
    for token in _TOKENS.findall(pattern):
        if token[0] == "\\" and token[1] in "dws":
            token = _CLASSES[token[1]] if inside else f"[{_CLASSES[token[1]]}]"
        elif token[0] == "\\" and token[1] in "DWS":
            token = _OTHERS[token[1]] if inside else f"[{_OTHERS[token[1]]}]"
        elif token[0] == "\\" and token[1] == "c" and len(token) == 3:
            token = re.escape(chr(ord(token[2]) % 32))
        elif token.startswith("\\u{"):
            token = re.escape(chr(int(token[3:-1], 16)))
        elif token[0] == "\\" and not token[1].isalnum():
            token = re.escape(token[1])
        elif token[0] == "[":
            if inside:
                token = re.escape(token)
            inside = True
        elif token == "]":
            inside = False
        elif token == "$" and not inside:
            token = r"\Z"
        elif token == "." and not inside:
            token = r"[^\n\r\u2028\u2029]"
        elif token == "(?<":
            token = "(?P<"
        found.append(token)
    return "".join(found)


def with_patterns_of_python(schema: Any) -> Any:
    """The schema with its patterns as Python's re has to be told."""
    if isinstance(schema, list):
        return [with_patterns_of_python(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {}
    for key, value in schema.items():
        if key == "pattern" and isinstance(value, str):
            found[key] = in_python(value)
        elif key == "patternProperties" and isinstance(value, dict):
            found[key] = {in_python(name): with_patterns_of_python(one) for name, one in value.items()}
        else:
            found[key] = with_patterns_of_python(value)
    return found


class Late(Exception):
    """It took too long."""


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Stop what takes longer."""

    def stop(*_: object) -> None:
        raise Late

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


# What the packages behind jsonschema's formats do not know, and what it is written as for them: datetime has no leap
# seconds; rfc3987 takes only a small v before the address of a future version, where RFC 3986 takes both; uri_template
# takes no prefix of four digits, and no escape where the name of a variable begins (RFC 6570, 2.3 and 2.4.1).
_REWRITTEN: dict[str, tuple[str, Any]] = {
    **dict.fromkeys(("date-time", "time"), (r"23:59:60(?=[.Zz+-])", "23:59:59")),
    **dict.fromkeys(("uri", "uri-reference", "iri", "iri-reference"), (r"\[V", "[v")),
    "uri-template": (
        r"(?<=[{,+#./;?&])%[0-9A-Fa-f]{2}|(?<=:\d{3})(\d)(?=[,}])",
        lambda found: "" if found[1] else "a",
    ),
}


def validator_of(schema: Any) -> Any:
    """jsonschema, with formats, in the draft that the schema names."""
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    checker = copy.copy(kind.FORMAT_CHECKER)
    checker.checkers = dict(checker.checkers)
    for form in _REWRITTEN.keys() & checker.checkers.keys():
        checker.checkers[form] = _rewriting(form, *checker.checkers[form])
    exact = jsonschema.validators.extend(kind, {"multipleOf": _multiple_of})
    return exact(schema, format_checker=checker)


def _multiple_of(validator: Any, step: Any, value: Any, schema: Any) -> Iterator[jsonschema.ValidationError]:
    """Jsonschema divides doubles, by which 34.8 is no multiple of 0.01."""
    if validator.is_type(value, "number") and Fraction(str(value)) % Fraction(str(step)):
        yield jsonschema.ValidationError(f"{value} is not a multiple of {step}")


def _rewriting(form: str, check: Any, raises: Any) -> Any:
    pattern, replacement = _REWRITTEN[form]

    def checked(text: Any) -> Any:
        return check(re.sub(pattern, replacement, text) if isinstance(text, str) else text)

    return checked, raises


def verdict_of(record: dict[str, Any]) -> str:
    """The verdict on the texts of one record."""
    try:
        with at_most(SECONDS):
            return _verdict_of(record)
    except Late:
        return "limit: of time"
    except LimitExceeded as error:  # a sampled text may have millions of characters
        return f"limit: {error.limit}"


def _verdict_of(record: dict[str, Any]) -> str:
    try:
        constraint = json_schema(json.dumps(record["schema"]), whitespace="compact")
    except StructgenError:
        return "ok"
    sampler = Sampler(constraint.grammar)
    validator = validator_of(with_patterns_of_python(record["schema"]))
    random = Random(record["id"])
    for _ in range(TEXTS):
        text = sampler.text(random)
        assert constraint._compiled.accepts(text), (record["id"], text)
        value = json.loads(text)
        try:
            errors = list(validator.iter_errors(value))
        except Late:
            raise
        except Exception as error:  # whatever jsonschema raises where it cannot read a schema
            return f"unjudged: {type(error).__name__}"
        for error in errors:
            return f"wrong: {error.validator} at {error.json_path}: {text[:200]}"
    return "ok"


@pytest.mark.skipif(not SOURCE, reason="STRUCTGEN_MASKBENCH names no file")
@pytest.mark.timeout(7200)
def test_samples_validate() -> None:
    assert SOURCE is not None
    for package in (
        "fqdn",
        "rfc3987",
        "uri_template",
    ):  # without them jsonschema takes any text for such a format
        pytest.importorskip(package, reason=f"jsonschema[format] is not installed: {package} is missing")
    with Path(SOURCE).open(encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    verdicts = {record["id"]: verdict_of(record) for record in records}
    print(table(verdicts))
    assert not any(verdict.startswith("wrong") for verdict in verdicts.values())
