"""Vocabulary: what each token means as bytes, which tokens have no text, which of them end it.

A token id is an index into `tokens`. It holds

    bytes    the text of the token, UTF-8; perhaps only a part of a character
    None     a token without text: special (`<|im_start|>`), an end of text, padding, a hole in the numbering

Ids from `len(tokens)` up to `size` exist in the logits only: a model's head is often padded to a round
number. They are never allowed. Several ids may have the same bytes; all of them are allowed together.

Knows neither grammars nor masks. How tokenizers are read is in `structgen.vocabulary.readers`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from structgen.errors import VocabularyError
from structgen.locks import ProcessLock
from structgen.vocabulary.readers import end_token_ids, has_grown
from structgen.vocabulary.verification import read_verified

if TYPE_CHECKING:
    from structgen.engine import Store

STORE_BYTES = 512 * 1024 * 1024
"""What a store may hold before grammars to come get a new one, in bytes."""
_store_limit = [STORE_BYTES]


def limit_stores(limit: int) -> None:
    """Let stores hold no more than a number of bytes, nor more than `STORE_BYTES`."""
    _store_limit[0] = min(limit, STORE_BYTES)


class Vocabulary:
    """The tokens of a model as byte strings.

    Args:
        tokens: the bytes of each token; None for a special token or a hole. Empty bytes count as None: a
            token that adds nothing to the text could be repeated for ever.
        special_tokens: ids of the tokens that a grammar may name, by their text. They have no bytes, whatever
            `tokens` says.
        eos_token_ids: the tokens that end a text. They have no bytes, whatever `tokens` says.
        size: the width V of the logits; `len(tokens)` if None.

    Attributes:
        tokens: the bytes of each token, or None.
        size: the width V of the logits.
        special_tokens: ids by text.
        eos_token_ids: the tokens that end a text.

    Raises:
        VocabularyError: An id is outside of the vocabulary, a token is not bytes, or `size` is too small.

    `vocabulary[id]` is the bytes of a token (empty if it has none), `len(vocabulary)` is the size.
    Vocabularies are values that never change; two are the same if they are the same object.
    """

    __slots__ = ("__weakref__", "_lock", "_store", "eos_token_ids", "size", "special_tokens", "tokens")

    def __init__(
        self,
        tokens: Sequence[bytes | None],
        *,
        special_tokens: Mapping[str, int] = {},
        eos_token_ids: Iterable[int] = (),
        size: int | None = None,
    ) -> None:
        texts = [token or None for token in tokens]
        self.size = len(texts) if size is None else size
        self.special_tokens = dict(special_tokens)
        self.eos_token_ids = frozenset(eos_token_ids)
        if self.size < len(texts):
            raise VocabularyError(
                f"size = {size} is less than the {len(texts)} tokens there are: pass the width of the logits "
                f"(model.config.vocab_size), or None"
            )
        for token_id in (*self.special_tokens.values(), *self.eos_token_ids):
            if not 0 <= token_id < self.size:
                raise VocabularyError(
                    f"token {token_id} is named, but the vocabulary ends at {self.size - 1}"
                )
            if token_id < len(texts):
                texts[token_id] = None
        _check_texts(texts)
        self.tokens = tuple(texts)
        self._store: Store | None = None
        self._lock = ProcessLock()

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.tokens, self.special_tokens, self.eos_token_ids, self.size)

    def __copy__(self) -> Vocabulary:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Vocabulary:
        return self

    @classmethod
    def from_tokenizer(
        cls, tokenizer: Any, *, size: int | None = None, eos_token_ids: int | Iterable[int] | Any = None
    ) -> Vocabulary:
        """The vocabulary of a tokenizer of another library.

        Args:
            tokenizer: of transformers (fast or slow, or a processor that holds one), `tokenizers.Tokenizer`,
                `tiktoken.Encoding`, `sentencepiece.SentencePieceProcessor` or Mistral's Tekkenizer.
            size: width of the logits, `model.config.vocab_size`. Where the tokenizer has more tokens than
                that, its number counts.
            eos_token_ids: tokens that end a text, in addition to the tokenizer's own: an id, several, or a generation
                config (`model.generation_config`).

        Raises:
            VocabularyError: The tokens cannot be mapped to bytes, or the map does not agree with what the
                tokenizer does. Names the token or the text that fails.

        Byte-level BPE, SentencePiece with or without byte fallback, and tiktoken's are recognised by what the
        tokenizer's decoder does, and checked by encoding and decoding a set of texts. Tokenizers that change
        the text (lower case, WordPiece) are refused.

        Read once per tokenizer (some 0.1 s for 128k tokens), then taken from a cache that lives as long as
        the tokenizer. Tokenizers with the same tokens share one vocabulary.
        """
        ends = end_token_ids(eos_token_ids)
        key = (size, ends, end_token_ids(tokenizer))
        with _cache_lock:
            try:
                cached = _by_tokenizer.setdefault(tokenizer, {})
            except TypeError:  # of a type without weak references: shared by its content only
                cached = {}
            found = cached.get(key)
            if found is None or has_grown(tokenizer, len(found.tokens)):
                table = read_verified(tokenizer)
                found = cached[key] = _shared(
                    cls(
                        table.tokens,
                        special_tokens=table.special_tokens,
                        eos_token_ids=table.eos_token_ids | ends,
                        size=max(len(table.tokens), size or 0),
                    )
                )
            return found

    @classmethod
    def of_bytes(cls) -> Vocabulary:
        """256 tokens, one for each byte, and no end token: enough to read any text."""
        with _cache_lock:
            if not _of_bytes:
                _of_bytes.append(_shared(cls([bytes([byte]) for byte in range(256)])))
            return _of_bytes[0]

    @property
    def native(self) -> Store:
        """The engine's store: the trie of this vocabulary, and what its grammars share.

        Built once. When what grammars left in it passes `STORE_BYTES`, those to come get a new one, and the old one
        goes with the last grammar that uses it: a server may compile new schemas for ever.
        """
        store = self._store
        if store is None or store.bytes > _store_limit[0]:
            with self._lock:
                if self._store is None or self._store.bytes > _store_limit[0]:
                    from structgen.engine import Store

                    self._store = Store(list(self.tokens), self.size)
                store = self._store
        return store

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, token_id: int) -> bytes:
        if not 0 <= token_id < self.size:
            raise IndexError(f"token {token_id} is outside of the vocabulary of {self.size}")
        return (self.tokens[token_id] if token_id < len(self.tokens) else None) or b""

    def __repr__(self) -> str:
        return f"<Vocabulary of {self.size} tokens, {len(self.eos_token_ids)} of which end a text>"


def _check_texts(texts: list[Any]) -> None:
    """See that tokens are bytes or None."""
    kinds = set(map(type, texts)) - {bytes, type(None)}
    if kinds:
        position = next(i for i, text in enumerate(texts) if type(text) in kinds)
        raise VocabularyError(f"token {position} is {texts[position]!r}: it must be bytes or None")


def _again(
    tokens: tuple[bytes | None, ...],
    special_tokens: dict[str, int],
    eos_token_ids: frozenset[int],
    size: int,
) -> Vocabulary:
    """A vocabulary out of a pickle: the living one with the same content, if there is one."""
    with _cache_lock:
        return _shared(
            Vocabulary(tokens, special_tokens=special_tokens, eos_token_ids=eos_token_ids, size=size)
        )


def _shared(vocabulary: Vocabulary) -> Vocabulary:
    """A living vocabulary with the same content, or else this one."""
    content = (
        vocabulary.tokens,
        vocabulary.size,
        frozenset(vocabulary.special_tokens.items()),
        vocabulary.eos_token_ids,
    )
    return _by_content.setdefault(content, vocabulary)


_cache_lock = ProcessLock()
_of_bytes: list[Vocabulary] = []
_by_tokenizer: WeakKeyDictionary[Any, dict[Any, Vocabulary]] = WeakKeyDictionary()
_by_content: WeakValueDictionary[Any, Vocabulary] = WeakValueDictionary()
