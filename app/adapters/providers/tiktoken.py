"""Counts tokens with tiktoken and the vocabularies shipped beside this file; nothing is downloaded.

tiktoken's own loader would look at the environment and write to a temporary folder, so the files are
read here; their SHA-256 are the ones that tiktoken checks. Ordinary text only: special tokens in a
prompt are counted as what they are to a provider, text.
"""

import base64
import hashlib
from pathlib import Path
from threading import Lock

import structlog
import tiktoken
from tiktoken.model import encoding_name_for_model

PIECE_CHARACTERS_MAX = 100_000
TEXT_BYTES_MAX = 1_000_000
FALLBACK = "o200k_base"
VOCABULARIES = Path(__file__).parent / "vocabularies"

SHA256 = {
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}
PATTERNS = {
    "cl100k_base": (
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
        r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
    ),
    "o200k_base": "|".join(
        (
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"\p{N}{1,3}",
            r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
            r"\s*[\r\n]+",
            r"\s+(?!\S)",
            r"\s+",
        )
    ),
}
"""Copied from tiktoken_ext.openai_public, where they stand inside functions that download."""

_log = structlog.get_logger()


class VocabularyBroken(Exception):
    """A shipped vocabulary is not the file that it should be: a damaged installation."""


def read_vocabulary(name: str) -> dict[bytes, int]:
    """Returns the ranks of a shipped vocabulary. Raises VocabularyBroken when its SHA-256 is wrong."""
    content = (VOCABULARIES / f"{name}.tiktoken").read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256[name]:
        raise VocabularyBroken(f"{name}.tiktoken is damaged; install Coinslot again.")
    pairs = (line.split() for line in content.splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in pairs}


def vocabulary_of(model: str) -> str:
    """Returns the shipped vocabulary for a model's name, with or without its maker (`openai/gpt-4o`)."""
    try:
        name = encoding_name_for_model(model.rpartition("/")[2])
    except KeyError:
        return FALLBACK
    return name if name in SHA256 else FALLBACK


class TiktokenCounter:
    """A TokenCounter. A vocabulary is loaded at its first use (half a second); any thread may call."""

    def __init__(self) -> None:
        self._encodings: dict[str, tiktoken.Encoding] = {}
        self._lock = Lock()

    def count(self, text: str, model: str) -> int | None:
        """Returns the tokens of `text`, or None over 1 MB or where the tokenizer gave up: the byte bound stands.

        Text is cut every 100,000 characters, because a piece's time can grow faster than its length; a cut
        changes the count by a token or two.
        """
        if len(text) > TEXT_BYTES_MAX or len(text.encode("utf-8", "surrogatepass")) > TEXT_BYTES_MAX:
            return None
        encoding = self._encoding(vocabulary_of(model))
        total = 0
        for start in range(0, len(text), PIECE_CHARACTERS_MAX):
            tokens = _count_piece(encoding, text[start : start + PIECE_CHARACTERS_MAX])
            if tokens is None:
                return None
            total += tokens
        return total

    def _encoding(self, name: str) -> tiktoken.Encoding:
        with self._lock:
            if name not in self._encodings:
                self._encodings[name] = tiktoken.Encoding(
                    name, pat_str=PATTERNS[name], mergeable_ranks=read_vocabulary(name), special_tokens={}
                )
            return self._encodings[name]


class _Panic:
    """Stops a panic of tiktoken's Rust, and nothing else, at the end of its block.

    pyo3's PanicException derives from BaseException, so that nobody catches it by accident, and cannot be
    imported; its name is all there is to go by, and `except` cannot ask for a name.
    """

    is_caught = False

    def __enter__(self) -> "_Panic":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        self.is_caught = kind is not None and kind.__name__ == "PanicException"
        return self.is_caught


def _count_piece(encoding: tiktoken.Encoding, piece: str) -> int | None:
    """Counts one piece; None if the tokenizer panicked."""
    tokens: int | None = None
    with _Panic() as panic:
        tokens = len(encoding.encode_ordinary(piece))
    if panic.is_caught:
        _log.warning("tokenizer_panicked", adapter="tokens_tiktoken", encoding=encoding.name, characters=len(piece))
    return tokens
