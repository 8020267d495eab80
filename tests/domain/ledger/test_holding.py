"""Holds: granted by wallet and caps at once, settled once, late finishers included, trial money first."""

import pytest

from app.domain.errors import BadOperation, HoldClosed, InsufficientFunds, StaleDecision
from app.domain.ledger.accounts import AMOUNT_NANOS_MAX, Kind
from app.domain.ledger.operations import (
    Applied,
    BumpEpoch,
    Charge,
    Collected,
    Epoch,
    Extend,
    Hold,
    Release,
    SetCap,
    Settle,
    Transfer,
)
from app.domain.money import Environment, Unit
from tests.domain.ledger.money import (
    PENDING,
    REVENUE,
    WALLET,
    WORLD,
    account,
    deposit,
    do,
    do_all,
    findings,
    grant,
    posted,
    to_earnings,
    to_revenue,
)

pytestmark = pytest.mark.usefixtures("database")


def hold(name: str = "1", most: int = 100, least: int = 1, bound: int = 200, **more: object) -> Hold:
    return Hold(f"hold:{name}", WALLET, most=most, least=least, bound=bound, owner="process", **more)  # type: ignore[arg-type]


def test_a_hold_is_the_largest_amount_that_fits() -> None:
    do(deposit("d:1", 70))
    assert do(hold(most=100, least=50)) == Applied(amount=70, available=0, balance=70, short_of=WALLET.id)


def test_a_hold_below_its_least_is_refused_and_names_who_could_not_pay() -> None:
    do_all([deposit("d:1", 70), SetCap("cap:1", WALLET, 60)])
    with pytest.raises(InsufficientFunds) as by_cap:
        do(hold(least=61, budgets=("cap:1",)))
    with pytest.raises(InsufficientFunds) as by_wallet:
        do(hold(least=71))
    assert (by_cap.value.short_of, by_cap.value.available_nanos) == ("cap:1", 60)
    assert (by_wallet.value.short_of, by_wallet.value.available_nanos) == (WALLET.id, 70)


def test_every_cap_limits_a_hold_and_moves_with_it() -> None:
    do_all([deposit("d:1", 1_000), SetCap("cap:1", WALLET, 90), SetCap("cap:2", WALLET, 80)])
    assert do(hold(budgets=("cap:1", "cap:2"))).amount == 80
    assert do(Settle("hold:1", 30, to_revenue())).released == 50
    assert do(hold("2", budgets=("cap:1",))).amount == 60
    assert do(hold("3", budgets=("cap:2",))).amount == 50
    assert findings() == []


def test_trial_money_is_held_and_spent_first() -> None:
    do_all([deposit("d:1", 100), grant("g:1", 30)])
    do(hold(most=50))
    settled = do(Settle("hold:1", 40, to_revenue()))
    assert (settled.amount, settled.from_promo, posted(WALLET), posted(WALLET.promo)) == (40, 30, 90, 0)


def test_a_wallet_with_nothing_but_trial_money_can_hold() -> None:
    """Its wallet account exists beside it, for the hold to refer to."""
    do(grant("g:1", 30))
    assert do(hold(most=30, least=30)).amount == 30
    assert do(Release("hold:1")).released == 30


def test_a_charge_above_its_hold_takes_what_is_free_up_to_the_bound() -> None:
    do(deposit("d:1", 500))
    do(hold(most=100, bound=200))
    settled = do(Settle("hold:1", 350, to_revenue()))
    assert (settled.amount, settled.short, posted(WALLET)) == (200, 150, 300)


def test_a_charge_above_its_hold_never_takes_what_others_hold() -> None:
    do(deposit("d:1", 150))
    do_all([hold("1", 100), hold("2", 50)])
    settled = do(Settle("hold:1", 200, to_revenue()))
    assert (settled.amount, settled.short, settled.available) == (100, 100, 0)
    assert do(Settle("hold:2", 50, to_revenue())).amount == 50
    assert posted(WALLET) == 0


def test_a_charge_above_its_hold_stops_at_the_cap() -> None:
    do_all([deposit("d:1", 500), SetCap("cap:1", WALLET, 120), hold(most=100, budgets=("cap:1",))])
    assert do(Settle("hold:1", 200, to_revenue())).amount == 120


def test_what_was_not_there_can_go_to_the_shortfall() -> None:
    """The split is asked even if nothing at all could be collected."""
    shortfall, payable = account(Kind.SHORTFALL, "pw"), account(Kind.PROVIDER_PAYABLE, "instance")

    def split(collected: Collected) -> list[Transfer]:
        assert collected == Collected(0, 0, 80)
        return [Transfer(shortfall, payable, 80, "shortfall")]

    do_all([deposit("d:1", 100), hold("0", most=0, least=0), hold("1", 100)])
    assert do(Settle("hold:0", 80, split)).short == 80
    assert findings() == []


def test_an_extension_is_all_or_nothing_and_stops_at_the_bound() -> None:
    do(deposit("d:1", 150))
    do(hold(most=100, bound=130))
    assert do(Extend("hold:1", 90, 60)).amount == 130
    assert do(Extend("hold:1", 10, 70)).amount == 130
    do(hold("2", most=20, bound=300))
    with pytest.raises(InsufficientFunds):
        do(Extend("hold:2", 1, 0))
    assert do(Extend("hold:2", 0, 20)).amount == 20


