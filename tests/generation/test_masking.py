"""apply_bitmask() against a slow reference, by each way there is on this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from structgen.engine import _native  # noqa: E402
from structgen.generation import masking  # noqa: E402
from structgen.generation.masking import Copies, apply_bitmask  # noqa: E402

DTYPES = [torch.float32, torch.bfloat16, torch.float16]
WIDTHS = [1, 31, 32, 33, 127, 128, 129, 256, 1000, 4099]
SHARES = [0.0, 0.001, 0.5, 0.99, 1.0]
"""Of the tokens, how many are allowed."""


def make_logits(generator: Any, batch: int, width: int, dtype: Any) -> Any:
    """Random logits, a tenth of which are NaN or infinite."""
    logits = torch.randn(batch, width, generator=generator)
    odd = torch.tensor([float("nan"), float("inf"), float("-inf")])
    chosen = torch.randint(0, 30, (batch, width), generator=generator)
    return torch.where(chosen < 3, odd[chosen.clamp(max=2)], logits).to(dtype)


def make_bitmask(generator: Any, batch: int, width: int, share: float) -> tuple[Any, Any]:
    """Which tokens are allowed, and the same packed; bits from `width` up are random."""
    bits = torch.rand(batch, (width + 31) // 32 * 32, generator=generator) < share
    packed = np.packbits(bits.numpy(), axis=1, bitorder="little").view(np.int32)
    return bits[:, :width], torch.from_numpy(packed)


def masked_slowly(logits: Any, allowed: Any) -> Any:
    return torch.where(allowed, logits, torch.tensor(float("-inf"), dtype=logits.dtype))


def check_same(left: Any, right: Any) -> None:
    """Equal bit by bit, NaN and all."""
    bits = torch.int32 if left.dtype == torch.float32 else torch.int16
    assert torch.equal(left.contiguous().view(bits), right.contiguous().view(bits))


@pytest.fixture
def generator() -> Any:
    return torch.Generator().manual_seed(1796)


@pytest.fixture(params=[*range(len(_native.apply_instructions())), "torch"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each kind of instructions of this machine, then the operations of torch."""
    if request.param == "torch":
        monkeypatch.setattr(masking, "_place", lambda bitmask: (0, None))
        return "torch"

    def apply_natively(*arguments: Any) -> None:
        _native.apply_bitmask(*[*arguments, request.param])

    def copy_natively(*arguments: Any) -> list[bool]:
        return _native.copy_masked(*[*arguments, request.param])

    monkeypatch.setattr(masking, "apply_natively", apply_natively)
    monkeypatch.setattr(masking, "copy_natively", copy_natively)
    return str(_native.apply_instructions()[request.param])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", WIDTHS)
def test_forbidden_logits_are_minus_infinity_and_others_as_they_were(
    way: str, generator: Any, width: int, dtype: Any
) -> None:
    for share in SHARES:
        for batch in (1, 3):
            logits = make_logits(generator, batch, width, dtype)
            allowed, bitmask = make_bitmask(generator, batch, width, share)
            expected = masked_slowly(logits, allowed)
            apply_bitmask(logits, bitmask)
            check_same(logits, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", [33, 1000])
def test_views_are_masked_and_their_surroundings_left_alone(
    way: str, generator: Any, width: int, dtype: Any
) -> None:
    views: list[Callable[[Any], Any]] = [
        lambda whole: whole[:, 3 : 3 + width],  # rows apart
        lambda whole: whole[::2, 1 : 1 + width],  # every other row
        lambda whole: whole[:, : 2 * width : 2],  # every other logit
    ]
    for view in views:
        whole = make_logits(generator, 8, 2 * width + 8, dtype)
        logits = view(whole)
        allowed, bitmask = make_bitmask(generator, logits.shape[0], width, 0.5)
        expected = whole.clone()
        view(expected).copy_(masked_slowly(logits, allowed))
        apply_bitmask(logits, bitmask)
        check_same(whole, expected)


def test_transposed_logits(way: str, generator: Any) -> None:
    logits = make_logits(generator, 100, 4, torch.float32).T
    allowed, bitmask = make_bitmask(generator, 4, 100, 0.5)
    expected = masked_slowly(logits, allowed)
    apply_bitmask(logits, bitmask)
    check_same(logits, expected)


@pytest.mark.parametrize("rows", [[], [0], [4, 1, 2], range(1, 4), (3, 3), np.array([0, 4])])
def test_only_the_rows_named(way: str, generator: Any, rows: Any) -> None:
    logits = make_logits(generator, 5, 300, torch.float32)
    allowed, bitmask = make_bitmask(generator, 5, 300, 0.5)
    expected = logits.clone()
    for row in rows:
        expected[row] = masked_slowly(logits, allowed)[row]
    apply_bitmask(logits, bitmask, rows=rows)
    check_same(logits, expected)


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(lambda bitmask: bitmask.numpy(), id="numpy"),
        pytest.param(lambda bitmask: np.ascontiguousarray(bitmask.numpy()[::-1])[::-1], id="rows backwards"),
        pytest.param(lambda bitmask: np.asfortranarray(bitmask.numpy()), id="column by column"),
        pytest.param(lambda bitmask: torch.cat([bitmask, bitmask], 1)[:, : bitmask.shape[1]], id="a slice"),
        pytest.param(lambda bitmask: bitmask.T.contiguous().T, id="transposed"),
    ],
)
def test_bitmasks_of_any_layout(way: str, generator: Any, form: Any) -> None:
    logits = make_logits(generator, 3, 300, torch.float32)
    allowed, bitmask = make_bitmask(generator, 3, 300, 0.5)
    expected = masked_slowly(logits, allowed)
    apply_bitmask(logits, form(bitmask))
    check_same(logits, expected)


