"""What binds a user now: the least of wallet, cap and limits, and of a shared wallet no more than the app may know."""

from dataclasses import replace

import pytest

from app import db
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Hold
from app.domain.money import NANOS
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.limit_overrides import read_overrides, set_override
from app.domain.paywalls.limits import Limits, PaywallLimits, Scope
from app.domain.paywalls.modes import Mode
from app.domain.wallets.bounds import BoundKind, Bounds, Standing, read_bounds
from app.domain.wallets.freezes import freeze
from app.domain.wallets.tables import FreezeReason
from app.domain.wallets.wallets import block_user
from app.flows.callers.snapshot import Snapshot
from app.flows.people.consent import disconnect
from tests.support.books import assert_books_balance, give, make_snapshot, publish
from tests.support.crowd import connect, sign_in, top_up
from tests.support.taking_back import spends


def read(app: Snapshot, *users: str) -> list[Bounds]:
    with db.transaction(writes=False) as session:
        paywall, configuration = read_current(session, app.paywall_id)
        found = read_bounds(session, paywall, configuration, read_overrides(session, paywall.id), users)
    return [found[user] for user in users]


def limit(app: Snapshot, limits: PaywallLimits) -> None:
    with db.transaction() as session:
        _, configuration = read_current(session, app.paywall_id)
        publish(session, app.paywall_id, replace(configuration, limits=limits))


async def test_the_least_of_wallet_and_limits_binds_and_an_override_stands_in_a_limits_place(database: str) -> None:
    app = make_snapshot()
    await give(app, "ada", 10 * NANOS)
    await give(app, "bob", NANOS)
    limit(app, PaywallLimits(user=Limits(spend_per_day_nanos=5 * NANOS),
                             paywall=Limits(spend_per_month_nanos=100 * NANOS)))  # fmt: skip
    with db.transaction() as session:
        account = app.wallet("ada").account
        apply_one(session, Hold("hold:1", account, 2 * NANOS, 2 * NANOS, 2 * NANOS, "proc"))
    ada, bob, eve = read(app, "ada", "bob", "eve")
    assert ada.binding is not None and (ada.binding.kind, ada.spendable_nanos) == (BoundKind.USER_DAY, 5 * NANOS)
    assert ada.held_nanos == 2 * NANOS and ada.binding.ends_at is not None
    assert bob.binding is not None and (bob.binding.kind, bob.spendable_nanos) == (BoundKind.WALLET, NANOS)
    assert [bound.kind for bound in ada.all] == [BoundKind.WALLET, BoundKind.USER_DAY, BoundKind.PAYWALL_MONTH]
    assert eve.spendable_nanos == 0 and eve.standing is Standing.ACTIVE
    with db.transaction() as session:
        set_override(session, app.paywall_id, Scope.USER, "ada", Limits())
    [ada] = read(app, "ada")
    assert ada.binding is not None and (ada.binding.kind, ada.spendable_nanos) == (BoundKind.WALLET, 8 * NANOS)
    assert ada.is_overridden


async def test_nobody_who_is_blocked_or_frozen_has_anything_to_spend(database: str) -> None:
    app = make_snapshot()
    for user in ("ada", "bob"):
        await give(app, user, NANOS)
    with db.transaction() as session:
        block_user(session, app.wallet("ada"))
        freeze(session, app.wallet("bob").id, FreezeReason.DISPUTE, "dp_1")
    ada, bob = read(app, "ada", "bob")
    assert (ada.standing, ada.spendable_nanos) == (Standing.BLOCKED, 0)
    assert (bob.standing, bob.spendable_nanos) == (Standing.FROZEN, 0)


@pytest.mark.unhurried
@pytest.mark.parametrize(("money", "is_known"), [(100, False), (3, True)])
async def test_a_shared_wallet_is_enough_unless_it_binds_itself(database: str, money: int, is_known: bool) -> None:
    app = make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    await connect(app, ada, "ada", cap_nanos=20 * NANOS)
    top_up(ada, money * NANOS)
    with db.transaction() as session:
        # Another app's hold, which this one sees nothing of but that less is left.
        apply_one(session, Hold("hold:1", spends(app, ada).account, NANOS, NANOS, NANOS, "proc"))
    [found] = read(app, "ada")
    [wallet] = [bound for bound in found.all if bound.kind is BoundKind.WALLET]
    assert found.binding is not None and found.held_nanos == wallet.used_nanos == 0
    assert (found.binding.kind is BoundKind.WALLET) == is_known == (wallet.left_nanos is not None)
    assert found.spendable_nanos == (found.binding.left_nanos or 0) <= 20 * NANOS
    await disconnect(app, "ada")
    [gone] = read(app, "ada")
    assert (gone.standing, gone.binding, gone.spendable_nanos) == (Standing.NOT_AUTHORIZED, None, 0)
    assert_books_balance()
