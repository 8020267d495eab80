"""From a link to a checkout, and back to the app."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import func, select

from app import db
from app.adapters.payments.sandbox import SandboxRail
from app.domain import clock
from app.domain.errors import BadField, LimitReached, LinkInvalid, NotFound, Refused, Unavailable
from app.domain.inbox import access
from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import ProviderSetting
from app.domain.topups.surcharge import Surcharge
from app.domain.topups.tables import Topup, TopupStatus
from app.domain.topups.trying import DECLINES_MAX, DECLINES_SECONDS, OPEN_CHECKOUTS_MAX
from app.domain.wallets.tables import Wallet
from app.flows.callers.links import TOPUP_SECONDS, TopupLink
from app.flows.payments.checkout import (
    CHECKOUT_SECONDS,
    EndedTopup,
    Wanted,
    begin_own_topup,
    open_sandbox_checkout,
    read_own_topup,
)
from app.flows.payments.received import pay_in_sandbox
from app.ports.payments import Checkout, Order, PaymentStatus
from app.ports.rail_errors import CallRefused, KeyRefused, ObjectMissing
from tests.support import books, handed
from tests.support.books import make_snapshot
from tests.support.crowd import sign_in
from tests.support.handed import begin_topup, mint_topup
from tests.support.paying import Bank, away, begin, door_of, open_bank, topup
from tests.support.saved_cards import make_person

pytestmark = pytest.mark.plain_sql

RAIL = SandboxRail(b"secret", clock.now)


class AwayBank(Bank):
    """A rail that makes no page."""

    error = Exception()

    async def create_checkout(self, order: Order) -> Checkout:
        raise self.error


async def read_topup(token: str, topup_id: str) -> EndedTopup:
    return await db.in_transaction(lambda session: handed.read_topup(session, token, topup_id))


async def test_a_link_leads_to_a_checkout_that_leads_back(database: str) -> None:
    token = mint_topup(make_snapshot().paywall_id, "ada")
    url = await begin_topup(RAIL, token, "5")
    checkout = await open_sandbox_checkout(RAIL, url.split("/")[3])
    assert (checkout.app_name, checkout.paid_cents, checkout.status) == ("Lexica", 500, "created")
    assert checkout.return_url == f"/topup/{token}/?topup={checkout.topup_id}"
    assert (await read_topup(token, checkout.topup_id)).status == "created"


async def test_another_users_link_does_not_show_a_top_up(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    url = await begin_topup(RAIL, mint_topup(paywall_id, "ada"), "5")
    checkout = await open_sandbox_checkout(RAIL, url.split("/")[3])
    with pytest.raises(NotFound):
        await read_topup(mint_topup(paywall_id, "bob"), checkout.topup_id)
    with pytest.raises(LinkInvalid):
        await begin_topup(RAIL, "forged", "5")
    with pytest.raises(LinkInvalid):
        await open_sandbox_checkout(RAIL, "forged")


@pytest.mark.parametrize(
    ("url", "state", "expected"),
    [
        (None, "s", None),
        ("https://x/", None, "https://x/"),
        ("https://x/", "a b&c", "https://x/?state=a+b%26c"),
        ("https://x/p?q=1&state=old#f", "new", "https://x/p?q=1&state=new#f"),
        ("https://x/?a=&a=2&b", "s", "https://x/?a=&a=2&b=&state=s"),
        ("https://x", "Zürich 🪙", "https://x?state=Z%C3%BCrich+%F0%9F%AA%99"),
        ("https://x/", "", "https://x/?state="),
    ],
)
def test_the_way_back_carries_the_apps_state(url: str | None, state: str | None, expected: str | None) -> None:
    assert TopupLink("", "pw_1", "ada", url, state, 0).way_back() == expected


async def test_a_refused_amount_opens_nothing(database: str) -> None:
    token = mint_topup(make_snapshot().paywall_id, "ada")
    with pytest.raises(BadField):
        await begin_topup(RAIL, token, "2.99")
    with db.transaction(writes=False) as session:
        assert [session.scalar(select(func.count()).select_from(table)) for table in (Topup, Wallet)] == [0, 0]


async def test_an_expired_link_begins_and_shows_nothing(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    token = mint_topup(make_snapshot().paywall_id, "ada")
    url = await begin_topup(RAIL, token, "5")
    topup_id = (await open_sandbox_checkout(RAIL, url.split("/")[3])).topup_id
    later = clock.now() + (TOPUP_SECONDS + 1) * clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(LinkInvalid, match="expired"):
        await begin_topup(RAIL, token, "5")
    with pytest.raises(LinkInvalid, match="expired"):
        await read_topup(token, topup_id)


async def test_another_paywalls_user_of_the_same_name_sees_nothing(database: str) -> None:
    url = await begin_topup(RAIL, mint_topup(make_snapshot().paywall_id, "ada"), "5")
    checkout = await open_sandbox_checkout(RAIL, url.split("/")[3])
    with pytest.raises(NotFound):
        await read_topup(mint_topup(make_snapshot().paywall_id, "ada"), checkout.topup_id)
    with pytest.raises(NotFound):
        await read_topup(mint_topup("pw_gone", "ada"), checkout.topup_id)


async def test_a_checkout_of_another_instance_is_none_of_ours(database: str) -> None:
    url = await begin_topup(SandboxRail(b"other", clock.now), mint_topup(make_snapshot().paywall_id, "ada"), "5")
    with pytest.raises(LinkInvalid):
        await open_sandbox_checkout(RAIL, url.split("/")[3])


async def test_real_money_never_goes_to_the_sandboxs_checkout(database: str) -> None:
    with db.transaction() as session:
        own = ProviderSetting("own", "https://own.example/v1")
        first = Configuration("Lexica", (own,), "https://lexica.example")
        books.create_paywall(session, "pw_live", Mode.SHARED, Environment.LIVE, Unit.USDC, first)
    person, _ = await sign_in("ada@example.org")
    with pytest.raises(Refused, match="not open here yet"):
        await begin_topup(RAIL, mint_topup("pw_live", "ada"), "5", person)
    with pytest.raises(Refused, match="not open here yet"):
        await begin_own_topup(RAIL, person, Environment.LIVE, Wanted("5"))
    with db.transaction(writes=False) as session:
        assert session.scalar(select(func.count()).select_from(Topup)) == 0


async def test_a_shared_wallets_checkout_names_no_app(database: str) -> None:
    person, _ = await sign_in("ada@example.org")
    token = mint_topup(make_snapshot(mode=Mode.SHARED).paywall_id, "ada")
    checkout = await open_sandbox_checkout(RAIL, (await begin_topup(RAIL, token, "5", person)).split("/")[3])
    assert checkout.app_name == "shared"


async def test_a_top_up_keeps_what_is_paid_what_is_credited_and_where(database: str) -> None:
    person, _ = await sign_in("ada@example.org")
    snapshot = make_snapshot()
    await begin_topup(RAIL, mint_topup(snapshot.paywall_id, "ada"), "5.25")
    url = await begin_own_topup(RAIL, person, Environment.SANDBOX, Wanted("7"))
    with db.transaction(writes=False) as session:
        rows = {row.paid_cents: row for row in session.scalars(select(Topup))}
        own = read_own_topup(session, person, Environment.SANDBOX, rows[700].id)
    assert set(rows) == {525, 700}
    assert [(row.connection_id, row.currency, row.credited_nanos) for row in (rows[525], rows[700])] == [
        ("sandbox", "USD", 5_250_000_000),
        ("sandbox", "USD", 7 * NANOS),
    ]
    assert rows[700].checkout_id == url.split("/")[3] and (rows[700].paywall_id, rows[525].external_id) == (None, "ada")
    assert own == EndedTopup(rows[700].status, 7 * NANOS, Unit.USDC, goes_back=False)
    found = await RAIL.read_payment(rows[700].checkout_id or "")
    assert found.marks is not None and found.marks.topup_id == rows[700].id and len(found.marks.instance) == 32
    assert (found.marks.account_id, found.marks.credited_nanos) == (rows[700].account_id, 7 * NANOS)


async def test_a_surcharge_is_paid_at_the_operators_connection_and_never_credited(database: str) -> None:
    person, _ = await sign_in("ada@example.org")
    snapshot, surcharge = make_snapshot(), Surcharge(290, 30)
    theirs = open_bank(snapshot.paywall_id)
    await begin_topup(RAIL, mint_topup(snapshot.paywall_id, "ada"), "20", surcharge=surcharge)
    await begin_own_topup(RAIL, person, Environment.SANDBOX, Wanted("10", surcharge))
    await begin_topup(theirs, mint_topup(snapshot.paywall_id, "ada"), "5", surcharge=surcharge)
    with db.transaction(writes=False) as session:
        rows = sorted((row.paid_cents, row.credited_nanos) for row in session.scalars(select(Topup)))
    assert rows == [(500, 5 * NANOS), (1_059, 10 * NANOS), (2_088, 20 * NANOS)]


async def test_a_page_says_that_a_payment_goes_back(database: str) -> None:
    snapshot, bank = make_snapshot(), open_bank()
    marks = begin(snapshot, bank.connection_id)
    bank.pay("pi_1", marks, paid_cents=400)
    await door_of(bank).receive(bank.connection_id, "e1", "pi_1")
    ended = await read_topup(mint_topup(snapshot.paywall_id, "ada"), marks.topup_id)
    assert (ended.status, ended.goes_back) == ("created", True)


@pytest.mark.unhurried
async def test_nobody_begins_a_top_up_at_a_connection_that_holds_no_money_of_the_wallet(database: str) -> None:
    person, _ = await sign_in("ada@example.org")
    own, other = make_snapshot(), make_snapshot()
    theirs = open_bank(other.paywall_id)
    with pytest.raises(Refused):
        await begin_topup(theirs, mint_topup(own.paywall_id, "ada"), "5")
    with pytest.raises(Refused):
        await begin_own_topup(theirs, person, Environment.SANDBOX, Wanted("5"))
    assert await begin_topup(theirs, mint_topup(other.paywall_id, "ada"), "5")
    with db.transaction(writes=False) as session:
        assert session.scalar(select(func.count()).select_from(Topup)) == 1


@pytest.mark.unhurried
async def test_a_wallet_has_at_most_five_checkouts_open(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    paywall_id = make_snapshot().paywall_id
    links = [mint_topup(paywall_id, user) for user in ("ada", "bob")]
    url, *_ = [await begin_topup(RAIL, links[0], "5") for _ in range(OPEN_CHECKOUTS_MAX)]
    with pytest.raises(LimitReached, match="half an hour"):
        await begin_topup(RAIL, links[0], "5")
    await begin_topup(RAIL, links[1], "5")
    await pay_in_sandbox(door_of(RAIL), RAIL, url.split("/")[3], PaymentStatus.PAID)
    await begin_topup(RAIL, links[0], "5")
    now = clock.now() + CHECKOUT_SECONDS * clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: now)
    await begin_topup(RAIL, mint_topup(paywall_id, "ada"), "5")


@pytest.mark.unhurried
async def test_after_ten_declines_an_hour_passes_before_another_card_is_tried(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot, bank = make_snapshot(), open_bank()
    marks, door, link = begin(snapshot, bank.connection_id), door_of(bank), mint_topup(snapshot.paywall_id, "ada")
    bank.pay("pi_1", marks, status=PaymentStatus.DECLINED)
    for number in range(DECLINES_MAX):
        await begin_topup(RAIL, link, "5") if number % 3 == 0 else None
        for _ in range(2):  # told twice, it is one decline
            await door.receive(bank.connection_id, f"evt_{number}", "pi_1")
        await door.receive(bank.connection_id, f"return:{number}", "pi_1")
    with pytest.raises(LimitReached, match="declined"):
        await begin_topup(RAIL, link, "5")
    assert topup(marks.topup_id).declines == DECLINES_MAX
    await begin_topup(RAIL, mint_topup(snapshot.paywall_id, "bob"), "5")
    now = clock.now() + DECLINES_SECONDS * clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: now)
    await begin_topup(RAIL, mint_topup(snapshot.paywall_id, "ada"), "5")


@pytest.mark.races
@pytest.mark.unhurried
async def test_many_who_begin_at_once_count_each_other(database: str) -> None:
    snapshot, person = make_snapshot(), make_person()
    ways: tuple[Callable[[], Awaitable[str]], ...] = (
        lambda: begin_topup(RAIL, mint_topup(snapshot.paywall_id, "ada"), "5"),
        lambda: begin_own_topup(RAIL, person, Environment.SANDBOX, Wanted("5")),
    )
    for begun in ways:
        came = await asyncio.gather(*(begun() for _ in range(16)), return_exceptions=True)
        assert sum(isinstance(one, str) for one in came) == OPEN_CHECKOUTS_MAX
        assert all(isinstance(one, str | LimitReached) for one in came)


@pytest.mark.unhurried
async def test_a_page_that_could_not_be_made_keeps_no_other_from_its_turn(database: str) -> None:
    snapshot, bank = make_snapshot(), AwayBank(open_bank().connection_id)
    link = mint_topup(snapshot.paywall_id, "ada")
    refused = (KeyRefused("No."), CallRefused("invalid (line_items)"), ObjectMissing("cus_1", "customer"))
    for error in (away(), *refused):
        bank.error = error
        for _ in range(OPEN_CHECKOUTS_MAX):
            with pytest.raises(Unavailable, match=r"^Card payments .*Nothing was charged") as told:
                await begin_topup(bank, link, "5")
            assert error.args[0] not in told.value.message
    assert await begin_topup(RAIL, link, "5")
    with db.transaction(writes=False) as session:
        left = [row.status for row in session.scalars(select(Topup))]
    assert sorted(left) == [TopupStatus.CREATED, *[TopupStatus.EXPIRED] * (4 * OPEN_CHECKOUTS_MAX)]


@pytest.mark.unhurried
async def test_declines_count_for_the_network_that_they_came_from(database: str) -> None:
    snapshot, bank = make_snapshot(), open_bank()
    door = door_of(RAIL, bank)
    for number in range(DECLINES_MAX):
        link = mint_topup(snapshot.paywall_id, f"user {number}")
        token = (await begin_topup(RAIL, link, "5", network="10.0.0.7")).split("/")[3]
        await pay_in_sandbox(door, RAIL, token, PaymentStatus.DECLINED)
    link = mint_topup(snapshot.paywall_id, "ada")
    with pytest.raises(LimitReached, match="declined"):
        await begin_topup(RAIL, link, "5", network="10.0.0.7")
    assert await begin_topup(RAIL, link, "5", network="10.0.0.8") and await begin_topup(RAIL, link, "5")


async def test_nothing_new_is_begun_at_a_connection_that_was_disconnected(database: str) -> None:
    snapshot, bank = make_snapshot(), open_bank()
    link = mint_topup(snapshot.paywall_id, "ada")
    await begin_topup(bank, link, "5")
    with db.transaction() as session:
        access.disconnect(session, bank.connection_id)
    with pytest.raises(Refused, match="not open"):
        await begin_topup(bank, link, "5")
