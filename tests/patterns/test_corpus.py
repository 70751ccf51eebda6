"""Real patterns: those of the standard library, of installed packages, and of the files in tests/data.

For each: texts sampled through the mask match as a whole, and of these texts, a little damaged, exactly those are
accepted that match. The judge of Python's dialect is `re`, of ECMA-262's node. STRUCTGEN_REGEX_TEXTS says how many
texts are sampled of each pattern; STRUCTGEN_MASKBENCH, a file with a schema a line (tests/conformance), gives more.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from structgen.errors import EmptyLanguageError, InvalidRegexError, LimitExceeded
from structgen.frontends.regex import regex
from structgen.grammar.expressions import Complement
from structgen.grammar.rules import Grammar, Terminal
from structgen.limits import Limits
from structgen.matcher import CompiledGrammar, compile_grammar
from structgen.patterns import parse_regex
from structgen.vocabulary import Vocabulary

TEXTS = int(os.environ.get("STRUCTGEN_REGEX_TEXTS", "2"))
BATCHES = 24
DATA = Path(__file__).parents[1] / "data"
PACKAGES = ["jsonschema", "lark", "_pytest", "pydantic", "rich", "packaging"]
LITERAL = re.compile(r"""\bre\.(?:compile|match|search|fullmatch|subn?|split|find\w+)\(\s*r?['"]""")
FUNCTIONS = {"compile", "match", "search", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
REFUSED = ("backreference", "condition", "possessive", "atomic", "too", "multipl", "nested", "backtracking")
"""What the error of a pattern must speak of that `re` reads and we refuse."""

Pattern = tuple[str, int]
"""A pattern and its flags."""


def patterns_in(source: str) -> Iterator[Pattern]:
    """The literal patterns that a module gives to functions of `re`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
            continue
        owner, first = node.func.value, node.args[0]
        if not isinstance(owner, ast.Name) or owner.id not in ("re", "_re"):
            continue
        if node.func.attr in FUNCTIONS and isinstance(first, ast.Constant) and isinstance(first.value, str):
            flags = 0
            for part in ast.walk(
                ast.Tuple([*node.args[1:], *(word.value for word in node.keywords)], ast.Load())
            ):
                if (
                    isinstance(part, ast.Attribute)
                    and isinstance(part.value, ast.Name)
                    and part.attr.isupper()
                ):
                    flags |= getattr(re, part.attr, 0)
            yield first.value, flags & ~int(re.DEBUG | re.LOCALE)


def sources() -> Iterator[Path]:
    library = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(library.rglob("*.py")):
        if not {"site-packages", "test", "tests", "idlelib", "lib2to3"} & set(path.parts):
            yield path
    for package in PACKAGES:
        found = importlib.util.find_spec(package)
        for folder in found.submodule_search_locations or () if found else ():
            yield from (path for path in sorted(Path(folder).rglob("*.py")) if "lexers" not in path.parts)


def patterns_of_lexers() -> Iterator[Pattern]:
    """The token rules of some languages in pygments: compiled patterns, their flags included."""
    lexers = pytest.importorskip("pygments.lexers")
    for name in ("python", "javascript", "c", "css", "html", "yaml", "bash", "ruby", "lua", "sql"):
        lexer = lexers.get_lexer_by_name(name)
        for rules in lexer._tokens.values():
            for match, *_ in rules:
                compiled = getattr(match, "__self__", None)
                if isinstance(compiled, re.Pattern) and isinstance(compiled.pattern, str):
                    yield compiled.pattern, compiled.flags & ~int(re.UNICODE)


def lines(name: str) -> list[str]:
    text = (DATA / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("# ")]


@functools.cache
def corpus() -> list[Pattern]:
    found: dict[Pattern, None] = dict.fromkeys((line, 0) for line in lines("regex_python.txt"))
    for path in sources():
        source = path.read_text(encoding="utf-8", errors="replace")
        if LITERAL.search(source):
            try:
                found.update(dict.fromkeys(patterns_in(source)))
            except (SyntaxError, ValueError):
                continue
    found.update(dict.fromkeys(patterns_of_lexers()))
    return [(pattern, flags) for pattern, flags in found if compiles(pattern, flags) and len(pattern) < 2000]


def patterns_of_schemas() -> Iterator[str]:
    """Those of the schemas of the file that STRUCTGEN_MASKBENCH names."""
    file = os.environ.get("STRUCTGEN_MASKBENCH")
    if file is None:
        return
    waiting = [json.loads(line)["schema"] for line in Path(file).read_bytes().splitlines()]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            waiting.extend(node.values())
            if isinstance(node.get("pattern"), str):
                yield node["pattern"]
            if isinstance(node.get("patternProperties"), dict):
                yield from node["patternProperties"]


def compiles(pattern: str, flags: int) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern, flags)
    except (re.error, ValueError, RecursionError, OverflowError):
        return False
    return True


def sampled(compiled: CompiledGrammar, random: Random) -> str:
    """A text through the masks over bytes: some random ones, then the shortest way out."""
    matcher, text = compiled.matcher(), b""
    for _ in range(random.randint(0, 14)):
        following = compiled.native.next_bytes(matcher.configuration)
        if not following:
            break
        ascii_only = [byte for byte in following if 0x20 <= byte < 0x7F]
        matcher.advance(
            byte := random.choice(ascii_only if ascii_only and random.random() < 0.9 else following)
        )
        text += bytes([byte])
    return (text + matcher.shortest_completion().text).decode()


def damaged(text: str, random: Random) -> Iterator[str]:
    """The text with a character less, one more, and another one."""
    at = random.randint(0, len(text))
    yield text[:at] + text[at + 1 :]
    yield text[:at] + random.choice("aZ09_ \n.-é\"'\\/") + text[at:]
    yield text[:at] + random.choice("bY1\t:(]#%\u0661") + text[at + 1 :]


def test_the_corpus_is_large() -> None:
    assert len(corpus()) >= 500


@pytest.mark.parametrize("batch", range(BATCHES))
def test_real_patterns_mean_what_they_mean_to_re(batch: int) -> None:
    refused = 0
    chosen = corpus()[batch::BATCHES]
    for pattern, flags in chosen:
        try:
            constraint = regex(pattern, flags, limits=Limits(milliseconds=2_000))
            compiled = constraint.compile(Vocabulary.of_bytes())
            texts = [sampled(compiled, random := Random(pattern)) for _ in range(TEXTS)]
        except EmptyLanguageError:
            continue
        except (InvalidRegexError, LimitExceeded) as error:
            refused += 1
            reason = getattr(error, "reason", "too much")
            assert any(word in reason for word in REFUSED), (pattern, reason)
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            judge = re.compile(pattern, flags)
        for text in texts:
            assert judge.fullmatch(text), (pattern, flags, text)
            for other in damaged(text[:30], random):
                assert compiled.accepts(other) == bool(judge.fullmatch(other)), (pattern, flags, other)
    assert refused <= 0.1 * len(chosen), "most real patterns are regular"


def test_complements_reject_what_matches() -> None:
    for pattern, flags in corpus()[:: max(1, len(corpus()) // 60)]:
        try:
            expression = parse_regex(pattern, flags)
            plain = compile_grammar(Grammar({"start": Terminal("T", expression)}), Vocabulary.of_bytes())
            other = Grammar({"start": Terminal("T", Complement(expression))})
            complement = compile_grammar(other, Vocabulary.of_bytes())
        except (InvalidRegexError, EmptyLanguageError, LimitExceeded):
            continue
        random = Random(pattern)
        for text in filter(None, [sampled(plain, random), *damaged(sampled(plain, random), random)]):
            assert plain.accepts(text) != complement.accepts(text), (pattern, text)


# ECMA-262

JUDGE = """
const lines = require('readline').createInterface({input: process.stdin});
lines.on('line', line => {
  const [pattern, texts] = JSON.parse(line);
  let answer = null;
  try { const found = new RegExp('^(?:' + pattern + ')$', 'u'); answer = texts.map(text => found.test(text)); }
  catch (e) {}
  console.log(JSON.stringify(answer));
});
"""


def test_real_patterns_mean_what_they_mean_to_node() -> None:
    program = shutil.which("node")
    if program is None:
        pytest.skip("node is not installed")
    asked = []
    plain = (pattern for pattern, flags in corpus() if not flags)
    for pattern in dict.fromkeys([*lines("regex_ecma.txt"), *plain, *patterns_of_schemas()]):
        try:
            constraint = regex(pattern, dialect="ecma", limits=Limits(milliseconds=2_000))
            compiled = constraint.compile(Vocabulary.of_bytes())
            random = Random(pattern)
            found = [sampled(compiled, random) for _ in range(TEXTS)]
        except (InvalidRegexError, EmptyLanguageError, LimitExceeded):
            continue
        texts = [*found, *(other for text in found for other in damaged(text[:30], random))]
        asked.append((pattern, texts, [compiled.accepts(text) for text in texts]))
    questions = "\n".join(json.dumps([pattern, texts]) for pattern, texts, _ in asked)
    done = subprocess.run([program, "-e", JUDGE], input=questions, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert sum(answer is not None for answer in answers) >= 150
    for (pattern, texts, accepted), answer in zip(asked, answers, strict=True):
        if answer is not None:
            assert dict(zip(texts, accepted, strict=True)) == dict(zip(texts, answer, strict=True)), pattern


def test_every_pattern_of_the_file_for_ecma_is_read() -> None:
    for pattern in lines("regex_ecma.txt"):
        parse_regex(pattern, search=True, dialect="ecma")


@pytest.mark.parametrize("pattern", lines("regex_python.txt"))
def test_every_pattern_of_the_file_is_read(pattern: str) -> None:
    parse_regex(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("(a*)*b", id="nested stars"),
        pytest.param("(a|a)*", id="the same twice"),
        pytest.param(
            "|".join(f"item-{number * 7919 % 10007}" for number in range(10_000)), id="alternatives"
        ),
        pytest.param(".{0,100000}x.{0,100000}", id="an unknown place far on"),
        pytest.param("(?:.*a.{18}){2}", id="a window"),
        pytest.param("(?=.*a.{12}b)(?=.*b.{12}a).*", id="two windows"),
    ],
)
def test_pathological_patterns_are_masked_or_refused(pattern: str) -> None:
    """Within the limits, or the limit's own error; never for ever."""
    constraint = regex(pattern, limits=Limits(milliseconds=1_500))
    try:
        matcher = constraint.compile(Vocabulary.of_bytes()).matcher()
        for byte in b"aab":
            matcher.bitmask()
            matcher.try_advance(byte)
    except LimitExceeded:
        pass
