"""structgen in a real `vllm serve`, over HTTP with the client of OpenAI. `make test-servers` runs this."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import structgen

pytest.importorskip("vllm", reason="vLLM is not installed: make test-servers")
openai = pytest.importorskip("openai", reason="openai is not installed: make test-servers")
from servers.vllm_server import serving  # noqa: E402  (after the skips)

pytestmark = [pytest.mark.timeout(600), pytest.mark.filterwarnings("default")]

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
    },
    "required": ["name", "age", "tags"],
    "additionalProperties": False,
}


class Server:
    """A client of one server."""

    def __init__(self, address: str) -> None:
        self.client = openai.OpenAI(base_url=address, api_key="none", max_retries=0, timeout=120)

    def ask(self, *, max_tokens: int = 60, structured: Any = None, **options: Any) -> Any:
        if structured is not None:
            options["extra_body"] = {"structured_outputs": structured}
        return self.client.chat.completions.create(
            model="smollm2",
            messages=[{"role": "user", "content": "Tell me about a person."}],
            max_tokens=max_tokens,
            temperature=0,
            **options,
        ).choices[0]


@pytest.fixture(scope="module", params=["plain", "drafts"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    drafts = {"method": "ngram", "num_speculative_tokens": 3, "prompt_lookup_max": 3, "prompt_lookup_min": 1}
    options = ("--speculative-config", json.dumps(drafts)) if request.param == "drafts" else ()
    log = tmp_path_factory.mktemp("vllm") / "server.log"
    with serving("structgen", log, *options) as address:
        yield Server(address)


def schema_format(schema: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}


@pytest.mark.parametrize("max_tokens", [24, 40, 120])
def test_a_schema_is_complete_within_max_tokens(server: Server, max_tokens: int) -> None:
    choice = server.ask(max_tokens=max_tokens, response_format=schema_format(PERSON))
    assert choice.finish_reason == "stop"
    structgen.json_schema(PERSON).validate(choice.message.content)


def test_any_object(server: Server) -> None:
    choice = server.ask(response_format={"type": "json_object"})
    assert isinstance(json.loads(choice.message.content), dict)


def test_regex(server: Server) -> None:
    choice = server.ask(structured={"regex": r"\d{4}-\d{2}-\d{2} [a-z]+"}, max_tokens=20)
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2} [a-z]+", choice.message.content)


def test_choice(server: Server) -> None:
    assert server.ask(structured={"choice": ["red", "green"]}).message.content in ("red", "green")


@pytest.mark.parametrize(
    ("grammar", "constraint"),
    [
        ('start: "a"+ "b"+', structgen.lark('start: "a"+ "b"+')),
        ("semver", structgen.lark("semver")),
        (
            structgen.json_schema(PERSON, output="yaml").to_json(),
            structgen.json_schema(PERSON, output="yaml"),
        ),
        (
            ("The answer is " + structgen.regex("[0-9]{2}")).to_json(),
            "The answer is " + structgen.regex("[0-9]{2}"),
        ),
    ],
    ids=["lark", "library", "yaml", "composition"],
)
def test_grammar(server: Server, grammar: str, constraint: Any) -> None:
    choice = server.ask(structured={"grammar": grammar}, max_tokens=60)
    assert choice.finish_reason == "stop"
    constraint.validate(choice.message.content)


def test_streaming(server: Server) -> None:
    stream = server.client.chat.completions.create(
        model="smollm2",
        messages=[{"role": "user", "content": "A person."}],
        max_tokens=60,
        stream=True,
        response_format=schema_format(PERSON),
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    structgen.json_schema(PERSON).validate(text)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"response_format": schema_format({"properties": {"a": {"type": "strin"}}})}, "#/properties/a/type"),
        ({"structured": {"regex": "(a"}}, "regex"),
        ({"structured": {"grammar": "start: MISSING"}}, "MISSING"),
        ({"structured": {"grammar": "root ::= missing"}}, "missing"),
        ({"structured": {"grammar": '{"structgen": 9, "kind": "text", "text": ""}'}}, "9"),
        ({"structured": {"grammar": "/etc/hostname.lark"}}, "neither"),
    ],
    ids=["schema", "regex", "lark", "gbnf", "version", "path"],
)
def test_what_is_refused_is_a_400_that_says_why(server: Server, options: Any, named: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        server.ask(**options)
    assert named in str(caught.value)
    assert server.ask(structured={"choice": ["yes"]}).message.content == "yes"


def test_too_few_tokens_fail_one_request_only(server: Server) -> None:
    with pytest.raises(openai.APIStatusError):
        server.ask(max_tokens=3, response_format=schema_format(PERSON))
    assert server.ask(structured={"choice": ["yes"]}).message.content == "yes"


def test_a_tool_that_must_be_called(server: Server) -> None:
    # Of a tool that is not strict, vLLM asks its backend for any JSON.
    function = {"name": "save", "description": "Save.", "parameters": PERSON, "strict": True}
    tool = {"type": "function", "function": function}
    for which in ("required", {"type": "function", "function": {"name": "save"}}):
        message = server.ask(max_tokens=120, tools=[tool], tool_choice=which).message
        assert message.tool_calls[0].function.name == "save"
        structgen.json_schema(PERSON).validate(message.tool_calls[0].function.arguments)


def test_32_requests_at_once(server: Server) -> None:
    def one(number: int) -> None:
        pattern = f"{number} [a-z]{{3,9}}"
        choice = server.ask(structured={"regex": pattern}, max_tokens=30)
        assert re.fullmatch(pattern, choice.message.content)

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(one, range(32)))


def test_a_request_that_is_cancelled_leaves_the_others(server: Server) -> None:
    stream = server.client.chat.completions.create(
        model="smollm2",
        messages=[{"role": "user", "content": "A list."}],
        max_tokens=400,
        stream=True,
        response_format=schema_format({"type": "array", "items": {"type": "string"}, "minItems": 40}),
    )
    next(iter(stream))
    stream.close()
    assert server.ask(structured={"choice": ["yes"]}).message.content == "yes"
