"""outlines-core: a schema becomes a regular expression, and that an automaton over all tokens, in Rust."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
from outlines_core import Guide, Index, Vocabulary
from outlines_core.json_schema import build_regex_from_schema

from peers import Engine, Refused, words_of_mask
from structgen.vocabulary import Vocabulary as TokenBytes


class _Matcher:
    def __init__(self, index: Index, size: int) -> None:
        guide = Guide(index)
        array = np.zeros(words_of_mask(size), np.int32)
        self.mask = array
        write = partial(guide.write_mask_into, array.ctypes.data, array.size, array.itemsize)
        self.fill = lambda _keep=array: write()  # which keeps the array
        self._advance = guide.advance

    def advance(self, token: int) -> bool:
        """Read a token; without the list of allowed tokens that `advance` would return."""
        try:
            self._advance(token, return_tokens=False)
        except ValueError:
            return False
        return True


class _Grammar:
    def __init__(self, index: Index, size: int) -> None:
        self._index = index
        self._size = size

    def matcher(self) -> _Matcher:
        return _Matcher(self._index, self._size)


class OutlinesCore:
    """outlines-core with its defaults. It asks for the bytes of each token, and takes structgen's."""

    version = version("outlines-core")

    def __init__(self, tokenizer: Any) -> None:
        tokens = TokenBytes.from_tokenizer(tokenizer)
        self._size = tokens.size
        ids: dict[bytes, list[int]] = {}
        for token_id, text in enumerate(tokens.tokens):
            if text is not None:
                ids.setdefault(text, []).append(token_id)
        self._vocabulary = Vocabulary(tokenizer.eos_token_id, ids)

    def compile(self, schema: str) -> _Grammar:
        """The automaton of a schema."""
        try:
            return _Grammar(Index(build_regex_from_schema(schema), self._vocabulary), self._size)
        except (RuntimeError, ValueError) as error:
            raise Refused(str(error)) from error

    def renew(self) -> None:
        """Automata share nothing."""


ADAPTERS: dict[str, type[Engine]] = {"outlines-core": OutlinesCore}
