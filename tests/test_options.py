"""Every option of every public function is checked: a wrong value is a ValueError that names the option and the value.

The tables are complete: a test walks the public signatures, and each option that takes a number, a boolean or one of a
few words must be in a table, or in the list of those that are no options.
"""

from __future__ import annotations

import inspect
import pickle
import re
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from test_public_names import NEEDS_TORCH

import structgen
from structgen import Budget, Candidate, InvalidOptionError, Limits, OpenAISampler, Retry, Vote
from structgen.options import Number, Whole, check_flags, check_option

YES_NO = structgen.choice(["yes", "no"])


def answer(prompt: Any, request: Any) -> list[Candidate]:
    return [Candidate("yes")]


async def sample_async(**options: Any) -> Any:
    return await structgen.sample_async(answer, "?", YES_NO, Retry(), **options)


def run(function: Callable[..., Any], **options: Any) -> Any:
    found = function(**options)
    if inspect.iscoroutine(found):
        with pytest.raises(StopIteration) as end:
            found.send(None)
        return end.value.value
    return found


# How a function is called with one option, all else being right. Options are checked before a model is used.
CALLS: dict[str, Callable[..., Any]] = {
    "set_cache_bytes": structgen.set_cache_bytes,
    "json_schema": lambda **options: structgen.json_schema({}, **options),
    "Whitespace": structgen.Whitespace,
    "lark": lambda **options: structgen.lark('start: "a"', **options),
    "regex": lambda **options: structgen.regex("a", **options),
    "sql": lambda **options: structgen.sql(**{"dialect": "sqlite", **options}),
    "compile": lambda **options: structgen.compile(
        **{"constraint": YES_NO, "vocabulary": structgen.Vocabulary.of_bytes(), **options}
    ),
    "optional": structgen.optional,
    "adapt": lambda **options: structgen.adapt(**{"schema": {}, "provider": "openai", **options}),
    "from_json": lambda **options: structgen.from_json(YES_NO.to_json(), **options),
    "repeat": lambda **options: structgen.repeat(**{"part": "a", **options}),
    "tools": lambda **options: structgen.tools(**{"tools": [], "format": "qwen3", **options}),
    "gbnf": structgen.gbnf,
    "Tag": lambda **options: structgen.tagged(
        [structgen.Tag(**{"begin": "<a>", "inside": YES_NO, "end": "", **options})]
    ),
    "tagged": lambda **options: structgen.tagged(**{"parts": [("<a>", YES_NO, "</a>")], **options}),
    "StreamingReply": structgen.StreamingReply,
    "until": lambda marks: structgen.until(marks),
    "repair": lambda **options: structgen.repair("{}", **options),
    "StreamingRepair": structgen.StreamingRepair,
    "Limits": Limits,
    "Retry": Retry,
    "SMC": lambda **options: structgen.SMC(**{"particles": 2, **options}),
    "Exact": structgen.Exact,
    "Batch": lambda **options: structgen.Batch([], **options),
    "Backtrack": structgen.Backtrack,
    "Draft": structgen.Draft,
    "BestOf": lambda **options: structgen.BestOf(**{"n": 2, **options}),
    "Vote": lambda **options: Vote(**{"n": 2, **options}),
    "FirstValid": lambda **options: structgen.FirstValid(**{"n": 2, **options}),
    "Beam": structgen.Beam,
    "Budget": Budget,
    "Candidate": lambda **options: Candidate("a", **options),
    "OpenAISampler": lambda **options: OpenAISampler(None, "a", **options),
    "sample": lambda **options: structgen.sample(answer, "?", YES_NO, Retry(), **options),
    "sample_async": sample_async,
    "generate": lambda **options: structgen.generate(None, None, "?", YES_NO, **options),
    "classify": lambda **options: structgen.classify(None, None, "?", ["a"], **options),
    "LogitsProcessor": lambda **options: structgen.LogitsProcessor(YES_NO, None, **options),
}

FLAG: tuple[Any, ...] = ("yes", 2)
COUNT: tuple[Any, ...] = (0, -1, 1.5, "3", True)
SEED: tuple[Any, ...] = (-1, 0.5, "7")
NUMBER: tuple[Any, ...] = (-0.5, float("nan"), "1")

