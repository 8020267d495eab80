"""Token counts, with the vocabularies that we ship."""

import threading
import zipfile
from collections.abc import Sequence
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
import tiktoken_ext.openai_public as original  # type: ignore[import-untyped]
from structlog.testing import capture_logs

from app.adapters.providers import tiktoken
from app.adapters.providers.tiktoken import PATTERNS, SHA256, TiktokenCounter, VocabularyBroken, vocabulary_of
from app.ports.providers import TokenCounter

COUNTER: TokenCounter = TiktokenCounter()


@pytest.mark.unhurried
@pytest.mark.parametrize(
    ("text", "model", "tokens"),
    [
        ("", "gpt-4o", 0),
        ("hello world", "gpt-4o", 2),
        ("tiktoken is great!", "gpt-4", 6),
        ("お誕生日おめでとう", "gpt-4", 9),
        ("お誕生日おめでとう", "gpt-4o", 8),
        ("2 + 2 = 4", "gpt-3.5-turbo", 7),
        ("<|endoftext|>", "gpt-4o", 7),
    ],
)
def test_counts_are_those_of_the_model(text: str, model: str, tokens: int) -> None:
    assert COUNTER.count(text, model) == tokens


@pytest.mark.parametrize(
    ("model", "vocabulary"),
    [
        ("gpt-4", "cl100k_base"),
        ("openai/gpt-4", "cl100k_base"),
        ("gpt-3.5-turbo-0125", "cl100k_base"),
        ("gpt-4o-mini", "o200k_base"),
        ("gpt-oss-120b", "o200k_base"),
        ("davinci", "o200k_base"),
        ("somebody/else-7b:free", "o200k_base"),
        ("", "o200k_base"),
    ],
)
def test_an_unknown_model_counts_with_the_newest_vocabulary(model: str, vocabulary: str) -> None:
    assert vocabulary_of(model) == vocabulary


def test_patterns_and_hashes_are_those_of_tiktoken(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, str] = {}

    def load(address: str, expected_hash: str) -> dict[bytes, int]:
        asked[address] = expected_hash
        return {}

    monkeypatch.setattr(original, "load_tiktoken_bpe", load)
    constructors: dict[str, Any] = original.ENCODING_CONSTRUCTORS
    assert {name: constructors[name]()["pat_str"] for name in PATTERNS} == PATTERNS
    assert set(asked.values()) == set(SHA256.values())


@pytest.mark.unhurried
def test_long_text_is_counted_up_to_a_megabyte_and_no_further() -> None:
    assert COUNTER.count("word " * 200_000, "gpt-4o") in range(199_990, 200_020)
    assert COUNTER.count("word " * 200_000 + "x", "gpt-4o") is None
    assert COUNTER.count("ü" * 500_001, "gpt-4o") is None
    assert COUNTER.count("\ud800", "gpt-4o") is not None


@pytest.mark.unhurried
def test_many_threads_load_a_vocabulary_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []
    real = tiktoken.read_vocabulary

    def read(name: str) -> dict[bytes, int]:
        reads.append(name)
        return real(name)

    monkeypatch.setattr(tiktoken, "read_vocabulary", read)
    counter, counts = TiktokenCounter(), list[int | None]()
    threads = [threading.Thread(target=lambda: counts.append(counter.count("a b c", "gpt-4o"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (counts, reads) == ([3] * 8, ["o200k_base"])


def test_a_damaged_vocabulary_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "o200k_base.tiktoken").write_text("IQ== 0\n")
    monkeypatch.setattr(tiktoken, "VOCABULARIES", tmp_path)
    with pytest.raises(VocabularyBroken, match="o200k_base"):
        TiktokenCounter().count("x", "gpt-4o")


class _Failing:
    """Stands for an encoding whose Rust fails; the real ones have not been made to panic."""

    name = "o200k_base"

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def encode_ordinary(self, text: str) -> Sequence[int]:
        raise self._error


class PanicException(BaseException):
    """Has the name and the root of pyo3's."""


def _counter_that_raises(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> TiktokenCounter:
    monkeypatch.setattr(TiktokenCounter, "_encoding", lambda self, name: _Failing(error))
    return TiktokenCounter()


def test_a_panic_of_the_tokenizer_leaves_the_byte_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    counter = _counter_that_raises(monkeypatch, PanicException("called unwrap on an error"))
    with capture_logs() as logs:
        assert counter.count("x", "gpt-4o") is None
    assert [log["event"] for log in logs] == ["tokenizer_panicked"]


def test_what_is_no_panic_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyboardInterrupt):
        _counter_that_raises(monkeypatch, KeyboardInterrupt()).count("x", "gpt-4o")


@pytest.mark.slow
def test_the_wheel_carries_the_vocabularies(tmp_path: Path) -> None:
    """Only a wheel that was built shows what is in it."""
    root = Path(__file__).parents[3]
    run(["uv", "build", "--wheel", "--out-dir", str(tmp_path), str(root)], check=True, capture_output=True)
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    assert {f"app/adapters/providers/vocabularies/{name}.tiktoken" for name in SHA256} <= set(names)
