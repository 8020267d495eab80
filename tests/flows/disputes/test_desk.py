"""Whoever looks after a payment is told of each change of a dispute, at least once."""

from dataclasses import replace

import pytest

from app.domain.disputes.tables import DisputeState, Funds
from app.domain.inbox.inbox import ObjectKind
from app.domain.paywalls.modes import Mode
from app.flows.disputes.debts import thaw_wallet, write_off
from app.flows.disputes.desk import DisputeDesk
from app.ports.mail import Mail
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.managing import OPERATOR, owner_of
from tests.support.reversed import Reversed
from tests.support.taking_back import begin_shared, charge, house_of, open_taking_bank, someone, spends

pytestmark = pytest.mark.plain_sql


@pytest.fixture(autouse=True)
def operators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.settings.Settings.operators", frozenset({OPERATOR}))


class Broken:
    """A mailer that fails, and not as mailers do."""

    async def send(self, mail: Mail) -> None:
        raise RuntimeError(mail.subject)


@pytest.mark.unhurried
async def test_the_developer_is_told_and_the_operators_are_not(database: str) -> None:
    case = Reversed()
    owner_of(case.app.paywall_id, "dev@example.org")
    await case.told()
    for state, funds in (
        (DisputeState.OPEN, Funds.OUT),
        (DisputeState.LOST, Funds.OUT),
        (DisputeState.WON, Funds.BACK),
    ):
        await case.dispute(state, funds)
    mails = [kept.mail for kept in reversed(case.house.mailer.kept())]
    assert [(mail.to, mail.subject.removeprefix("Lexica: A payment of $9.00 ")) for mail in mails] == [
        ("dev@example.org", "is disputed"), ("dev@example.org", "was lost to a dispute"),
        ("dev@example.org", "came back"),
    ]  # fmt: skip
    assert "frozen" in mails[0].text and "writes it off" in mails[1].text


@pytest.mark.unhurried
async def test_what_could_not_be_told_is_told_later(database: str) -> None:
    case = Reversed()
    taker = next(iter(case.house.door.others.values()))
    broken = DisputeDesk(replace(taker.disputes.desk, mailer=Broken()))  # type: ignore[attr-defined]
    await case.told()
    working = taker.disputes  # type: ignore[attr-defined]
    assert not await working.has_due()
    object.__setattr__(taker, "disputes", broken)
    await case.dispute(DisputeState.LOST, Funds.OUT)
    assert await working.has_due()
    assert await working.tell_due() == 1
    assert not await working.has_due()
    assert "was lost" in case.house.subjects()[-1]


@pytest.mark.unhurried
@pytest.mark.parametrize("kind", [ObjectKind.WARNING, ObjectKind.DISPUTE])
async def test_who_was_told_of_a_frozen_wallet_is_told_of_the_thaw(database: str, kind: ObjectKind) -> None:
    person, wallet = someone()
    bank, app = open_taking_bank(), make_snapshot(mode=Mode.SHARED)
    house = house_of(bank)
    desk = house.door.others[kind].disputes  # type: ignore[attr-defined]
    bank.pay("pi_1", begin_shared(wallet, bank.connection_id, 1_000))
    await house.door.receive(bank.connection_id, "evt_1", "pi_1")
    if kind is ObjectKind.WARNING:
        bank.warn("issfr_1", "pi_1")
        await house.door.receive(bank.connection_id, "evt_2", "issfr_1", kind)
        await thaw_wallet(wallet.owner)
    else:
        charge(app, spends(app, person), 400)
        bank.dispute("dp_1", "pi_1", 1_000, DisputeState.LOST, Funds.OUT)
        await house.door.receive(bank.connection_id, "evt_2", "dp_1", kind)
        await write_off(wallet.owner)
    before = len(house.mailer.kept())
    assert [await desk.tell_due() for _ in range(2)] == [1, 0]
    mails = [kept.mail for kept in house.mailer.kept()][: -before or None]
    assert {mail.to: mail.subject.removeprefix("A payment of $10.00 ") for mail in mails} == {
        "ada@example.org": "Your wallet can be charged again",
        OPERATOR: {
            ObjectKind.WARNING: "may be a fraud, and its wallet was thawed",
            ObjectKind.DISPUTE: "was lost to a dispute, and its wallet was thawed",
        }[kind],
    }
    assert_books_balance()
