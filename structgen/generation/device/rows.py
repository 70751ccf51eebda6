"""DeviceRows: the masks that are in use, in the memory of a device.

    rows = DeviceRows(grammar.rows, "cuda")
    ids = rows.places([matcher.row_id() for matcher in matchers])      int32 [B], on the device
    apply_rows(logits, rows.table, ids)

A row is copied when it is first used, from pinned memory and on a stream of its own. After that a step sends one
integer for each sequence.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import torch

from structgen.engine import RowTable
from structgen.options import Whole, check_option
from structgen.vocabulary import Vocabulary

FREE = -1
"""In the place of an id: the sequence has no mask."""

_FIRST_ROWS = 64


def shared_rows(vocabulary: Vocabulary, rows: RowTable, device: torch.device) -> DeviceRows:
    """The table of a vocabulary on a device that the generations of this thread share."""
    if not hasattr(_here, "tables"):
        _here.tables = WeakKeyDictionary()
    tables: dict[torch.device, DeviceRows] = _here.tables.setdefault(vocabulary, {})
    if device not in tables:
        tables[device] = DeviceRows(rows, device)
    return tables[device]


_here = threading.local()  # tables by vocabulary and device


class DeviceRows:
    """A table on a device of the rows of a vocabulary that are in use.

    Args:
        rows: the masks of the vocabulary, `CompiledGrammar.rows`.
        device: of the logits.
        max_bytes: what the table may take; the row that was used least recently is the first to go. One step may take
            more, if it needs more rows.

    Attributes:
        table: int32 [N, W] on the device. It grows, so read it after `places`.
        outside: int32 [N] on the device: of each row a token that it forbids; 0 if it forbids none.
        device: of the table.
        copied: rows copied to the device so far.

    Not for several threads at once.
    """

    def __init__(
        self, rows: RowTable, device: torch.device | str | int, *, max_bytes: int = 256 << 20
    ) -> None:
        check_option("max_bytes", max_bytes, (Whole(0),))
        self.device = torch.device(device)
        self.copied = 0
        self._rows = rows
        self._most = max(1, max_bytes // (4 * rows.words))
        self._places: OrderedDict[int, int] = OrderedDict()  # by id, the least recently used first
        self._epoch = rows.epoch
        count = min(_FIRST_ROWS, self._most)
        self.table = torch.zeros((count, rows.words), dtype=torch.int32, device=self.device)
        self.outside = torch.zeros(count, dtype=torch.int32, device=self.device)
        self._stream = _new_stream(self.device)

    def places(self, ids: Sequence[int]) -> torch.Tensor:
        """Where the rows are in `table`; those that are not there are copied.

        Args:
            ids: of rows in `CompiledGrammar.rows`, as `row_id()` of matchers and grammars gives them; `FREE` for a
                sequence without a mask.

        Returns:
            int32 [B], on the device.

        Raises:
            IndexError: No row has this id.
        """
        if self._rows.epoch != self._epoch:  # an id may stand for another row now
            self._places.clear()
            self._epoch = self._rows.epoch
        wanted = dict.fromkeys(number for number in ids if number != FREE)
        for number in wanted:
            if number in self._places:
                self._places.move_to_end(number)
        missing = [number for number in wanted if number not in self._places]
        if missing:
            self._copy(missing, len(wanted))
        found = [FREE if number == FREE else self._places[number] for number in ids]
        return self._sent(torch.tensor(found, dtype=torch.int32))

    def _copy(self, missing: list[int], in_use: int) -> None:
        """Copy rows to places that are free, or whose rows are not in use now."""
        words = self._rows.read(missing)
        self._grow(len(self._places) + len(missing), in_use)
        free = iter(sorted(set(range(len(self.table))) - set(self._places.values())))
        evicts = False
        targets = []
        for number in missing:
            place = next(free, None)
            if place is None:
                place = self._places.popitem(last=False)[1]
                evicts = True
            self._places[number] = place
            targets.append(place)
        self._write(torch.tensor(targets), words, evicts)
        self.copied += len(missing)

    def _write(self, places: torch.Tensor, words: npt.NDArray[np.int32], evicts: bool) -> None:
        """Write rows to their places. A step that still runs may use a row that is replaced: only then we wait."""
        outside = torch.from_numpy(_forbidden(words))
        if self._stream is None:
            self.table[places.to(self.device)] = torch.from_numpy(words).to(self.device)
            self.outside[places.to(self.device)] = outside.to(self.device)
            return
        current = torch.cuda.current_stream(self.device)
        if evicts:
            torch.cuda.synchronize(self.device)
        with torch.cuda.stream(self._stream):
            where = self._pinned(places)
            self.table.index_copy_(0, where, self._pinned(torch.from_numpy(words)))
            self.outside.index_copy_(0, where, self._pinned(outside))
        current.wait_stream(self._stream)

    def _grow(self, needed: int, in_use: int) -> None:
        """Make room for rows: up to the limit, or for what one step needs."""
        most = max(self._most, in_use)
        if needed <= len(self.table) or len(self.table) >= most:
            return
        more = min(most, max(needed, 2 * len(self.table))) - len(self.table)
        self.table = torch.cat([self.table, self.table.new_zeros(more, self._rows.words)])
        self.outside = torch.cat([self.outside, self.outside.new_zeros(more)])
        if self._stream is not None:
            self._stream.wait_stream(torch.cuda.current_stream(self.device))

    def _sent(self, tensor: torch.Tensor) -> torch.Tensor:
        """The tensor on the device, without waiting for it."""
        return tensor.to(self.device) if self._stream is None else self._pinned(tensor)

    def _pinned(self, tensor: torch.Tensor) -> torch.Tensor:
        """The tensor on the device, by way of pinned memory."""
        return tensor.pin_memory().to(self.device, non_blocking=True)


def _new_stream(device: torch.device) -> Any:
    """A stream for copies; None where there are no streams."""
    return torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]


def _forbidden(rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """A token that each row forbids; 0 if it forbids none."""
    words = (rows != -1).argmax(1)  # the first that has a bit which is not set
    lacking = ~rows[np.arange(len(rows)), words]
    lowest = (lacking & -lacking).view(np.uint32)  # its lowest bit alone
    return np.where(lowest == 0, 0, 32 * words + np.log2(np.maximum(lowest, 1))).astype(np.int32)
