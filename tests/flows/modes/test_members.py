"""What is written of a model's part is what it is charged for, and nothing where it costs nothing."""

from typing import Any

from app.domain.legs.tables import LegStatus
from app.domain.money import NANOS, Unit
from app.domain.paywalls.provider import ProviderSetting
from app.domain.pricing.bound import Bound
from app.domain.pricing.price_book import Offer
from app.domain.pricing.quote import ONE_NANO, Price, Tokens
from app.domain.usage.requests import Metered
from app.flows.chat.call import Leg
from app.flows.modes.members import Member
from app.formats.openai_request import read_chat_request


def member(**more: Any) -> Member:
    price = Price("prc_1", "a", 4, Unit.CREDIT, NANOS, NANOS, 2 * NANOS)
    request = read_chat_request({"model": "there", "messages": [{"role": "user", "content": "Hello"}]})
    leg = Leg(request, ProviderSetting("demo"), Offer(price, "A", "", None, None, None, 0), Bound(100, 50, 16, 1))
    return Member(3, leg, **more)


def test_the_first_end_counts_and_is_written_under_the_name_here() -> None:
    one = member(text="Blue.")
    one.end(LegStatus.ANSWERED, None, Metered(Tokens(10, 20), estimated=True))
    one.end(LegStatus.CUT, "too_slow")
    assert (one.use.leg, one.use.model, one.use.provider, one.use.price.version) == (3, "a", "demo", 4)
    assert (one.use.status, one.use.tokens, one.use.is_estimated) == (LegStatus.ANSWERED, Tokens(10, 20), True)
    assert one.is_usable


def test_no_output_is_no_charge_and_blanks_are_no_answer() -> None:
    one = member(text="  \n")
    one.end(LegStatus.ANSWERED, None, Metered(Tokens(10, 0)))
    assert one.use.tokens is None and one.tokens == Tokens(0, 0) and not one.is_usable


def test_what_came_to_nothing_is_free_after_all() -> None:
    one = member(text="No verdict.")
    one.end(LegStatus.ANSWERED, None, Metered(Tokens(10, 20)))
    one.make_free("no_verdict")
    assert (one.use.status, one.use.tokens, one.use.reason) == (LegStatus.FAILED, None, "no_verdict")


def test_a_bound_is_unrounded() -> None:
    found = member().bound
    assert found.whole == (100 + 2 * 50) * NANOS * ONE_NANO // 1_000_000
    assert found.least == (100 + 2 * 16) * NANOS * ONE_NANO // 1_000_000