# Function, option, values that are wrong.
WRONG: list[tuple[str, str, tuple[Any, ...]]] = [
    ("json_schema", "whitespace", ("x", "Any", None)),
    ("json_schema", "strict", FLAG),
    ("json_schema", "draft", ("8", 7, "2020")),
    ("json_schema", "formats", ("x", None)),
    ("json_schema", "property_order", ("x", ["any"])),
    ("json_schema", "ensure_ascii", FLAG),
    ("json_schema", "escapes", ("Any",)),
    ("json_schema", "closed", ("yes", 1, 0)),
    ("json_schema", "exact", FLAG),
    ("json_schema", "output", ("YAML", "xml")),
    ("lark", "lexer", ("Dynamic", "basic")),
    ("Whitespace", "item_separator", (";", ",,")),
    ("Whitespace", "key_separator", ("", None)),
    ("Whitespace", "indent", (-1, 65, True, 1.5, "x")),
    ("lark", "strict", FLAG),
    ("regex", "dialect", ("ECMA", "pcre")),
    ("regex", "flags", ("x", None, 1.5, float("inf"))),
    ("regex", "name", (5,)),
    *[
        (name, "limits", (5, "none", {}))
        for name in ("regex", "json_schema", "lark", "sql", "repair", "compile", "from_json")
    ],
    ("set_cache_bytes", "limit", (0, 1000, 1.5, None)),
    ("lark", "start", ([], 5)),
    ("lark", "terminals", ("x", [("A", "b")])),
    ("lark", "import_paths", ("x", 5)),
    ("compile", "constraint", (5, "a")),
    ("optional", "part", (5, None)),
    ("adapt", "provider", ("acme", None, "OpenAI")),
    ("repeat", "part", (5, b"a")),
    ("repeat", "separator", (5,)),
    ("until", "marks", (5,)),
    ("gbnf", "text", (5, None)),
    ("tagged", "parts", (5, [5])),
    ("tagged", "text", FLAG),
    ("tagged", "at_least", (-1, 1.5, None)),
    ("tagged", "at_most", (-1, 0.5)),
    ("tagged", "separator", (5, None)),
    ("Tag", "begin", (5, None)),
    ("Tag", "end", (5, None)),
    ("tools", "tools", (5, "x")),
    ("tools", "format", (5, None)),
    ("tools", "choice", (5, "nobody", [], {"type": "x"})),
    ("tools", "parallel", (0, -1, "yes")),
    ("tools", "reasoning_tokens", (-1, 1.5, "x")),
    ("StreamingReply", "constraint", (5, YES_NO)),
    ("repair", "constraint", ([], "x", 5)),
    ("StreamingRepair", "constraint", ([], "x")),
    ("sql", "dialect", ("mysql", "SQLite")),
    ("sql", "statements", (["drop"], "drop", [])),
    ("sql", "ctes", FLAG),
    ("sql", "lenient", FLAG),
    ("sql", "scope", FLAG),
    ("repeat", "min", (-1, 1.5, None)),
    ("repeat", "max", (-1, 0.5, "2")),
    ("repair", "format", ("YAML", "toml")),
    ("repair", "allow", ("Guessed", None)),
    ("repair", "defaults", FLAG),
    ("repair", "reformat", FLAG),
    *[("Limits", name, (-1, 1.5, 1 << 63, None)) for name in Limits.__dataclass_fields__],
    ("Retry", "max_attempts", COUNT),
    ("Retry", "feedback", FLAG),
    ("Retry", "temperatures", ((), (-1.0,), ("hot",), 5)),
    ("Retry", "seeds", ((-1,), (0.5,), 5)),
    *[(name, "n", COUNT) for name in ("BestOf", "Vote", "FirstValid")],
    *[(name, "temperature", (*NUMBER, 0)) for name in ("BestOf", "Vote", "FirstValid")],
    *[(name, "seed", SEED) for name in ("BestOf", "Vote", "FirstValid")],
    *[(name, "repair", ("dropped", "Guessed")) for name in ("Retry", "BestOf", "Vote", "FirstValid")],
    *[(name, "mask", FLAG) for name in ("Retry", "BestOf", "Vote", "FirstValid", "Beam")],
    ("SMC", "particles", COUNT),
    ("SMC", "resample_below", (-0.1, 1.1, float("nan"))),
    ("SMC", "take", ("best", None)),
    ("SMC", "potential", (5,)),
    *[(name, "temperature", (*NUMBER, 0)) for name in ("SMC", "Exact")],
    *[(name, "temperature", NUMBER) for name in ("Backtrack", "Draft")],
    *[(name, "seed", SEED) for name in ("SMC", "Exact", "Backtrack", "Draft")],
    ("Exact", "max_attempts", COUNT),
    ("Backtrack", "mass", (-0.1, 1.1, float("nan"))),
    ("Backtrack", "max_returns", (-1, 1.5, None)),
    ("Batch", "max_new_tokens", COUNT),
    ("Draft", "k", COUNT),
    ("Draft", "writer", (5,)),
    ("Draft", "request", (5, None)),
    ("Candidate", "log_weight", (float("nan"), "1")),
    ("Candidate", "draws", COUNT),
    ("BestOf", "score", ("length", None)),
    ("BestOf", "good_enough", (float("nan"), "high")),
    ("BestOf", "batch", COUNT),
    ("Vote", "min_agreement", (-0.1, 1.1, float("nan"))),
    ("Beam", "width", COUNT),
    ("Budget", "attempts", (-1, 1.5)),
    ("Budget", "tokens", (-1, "10")),
    ("Budget", "seconds", NUMBER),
    ("Candidate", "finish_reason", ("eos", None)),
    ("Candidate", "token_count", (-1, 0.5)),
    ("OpenAISampler", "limit", ("tokens",)),
    ("OpenAISampler", "logprobs", FLAG),
    ("OpenAISampler", "stream", FLAG),
    ("OpenAISampler", "continues", FLAG),
    *[(name, "max_new_tokens", COUNT) for name in ("sample", "sample_async", "generate", "LogitsProcessor")],
    *[(name, "on_failure", ("Best", None)) for name in ("sample", "sample_async")],
    *[(name, "progress", FLAG) for name in ("sample", "sample_async")],
    ("LogitsProcessor", "prompt_length", (-1, 1.5)),
    ("generate", "temperature", NUMBER),
    ("generate", "seed", SEED),
    ("generate", "parallel", (0, "yes")),
    ("generate", "reasoning_tokens", (-1, 1.5)),
    ("generate", "format", (5, None)),
    ("generate", "finite", ("all", None)),
    ("generate", "drafts", FLAG),
    ("generate", "record", FLAG),
    *[(name, "chat", FLAG) for name in ("generate", "classify")],
    ("classify", "tokenizations", ("All",)),
    ("classify", "normalize", ("max",)),
    ("classify", "ends", FLAG),
    ("classify", "batch_size", COUNT),
]


