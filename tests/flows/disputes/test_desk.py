"""Whoever looks after a payment is told of each change of a dispute, at least once."""

from dataclasses import replace

import pytest

from app.domain.disputes.tables import DisputeState, Funds
from app.flows.disputes.desk import DisputeDesk
from app.ports.mail import Mail
from tests.support.managing import OPERATOR, owner_of
from tests.support.reversed import Reversed


@pytest.fixture(autouse=True)
def operators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.settings.Settings.operators", frozenset({OPERATOR}))


class Broken:
    """A mailer that fails, and not as mailers do."""

    async def send(self, mail: Mail) -> None:
        raise RuntimeError(mail.subject)


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