def test_a_settlement_counts_once() -> None:
    do_all([deposit("d:1", 100), hold()])
    first = do(Settle("hold:1", 60, to_revenue()))
    assert do(Settle("hold:1", 60, to_revenue())) == Applied(60, 40, 40, 40, is_replay=True)
    assert sum(move.amount for move in first.transfers) == 60
    assert first == Applied(60, 40, 40, 40)
    with pytest.raises(HoldClosed):
        do(Settle("hold:1", 61, to_revenue()))
    with pytest.raises(HoldClosed):
        do(Release("hold:1"))
    with pytest.raises(HoldClosed):
        do(Extend("hold:1", 1, 0))


def test_a_release_gives_all_back_and_counts_once() -> None:
    do_all([deposit("d:1", 100), hold()])
    assert do(Release("hold:1")) == Applied(amount=0, released=100, available=100, balance=100)
    assert do(Release("hold:1")).is_replay
    with pytest.raises(HoldClosed):
        do(Settle("hold:1", 1, to_revenue()))


def test_a_late_finisher_pays_the_difference_once_from_what_is_free() -> None:
    do_all([deposit("d:1", 100), hold(most=80)])
    assert do(Settle("hold:1", 20, to_revenue(), expires=True)).amount == 20
    assert do(Settle("hold:1", 20, to_revenue(), expires=True)).is_replay
    do(hold("2", most=50))
    late = do(Settle("hold:1", 70, to_revenue()))
    assert (late.amount, late.short, late.available) == (50, 20, 0)
    assert do(Settle("hold:1", 70, to_revenue())).is_replay
    assert (posted(WALLET), findings()) == (50, [])


def test_a_late_finisher_with_less_gets_nothing_back() -> None:
    do_all([deposit("d:1", 100), hold(), Settle("hold:1", 50, to_revenue(), expires=True)])
    assert do(Settle("hold:1", 10, to_revenue())).amount == 50


def test_a_charge_is_exact_or_refused() -> None:
    do_all([deposit("d:1", 40), grant("g:1", 10)])
    with pytest.raises(InsufficientFunds):
        do(Charge("chg:1", WALLET, 51, to_revenue()))
    charged = do(Charge("chg:1", WALLET, 50, to_revenue()))
    assert (charged.amount, charged.from_promo, charged.balance) == (50, 10, 0)
    assert do(Charge("chg:1", WALLET, 50, to_revenue())).is_replay


def test_a_decision_on_an_old_epoch_is_refused() -> None:
    do(deposit("d:1", 100))
    do(hold("1", 10, epochs=(Epoch("key:1", 0),)))
    outcomes = do_all([BumpEpoch("key:1"), hold("2", 10, epochs=(Epoch("key:1", 0),)),
                       hold("3", 10, epochs=(Epoch("key:1", 1),))])  # fmt: skip
    assert isinstance(outcomes[1], StaleDecision) and isinstance(outcomes[2], Applied)
    assert do(hold("1", 10, epochs=(Epoch("key:1", 0),))).is_replay
    # What was granted before is settled all the same.
    assert do(Settle("hold:1", 5, to_revenue())).amount == 5


@pytest.mark.plain_sql
@pytest.mark.parametrize(
    "operation",
    [
        hold(most=1, least=2),
        hold(most=300, bound=200),
        hold(least=-1),
        hold(bound=AMOUNT_NANOS_MAX + 1),
        hold(budgets=("cap:nobody",)),
        hold(budgets=("cap:live",)),
        hold(budgets=("cap:1", "cap:1")),
        Hold("hold:1", WALLET.promo, 1, 1, 1, "process"),
        Hold("hold:1", WORLD, 1, 1, 1, "process"),
        Charge("chg:1", WALLET, 0, to_revenue()),
        Charge("chg:1", WALLET, 10, lambda _collected: []),
        Charge("chg:1", WALLET, 10, lambda _collected: [Transfer(WALLET, REVENUE, 9, "charge")]),
        Charge("chg:1", WALLET, 10, lambda _collected: [Transfer(WALLET, account(Kind.WALLET, "x"), 10, "charge")]),
        Charge(
            "chg:1",
            WALLET,
            10,
            lambda _c: [Transfer(WALLET, REVENUE, 10, "charge"), Transfer(PENDING, REVENUE, 1, "x")],
        ),
        Charge("chg:1", WALLET, 10, lambda _c: [Transfer(WALLET, account(Kind.REVENUE, "x", unit=Unit.USDC), 10, "x")]),
        Settle("hold:0", -1, to_revenue()),
        Extend("hold:0", -1, 0),
        Extend("hold:0", 1, -1),
    ],
)
def test_what_could_never_be_right_is_refused(operation: Hold | Charge | Settle | Extend) -> None:
    live = account(Kind.WALLET, "x", environment=Environment.LIVE)
    do_all([deposit("d:1", 500), SetCap("cap:1", WALLET, 100), SetCap("cap:live", live, 100), hold("0", most=10)])
    with pytest.raises(BadOperation):
        do(operation)
    assert (posted(WALLET), findings()) == (500, [])


def test_a_split_may_not_touch_another_unit_even_when_nothing_was_collected() -> None:
    do_all([deposit("d:1", 10), hold("0", most=0, least=0)])
    usdc = Transfer(
        account(Kind.SHORTFALL, "x", unit=Unit.USDC), account(Kind.PROVIDER_PAYABLE, "x", unit=Unit.USDC), 1, "x"
    )
    with pytest.raises(BadOperation):
        do(Settle("hold:0", 1, lambda _collected: [usdc]))


def test_fees_are_rounded_by_the_split_and_nothing_is_lost() -> None:
    do_all([deposit("d:1", 100), grant("g:1", 7), hold(most=99)])
    do(Settle("hold:1", 99, to_earnings()))
    assert findings() == []
