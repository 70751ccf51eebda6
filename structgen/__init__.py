"""structgen makes a language model's output valid: JSON for your schema, your regex, your grammar.

A front end makes a `Constraint` out of what you have. Give it to `generate()`, or put a `LogitsProcessor` into
`model.generate()` of transformers; or `compile()` it for a decoding loop of your own.

The names of the last group need torch and transformers, and import them when they are first used; nothing else
does.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from structgen.batch import Batch
from structgen.calling.build import tools
from structgen.calling.format import Format
from structgen.calling.registry import formats
from structgen.calling.reply import Call, Reply
from structgen.calling.stream import StreamingReply
from structgen.calling.structural import structural_tag
from structgen.calling.tagging import Tag, tagged
from structgen.calling.tool import Tool
from structgen.compiled_cache import CacheInfo, cache_info, set_cache_bytes
from structgen.constraint import Constraint
from structgen.errors import (
    BudgetTooSmall,
    DeadEnd,
    EmptyLanguageError,
    InvalidConstraintError,
    InvalidFormError,
    InvalidGrammarError,
    InvalidLarkError,
    InvalidOptionError,
    InvalidRegexError,
    InvalidSchemaError,
    InvalidText,
    InvalidToolError,
    LimitExceeded,
    NoValidOutput,
    Problem,
    RepairError,
    StructgenError,
    TokenRejected,
    TransportFailed,
    UnknownFormat,
    UnknownPromptError,
    UnsupportedSchemaError,
    VocabularyError,
)
from structgen.formats.json import Whitespace
from structgen.frontends.choice import choice
from structgen.frontends.composition import optional, repeat, until
from structgen.frontends.conversion import as_constraint, compile
from structgen.frontends.gbnf import gbnf
from structgen.frontends.json_schema import KeywordReport, json_schema
from structgen.frontends.lark import Captured, lark
from structgen.frontends.library import library
from structgen.frontends.providers import adapt
from structgen.frontends.regex import regex
from structgen.frontends.sql import sql
from structgen.frontends.stored import from_json
from structgen.limits import Limits
from structgen.matcher import CompiledGrammar, Completion, Explanation, Matcher
from structgen.repairing.edits import Edit, Repair
from structgen.repairing.repair import repair
from structgen.repairing.stream import StreamingRepair
from structgen.sampling import (
    SMC,
    Attempt,
    Backtrack,
    Beam,
    BestOf,
    Budget,
    Cached,
    Candidate,
    Draft,
    Escalate,
    Exact,
    FirstValid,
    OpenAISampler,
    Outcome,
    Retry,
    SampleRequest,
    Vote,
    escalate,
    sample,
    sample_async,
)
from structgen.vocabulary import Vocabulary

if TYPE_CHECKING:
    from structgen.generation import (
        Generation,
        LogitsProcessor,
        TransformersSampler,
        apply_bitmask,
        classify,
        generate,
        load_model,
    )

__version__ = "0.2.0"

__all__ = [
    # What the text must be
    "Captured",
    "Constraint",
    "KeywordReport",
    "Whitespace",
    "adapt",
    "as_constraint",
    "choice",
    "from_json",
    "gbnf",
    "json_schema",
    "lark",
    "library",
    "optional",
    "regex",
    "repeat",
    "sql",
    "until",
    # Replies with calls of tools
    "Call",
    "Format",
    "Reply",
    "StreamingReply",
    "Tag",
    "Tool",
    "formats",
    "structural_tag",
    "tagged",
    "tools",
    # Over a vocabulary
    "Batch",
    "CacheInfo",
    "CompiledGrammar",
    "Completion",
    "Explanation",
    "Limits",
    "Matcher",
    "Vocabulary",
    "cache_info",
    "compile",
    "set_cache_bytes",
    # Text that was written without it
    "Edit",
    "Repair",
    "StreamingRepair",
    "repair",
    # The test-time loop
    "SMC",
    "Attempt",
    "Backtrack",
    "Beam",
    "BestOf",
    "Budget",
    "Cached",
    "Candidate",
    "Draft",
    "Escalate",
    "Exact",
    "FirstValid",
    "OpenAISampler",
    "Outcome",
    "Retry",
    "SampleRequest",
    "Vote",
    "escalate",
    "sample",
    "sample_async",
    # Errors
    "BudgetTooSmall",
    "DeadEnd",
    "EmptyLanguageError",
    "InvalidConstraintError",
    "InvalidFormError",
    "InvalidGrammarError",
    "InvalidLarkError",
    "InvalidOptionError",
    "InvalidRegexError",
    "InvalidSchemaError",
    "InvalidText",
    "InvalidToolError",
    "LimitExceeded",
    "NoValidOutput",
    "Problem",
    "RepairError",
    "StructgenError",
    "TokenRejected",
    "TransportFailed",
    "UnknownFormat",
    "UnknownPromptError",
    "UnsupportedSchemaError",
    "VocabularyError",
    # With a model
    "Generation",
    "LogitsProcessor",
    "TransformersSampler",
    "apply_bitmask",
    "classify",
    "generate",
    "load_model",
]

_LAZY = frozenset(
    {
        "Generation",
        "LogitsProcessor",
        "TransformersSampler",
        "apply_bitmask",
        "classify",
        "generate",
        "load_model",
    }
)
_MODULES = {"ray": "structgen.servers.ray"}


def __getattr__(name: str) -> Any:
    """Import what needs torch when it is first used."""
    if name in _LAZY:
        value = globals()[name] = getattr(import_module("structgen.generation"), name)
        return value
    if name in _MODULES:
        return import_module(_MODULES[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
