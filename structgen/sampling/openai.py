"""OpenAISampler: candidates from any server that speaks OpenAI's protocol of chat completions.

The client is yours (`openai.OpenAI` or `openai.AsyncOpenAI`): its address, its key, its retries. Whatever it gives
up on is transport to the loop.

https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from structgen.constraint import Constraint
from structgen.errors import TransportFailed
from structgen.options import check_flags, check_option
from structgen.sampling.candidates import Candidate, Prompt, SampleRequest
from structgen.sampling.run import is_transport

Limit = Literal["max_tokens", "max_completion_tokens"]

Enforce = Callable[[Constraint], Mapping[str, Any]]
"""Arguments of a call by which a server enforces a constraint; none, if it cannot."""


def response_format(constraint: Constraint) -> Mapping[str, Any]:
    """The constraint as `response_format`, if it is one over JSON; nothing otherwise.

    `strict` is not set: servers that read it refuse most schemas then. What comes back is validated here anyway.
    """
    if constraint.schema is None:
        return {}
    described = {"name": "answer", "schema": constraint.schema.document.root}
    return {"response_format": {"type": "json_schema", "json_schema": described}}


class OpenAISampler:
    """A sampler over a server.

    Args:
        client: `openai.OpenAI(...)`, for `sample()`; `openai.AsyncOpenAI(...)`, for `sample_async()`.
        model: its name at the server.
        enforce: how the server is told the constraint; None: not at all. A server of vLLM takes more than JSON:
            `lambda constraint: {"extra_body": {"structured_outputs": {"regex": ...}}}`. If the server refuses the
            arguments (400, 422) and takes the call without them, so are all later calls with that constraint.
        logprobs: ask for log-probabilities. Some servers give those after their mask; one that refuses a call because
            of them gets no such request again.
        stream: read the answer as it comes; then a cancelled call stops generating at the server too. None: where
            another answer may make it needless (`FirstValid`) and nothing else stops the call, as the client is not
            async.
        continues: the server goes on with a message of the assistant that comes last (vLLM, SGLang: by
            `continue_final_message`), so that cut answers can be continued.
        limit: what the server calls the limit of tokens: "max_tokens", or "max_completion_tokens" (OpenAI's own newer
            models know no other).
        options: for `client.chat.completions.create()`: `top_p`, `extra_body`, `reasoning_effort` ...

    The retries of the client are its own, but for calls with a deadline: it would go on after that. Those the loop
    makes again itself.
    """

    batched = False

    def __init__(
        self,
        client: Any,
        model: str,
        *,
        enforce: Enforce | None = response_format,
        logprobs: bool = True,
        stream: bool | None = None,
        continues: bool = False,
        limit: Limit = "max_tokens",
        **options: Any,
    ) -> None:
        check_option("limit", limit, get_args(Limit))
        check_option("stream", stream, (True, False, None))
        check_flags(logprobs=logprobs, continues=continues)
        self.client = client
        self.model = model
        self.continues = continues
        self._limit = limit
        self._refused: set[str] = set()
        self._refuses_logprobs = False
        self.is_async = inspect.iscoroutinefunction(getattr(client, "post", None))
        self._enforce = enforce
        self._logprobs = logprobs
        self._stream = stream
        self._options = options

    @property
    def parameters(self) -> dict[str, Any]:
        """What its answers depend on, apart from prompt and request: for `Cached`."""
        enforce = (
            None if self._enforce is None else getattr(self._enforce, "__qualname__", repr(self._enforce))
        )
        return {
            "address": str(getattr(self.client, "base_url", None)),
            "model": self.model,
            "enforce": enforce,
            "logprobs": self._logprobs,
            "options": self._options,
        }

    def __call__(
        self, prompt: Prompt, request: SampleRequest
    ) -> list[Candidate] | Awaitable[list[Candidate]]:
        """Make the call; a coroutine, if the client is async."""
        return self._ask_async(prompt, request) if self.is_async else self._ask(prompt, request)

    def _ask(self, prompt: Prompt, request: SampleRequest) -> list[Candidate]:
        create = self._client(request).chat.completions.create
        call = self._wanted(prompt, request)
        try:
            while True:
                try:
                    answer = create(**call.arguments())
                    break
                except Exception as error:
                    call = call.without(error)
            self._learn(call)
            if not self._streams(request):
                return _candidates(answer)
            found = _Streamed()
            with answer:
                for chunk in answer:
                    found.add(chunk)
                    if _is_over(request):
                        break
            return found.candidates()
        except Exception as error:
            raise _as_transport(error) from error

    async def _ask_async(self, prompt: Prompt, request: SampleRequest) -> list[Candidate]:
        create = self._client(request).chat.completions.create
        call = self._wanted(prompt, request)
        try:
            while True:
                try:
                    answer = await create(**call.arguments())
                    break
                except Exception as error:
                    call = call.without(error)
            self._learn(call)
            if not self._streams(request):
                return _candidates(answer)
            found = _Streamed()
            async with answer:
                async for chunk in answer:
                    found.add(chunk)
                    if _is_over(request):
                        break
            return found.candidates()
        except Exception as error:
            raise _as_transport(error) from error

    def _streams(self, request: SampleRequest) -> bool:
        if self._stream is not None:
            return self._stream
        return not self.is_async and request.cancelled is not None and request.enough is not None

    def _client(self, request: SampleRequest) -> Any:
        if request.deadline is None or not hasattr(self.client, "with_options"):
            return self.client
        return self.client.with_options(max_retries=0)

    def _wanted(self, prompt: Prompt, request: SampleRequest) -> _Call:
        """The call, with all that it is to have and that the server is not known to refuse."""
        messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)
        options = dict(self._options)
        if request.prefix:
            messages = [*messages, {"role": "assistant", "content": request.prefix}]
            going_on = {"continue_final_message": True, "add_generation_prompt": False}
            options["extra_body"] = {**options.get("extra_body", {}), **going_on}
        arguments: dict[str, Any] = {
            "model": self.model,
            "messages": messages,
            "n": request.n,
            "temperature": request.temperature,
            self._limit: request.max_new_tokens,
            **({} if request.seed is None else {"seed": request.seed}),
            **({"logprobs": True} if self._logprobs and not self._refuses_logprobs else {}),
            **({"stream": True, "stream_options": {"include_usage": True}} if self._streams(request) else {}),
            **options,
        }
        if request.deadline is not None:
            arguments["timeout"] = max(0.001, request.deadline - time.monotonic())
        enforced: Mapping[str, Any] = {}
        if self._enforce is not None and request.constraint is not None:
            enforced = dict(self._enforce(request.constraint))
            if "extra_body" in enforced and "extra_body" in arguments:
                enforced = {**enforced, "extra_body": {**arguments["extra_body"], **enforced["extra_body"]}}
        return _Call(arguments, {} if repr(enforced) in self._refused else enforced)

    def _learn(self, call: _Call) -> None:
        """What the server refused of a call that it then took."""
        if call.refused is not None:
            self._refused.add(repr(call.refused))
        self._refuses_logprobs |= call.refuses_logprobs


@dataclass(frozen=True)
class _Call:
    """A call of the server, and what was left out of it as the server refused it."""

    plain: Mapping[str, Any]
    enforced: Mapping[str, Any]
    refused: Mapping[str, Any] | None = None
    refuses_logprobs: bool = False

    def arguments(self) -> dict[str, Any]:
        return {**self.plain, **self.enforced}

    def without(self, error: Exception) -> _Call:
        """The call without what an error says is refused; the error, if that is not to be left out."""
        if getattr(error, "status_code", None) not in (400, 422):
            raise error
        if "logprobs" in self.plain and "logprob" in str(error):
            plain = {
                name: one for name, one in self.plain.items() if name not in ("logprobs", "top_logprobs")
            }
            return replace(self, plain=plain, refuses_logprobs=True)
        if self.enforced:
            return replace(self, enforced={}, refused=self.enforced)
        raise error


@dataclass
class _Choice:
    """One answer, put together."""

    text: str = ""
    refusal: str = ""
    finish_reason: str | None = None
    tokens: int = 0
    logprob: float = 0.0

    def candidate(self, token_count: int) -> Candidate:
        filtered = self.finish_reason == "content_filter"
        return Candidate(
            self.text,
            token_count,
            self.logprob if self.tokens else None,
            "length" if self.finish_reason in ("length", None) else "stop",
            refusal=self.refusal or ("the server's filter stopped the answer" if filtered else None),
        )

    def add_logprobs(self, logprobs: Any) -> None:
        tokens = getattr(logprobs, "content", None) or ()
        self.tokens += len(tokens)
        self.logprob += sum(token.logprob for token in tokens)


class _Streamed:
    """Answers that come in pieces."""

    def __init__(self) -> None:
        self._choices: dict[int, _Choice] = {}
        self._pieces = 0
        self._usage: int | None = None

    def add(self, chunk: Any) -> None:
        if chunk.usage is not None:
            self._usage = chunk.usage.completion_tokens
        for part in chunk.choices or ():
            choice = self._choices.setdefault(part.index, _Choice())
            self._pieces += bool(part.delta.content)
            choice.text += part.delta.content or ""
            choice.refusal += part.delta.refusal or ""
            choice.finish_reason = part.finish_reason or choice.finish_reason
            choice.add_logprobs(part.logprobs)

    def candidates(self) -> list[Candidate]:
        choices = [choice for _, choice in sorted(self._choices.items())]
        # An answer that was broken off has no usage; servers send a piece for each token.
        return _counted(choices, self._pieces if self._usage is None else self._usage)


def _candidates(answer: Any) -> list[Candidate]:
    choices = []
    for one in answer.choices or ():
        refusal = getattr(one.message, "refusal", None)
        choice = _Choice(one.message.content or "", refusal or "", one.finish_reason or "stop")
        choice.add_logprobs(one.logprobs)
        choices.append(choice)
    return _counted(choices, 0 if answer.usage is None else answer.usage.completion_tokens)


def _counted(choices: Iterable[_Choice], usage: int) -> list[Candidate]:
    """With token counts. Usage is told for all answers together: shared out by the tokens told for each, or evenly."""
    choices = list(choices)
    told = sum(choice.tokens for choice in choices)
    counts = [choice.tokens if told else usage // len(choices) for choice in choices]
    if counts:
        counts[0] += max(0, usage - sum(counts))
    return [choice.candidate(count) for choice, count in zip(choices, counts, strict=True)]


def _is_over(request: SampleRequest) -> bool:
    late = request.deadline is not None and time.monotonic() >= request.deadline
    return late or (request.cancelled is not None and request.cancelled.is_set())


def _as_transport(error: Exception) -> Exception:
    """What the client gave up on, as the loop knows it; anything else as it is."""
    names = {kind.__name__ for kind in type(error).__mro__}
    code = getattr(error, "status_code", None)
    # An error within a stream has no status; a body that breaks off is no JSON, or no text.
    is_broken = ("APIError" in names and code is None) or isinstance(
        error, (json.JSONDecodeError, UnicodeDecodeError)
    )
    is_unreachable = bool(names & {"APIConnectionError", "TransportError"})
    if is_broken or is_unreachable or is_transport(error):
        header = getattr(getattr(error, "response", None), "headers", {}).get("retry-after", "")
        return TransportFailed(str(error), retry_after=float(header) if _is_number(header) else None)
    return error


def _is_number(text: str) -> bool:
    return text.isascii() and text.replace(".", "", 1).isdigit()
