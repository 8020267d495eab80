"""The page of reserves says what was published, to the last digit, one address as one."""

from typing import Any

import pytest

from app.domain.money import Environment
from app.domain.reserves.tables import ReserveReport
from app.web.public.reserves.rows import nanos_of, rows_of

OWED = dict.fromkeys(("wallets", "trial_money", "earnings", "on_the_way", "providers"), "0")
EMPTY = {"owed": OWED, "owed_in_all": "0", "on_chain": "0", "stated_by_us": "0", "operator": "0"}


def document(**chain: Any) -> dict[str, Any]:
    said = {
        "id": 137, "name": "Polygon", "token": "0xToken", "block": {"number": 1_234, "hash": "0xab", "at": 1},
        "treasury": {"address": "0xTreasury", "held": "10"}, "deposit_addresses": 1,
        "deposits": [{"address": "0xAda", "held": "2.000001"}], "held": "12.000001", "booked": "12.000001",
        "difference": "0", "came_in": "20", "went_out": "7.999999", "explorer_url": "https://scan.example/",
    }  # fmt: skip
    used = {"owed": OWED | {"wallets": "3"}, "owed_in_all": "3", "on_chain": "12.000001", "stated_by_us": "0",
            "operator": "9.000001"}  # fmt: skip
    return {"environment": "live", "at": 1, "units": {"USDC": used, "CREDIT": EMPTY}, "chains": [said | chain]}


def report(environment: Environment = Environment.LIVE, **chain: Any) -> ReserveReport:
    return ReserveReport(environment=environment, document=document(**chain), lacking_nanos=0, made_at=0)


def test_what_was_published_is_shown() -> None:
    (row,) = rows_of([report()])
    (held,), (owed,) = row.chains, row.units
    assert (held.says, held.tone, held.block) == ("Agrees with the books", "ok", "1,234")
    assert [one.value for one in held.figures] == ["12.000001 USDC", "12.000001 USDC", "0.00 USDC"]
    assert [(one.name, one.value) for one in held.held] == [
        ("Treasury", "10.00 USDC"), ("1 deposit address", "2.000001 USDC"),
    ]  # fmt: skip
    assert held.treasury_url == "https://scan.example/address/0xTreasury"
    assert (owed.unit, owed.owed[-1].value, owed.against[-1].value) == ("USDC", "3.00 USDC", "9.000001 USDC")


@pytest.mark.parametrize(
    ("difference", "tone", "shown"), [("-1.000001", "bad", "−1.000001 USDC"), ("0.5", "wait", "0.50 USDC")]
)
def test_a_difference_is_said(difference: str, tone: str, shown: str) -> None:
    (held,) = rows_of([report(difference=difference)])[0].chains
    assert (held.tone, held.figures[2].value) == (tone, shown)


def test_real_money_comes_first_and_addresses_are_counted() -> None:
    rows = rows_of([report(), report(Environment.SANDBOX, deposit_addresses=1_200, explorer_url="")])
    assert [row.is_sandbox for row in rows] == [False, True]
    (held,) = rows[1].chains
    assert (held.held[1].name, held.treasury_url, held.block_url) == ("1,200 deposit addresses", "", "")


@pytest.mark.parametrize("amount", ["0", "-1", "12.000001", "-0.000000001"])
def test_an_amount_is_read_back_exactly(amount: str) -> None:
    expected = {"0": 0, "-1": -(10**9), "12.000001": 12_000_001_000, "-0.000000001": -1}
    assert nanos_of(amount) == expected[amount]
