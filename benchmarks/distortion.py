"""How far are samples of a mask from the model's own distribution over the valid answers? What do strategies change?

    python benchmarks/distortion.py [--tasks 30] [--runs 200] [--json benchmarks/results/distortion.json]

SmolLM2-135M answers questions with finitely many answers. The truth is the model's own distribution over the answers,
each ended, given that the text is one of them: summed over the tokenizations, which are walked as far as their share of
the truth, or of what the mask samples, is above one in a thousand. The law of the mask is known exactly from the same
walk; those of `SMC` and `Exact` are the mean over runs with different seeds; `Draft` is drawn a few times.

For each arm: the total variation to the truth, half the sum of absolute differences (0: equal, 1: disjoint), and the
Kullback-Leibler divergence from it in nats; answers that were never drawn count as drawn half a time. Intervals are
95%, bootstrapped over the tasks. A law that is known from few draws looks further from the truth than it is: "floor" is
the mean distance of as many draws of the truth itself. The cost is the number of rows that go through the model for one
outcome, one row for one token, before anything is cached.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from evidence import figures, tables
from evidence.results import write
from rich.progress import track

import structgen
from structgen.sampling.decoding import Masks

SEED = 5
LIMIT = 16
SMALLEST = 1e-3
Law = dict[str, float]

_CITIES = ["London", "Paris", "Berlin", "Madrid", "Rome", "New Delhi", "Tokyo", "Cairo"]
_MONTHS = ["January", "February", "April", "June", "July", "September", "October", "December"]
_MOODS = ["happy", "sad", "angry", "afraid"]
_ANIMALS = ["dog", "cat", "eagle", "shark", "snake", "frog"]
_ANSWERS = ["yes", "no", "unknown"]
TASKS: list[tuple[str, list[str]]] = [
    ("In which city is the Colosseum?", _CITIES),
    ("In which city is Big Ben?", _CITIES),
    ("In which city is the Prado museum?", _CITIES),
    ("Which city is the capital of Germany?", _CITIES),
    ("Which city is the capital of Japan?", _CITIES),
    ("Which city lies next to the pyramids of Giza?", _CITIES),
    ("In which month is Christmas Day?", _MONTHS),
    ("In which month does the year begin?", _MONTHS),
    ("In which month is Valentine's Day?", _MONTHS),
    ("In which month is Halloween?", _MONTHS),
    ("In which month is the Fourth of July?", _MONTHS),
    ("In which month is April Fools' Day?", _MONTHS),
    ("How does somebody feel who says: 'I have won the prize!'", _MOODS),
    ("How does somebody feel who says: 'My dog died yesterday.'", _MOODS),
    ("How does somebody feel who says: 'Get out of my house at once!'", _MOODS),
    ("How does somebody feel who says: 'What was that noise in the dark?'", _MOODS),
    ("How does somebody feel who says: 'Nobody came to my party.'", _MOODS),
    ("How does somebody feel who says: 'We are going to the beach!'", _MOODS),
    ("Which animal barks?", _ANIMALS),
    ("Which animal says meow?", _ANIMALS),
    ("Which of these animals is a bird?", _ANIMALS),
    ("Which of these animals lives in the sea?", _ANIMALS),
    ("Which animal begins its life as a tadpole?", _ANIMALS),
    ("Which of these animals has no legs and lives on land?", _ANIMALS),
    ("Is the sun a star?", _ANSWERS),
    ("Is Paris in Italy?", _ANSWERS),
    ("Can penguins fly?", _ANSWERS),
    ("Is seven a prime number?", _ANSWERS),
    ("What will the weather be in a year? Is it going to rain?", _ANSWERS),
    ("Is water dry?", _ANSWERS),
]


class Remembering:
    """A decoder that reads each text once, whoever asks. Also a sampler, so that strategies can use it."""

    def __init__(self, decoder: Any) -> None:
        self.vocabulary = decoder.vocabulary
        self._decoder = decoder
        self._known: dict[tuple[int, ...], Any] = {}
        self._rows: list[tuple[int, ...]] = []
        self.requested = 0
        """Rows that were requested, known or not."""

    def decoder(self, prompt: Any) -> Remembering:
        """For a strategy."""
        return self

    def __call__(self, prompt: Any, request: Any) -> list[Any]:
        """Only for `decoder()`."""
        raise NotImplementedError("this sampler is read token by token")

    def begin(self, tokens: Sequence[int]) -> Any:
        """One row: the prompt and the tokens."""
        self._rows = [tuple(tokens)]
        self.requested += 1
        return self.after(self._rows)[0]

    def select(self, rows: Sequence[int]) -> None:
        """Keep these rows."""
        self._rows = [self._rows[row] for row in rows]

    def step(self, tokens: Sequence[int]) -> Any:
        """Continue each row with its token."""
        self._rows = [(*row, token) for row, token in zip(self._rows, tokens, strict=True)]
        self.requested += len(tokens)
        return np.stack(self.after(self._rows))

    def after(self, texts: Sequence[tuple[int, ...]]) -> list[Any]:
        """Log-probabilities [V] of what follows each of the texts."""
        unread = list(dict.fromkeys(text for text in texts if text not in self._known))
        for start in range(0, len(unread), 32):
            batch = unread[start : start + 32]
            self._known.update(zip(batch, self._decoder.after_each(batch), strict=True))
        return [self._known[text] for text in texts]


def laws(reading: Remembering, masks: Masks) -> tuple[Law, Law]:
    """The truth, and what the mask samples. What was not walked is missing in both, and both are normalised."""
    truth: Law = Counter()
    masked: Law = Counter()
    level = [((), masks.initial, 0.0, 0.0)]
    best = -math.inf
    while level:
        rows = reading.after([tokens for tokens, *_ in level])
        following = []
        for (tokens, place, logprob, share), row in zip(level, rows, strict=True):
            allowed = np.flatnonzero(masks.allowed(place, len(tokens)))
            kept = np.logaddexp.reduce(row[allowed].astype(float))
            for token in allowed.tolist():
                one = (*tokens, token)
                scores = logprob + float(row[token]), share + float(row[token]) - float(kept)
                if masks.is_end(token):
                    truth[masks.text(one)] += math.exp(scores[0])
                    masked[masks.text(one)] += math.exp(scores[1])
                    best = max(best, scores[0])
                else:
                    following.append((one, masks.advance(place, token), *scores))
        likely = best if best > -math.inf else max((one[2] for one in following), default=0.0)
        level = [
            one for one in following if one[2] > likely + math.log(SMALLEST) or one[3] > math.log(SMALLEST)
        ]
    return normalised(truth), normalised(masked)


def normalised(weights: Mapping[str, float]) -> Law:
    """The weights, so that they add up to 1."""
    total = sum(weights.values())
    return {text: weight / total for text, weight in weights.items()}


def total_variation(law: Law, truth: Law) -> float:
    """From 0 to 1."""
    return sum(abs(law.get(text, 0.0) - truth.get(text, 0.0)) for text in {*law, *truth}) / 2


def divergence(law: Law, truth: Law, draws: int) -> float:
    """Kullback-Leibler, of the law from the truth, in nats.

    Args:
        law: that is compared.
        truth: the model's own.
        draws: that the law is known from; 0: it is exact.
    """
    least = 0.5 / draws if draws else 1e-12
    return sum(
        share * math.log(share / max(law.get(text, 0.0), least)) for text, share in truth.items() if share
    )


def floor(truth: Law, draws: int, random: np.random.Generator) -> float:
    """The mean total variation of as many draws of the truth itself."""
    shares = np.array(list(truth.values()))
    found = random.multinomial(draws, shares, size=200) / draws
    return float(np.abs(found - shares).sum(1).mean() / 2)


def outcomes(reading: Remembering, constraint: Any, strategies: Iterable[Any]) -> Iterator[Any]:
    """What strategies give."""
    for strategy in strategies:
        yield structgen.sample(reading, "", constraint, strategy, max_new_tokens=LIMIT)


def measure_arms(reading: Remembering, constraint: Any, runs: int) -> dict[str, tuple[Law, float, int]]:
    """The law of each strategy, the rows for one outcome, and how many draws the law is known from."""
    found = {}
    for particles in (4, 16, 64):
        few = max(20, runs // particles)
        before = reading.requested
        drawn = list(
            outcomes(reading, constraint, [structgen.SMC(particles, seed=SEED + seed) for seed in range(few)])
        )
        law: Law = Counter()
        for one in drawn:
            for text, share in one.shares.items():
                law[text] += share / few
        found[f"SMC({particles})"] = dict(law), (reading.requested - before) / few, few * particles
    before = reading.requested
    exact = list(
        outcomes(reading, constraint, [structgen.Exact(100_000, seed=SEED + seed) for seed in range(runs)])
    )
    law = normalised(Counter(one.text for one in exact))
    found["Exact"] = law, (reading.requested - before) / runs, runs
    return found


def measure_draft(sampler: Any, question: str, constraint: Any, draws: int) -> tuple[Law, float, int]:
    """The same for `Draft`: a free answer of at most 24 tokens, then the one that counts."""
    found = [
        structgen.sample(sampler, question, constraint, structgen.Draft(seed=SEED + seed), max_new_tokens=24)
        for seed in range(draws)
    ]
    law = normalised(Counter(one.text for one in found))
    return law, sum(one.token_count for one in found) / draws, draws


def measure(sampler: Any, question: str, labels: list[str], runs: int, drafts: int) -> dict[str, Any]:
    """All arms for one task."""
    constraint = structgen.choice(labels)
    question = f"{question} Answer with one of: {', '.join(labels)}."
    reading = Remembering(sampler.decoder(question))
    masks = Masks(constraint, reading.vocabulary, LIMIT)
    truth, masked = laws(reading, masks)
    rows = sum(share * (len(sampler.tokenizer(text)["input_ids"]) + 1) for text, share in masked.items())
    arms = {"mask": (masked, rows, 0), **measure_arms(reading, constraint, runs)}
    if drafts:
        arms["Draft"] = measure_draft(sampler, question, constraint, drafts)
    random = np.random.default_rng(SEED)
    return {
        "question": question,
        "truth": truth,
        "arms": {
            arm: {
                "law": law,
                "tv": total_variation(law, truth),
                "kl": divergence(law, truth, draws),
                "floor": floor(truth, draws, random) if draws else 0.0,
                "rows": cost,
            }
            for arm, (law, cost, draws) in arms.items()
        },
    }


def summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The mean of each figure over the tasks, with its interval."""
    random = np.random.default_rng(SEED)
    found: dict[str, Any] = {}
    for arm in results[0]["arms"]:
        of_arm = [result["arms"][arm] for result in results]
        chosen = random.integers(0, len(results), (2000, len(results)))
        found[arm] = {"rows": float(np.mean([one["rows"] for one in of_arm]))}
        for name in ("tv", "kl", "floor"):
            values = np.array([one[name] for one in of_arm])
            low, high = np.quantile(values[chosen].mean(1), (0.025, 0.975))
            found[arm][name] = {"mean": float(values.mean()), "low": float(low), "high": float(high)}
        found[arm]["best right"] = sum(
            max(result["truth"], key=result["truth"].__getitem__)
            == max(result["arms"][arm]["law"], key=result["arms"][arm]["law"].__getitem__)
            for result in results
        )
    return found


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", type=int, default=len(TASKS))
    parser.add_argument("--runs", type=int, default=200, help="outcomes of Exact; particles of SMC in all")
    parser.add_argument("--drafts", type=int, default=8, help="outcomes of Draft; 0: leave it out")
    parser.add_argument("--json", type=Path, help="write the figures to this JSON file")
    arguments = parser.parse_args()
    model, tokenizer = structgen.load_model("smollm2")
    sampler = structgen.TransformersSampler(model, tokenizer)
    step = max(1, len(TASKS) // arguments.tasks)
    chosen = TASKS[::step][: arguments.tasks]
    results = [
        measure(sampler, question, labels, arguments.runs, arguments.drafts)
        for question, labels in track(chosen, description="tasks")
    ]
    report = {"machine": figures.machine(), "seed": SEED, "results": results, "summary": summary(results)}
    print(tables.distortion(report))
    if arguments.json is not None:
        write(arguments.json, "distortion", report)


if __name__ == "__main__":
    main()
