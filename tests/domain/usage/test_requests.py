"""The row of a request, from hold to receipt."""

from dataclasses import replace
from fractions import Fraction

import pytest
from sqlalchemy import select

from app import db
from app.domain import rows
from app.domain.earnings.charge_split import charge_split
from app.domain.errors import BadField, NotFound
from app.domain.ledger.accounts import Kind
from app.domain.ledger.operations import Applied, Collected
from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls.configuration import Disconnect
from app.domain.pricing.quote import Price, Tokens
from app.domain.pricing.receipts import Receipt
from app.domain.pricing.split import SplitTerms
from app.domain.usage import requests
from app.domain.usage.requests import TABLE, Asked, Labels, Metered, check_label, read_receipt
from app.domain.usage.tables import Request, RequestKind
from app.domain.wallets.wallets import app_wallet

PRICE = Price("prc_1", "m", 3, Unit.USD, NANOS, NANOS, 2 * NANOS, minimum_nanos=5)
WALLET = app_wallet("pw_1", "ada", Environment.SANDBOX, Unit.USD)


def asked(request_id: str, kind: RequestKind = RequestKind.CHAT) -> Asked:
    return Asked(request_id, "theirs", WALLET, kind, "m", "demo", True, Unit.USD, PRICE)


def write(*written: rows.Row) -> None:
    with db.transaction() as session:
        rows.write(session, written)


def receipt(request_id: str) -> Receipt:
    with db.transaction(writes=False) as session:
        return read_receipt(session, "pw_1", request_id, "ada")


def test_who_asked_stands_in_the_receipt_from_its_begin_on(database: str) -> None:
    labels = Labels("thread-7", "planner")
    write(requests.begin(replace(asked("req_1"), key_id="key_1", paywall_version=4, labels=labels), Applied()))
    write(
        requests.record_manual(
            replace(asked("req_2", RequestKind.MANUAL), key_id="key_2", paywall_version=5), Applied(), None
        )
    )
    one, two = receipt("req_1"), receipt("req_2")
    assert (one.key_id, one.paywall_version, one.session, one.agent) == ("key_1", 4, "thread-7", "planner")
    assert (two.key_id, two.paywall_version, two.session, two.agent) == ("key_2", 5, None, None)
    write(requests.let_go("req_1"))
    assert receipt("req_1").session == "thread-7"
    with db.transaction(writes=False) as session:
        rows_of = session.execute(select(*(TABLE.c[name] for name in ("order_id", "counted_nanos", "refund_of")))).all()
    assert [tuple(row) for row in rows_of] == [(None, None, None)] * 2


@pytest.mark.parametrize("label", ["a", "x" * 128, "!~", "7f3c-00:planner@2.1", None])
def test_a_label_has_the_characters_of_a_user_id(label: str | None) -> None:
    assert check_label(label, "X-Paywall-Agent") == label


@pytest.mark.parametrize("label", ["", "x" * 129, "a b", "a/b", "a\tb", "a\n", "\x7f", "caf\xe9", "a\x00"])
def test_any_other_label_is_named_and_refused(label: str) -> None:
    with pytest.raises(BadField, match="X-Paywall-Agent") as refused:
        check_label(label, "X-Paywall-Agent")
    assert refused.value.field == "X-Paywall-Agent"


def test_a_request_runs_and_is_settled(database: str) -> None:
    one = asked("req_1")
    write(requests.begin(one, Applied(amount=100_000)))
    assert (receipt("req_1").status, receipt("req_1").hold, receipt("req_1").released) == ("running", "0.0001", "0")
    metered = Metered(Tokens(10, 20, 4), estimated=True, disconnect=Disconnect.CANCEL)
    write(requests.finish(one, metered, Applied(amount=50_000, released=50_000, short=3)))
    found = receipt("req_1")
    assert (found.status, found.charge, found.released, found.minimum) == (
        "settled",
        "0.00005",
        "0.00005",
        "0.000000005",
    )
    assert [(line.kind, line.tokens) for line in found.lines] == [("input", 6), ("cached_input", 4), ("output", 20)]
    assert (found.estimated, found.disconnect, found.price_version, found.client_request_id) == (
        True,
        "cancel",
        3,
        "theirs",
    )


def test_a_charge_above_its_hold_shows_a_hold_that_covered_it(database: str) -> None:
    one = asked("req_1")
    write(requests.begin(one, Applied(amount=10)))
    write(requests.finish(one, Metered(Tokens(1, 1)), Applied(amount=25)))
    assert (receipt("req_1").hold, receipt("req_1").released) == ("0.000000025", "0")


def test_a_receipt_is_read_again_as_it_was_written_whatever_the_price_became(database: str) -> None:
    one = asked("req_1")
    write(requests.begin(one, Applied(amount=100_000)))
    posted = charge_split(WALLET.account, "pw_1", None)(Collected(20_000, 30_000, 50_000))
    write(requests.finish(one, Metered(Tokens(10, 20, 4)), Applied(50_000, released=50_000, transfers=posted)))
    found = receipt("req_1")
    assert sum(Fraction(line.amount) for line in found.lines) == Fraction(found.charge)
    assert (found.split, found.estimated, found.disconnect) == (
        {"provider": "0", "platform": "0", "developer": found.charge},
        False,
        None,
    )
    assert receipt("req_1") == found


