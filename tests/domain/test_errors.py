"""Errors say what went wrong, to machines and to people."""

import pickle
import re
from collections.abc import Iterator

import pytest

from app.domain import errors
from app.domain.errors import BadField, CoinslotError, InsufficientFunds, LinkInvalid, ProviderFailed, UnknownModel


def below(kind: type[CoinslotError]) -> Iterator[type[CoinslotError]]:
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from below(child)


def drawn() -> dict[str, str]:
    """The name above each name in the docstring's tree."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines()[2:]:
        name = line.lstrip("│├└─ ").split()[0] if line.strip() else ""
        if name:
            depth = (len(line) - len(line.lstrip("│├└─ "))) // 4
            path[depth:] = [name]
            parents[name] = path[depth - 1] if depth else ""
    return parents


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    tree = {kind.__name__: kind.__bases__[0].__name__ for kind in below(CoinslotError)}
    assert drawn() == tree | {"CoinslotError": ""}


def test_every_error_has_a_code_of_its_own() -> None:
    """Those two are told their code by whoever raises them, and have one without being told."""
    given_at_birth = {UnknownModel, LinkInvalid}
    codes = [kind.code for kind in below(CoinslotError) if kind not in given_at_birth]
    codes += [UnknownModel("No.").code, LinkInvalid("No.").code, CoinslotError.code]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch("[a-z_]+", code) for code in codes)


def test_only_what_may_go_well_the_next_time_is_transient() -> None:
    transient = {kind for kind in below(CoinslotError) if kind.is_transient}
    assert transient == {
        errors.StillRunning, errors.LimitReached, errors.StaleDecision, ProviderFailed, errors.Unavailable,
        errors.AllRoutesOpen,
    }  # fmt: skip
    assert not CoinslotError.is_transient


@pytest.mark.parametrize(
    "error",
    [
        BadField("x", "No.", "why"),
        InsufficientFunds("wallet", 3, 5),
        ProviderFailed("No.", 429, body={"message": "x"}, retry_after="7"),
        errors.LimitReached("No.", "limit", 7),
        errors.Blocked("No.", "wallet_frozen"),
        errors.Unavailable("No."),
    ],
)
def test_an_error_crosses_to_another_process_with_all_that_it_says(error: CoinslotError) -> None:
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(again) is type(error) and again.__dict__ == error.__dict__ and str(again) == str(error)


def test_what_is_carried_is_kept() -> None:
    assert BadField("x", "No.", "why").code == "why" and BadField("x", "No.").code == "invalid_value"
    short = InsufficientFunds("wallet", 3, 5)
    assert (short.available_nanos, short.needed_nanos, "5" in short.message) == (3, 5, True)
    failed = ProviderFailed("No.", 429, retry_after="7")
    assert (failed.status, failed.retry_after, failed.timed_out, failed.is_transient) == (429, "7", False, True)
    assert (UnknownModel("No.", "model_not_priced").code, UnknownModel.code) == ("model_not_priced", "refused")
    assert (LinkInvalid("No.", "link_expired").code, str(LinkInvalid("No."))) == ("link_expired", "No.")
