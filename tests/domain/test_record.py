"""A record is what a frozen dataclass is, but for the guard that only types need."""

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, fields, replace

import pytest

from app.domain.ledger.operations import Applied
from app.domain.pricing.quote import Tokens
from app.domain.record import changed, record


@record(frozen=True, slots=True)
class Made:
    one: int
    two: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Usual:
    one: int
    two: tuple[int, ...] = ()


def test_a_record_compares_prints_and_copies_as_a_frozen_dataclass_does() -> None:
    made, usual = Made(1, (2,)), Usual(1, (2,))
    assert made == Made(1, (2,)) != Made(2, (2,)) and hash(made) == hash(Made(1, (2,))) == hash(usual)
    assert repr(made).removeprefix("Made") == repr(usual).removeprefix("Usual")
    assert asdict(made) == asdict(usual) and replace(made, one=3) == Made(3, (2,)) and made.one == 1
    assert [field.name for field in fields(Made)] == ["one", "two"] and not hasattr(made, "__dict__")
    assert pickle.loads(pickle.dumps(Tokens(1, 2))) == Tokens(1, 2) == copy.copy(Tokens(1, 2))  # noqa: S301


def test_a_changed_record_is_what_replace_makes() -> None:
    assert changed(Made(1, (2,)), one=3) == replace(Made(1, (2,)), one=3) and changed(Made(1)) == Made(1)
    assert changed(Tokens(1, 2), cached=1, images=3) == replace(Tokens(1, 2), cached=1, images=3)
    with pytest.raises(KeyError):
        changed(Made(1), three=3)


def test_nothing_new_can_be_set_on_it() -> None:
    with pytest.raises(AttributeError):
        Made(1).three = 3  # type: ignore[attr-defined]
    with pytest.raises(FrozenInstanceError):
        Usual(1).one = 2  # type: ignore[misc]


def test_what_is_left_out_of_comparing_stays_out() -> None:
    assert Applied(1) == replace(Applied(1), transfers=[])


def test_a_record_that_is_not_frozen_is_an_ordinary_dataclass_and_none_of_these() -> None:
    with pytest.raises(TypeError, match="frozen"):
        record(frozen=False, slots=True)  # type: ignore[call-overload,unused-ignore]
