"""Steps, confidence by field, warnings and the trace: judged by the model's own logits."""

from __future__ import annotations

import html
import json
import math
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch

import structgen
from structgen.errors import StructgenError
from structgen.sampling.confidence import confidences
from structgen.sampling.steps import Decision, Step

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z ]{0,8}$"},
        "born": {"type": "integer", "minimum": 0, "maximum": 99},
        "kind": {"enum": ["poet", "painter"]},
        "a/b": {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 2},
    },
    "required": ["name", "born", "kind", "a/b"],
    "additionalProperties": False,
}
POINTERS = ["", "/name", "/born", "/kind", "/a~1b", "/a~1b/0", "/a~1b/1"]


def logits_of(model: Any, tokenizer: Any, prompt: str, tokens: tuple[int, ...]) -> torch.Tensor:
    """The model's logits before each token of an answer, from one pass: [T, V]."""
    ids = tokenizer(prompt, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        rows = model(torch.cat([ids, torch.tensor([tokens])], 1)).logits[0].float()
    return rows[ids.shape[1] - 1 : -1]


@pytest.mark.parametrize("temperature", [0.0, 1.3])
def test_steps_are_what_the_model_says(model: Any, tokenizer: Any, temperature: float) -> None:
    words = structgen.regex("[a-z]{2,12}( [a-z]+)?[.]")
    found = structgen.generate(model, tokenizer, "A", words, chat=False, temperature=temperature, seed=5)
    matcher = structgen.compile(
        words, structgen.Vocabulary.from_tokenizer(tokenizer, size=model.config.vocab_size)
    ).matcher()
    assert [step.token for step in found.steps] == list(found.tokens)
    assert b"".join(step.text for step in found.steps).decode() == found.text
    for step, row in zip(found.steps, logits_of(model, tokenizer, "A", found.tokens), strict=True):
        bits = torch.from_numpy(matcher.bitmask().view("uint8").copy())
        allowed = (bits[:, None] >> torch.arange(8) & 1).bool().flatten()[: len(row)]
        logprobs = row.log_softmax(0)
        kept = logprobs[allowed].logsumexp(0)
        assert step.logprob == pytest.approx(float(logprobs[step.token]), abs=1e-4)
        assert step.log_kept == pytest.approx(min(float(kept), 0.0), abs=1e-4)
        assert step.masked_logprob == pytest.approx(min(float(logprobs[step.token] - kept), 0.0), abs=1e-4)
        assert step.allowed == int(allowed.sum())
        assert step.wanted[0].token == int(row.argmax())
        others = logprobs.masked_fill(~allowed, float("-inf"))
        others[step.token] = float("-inf")
        if step.allowed > 1:
            assert step.runner_up is not None
            assert step.runner_up.token == int(others.argmax())
        else:
            assert step.runner_up is None
        matcher.advance(step.token)


@pytest.mark.parametrize("finite", ["auto", "mask"])
@pytest.mark.parametrize("output", ["json", "yaml"])
def test_each_field_has_a_confidence(model: Any, tokenizer: Any, finite: Any, output: Any) -> None:
    constraint = structgen.json_schema(PERSON, output=output)
    found = structgen.generate(model, tokenizer, "Who?", constraint, finite=finite)
    fields = found.confidence
    assert list(fields) == POINTERS
    whole = fields[""]
    assert whole.text == found.text
    body = [step for step in found.steps if step.text]
    assert whole.logprob == pytest.approx(sum(step.logprob for step in body))
    for field in fields.values():
        assert found.text.encode()[field.start :].decode().startswith(field.text)
        assert 0 <= field.probability <= 1
        assert 0 <= field.removed <= 1
    kind = fields["/kind"]
    assert json.loads(kind.text if output == "json" else f'"{kind.text}"') == found.value["kind"]
    assert kind.runner_up is not None


def test_a_part_that_is_decided_as_a_whole_has_its_share(model: Any, tokenizer: Any) -> None:
    texts = ["poet", "born", "name"]
    found = structgen.generate(model, tokenizer, "Who?", structgen.choice(texts))
    (decision,) = found.decisions
    whole = found.confidence[""]
    assert whole.probability == pytest.approx(decision.shares[found.text])
    others = {text: share for text, share in decision.shares.items() if text != found.text}
    assert others, "the model of the test gives each of them something"
    assert whole.runner_up is not None
    assert whole.runner_up == (max(others, key=others.__getitem__), max(others.values()))


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_an_outcome_has_the_confidence_of_its_fields(model: Any, tokenizer: Any, temperature: float) -> None:
    sampler = structgen.TransformersSampler(model, tokenizer)
    constraint = structgen.json_schema(PERSON)
    found = structgen.sample(
        sampler, "Who?", constraint, structgen.Retry(temperatures=[temperature]), max_new_tokens=200
    )
    fields = found.confidence
    assert list(fields) == POINTERS
    assert fields[""].text == found.text
    assert found.chosen is not None
    candidate = found.chosen.candidate
    assert sum(step.logprob for step in candidate.steps) == pytest.approx(candidate.logprob, abs=1e-3)
    if temperature == 0:
        alone = structgen.generate(model, tokenizer, "Who?", constraint, finite="mask", max_new_tokens=200)
        assert alone.text == found.text
        for pointer, field in alone.confidence.items():
            assert fields[pointer].masked_logprob == pytest.approx(field.masked_logprob, abs=1e-3)
        assert len(found.warnings) == len(alone.warnings)


def test_an_outcome_without_steps_has_no_confidence() -> None:
    found = structgen.sample(
        lambda prompt, request: [structgen.Candidate('{"a": 1}')], "?", {"type": "object"}, structgen.Retry()
    )
    assert found.value == {"a": 1}
    assert (found.confidence, found.warnings) == ({}, ())


def step_of(text: str, start: int, masked: float) -> Step:
    return Step(0, text.encode(), start, masked - 1.0, masked, -1.0, 2, (), None)


def test_the_whole_agrees_with_its_decided_fields() -> None:
    """Two fields have the same text; only the second one was decided as a whole."""
    texts = ['{"a": "', 'yes"', ', "b": "', 'yes"', "}"]
    starts = [len("".join(texts[:place])) for place in range(len(texts))]
    steps = [
        step_of(text, start, masked)
        for text, start, masked in zip(texts, starts, (0.0, -0.7, 0.0, -3.0, 0.0), strict=True)
    ]
    decision = Decision(starts[3], {'yes"': 0.9, 'no"': 0.1}, 'yes"', -0.2, 2)
    constraint = structgen.json_schema({"type": "object", "properties": {"a": {}, "b": {}}})
    fields = confidences("".join(texts), constraint, steps, [decision])
    assert fields["/a"].masked_logprob == pytest.approx(-0.7)
    assert fields["/a"].runner_up is None
    assert fields["/b"].masked_logprob == pytest.approx(math.log(0.9))
    assert fields["/b"].runner_up == ('"no"', 0.1)
    assert fields[""].masked_logprob == pytest.approx(-0.7 + math.log(0.9))


def test_what_is_no_json_is_one_field(model: Any, tokenizer: Any) -> None:
    found = structgen.generate(model, tokenizer, "?", structgen.regex("[a-c]{3}"))
    assert list(found.confidence) == [""]
    free = structgen.generate(model, tokenizer, "?", max_new_tokens=4)
    assert (free.steps, free.confidence, free.warnings) == ((), {}, ())


@pytest.mark.parametrize("options", [{"record": False}, {"num_beams": 2}], ids=str)
def test_what_is_not_recorded_cannot_be_traced(model: Any, tokenizer: Any, options: dict[str, Any]) -> None:
    found = structgen.generate(model, tokenizer, "?", ["yes", "no"], finite="mask", **options)
    assert found.steps == ()
    with pytest.raises(StructgenError, match="nothing was recorded"):
        found.trace()


def test_a_mask_that_removes_nearly_all_gets_a_warning(model: Any, tokenizer: Any) -> None:
    unlikely = structgen.regex("[Ωж]{3}")
    found = structgen.generate(model, tokenizer, "?", unlikely)
    removed = [step for step in found.steps if step.log_kept < math.log(0.01)]
    assert len(found.warnings) == len(removed)
    assert removed, "the model of the test has learned nothing, and gives each of its tokens little"
    assert all("of the model's probability" in warning for warning in found.warnings)


def test_the_trace_is_one_page(model: Any, tokenizer: Any, tmp_path: Path) -> None:
    wild = structgen.choice(['</script><script>alert("x")</script>', "<b>&amp;__DATA__"])
    page = structgen.generate(model, tokenizer, "?", wild).trace()
    assert "alert(" not in re.sub(r'<script type="application/json".*?</script>|<code>.*?</code>', "", page)
    assert page.count("<script") == 2
    assert not re.search(r"(?:src|href)=|https?://", page)
    data = re.search(r'id="data">(.*?)</script>', page)
    assert data is not None
    steps = json.loads(data[1])
    assert "".join(step["text"] for step in steps) in (
        '</script><script>alert("x")</script>',
        "<b>&amp;__DATA__",
    )


@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
def test_the_trace_in_a_browser(model: Any, tokenizer: Any, tmp_path: Path) -> None:
    found = structgen.generate(model, tokenizer, "Who?", structgen.json_schema(PERSON))
    path = tmp_path / "trace.html"
    path.write_text(found.trace(), encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", path.as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    buttons = re.findall(r"<span[^>]*>(.*?)</span>", dom, re.DOTALL)
    assert len(buttons) == len(found.steps)
    shown = html.unescape("".join(buttons)).replace("↵\n", "\n").removesuffix("[end]")
    assert shown == found.text
    assert "probability, without the mask" in dom
    assert all(html.escape(pointer) in dom for pointer in POINTERS)
