"""Masks on a device: the engine's own loop is the judge, bit by bit; the samplers by chi-squared.

With Triton installed the kernels run here under its interpreter, else operations of torch; on a machine with CUDA, all
of it there: `pytest -m cuda`.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
import torch

import structgen
from structgen.errors import InvalidOptionError
from structgen.generation import apply_bitmask
from structgen.generation.device import apply as module
from structgen.generation.device import apply_rows, masked_argmax, masked_logsumexp, masked_sample
from structgen.generation.device.random import uniform

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.cuda)]
TYPES = [torch.float32, torch.bfloat16, torch.float16]
WIDTHS = [1, 33, 257, 4097]


@pytest.fixture(params=["kernels", "torch"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "torch":
        monkeypatch.setattr(module, "_has_triton", lambda: False)
    else:
        pytest.importorskip("triton")


def rows_of(count: int, width: int, seed: int) -> torch.Tensor:
    """Rows of all kinds: random, full, a single token, none but the last."""
    random = np.random.default_rng(seed)
    bits = random.random((count, width)) < random.random((count, 1))
    bits[0] = True
    bits[1 % count] = False
    bits[1 % count, width - 1] = True
    padded = np.zeros((count, (width + 31) // 32 * 32), dtype=np.uint8)
    padded[:, :width] = bits
    padded[:, width:] = 1  # bits from V up are ignored
    return torch.from_numpy(np.packbits(padded, axis=1, bitorder="little").view(np.int32).copy())


def expected(logits: torch.Tensor, table: torch.Tensor, ids: list[int]) -> torch.Tensor:
    """The same by the engine."""
    found = logits.cpu().contiguous().clone()
    rows = [row for row, number in enumerate(ids) if number >= 0]
    mask = torch.stack([table[max(number, 0)] for number in ids]).contiguous()
    apply_bitmask(found, mask[:, : (logits.shape[1] + 31) // 32].contiguous(), rows=rows)
    return found


def same(left: torch.Tensor, right: torch.Tensor) -> bool:
    kind = torch.int32 if left.dtype == torch.float32 else torch.int16
    return torch.equal(left.cpu().contiguous().view(kind), right.cpu().contiguous().view(kind))


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("width", WIDTHS)
def test_rows_are_applied_as_by_the_engine(device: str, dtype: torch.dtype, width: int) -> None:
    table = rows_of(5, width, width)
    logits = torch.randn(6, width, dtype=torch.float32).to(dtype)
    logits[0, 0] = float("-inf")
    logits[1, width // 2] = float("nan")
    for ids in ([0, 1, 2, 3, 4, -1], [-1, 4, 4, -7, 0, 1]):
        where = torch.tensor(ids, device=device)
        out = torch.empty_like(logits, device=device)
        copied = apply_rows(logits.to(device), table.to(device), where, out=out)
        assert copied is out
        assert same(out, expected(logits, table, ids))
        in_place = logits.to(device, copy=True)
        assert apply_rows(in_place, table.to(device), where.int()) is in_place
        assert same(in_place, expected(logits, table, ids))


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("device", DEVICES)
def test_rows_may_have_strides_and_tables_more_words(device: str) -> None:
    table = rows_of(4, 500, 1).to(device)
    wide = torch.randn(3, 700, device=device)
    logits = wide[:, 50:450]
    before = wide.clone()
    want = expected(logits, table.cpu(), [2, -1, 3])
    apply_rows(logits, table, torch.tensor([2, -1, 3], device=device))
    assert same(wide[:, 50:450], want)
    assert torch.equal(wide[:, :50], before[:, :50])
    assert torch.equal(wide[:, 450:], before[:, 450:])


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_likeliest_allowed_token_is_chosen(device: str, dtype: torch.dtype, width: int) -> None:
    table = rows_of(5, width, width + 1)
    logits = torch.randn(6, width).to(dtype)  # in 16 bits many are equal: the first counts
    ids = [0, 1, 2, 3, 4, -1]
    found = masked_argmax(logits.to(device), table.to(device), torch.tensor(ids, device=device))
    for row, masked in enumerate(expected(logits, table, ids).float()):
        best = masked.max()
        first = int((masked == best).nonzero()[0]) if best > float("-inf") else width
        assert int(found[row]) == first


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_mass_that_is_kept(device: str, dtype: torch.dtype, width: int) -> None:
    table = rows_of(5, width, width + 2)
    logits = (torch.randn(6, width) * 5).to(dtype)
    ids = [0, 1, 2, 3, 4, -1]
    mass = masked_logsumexp(logits.to(device), table.to(device), torch.tensor(ids, device=device))
    masked = expected(logits, table, ids).double()
    assert torch.allclose(mass.all.cpu().double(), logits.double().logsumexp(1), atol=1e-5)
    finite = masked.logsumexp(1)
    assert torch.equal(mass.allowed.cpu() == float("-inf"), finite == float("-inf"))
    assert torch.allclose(
        mass.allowed.cpu().double().nan_to_num(neginf=0), finite.nan_to_num(neginf=0), atol=1e-5
    )
    assert (mass.kept.cpu() <= 1e-5).all()


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_are_drawn_with_the_probability_of_the_model(
    device: str, temperature: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    width, draws = 40, 1000
    if find_spec("triton"):
        monkeypatch.setattr("structgen.generation.device.kernels.BLOCK", 64)
    table = rows_of(3, width, 5)
    logits = torch.randn(width) * 2
    ids = torch.full((draws,), 2)
    found = masked_sample(
        logits.expand(draws, width).contiguous().to(device),
        *(table.to(device), ids.to(device)),
        seed=11,
        temperature=temperature,  # type: ignore[arg-type]
    )
    masked = expected(logits[None] / temperature, table, [2])[0]
    probabilities = masked.softmax(0).numpy()
    counts = np.bincount(found.cpu().numpy(), minlength=width)
    assert counts[probabilities == 0].sum() == 0
    likely = probabilities * draws >= 5
    statistic = ((counts - probabilities * draws)[likely] ** 2 / (probabilities * draws)[likely]).sum()
    freedom = int(likely.sum())
    assert statistic < freedom + 4 * (2 * freedom) ** 0.5  # four deviations


@pytest.mark.parametrize("device", DEVICES)
def test_the_same_seed_draws_the_same_tokens_everywhere(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("triton")
    table, logits = rows_of(4, 5000, 3), torch.randn(8, 5000)
    ids = torch.tensor([0, 1, 2, 3, -1, 2, 3, 0])
    arguments = (logits.to(device), table.to(device), ids.to(device))
    by_kernels = [masked_sample(*arguments, seed=seed) for seed in range(5)]
    monkeypatch.setattr(module, "_has_triton", lambda: False)
    assert all(torch.equal(masked_sample(*arguments, seed=seed), by_kernels[seed]) for seed in range(5))
    assert not torch.equal(by_kernels[0], by_kernels[1])


def test_random_numbers_are_those_of_philox() -> None:
    """With counter and key zero the first number of Philox 4x32-10 is 0x6627e8d5 (Random123, kat_vectors)."""
    assert float(uniform(0, torch.zeros(1, dtype=torch.int64))) == pytest.approx(0x6627E8D5 / 2**31)
    many = uniform(3, torch.arange(100_000))
    assert float(many.min()) >= 0
    assert float(many.max()) < 1
    assert abs(float(many.mean()) - 0.5) < 0.005


@pytest.mark.parametrize("device", DEVICES)
def test_a_row_that_allows_nothing_gives_no_token(device: str) -> None:
    table = torch.zeros(1, 2, dtype=torch.int32, device=device)
    logits, ids = torch.zeros(1, 40, device=device), torch.zeros(1, dtype=torch.int64, device=device)
    assert masked_argmax(logits, table, ids).tolist() == [40]
    assert masked_sample(logits, table, ids, seed=1).tolist() == [40]
    assert masked_logsumexp(logits, table, ids).kept.tolist() == [float("-inf")]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"logits": torch.zeros(2, 3, dtype=torch.float64)}, "logits"),
        ({"logits": torch.zeros(3)}, "logits"),
        ({"logits": torch.zeros(3, 2).T}, "logits"),
        ({"logits": torch.zeros(1, 3).expand(2, 3)}, "logits"),
        ({"table": torch.zeros(1, 1, dtype=torch.int64)}, "table"),
        ({"table": torch.zeros(1, 0, dtype=torch.int32)}, "table"),
        ({"ids": torch.zeros(1, dtype=torch.int64)}, "ids"),
        ({"ids": torch.zeros(2)}, "ids"),
        ({"ids": torch.zeros(2, dtype=torch.int64, device="meta")}, "ids"),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, torch.Tensor], name: str) -> None:
    good = {
        "logits": torch.zeros(2, 3),
        "table": torch.zeros(1, 1, dtype=torch.int32),
        "ids": torch.zeros(2, dtype=torch.int64),
    }
    with pytest.raises(InvalidOptionError, match=f"{name}="):
        apply_rows(**{**good, **changes})


def test_the_result_must_have_the_shape_of_the_logits() -> None:
    table, ids = torch.zeros(1, 1, dtype=torch.int32), torch.zeros(2, dtype=torch.int64)
    with pytest.raises(InvalidOptionError, match="out="):
        apply_rows(torch.zeros(2, 3), table, ids, out=torch.zeros(2, 4))
    with pytest.raises(InvalidOptionError, match="temperature="):
        masked_sample(torch.zeros(2, 3), table, ids, seed=1, temperature=0.0)
    with pytest.raises(InvalidOptionError, match="seed="):
        masked_sample(torch.zeros(2, 3), table, ids, seed=-1)


def test_nothing_is_a_batch_too() -> None:
    table = torch.zeros(1, 1, dtype=torch.int32)
    assert apply_rows(torch.zeros(0, 3), table, torch.zeros(0, dtype=torch.int64)).shape == (0, 3)
    assert structgen.generation.device.apply_rows is apply_rows
