"""OpenAISampler with the real client, against a real server of HTTP on this machine that speaks the protocol."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import structgen
from structgen import FirstValid, OpenAISampler, Retry, SampleRequest, sample

openai = pytest.importorskip("openai", reason="openai is not installed")

pytestmark = [
    # The client's own sockets, when a test drops a stream on purpose.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

PERSON = structgen.json_schema(
    {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
)
BURNS = '{"name": "Burns — é"}'


class Refusal(str):
    """What a server has against a call."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.bodies.append(body)
        step = self.server.next_step(body)
        if callable(step):
            step(self, body)
        elif isinstance(step, int):
            self.send(step, json.dumps({"error": {"message": f"status {step}"}}).encode())
        elif isinstance(step, Refusal):
            self.send(400, json.dumps({"error": {"message": str(step)}}).encode())
        elif body.get("stream"):
            self.stream(step, body)
        else:
            self.send(200, json.dumps(self.answer(step, body)).encode())

    def answer(self, text: str, body: dict[str, Any]) -> dict[str, Any]:
        pieces = list(text)
        choice = {
            "message": {"role": "assistant", "content": text},
            "finish_reason": "length" if len(pieces) >= body.get("max_tokens", 99) else "stop",
            "logprobs": {"content": [self.logprob(piece) for piece in pieces]}
            if body.get("logprobs")
            else None,
        }
        choices = [{"index": number, **choice} for number in range(body["n"])]
        return {
            **self.head("chat.completion", body),
            "choices": choices,
            "usage": self.usage(len(pieces) * body["n"]),
        }

    def stream(self, text: str, body: dict[str, Any]) -> None:
        self.begin_stream()
        try:
            for piece in text:
                choice = {
                    "index": 0,
                    "delta": {"content": piece},
                    "finish_reason": None,
                    "logprobs": {"content": [self.logprob(piece)]} if body.get("logprobs") else None,
                }
                self.event({**self.head("chat.completion.chunk", body), "choices": [choice]})
                if piece == "\a":  # the test lets the stream hang here
                    self.server.hanging.set()
                    self.server.gone_on.wait(30)
            end = {"index": 0, "delta": {}, "finish_reason": "stop"}
            self.event({**self.head("chat.completion.chunk", body), "choices": [end]})
            usage = self.usage(len(text))
            self.event({**self.head("chat.completion.chunk", body), "choices": [], "usage": usage})
            self.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            self.server.broken.set()

    def event(self, chunk: dict[str, Any]) -> None:
        self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self.wfile.flush()

    def begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()

    def send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.send_header("retry-after-ms", "1")
        self.end_headers()
        self.wfile.write(content)

    def head(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        return {"id": "1", "object": kind, "created": 0, "model": body["model"]}

    def logprob(self, piece: str) -> dict[str, Any]:
        return {"token": piece, "logprob": -0.5, "bytes": None, "top_logprobs": []}

    def usage(self, tokens: int) -> dict[str, int]:
        return {"prompt_tokens": 7, "completion_tokens": tokens, "total_tokens": 7 + tokens}

    def log_message(self, format: str, *arguments: Any) -> None:
        """Quiet."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.steps: list[Any] = []
        self.bodies: list[dict[str, Any]] = []
        self.hanging = threading.Event()
        self.gone_on = threading.Event()
        self.broken = threading.Event()
        self.refuses_formats = False
        self.refuses_logprobs = False
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def next_step(self, body: dict[str, Any]) -> Any:
        if self.refuses_logprobs and "logprobs" in body:
            return Refusal("`logprobs` is not supported with this model")
        if self.refuses_formats and "response_format" in body:
            return 400
        with self._lock:
            return self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield found
        found.gone_on.set()
        found.shutdown()
        thread.join()


@pytest.fixture
def client(server: Server) -> Iterator[Any]:
    with openai.OpenAI(base_url=server.url, api_key="none") as found:
        yield found


@pytest.mark.parametrize("stream", [False, True])
def test_texts_usage_and_log_probabilities(server: Server, client: Any, stream: bool) -> None:
    server.steps = [BURNS]
    outcome = sample(OpenAISampler(client, "m", stream=stream), "Who?", PERSON, Retry())
    (attempt,) = outcome.attempts
    assert outcome.value == {"name": "Burns — é"}
    assert attempt.token_count == len(BURNS)
    assert attempt.candidate.logprob == pytest.approx(-0.5 * len(BURNS))
    assert attempt.candidate.finish_reason == "stop"
    (body,) = server.bodies
    assert body["messages"] == [{"role": "user", "content": "Who?"}]
    assert body["temperature"] == 0
    assert body["seed"] == 0
    assert body["response_format"]["json_schema"]["schema"]["required"] == ["name"]


def test_several_answers_share_the_usage(server: Server, client: Any) -> None:
    server.steps = ["abc"]
    found = OpenAISampler(client, "m", logprobs=False)("Who?", SampleRequest(n=2, temperature=1.0))
    assert [(one.text, one.token_count, one.logprob) for one in found] == [("abc", 3, None)] * 2


def test_a_cut_answer_is_continued_where_the_server_can(server: Server, client: Any) -> None:
    server.steps = [BURNS[:9], BURNS[9:]]
    sampler = OpenAISampler(client, "m", continues=True)
    outcome = sample(sampler, "Who?", PERSON, Retry(), max_new_tokens=9)
    assert server.bodies[1]["messages"][-1] == {"role": "assistant", "content": BURNS[:9]}
    assert server.bodies[1]["continue_final_message"] is True
    assert outcome.attempts[1].text.startswith(BURNS)


@pytest.mark.parametrize("stream", [False, True])
def test_the_retries_of_the_client_are_left_to_it(server: Server, client: Any, stream: bool) -> None:
    server.steps = [429, 500, BURNS]
    assert sample(OpenAISampler(client, "m", stream=stream), "Who?", PERSON, Retry(1)).ok
    assert len(server.bodies) == 3


@pytest.mark.parametrize("status", [429, 503])
def test_what_the_client_gives_up_on_is_transport(
    server: Server, client: Any, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("structgen.sampling.run.FIRST_PAUSE", 0.0)
    monkeypatch.setattr("structgen.sampling.drivers.time.sleep", pauses.append)
    server.steps = [status, status, BURNS]
    sampler = OpenAISampler(client.with_options(max_retries=0), "m")
    outcome = sample(sampler, "Who?", PERSON, Retry(1))
    assert len(outcome.attempts) == 1
    assert len(pauses) == 2


def test_a_server_that_is_not_there_is_transport(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("structgen.sampling.drivers.time.sleep", lambda seconds: None)
    with Server() as closed:
        url = closed.url
    client = openai.OpenAI(base_url=url, api_key="none", max_retries=0)
    with client, pytest.raises(structgen.NoValidOutput) as caught:
        sample(OpenAISampler(client, "m"), "Who?", PERSON, Retry())
    assert [one.failure for one in caught.value.outcome.attempts] == ["transport"]


def test_a_wrong_call_goes_to_the_caller(server: Server, client: Any) -> None:
    server.steps = [401]
    with pytest.raises(openai.AuthenticationError):
        sample(OpenAISampler(client, "m"), "Who?", PERSON, Retry())


def test_a_server_that_refuses_formats_is_asked_plainly(server: Server, client: Any) -> None:
    server.refuses_formats = True
    server.steps = [BURNS]
    sampler = OpenAISampler(client, "m")
    for _ in range(2):
        assert sample(sampler, "Who?", PERSON, Retry()).ok
    assert ["response_format" in body for body in server.bodies] == [True, False, False]


@pytest.mark.parametrize("formats", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_a_server_that_refuses_logprobs_is_not_asked_for_them_again(
    server: Server, client: Any, stream: bool, formats: bool
) -> None:
    server.refuses_logprobs, server.refuses_formats = True, formats
    server.steps = [BURNS]
    sampler = OpenAISampler(client, "m", stream=stream)
    key = sampler.parameters
    for _ in range(2):
        outcome = sample(sampler, "Who?", PERSON, Retry())
        assert outcome.ok
        assert outcome.attempts[0].candidate.logprob is None
        assert outcome.attempts[0].token_count == len(BURNS)
    refused = [("logprobs" in body, "response_format" in body) for body in server.bodies]
    assert refused == (
        [(True, True), (False, True)] + [(False, False)] * 2
        if formats
        else [(True, True)] + [(False, True)] * 2
    )
    assert sampler.parameters == key  # what was learned is no other key of a cache


def test_a_server_that_refuses_logprobs_is_not_asked_for_them_again_async(server: Server) -> None:
    server.refuses_logprobs = True
    server.steps = [BURNS]

    async def twice() -> None:
        async with openai.AsyncOpenAI(base_url=server.url, api_key="none") as client:
            sampler = OpenAISampler(client, "m")
            for _ in range(2):
                assert (await structgen.sample_async(sampler, "Who?", PERSON, Retry())).ok

    asyncio.run(twice())
    assert ["logprobs" in body for body in server.bodies] == [True, False, False]


def test_no_format_without_json_and_without_a_mask(server: Server, client: Any) -> None:
    server.steps = ["yes"]
    sampler = OpenAISampler(client, "m")
    sample(sampler, "Is it?", structgen.choice(["yes", "no"]), Retry())
    server.steps = [BURNS]
    sample(sampler, "Who?", PERSON, Retry(mask=False))
    assert not any("response_format" in body for body in server.bodies)


def test_other_servers_are_told_in_their_own_way(server: Server, client: Any) -> None:
    server.steps = ["yes"]
    sampler = OpenAISampler(
        client, "m", enforce=lambda constraint: {"extra_body": {"structured_outputs": {"choice": ["yes"]}}}
    )
    sample(sampler, "Is it?", structgen.choice(["yes", "no"]), Retry())
    assert server.bodies[0]["structured_outputs"] == {"choice": ["yes"]}


def test_an_async_client(server: Server) -> None:
    server.steps = ["nonsense", BURNS]

    async def ask(stream: bool) -> structgen.Outcome:
        async with openai.AsyncOpenAI(base_url=server.url, api_key="none") as client:
            sampler = OpenAISampler(client, "m", stream=stream)
            return await structgen.sample_async(sampler, "Who?", PERSON, Retry())

    outcome = asyncio.run(ask(False))
    assert [one.failure for one in outcome.attempts] == ["unparsable", None]
    server.steps = ["nonsense", BURNS]
    streamed = asyncio.run(ask(True))
    assert [one.text for one in streamed.attempts] == [one.text for one in outcome.attempts]
    assert streamed.token_count == outcome.token_count


def test_a_cancelled_stream_is_closed_at_the_server(server: Server, client: Any) -> None:
    server.steps = ["\a" + "x" * 100_000]
    cancelled = threading.Event()
    found: list[Any] = []
    sampler = OpenAISampler(client, "m", stream=True)

    def ask() -> None:
        found.extend(sampler("Who?", SampleRequest(cancelled=cancelled)))

    thread = threading.Thread(target=ask)
    thread.start()
    assert server.hanging.wait(30)
    cancelled.set()
    server.gone_on.set()
    thread.join(30)
    assert server.broken.wait(30)
    assert found[0].finish_reason == "length"
    assert len(found[0].text) < 100_000


def test_who_loses_a_race_is_closed_at_the_server(server: Server, client: Any) -> None:
    """The answer comes as a stream, so that it can be broken off, unless the client is async."""
    server.steps = [BURNS, "\a" + "x" * 100_000]
    outcome = sample(OpenAISampler(client, "m"), "Who?", PERSON, FirstValid(2))
    assert outcome.ok
    server.gone_on.set()
    assert server.broken.wait(30)
    assert all(body["stream"] for body in server.bodies)


def test_a_race_over_a_server(server: Server, client: Any) -> None:
    server.steps = ["nonsense", "nonsense", BURNS]
    outcome = sample(OpenAISampler(client, "m"), "Who?", PERSON, FirstValid(3))
    assert outcome.ok
    assert len({body["seed"] for body in server.bodies}) == 3


# Servers that are not as they should be


def broken_json(handler: Handler, body: Any) -> None:
    handler.send(200, b'{"id": "1", "choices": [{"mess')


def broken_text(handler: Handler, body: Any) -> None:
    handler.send(200, b'{"id": "\xff\xfe", "choices": []}')


def half_a_body(handler: Handler, body: Any) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"id": "1", ')
    handler.close_connection = True


def no_choices(handler: Handler, body: Any) -> None:
    handler.send(200, json.dumps({**handler.head("chat.completion", body), "choices": None}).encode())


def an_error_in_the_stream(handler: Handler, body: Any) -> None:
    handler.begin_stream()
    handler.event({"error": {"message": "overloaded", "type": "server_error"}})


def half_a_stream(handler: Handler, body: Any) -> None:
    """Chunks that are promised, and never come."""
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"40\r\ndata: {")
    handler.close_connection = True


def a_split_character(handler: Handler, body: Any) -> None:
    """The two bytes of one character come apart."""
    handler.begin_stream()
    choice = {"index": 0, "delta": {"content": BURNS}, "finish_reason": "stop"}
    event = json.dumps(
        {**handler.head("chat.completion.chunk", body), "choices": [choice]}, ensure_ascii=False
    )
    first, _, second = event.encode().partition(b"\xc3")
    handler.wfile.write(b"data: " + first + b"\xc3")
    handler.wfile.flush()
    handler.wfile.write(second + b"\n\ndata: [DONE]\n\n")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the loop would have waited for."""
    found: list[float] = []
    monkeypatch.setattr("structgen.sampling.drivers.time.sleep", found.append)
    return found


@pytest.mark.parametrize(
    "step", [broken_json, broken_text, half_a_body, an_error_in_the_stream, half_a_stream]
)
def test_an_answer_that_breaks_off_is_transport(
    server: Server, client: Any, step: Any, pauses: list[float]
) -> None:
    server.steps = [step, BURNS]
    stream = "stream" in step.__name__
    sampler = OpenAISampler(client.with_options(max_retries=0), "m", stream=stream)
    outcome = sample(sampler, "Who?", PERSON, Retry(1))
    assert (outcome.ok, len(outcome.attempts), pauses) == (True, 1, [0.25])


def test_an_answer_without_choices_is_empty(server: Server, client: Any) -> None:
    server.steps = [no_choices, BURNS]
    outcome = sample(OpenAISampler(client, "m"), "Who?", PERSON, Retry())
    assert [one.failure for one in outcome.attempts] == ["empty", None]


def test_a_character_that_comes_in_two_pieces(server: Server, client: Any) -> None:
    server.steps = [a_split_character]
    assert sample(OpenAISampler(client, "m", stream=True), "Who?", PERSON, Retry(1)).text == BURNS


def test_with_a_deadline_the_client_does_not_go_on_after_it(
    server: Server, client: Any, pauses: list[float]
) -> None:
    """Its own retries would each take as long as the first call may."""

    def silent(handler: Handler, body: Any) -> None:
        server.gone_on.wait(30)
        handler.close_connection = True

    server.steps = [silent]
    sampler = OpenAISampler(client.with_options(max_retries=9), "m")
    with pytest.raises(structgen.NoValidOutput, match=r"0\.3 seconds"):
        sample(sampler, "Who?", PERSON, Retry(9), budget=structgen.Budget(seconds=0.3))
    assert len(server.bodies) == 1
    assert pauses == []
    server.steps = [429, 500, BURNS]
    assert sample(sampler, "Who?", PERSON, Retry(1), budget=structgen.Budget(seconds=60)).ok
    assert len(pauses) == 2


def test_a_refusal_of_the_whole_call_does_not_turn_the_mask_off(server: Server, client: Any) -> None:
    """A prompt that is too long is refused with the format and without; the next prompt has the format again."""
    sampler = OpenAISampler(client, "m", extra_body={"x": 1})
    server.steps = [400, 400, BURNS]
    with pytest.raises(openai.BadRequestError):
        sample(sampler, "Who?" * 1000, PERSON, Retry())
    assert sample(sampler, "Who?", PERSON, Retry()).ok
    assert ["response_format" in body for body in server.bodies] == [True, False, True]
    assert [body["x"] for body in server.bodies] == [1, 1, 1]


def test_a_format_that_is_refused_for_one_schema_is_tried_for_the_next(server: Server, client: Any) -> None:
    sampler = OpenAISampler(client, "m")
    server.steps = [400, BURNS]
    for schema in ({"type": "object"}, {"type": "object"}, {"type": "object", "minProperties": 1}):
        assert sample(sampler, "Who?", structgen.json_schema(schema), Retry()).ok
    assert ["response_format" in body for body in server.bodies] == [True, False, False, True]


def test_arguments_of_both_sides_go_together(server: Server, client: Any) -> None:
    server.steps = [400, BURNS]
    sampler = OpenAISampler(
        client,
        "m",
        enforce=lambda constraint: {"extra_body": {"guided": "x"}},
        limit="max_completion_tokens",
        extra_body={"top_k": 4},
    )
    assert sample(sampler, "Who?", PERSON, Retry(), max_new_tokens=99).ok
    first, second = server.bodies
    assert (first["top_k"], first["guided"]) == (4, "x")
    assert second["top_k"] == 4
    assert "guided" not in second
    assert first["max_completion_tokens"] == 99
    assert "max_tokens" not in first


def test_another_client_is_another_key_of_the_cache(server: Server, client: Any, tmp_path: Any) -> None:
    server.steps = [BURNS]
    for options in ({}, {}, {"top_p": 0.5}, {"enforce": None}):
        sampler = OpenAISampler(client, "m", **options)
        sample(structgen.Cached(sampler, tmp_path / "answers", model="m"), "Who?", PERSON, Retry())
    assert len(server.bodies) == 3
