"""Errors say what went wrong, to machines and to people."""

from collections.abc import Iterator

from app.domain import errors
from app.domain.errors import BadField, CoinslotError, InsufficientFunds, ProviderFailed, UnknownModel


def below(kind: type[CoinslotError]) -> Iterator[type[CoinslotError]]:
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from below(child)


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = {line.strip("│├└─ ").split()[0] for line in (errors.__doc__ or "").splitlines()[2:] if line.strip()}
    assert drawn == {kind.__name__ for kind in below(CoinslotError)} | {"CoinslotError"}


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in below(CoinslotError) if kind not in (UnknownModel, errors.LinkInvalid)]
    assert len(set(codes)) >= len(codes) - 2


def test_what_is_carried_is_kept() -> None:
    assert BadField("x", "No.", "why").code == "why" and BadField("x", "No.").code == "invalid_value"
    short = InsufficientFunds("wallet", 3, 5)
    assert (short.available_nanos, short.needed_nanos, "5" in short.message) == (3, 5, True)
    failed = ProviderFailed("No.", 429, retry_after="7")
    assert (failed.status, failed.retry_after, failed.timed_out, failed.is_transient) == (429, "7", False, True)