def test_a_shortfall_is_kept_beside_the_charge(database: str) -> None:
    one = asked("req_1")
    write(requests.begin(one, Applied(amount=5)), requests.begin(asked("req_2"), Applied(amount=5)))
    write(requests.finish(one, Metered(Tokens(1, 1)), Applied(amount=5, short=25)))
    write(requests.finish(asked("req_2"), Metered(Tokens(1, 1)), Applied(amount=5)))
    with db.transaction(writes=False) as session:
        stored = {row.id: row.receipt for row in session.scalars(select(Request))}
    assert stored["req_1"]["shortfall"] == "0.000000025"
    assert "shortfall" not in stored["req_2"]


def test_what_has_no_tokens_has_no_lines(database: str) -> None:
    one = asked("req_1")
    write(requests.begin(one, Applied(amount=5)))
    write(requests.finish(one, Metered(None), Applied(amount=5)))
    assert (receipt("req_1").lines, receipt("req_1").charge) == ([], "0.000000005")


def test_a_request_is_let_go_or_interrupted(database: str) -> None:
    write(requests.begin(asked("req_1"), Applied(amount=9)), requests.begin(asked("req_2"), Applied(amount=9)))
    write(requests.let_go("req_1"), requests.interrupt("req_2", None, Applied(amount=4)))
    assert (receipt("req_1").status, receipt("req_1").charge, receipt("req_1").released) == (
        "released",
        "0",
        "0.000000009",
    )
    assert (receipt("req_2").status, receipt("req_2").charge, receipt("req_2").estimated) == (
        "interrupted",
        "0.000000004",
        True,
    )


def test_a_checkpoint_says_what_is_held_by_then(database: str) -> None:
    write(requests.begin(asked("req_1"), Applied(amount=9)))
    write(requests.checkpoint(asked("req_1"), Metered(Tokens(1, 1), estimated=True), Applied(amount=30)))
    assert receipt("req_1").hold == "0.00000003"
    write(requests.interrupt("req_1", None, Applied(amount=10)))
    assert (receipt("req_1").hold, receipt("req_1").released) == ("0.00000003", "0.00000002")


def test_what_came_late_owes_the_provider_what_is_left_of_the_cost(database: str) -> None:
    one, terms = asked("req_1"), SplitTerms(0, pays_provider=True)
    write(requests.begin(one, Applied(amount=100_000)))
    posted = charge_split(WALLET.account, "pw_1", terms, 50_000)(Collected(0, 40_000, 100_000, 60_000))
    write(requests.finish(one, Metered(Tokens(10, 20)), Applied(amount=100_000, late=40_000, transfers=posted)))
    late = receipt("req_1").late
    assert late is not None
    assert late["split"] == {"provider": "0.00002", "platform": "0", "developer": "0.00002"}


def test_a_manual_charge_is_one_row(database: str) -> None:
    posted = charge_split(WALLET.account, "pw_1", None)(Collected(0, NANOS, NANOS))
    charged = Applied(amount=NANOS, transfers=posted)
    write(requests.record_manual(asked("req_1", RequestKind.MANUAL), charged, {"why": "a book"}))
    found = receipt("req_1")
    assert (found.kind, found.status, found.charge, found.released, found.split) == (
        "manual", "settled", "1", "0", {"provider": "0", "platform": "0", "developer": "1"},
    )  # fmt: skip


@pytest.mark.parametrize(("promo", "wallet", "cost"), [(0, 90_000, 40_000), (50_000, 40_000, 40_000), (7, 3, 90_000)])
def test_the_receipt_says_what_was_posted_and_not_what_would_be(
    database: str, promo: int, wallet: int, cost: int
) -> None:
    """Whatever the split was made of: trial money, a cost that nobody pays whole, a fee."""
    terms, one = SplitTerms(250, pays_provider=True), asked("req_1")
    posted = charge_split(WALLET.account, "pw_1", terms, cost)(Collected(promo, wallet, promo + wallet))
    write(requests.begin(one, Applied(amount=promo + wallet)))
    write(requests.finish(one, Metered(Tokens(10, 20)), Applied(promo + wallet, from_promo=promo, transfers=posted)))
    split = {name: int(Fraction(part) * NANOS) for name, part in (receipt("req_1").split or {}).items()}
    assert sum(split.values()) == promo + wallet
    assert split["platform"] == wallet * 250 // 10_000
    assert split["provider"] == sum(
        move.amount for move in posted if move.credit.kind is Kind.PROVIDER_PAYABLE and move.type == "charge"
    )


def test_somebody_elses_request_is_not_found(database: str) -> None:
    write(requests.begin(asked("req_1"), Applied(amount=9)))
    with db.transaction(writes=False) as session:
        for paywall_id, request_id, user in (
            ("pw_2", "req_1", None),
            ("pw_1", "req_2", None),
            ("pw_1", "req_1", "bob"),
        ):
            with pytest.raises(NotFound):
                read_receipt(session, paywall_id, request_id, user)


@pytest.mark.parametrize("streamed", [True, False])
def test_a_request_keeps_how_it_was_asked_and_all_its_tokens(database: str, streamed: bool) -> None:
    one = replace(asked("req_1"), streamed=streamed)
    write(requests.begin(one, Applied(amount=5)))
    write(requests.finish(one, Metered(Tokens(10, 20, 4)), Applied(amount=5)))
    with db.transaction(writes=False) as session:
        stored = session.scalars(select(Request)).one()
    assert (receipt("req_1").streamed, stored.tokens, stored.finished_at is None) == (streamed, 30, False)
