"""Sampling: the test-time loop. Ask a sampler until a text is valid, or best, or agreed on.

In reading order:

    candidates.py       what a request to a sampler has, and what it gives
    steps.py            what the model wanted at each token, and what the mask left of it
    confidence.py       how sure the model was of each field
    outcome.py          budgets, attempts, what comes out
    classify_answer.py  makes an attempt of a candidate: valid, repaired, or wrong in one of a few ways
    run.py              one call of sample(): its budget, its attempts, its questions
    strategies.py       Retry, BestOf, FirstValid, Beam, Escalate
    voting.py           Vote
    decoding.py         a model read token by token, and what a mask leaves of its distribution
    smc.py              SMC: weighted particles
    exact.py            Exact: rejection sampling that learns
    backtrack.py        Backtrack: leaves beginnings that the model can't continue
    draft.py            Draft: a free answer first
    drivers.py          sample(), sample_async(): put requests to the sampler, and wait for it
    openai.py           OpenAISampler: servers
    cache.py            Cached: a sampler that remembers

Strategies never wait: they are generators that yield questions and are sent the candidates, so that one text of
each serves threads and asyncio alike. Nothing here imports torch; `TransformersSampler` is in `generation`.
"""

from structgen.sampling.backtrack import Backtrack
from structgen.sampling.cache import Cached
from structgen.sampling.candidates import Candidate, Sampler, SampleRequest
from structgen.sampling.decoding import Decoder
from structgen.sampling.draft import Draft
from structgen.sampling.drivers import sample, sample_async
from structgen.sampling.exact import Exact
from structgen.sampling.openai import OpenAISampler
from structgen.sampling.outcome import Attempt, Budget, Outcome
from structgen.sampling.smc import SMC
from structgen.sampling.strategies import Beam, BestOf, Escalate, FirstValid, Retry, Strategy, escalate
from structgen.sampling.voting import Vote

__all__ = [
    "SMC",
    "Attempt",
    "Backtrack",
    "Beam",
    "BestOf",
    "Budget",
    "Cached",
    "Candidate",
    "Decoder",
    "Draft",
    "Escalate",
    "Exact",
    "FirstValid",
    "OpenAISampler",
    "Outcome",
    "Retry",
    "SampleRequest",
    "Sampler",
    "Strategy",
    "Vote",
    "escalate",
    "sample",
    "sample_async",
]
