"""Independent parsers, by grammar: each raises, or returns False, if a text is not in the language."""

from __future__ import annotations

import ast
import configparser
import csv
import io
import json
import re
import shutil
import subprocess
import urllib.parse
import xml.etree.ElementTree
from collections.abc import Callable
from contextlib import suppress
from email.headerregistry import Address
from typing import Any

import pytest

Judge = Callable[[str], Any]


def judge_of(name: str) -> Judge:
    """The judge of a grammar; skips the test if it is not installed."""
    return JUDGES[name]()


def _import(module: str) -> Any:
    return pytest.importorskip(module)


def _jsonl() -> Judge:
    return lambda text: [json.loads(line) for line in re.split(r"\r?\n", re.sub(r"\r?\n[ \t]*\Z", "", text))]


def _json5() -> Judge:
    json5 = _import("json5")
    return lambda text: [json5.loads(text)]


def _csv() -> Judge:
    return lambda text: list(csv.reader(io.StringIO(text, newline=""), strict=True))


def _tsv() -> Judge:
    def judge(text: str) -> bool:
        rows = list(csv.reader(io.StringIO(text, newline=""), "excel-tab", quoting=csv.QUOTE_NONE))
        return all(char >= " " for row in rows for cell in row for char in cell)

    return judge


def _toml() -> Judge:
    try:
        import tomllib
    except ImportError:
        tomllib = _import("tomli")

    def judge(text: str) -> bool:
        try:
            tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:  # what is left to validation: keys set twice
            return re.match(r"Cannot (overwrite|declare|mutate)|Duplicate inline", str(error)) is not None
        return True

    return judge


def _yaml() -> Judge:
    yaml = _import("ruamel.yaml").YAML(typ="safe", pure=True)
    yaml.allow_duplicate_keys = True
    return yaml.load  # type: ignore[no-any-return]


def _xml() -> Judge:
    def judge(text: str) -> bool:
        open_tags: list[str] = []

        def matched(tag: re.Match[str]) -> str:  # that tags match is left to validation
            if tag[0].startswith("</"):
                return f"</{open_tags.pop()}>"
            if not tag[0].endswith("/>"):
                open_tags.append(tag[1])
            return tag[0]

        tags = (
            r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|</?([A-Za-z_][\w.-]*)(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>"
        )
        fixed = re.sub(tags, lambda tag: matched(tag) if tag[1] else tag[0], text, flags=re.DOTALL)
        try:
            xml.etree.ElementTree.fromstring(fixed)
        except xml.etree.ElementTree.ParseError as error:
            return "duplicate attribute" in str(error)
        return True

    return judge


def _html() -> Judge:
    html5lib = _import("html5lib")
    return lambda text: html5lib.HTMLParser(strict=True).parseFragment(text)


def _markdown_table() -> Judge:
    parser = _import("markdown_it").MarkdownIt("commonmark").enable("table")

    def judge(text: str) -> bool:
        kinds = [token.type for token in parser.parse(text) if token.level == 0]
        return kinds == ["table_open", "table_close"]

    return judge


def _ini() -> Judge:
    return lambda text: configparser.ConfigParser(strict=False, interpolation=None).read_string(text)


def _lua() -> Judge:
    return _import("luaparser.ast").parse  # type: ignore[no-any-return]


def _graphql() -> Judge:
    return _import("graphql").parse  # type: ignore[no-any-return]


def _cypher() -> Judge:
    antlr = _import("antlr4")
    package = _import("antlr4_cypher")
    from antlr4.error.ErrorListener import ErrorListener

    class Raise(ErrorListener):  # type: ignore[misc]
        def syntaxError(self, recognizer, symbol, line, column, message, error):  # type: ignore[no-untyped-def]
            raise ValueError(f"{line}:{column}: {message}")

    def judge(text: str) -> None:
        if len(re.findall(r"(?i)(?<!starts)(?<!ends)\s+with\s", " " + text)) > 1:
            return  # openCypher's MultiPartQuery; the judge reads only its first part
        text = re.sub(r"-(?=[0-9.])", "- ", text)  # its lexer takes -1 for one token, also in a-1
        lexer = package.CypherLexer(antlr.InputStream(text))
        parser = package.CypherParser(antlr.CommonTokenStream(lexer))
        for part in (lexer, parser):
            part.removeErrorListeners()
            part.addErrorListener(Raise())
        parser.script()

    return judge


PARTS = ("scheme", "userinfo", "host", "port", "path", "query", "fragment")


def _uri() -> Judge:
    rfc3986 = _import("rfc3986")

    def judge(text: str) -> bool:
        urllib.parse.urlsplit(text)
        validator = rfc3986.validators.Validator().require_presence_of("scheme").check_validity_of(*PARTS)
        validator.validate(rfc3986.uri_reference(text))
        return True

    return judge


def _iso8601() -> Judge:
    pydantic = _import("pydantic")
    import datetime

    duration = pydantic.TypeAdapter(datetime.timedelta)

    def judge(text: str) -> object:
        if text.startswith("P"):
            weeks = re.fullmatch(r"P(\d+)W", text)
            return duration.validate_python(f"P{weeks[1]}D" if weeks else text)
        if re.fullmatch(r"\d{4}-W\d\d(-\d)?", text):
            return datetime.date.fromisocalendar(int(text[:4]), int(text[6:8]), int(text[9:] or 1))
        kind = datetime.datetime if "T" in text else datetime.date if text[4:5] == "-" else datetime.time
        return pydantic.TypeAdapter(kind).validate_python(text.replace(",", "."))

    return judge


def _cron() -> Judge:
    croniter = _import("croniter").croniter

    def judge(text: str) -> bool:  # that a range goes up is left to validation
        upwards = re.sub(r"(\d+)-(\d+)", lambda m: "-".join(sorted([m[1], str(int(m[2]))], key=int)), text)
        return bool(croniter.is_valid(re.sub(r"\b(\d+)-\1\b", r"\1-\1", upwards)))

    return judge


def _san() -> Judge:
    chess = _import("chess")

    def judge(text: str) -> None:
        with suppress(chess.IllegalMoveError, chess.AmbiguousMoveError):  # only the board knows
            chess.Board().parse_san(text)

    return judge


def _uci() -> Judge:
    return _import("chess").Move.from_uci  # type: ignore[no-any-return]


def _regex_ecma() -> Judge:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")

    def judge(text: str) -> None:
        script = 'new RegExp(require("fs").readFileSync(0, "utf8"), "u")'
        subprocess.run([node, "-e", script], input=text.encode(), check=True, capture_output=True)

    return judge


def _semver() -> Judge:
    return _import("semver").Version.parse  # type: ignore[no-any-return]


JUDGES: dict[str, Callable[[], Judge]] = {
    "arithmetic": lambda: lambda text: ast.parse(re.sub(r"\b0+(?=[0-9])", "", text.strip()), mode="eval"),
    "chess-san": _san,
    "chess-uci": _uci,
    "cron": _cron,
    "csv": _csv,
    "cypher": _cypher,
    "email": lambda: lambda text: Address(addr_spec=text),
    "graphql": _graphql,
    "html": _html,
    "ini": _ini,
    "iso8601": _iso8601,
    "json": lambda: lambda text: [json.loads(text)],
    "json5": _json5,
    "jsonl": _jsonl,
    "lua": _lua,
    "markdown-table": _markdown_table,
    "python": lambda: ast.parse,
    "regex-ecma": _regex_ecma,
    "regex-python": lambda: re.compile,
    "semver": _semver,
    "toml": _toml,
    "tsv": _tsv,
    "uri": _uri,
    "xml": _xml,
    "yaml": _yaml,
}
