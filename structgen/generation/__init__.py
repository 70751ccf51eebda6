"""Generation: constraints inside the models of transformers. The only layer that imports torch.

`call_stack` sees which generate() is running, `decoding_loops` knows its prompt, `progress` finds where each row
is, `masking` applies masks, `processor` joins them for `model.generate()`. `generate` makes one answer out of a
prompt, `sampler` several for the strategies of `structgen.sampling`, `classify` weighs labels, `models` loads
models by name.
"""

from structgen.generation.classify import classify
from structgen.generation.generate import Generation, Timings, generate
from structgen.generation.masking import apply_bitmask
from structgen.generation.models import load_model, load_tokenizer
from structgen.generation.processor import LogitsProcessor
from structgen.generation.sampler import TransformersSampler

__all__ = [
    "Generation",
    "LogitsProcessor",
    "Timings",
    "TransformersSampler",
    "apply_bitmask",
    "classify",
    "generate",
    "load_model",
    "load_tokenizer",
]
