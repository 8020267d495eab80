"""A developer gives users money, once for each click, from where it may come."""

import asyncio

import pytest

from app import db
from app.domain import clock
from app.domain.errors import BadField, KeyReused, NotAllowed, Refused
from app.domain.ledger.accounts import Kind
from app.domain.ledger.tables import LedgerTransfer
from app.domain.money import CENT_NANOS, NANOS, Unit
from app.domain.paywalls.changes import Section, read_changes
from app.domain.paywalls.members import Manager
from app.domain.paywalls.modes import Mode
from app.domain.wallets.lots import lock, read_purse
from app.domain.wallets.tables import LotMethod
from app.domain.wallets.users import find_user
from app.flows.callers.snapshot import Snapshot
from app.flows.disputes.lots import catch_up
from app.flows.wallets.grant import Gift, grant
from app.flows.wallets.statement import LedgerFilter, Position, read_ledger
from app.sql.columns import table_of
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.crowd import connect, sign_in, top_up
from tests.support.handed import mature_earnings
from tests.support.managing import OPERATOR, manager, owner_of, person
from tests.support.taking_back import cents_of, charge, of_paywall, spends


def entries(app: Snapshot, user: str | None = None) -> list[tuple[str, str | None, int]]:
    with db.transaction(writes=False) as session:
        page = read_ledger(session, app.paywall, LedgerFilter(user, "grant"), Position(), 20)
    return [(entry.type, entry.user, entry.amount_nanos // CENT_NANOS) for entry in page.entries]


def transfers() -> int:
    with db.transaction(writes=False) as session:
        return len(session.execute(table_of(LedgerTransfer).select()).all())


@pytest.mark.unhurried
async def test_in_default_mode_it_is_trial_money_of_the_apps_own(database: str) -> None:
    app = make_snapshot()
    owner = owner_of(app.paywall_id)
    given = await grant(owner, Gift("ada", 500 * CENT_NANOS, "Sorry for the wait"), "click-1")
    wallet = app.wallet("ada").account
    assert (cents_of(wallet.promo), cents_of(wallet), given.is_replay) == (500, 0, False)
    with db.transaction(writes=False) as session:
        assert find_user(session, app.paywall_id, "ada").id == "ada"
        [logged] = read_changes(session, app.paywall_id, 9)[:1]
        page = read_ledger(session, app.paywall, LedgerFilter("ada"), Position(), 20)
    assert (logged.section, logged.what["user"], logged.what["granted"]) == (Section.USERS, "ada", "5")
    assert [(entry.type, entry.user, dict(entry.details or {})) for entry in page.entries] == [
        ("grant", "ada", {"user": "ada", "reason": "Sorry for the wait"})
    ]
    charge(app, app.wallet("ada"), 200, is_split=False)
    assert cents_of(wallet.promo) == 300 and cents_of(of_paywall(app, Kind.REVENUE, Unit.USD)) == 200
    assert_books_balance()


async def test_a_double_click_gives_once_and_another_gift_under_it_is_refused(database: str) -> None:
    app = make_snapshot()
    owner = owner_of(app.paywall_id)
    gift = Gift("ada", NANOS, "Bonus")
    both = await asyncio.gather(grant(owner, gift, "c"), grant(owner, gift, "c"))
    assert sorted(one.is_replay for one in both) == [False, True] and both[0].id == both[1].id
    for other in (Gift("ada", 2 * NANOS, "Bonus"), Gift("bob", NANOS, "Bonus"), Gift("ada", NANOS, "Sorry"),
                  Gift("ada", NANOS)):  # fmt: skip
        with pytest.raises(KeyReused):
            await grant(owner, other, "c")
    assert transfers() == 1
    await grant(owner, gift, "d")
    assert cents_of(app.wallet("ada").account.promo) == 200
    with db.transaction(writes=False) as session:
        assert len([one for one in read_changes(session, app.paywall_id, 9) if one.section is Section.USERS]) == 2
    assert_books_balance()


@pytest.mark.unhurried
async def test_in_shared_mode_it_comes_out_of_available_earnings(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_snapshot(mode=Mode.SHARED)
    owner = owner_of(app.paywall_id)
    ada, _ = await sign_in("ada@example.org")
    await connect(app, ada, "ada")
    top_up(ada, 50 * NANOS)
    charge(app, spends(app, ada), 1_000)
    with pytest.raises(Refused, match=r"available earnings: 0\.00 USDC"):
        await grant(owner, Gift("ada", NANOS), "early")
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start + 31 * 24 * 3_600 * clock.SECOND)
    assert await mature_earnings() == 1
    before = cents_of(of_paywall(app, Kind.EARNINGS))
    await grant(owner, Gift("ada", 4 * NANOS, "Bonus"), "c")
    await grant(owner, Gift("ada", 4 * NANOS, "Bonus"), "c")
    account = spends(app, ada).account
    assert before - cents_of(of_paywall(app, Kind.EARNINGS)) == 400
    assert cents_of(account) == 5_000 - 980 + 400  # 20 of the charge were trial money
    await catch_up(account.owner)
    with db.transaction() as session:
        lots = read_purse(session, account.owner, lock(session, account.owner).debt_nanos).lots.values()
    assert [lot.amount // CENT_NANOS for lot in lots if lot.method is LotMethod.OTHER] == [400]
    assert entries(app) == entries(app, "ada") == [("grant", "ada", 400)] and entries(app, "bob") == []
    with pytest.raises(Refused, match="available earnings"):
        await grant(owner, Gift("ada", 1_000 * NANOS), "too much")
    with pytest.raises(Refused, match="not allowed"):
        await grant(owner, Gift("bob", NANOS), "stranger")
    assert_books_balance()


async def test_only_the_owner_gives_and_only_what_can_be_given(database: str) -> None:
    app = make_snapshot()
    owner_of(app.paywall_id)
    operator: Manager = manager(app.paywall_id, person(OPERATOR))
    with pytest.raises(NotAllowed):
        await grant(operator, Gift("ada", NANOS), "c")
    owner = owner_of(app.paywall_id)
    for bad in (
        Gift("a b", NANOS),
        Gift("ada", 0),
        Gift("ada", -1),
        Gift("ada", NANOS, "x" * 201),
        Gift("ada", 1, "\n"),
    ):
        with pytest.raises(BadField):
            await grant(owner, bad, "c")
    assert transfers() == 0