CASES = [
    pytest.param(function, option, value, id=f"{function}-{option}-{value!r}")
    for function, option, values in WRONG
    for value in values
]


@pytest.mark.parametrize(("function", "option", "value"), CASES)
def test_a_wrong_option_is_an_error_that_names_it(function: str, option: str, value: Any) -> None:
    _skip_without_torch(function)
    with pytest.raises(ValueError, match=rf"^{option}=.*(must be|cannot be)") as caught:
        run(CALLS[function], **{option: value})
    assert isinstance(caught.value, InvalidOptionError)
    assert caught.value.option == option
    shown = value[0] if isinstance(value, (list, tuple)) and value else value
    assert repr(shown) in str(caught.value)


def _skip_without_torch(function: str) -> None:
    if function in NEEDS_TORCH:
        pytest.importorskip("torch", reason="torch is not installed")
        pytest.importorskip("transformers", reason="transformers is not installed")


# The tables are complete


NO_OPTIONS = {
    # What structgen makes, and others read.
    *(
        "Attempt",
        "CacheInfo",
        "Completion",
        "Edit",
        "Explanation",
        "Generation",
        "Outcome",
        "Repair",
        "SampleRequest",
    ),
    # Ids and positions: errors of their own (VocabularyError, IndexError), or checked by the engine.
    *("CompiledGrammar", "Matcher", "Vocabulary", "apply_bitmask", "Constraint"),
    # Of the same kind, by name.
    *("Cached", "Problem", "KeywordReport", "TransformersSampler"),
    # Values: what structgen makes of a reply, and what a caller says of tools and formats.
    *("Call", "Format", "Reply", "Tool"),
}
OTHERWISE = {
    ("Candidate", "logprob"): "any number is one",
    ("Candidate", "masked_logprob"): "any number is one",
    ("LogitsProcessor", "eos_token_ids"): "Vocabulary.from_tokenizer checks it",
}
_CHECKED = re.compile(
    r"\b(int|float|bool|Limits|Literal|WhitespaceMode|DraftName|Formats|PropertyOrder|Escapes|Output|Lexer|Dialect|Statement|"
    r"Format|Grade|RepairMode|Score|FinishReason|Limit|OnFailure|Spelling|Normalization|Take|Finite|ProviderName)\b"
)