def test_a_single_row_without_a_batch(way: str, generator: Any) -> None:
    logits = make_logits(generator, 1, 300, torch.float32)
    allowed, bitmask = make_bitmask(generator, 1, 300, 0.5)
    expected = masked_slowly(logits, allowed)
    read_only = bitmask[0].numpy().copy()
    read_only.flags.writeable = False
    apply_bitmask(logits[0], read_only)
    check_same(logits, expected)


def test_one_row_of_bits_for_all(way: str, generator: Any) -> None:
    logits = make_logits(generator, 3, 300, torch.float32)
    allowed, bitmask = make_bitmask(generator, 1, 300, 0.5)
    expected = masked_slowly(logits, allowed)
    apply_bitmask(logits, bitmask.expand(3, -1))
    check_same(logits, expected)


@pytest.mark.parametrize("shape", [(0, 300), (2, 0), (0, 0)])
def test_nothing_to_mask(way: str, shape: tuple[int, int]) -> None:
    batch, width = shape
    logits = torch.zeros(shape)
    apply_bitmask(logits, torch.zeros(batch, (width + 31) // 32, dtype=torch.int32))
    assert logits.shape == shape


def test_a_batch_larger_than_a_chunk_of_unpacked_bits(
    generator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(masking, "_place", lambda bitmask: (0, None))
    monkeypatch.setattr(masking, "_CHUNK_BYTES", 700)
    logits = make_logits(generator, 7, 300, torch.float32)
    allowed, bitmask = make_bitmask(generator, 7, 300, 0.5)
    expected = masked_slowly(logits, allowed)
    apply_bitmask(logits, bitmask)
    check_same(logits, expected)


def test_large_batches_release_the_interpreter_and_come_out_the_same(generator: Any) -> None:
    logits = make_logits(generator, 9, 131075, torch.bfloat16)
    allowed, bitmask = make_bitmask(generator, 9, 131075, 0.5)
    expected = masked_slowly(logits, allowed)
    apply_bitmask(logits, bitmask)
    check_same(logits, expected)


def test_gradients_pass_where_a_token_is_allowed() -> None:
    weights = torch.ones(1, 3, requires_grad=True)
    logits = weights * 2
    apply_bitmask(logits, torch.tensor([[0b101]], dtype=torch.int32))
    logits[:, ::2].sum().backward()
    assert weights.grad.tolist() == [[2.0, 0.0, 2.0]]


def test_another_device_needs_no_host() -> None:
    logits = torch.zeros(2, 300, device="meta")
    apply_bitmask(logits, torch.zeros(2, 10, dtype=torch.int32, device="meta"))


WORDS = torch.zeros(2, 10, dtype=torch.int32)


@pytest.mark.parametrize(
    ("logits", "bitmask", "rows", "reason"),
    [
        (torch.zeros(2, 300).double(), WORDS, None, "logits are torch.float64"),
        (torch.zeros(2, 300, dtype=torch.int32), WORDS, None, "logits are torch.int32"),
        (torch.zeros(2, 300), WORDS.long(), None, "bitmask is torch.int64"),
        (torch.zeros(2, 300), WORDS.numpy().astype(np.uint32), None, "bitmask is uint32"),
        (torch.zeros(2, 300), WORDS[:1], None, r"bitmask is \[1, 10\]"),
        (torch.zeros(2, 321), WORDS, None, r"must be \[2, 11\].*size=321"),
        (torch.zeros(2, 288), WORDS, None, r"must be \[2, 9\]"),
        (torch.zeros(1, 2, 300), WORDS, None, "3 dimensions"),
        (torch.zeros(2, 300), WORDS.to("meta"), None, "bitmask is on meta"),
        (torch.zeros(1, 300).expand(2, -1), WORDS, None, "one and the same row"),
        (torch.zeros(2, 300), WORDS, [0, 2], "row 2 is out of range for a batch of 2"),
        (torch.zeros(2, 300), WORDS, [0, -1], "row -1 is out of range"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_fit_is_named_and_nothing_written(
    logits: Any, bitmask: Any, rows: Any, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        apply_bitmask(logits, bitmask, rows=rows)
    assert not logits.any()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", WIDTHS)
def test_masked_copies(way: str, generator: Any, width: int, dtype: Any) -> None:
    """The logits stay as they were; rows that are not named are copied; what is left of a row is told."""
    copies = Copies()
    for share in SHARES:
        for batch, rows in ((1, [0]), (3, [0, 1, 2]), (4, [1, 3]), (3, [])):
            logits = make_logits(generator, batch, width, dtype)
            logits[-1] = torch.where(torch.rand(width, generator=generator) < 0.9, -torch.inf, logits[-1])
            allowed, bitmask = make_bitmask(generator, batch, width, share)
            before, expected = logits.clone(), logits.clone()
            for row in rows:
                expected[row] = masked_slowly(logits, allowed)[row]
            copy, left = copies.masked(logits, bitmask.numpy(), rows)
            check_same(logits, before)
            check_same(copy, expected)
            assert left == [bool((expected[row] != -torch.inf).any()) for row in rows]


def test_masked_copies_of_views(way: str, generator: Any) -> None:
    whole = make_logits(generator, 8, 2008, torch.float32)
    allowed, bitmask = make_bitmask(generator, 4, 1000, 0.5)
    for logits in (whole[:4, 3:1003], whole[::2, 1:1001], whole[:4, :2000:2], whole[:1, :1000].expand(4, -1)):
        copy, _ = Copies().masked(logits, bitmask.numpy(), range(4))
        check_same(copy, masked_slowly(logits, allowed))


def test_a_masked_copy_has_the_gradient_of_what_is_allowed(generator: Any) -> None:
    logits = torch.zeros(2, 300, requires_grad=True)
    allowed, bitmask = make_bitmask(generator, 2, 300, 0.5)
    copy, left = Copies().masked(logits, bitmask.numpy(), [0, 1])
    copy.exp().sum().backward()
    assert left == [True, True]
    assert torch.equal(logits.grad != 0, allowed)


def test_large_copies_use_memory_again_but_never_that_of_a_copy_that_is_held() -> None:
    logits = torch.zeros(32, (1 << 20) // 4 // 32)
    copies = Copies()

    def copy_of(logits: Any) -> Any:
        words = np.full((len(logits), logits.shape[1] // 32), -1, dtype=np.int32)
        return copies.masked(logits, words, range(len(logits)))[0]

    first = copy_of(logits)
    view = first[3:4]
    second = copy_of(logits + 1)
    del first
    third = copy_of(logits + 2)
    assert view.max() == 0
    assert second.max() == 1
    assert third.min() == 2
    del view
    assert copy_of(logits[:1]).shape == (1, logits.shape[1])
    assert third.min() == 2


def test_a_loop_needs_two_pieces_of_memory_only() -> None:
    logits = torch.zeros(32, (1 << 20) // 4 // 32)
    words = np.full((32, logits.shape[1] // 32), -1, dtype=np.int32)
    copies = Copies()
    held, _ = copies.masked(logits, words, [])
    places = set()
    for _ in range(6):
        held, _ = copies.masked(logits, words, [])
        places.add(held.data_ptr())
    assert len(places) == 2