def _options() -> Iterator[tuple[str, str]]:
    for name in structgen.__all__:
        if name in NO_OPTIONS:
            continue
        public = getattr(structgen, name)
        if isinstance(public, type) and issubclass(public, BaseException):
            continue
        for parameter in inspect.signature(public).parameters.values():
            annotation = str(parameter.annotation)
            if _CHECKED.search(re.sub(r"\bdict\[[^\]]*\]", "", annotation)) and not annotation.startswith(
                "dict"
            ):
                yield name, parameter.name


def test_every_option_is_in_the_table() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("transformers", reason="transformers is not installed")
    checked = {(function, option) for function, option, _ in WRONG}
    assert set(_options()) - set(OTHERWISE) - checked == set()
    for function, option in checked:
        assert option in inspect.signature(getattr(structgen, function)).parameters


def test_words_of_options_are_known_by_name() -> None:
    """The test above sees annotations as text: whatever is a Literal there must be among its names."""
    pytest.importorskip("torch", reason="torch is not installed")
    for name in structgen.__all__:
        public = getattr(structgen, name)
        if name in NO_OPTIONS or (isinstance(public, type) and issubclass(public, BaseException)):
            continue
        module = inspect.getmodule(public)
        for parameter in inspect.signature(public).parameters.values():
            for word in re.findall(r"[A-Za-z]\w*", str(parameter.annotation)):
                meaning = getattr(module, word, None)
                if "Literal[" in str(meaning):
                    assert _CHECKED.search(word), f"{name}({parameter.name}: {word})"


@pytest.mark.parametrize(
    ("option", "value"), [("rng", 5), ("rng", None), ("max_depth", 0), ("max_depth", "x")]
)
def test_the_options_of_a_random_text(option: str, value: Any) -> None:
    with pytest.raises(InvalidOptionError, match=rf"^{option}="):
        YES_NO.sample(**{"rng": Random(0), option: value})


# check_option itself


def test_what_is_allowed_passes() -> None:
    check_option("a", "x", ("x", "y"))
    check_option("a", None, ("x", None))
    check_option("a", 3, (Whole(1, 3),))
    check_option("a", 0.5, (Number(0), None))
    check_flags(a=True, b=False)


@pytest.mark.parametrize(
    ("value", "allowed", "told"),
    [
        ("z", ("x", "y", None), "a='z': must be 'x', 'y' or None"),
        (0, (Whole(1),), "a=0: must be a whole number that is 1 or more"),
        (4, (Whole(1, 3), None), "a=4: must be a whole number from 1 to 3 or None"),
        (True, (Number(0),), "a=True: must be a number that is 0 or more"),
        (1, (True, False), "a=1: must be True or False"),
    ],
)
def test_the_message_says_what_is_allowed(value: Any, allowed: Any, told: str) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        check_option("a", value, allowed)
    assert str(caught.value) == told
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.option, again.value, again.reason) == ("a", value, caught.value.reason)


@pytest.mark.parametrize(
    "make",
    [
        lambda: structgen.json_schema({}, exact=True, closed=True),
        lambda: structgen.json_schema({}, output="yaml", exact=True),
        lambda: structgen.json_schema({}, registry=3),  # type: ignore[arg-type]
        lambda: structgen.StreamingRepair(format="YAML"),
        lambda: structgen.StreamingRepair(allow="Guessed"),
        lambda: YES_NO.repair("yes", allow="Guessed"),
        lambda: Vote(3, key=str, field="a"),
        lambda: structgen.escalate(),
    ],
)
def test_options_that_do_not_go_together(make: Callable[[], Any]) -> None:
    with pytest.raises(InvalidOptionError):
        make()


def test_a_stream_takes_the_options_of_repair() -> None:
    with pytest.raises(TypeError, match="fromat"):
        structgen.StreamingRepair(fromat="yaml")
    assert structgen.StreamingRepair(format="yaml", limits=Limits()).feed("a: 1") is not None
