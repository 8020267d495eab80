"""What several developers earned of a disputed top-up answers for a debt: the newest first, and reinstated in turn."""

from app import db
from app.domain.disputes.earnings import level
from app.domain.ledger.accounts import Account, Kind
from app.domain.ledger.apply import apply, apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import CENT_NANOS
from app.domain.paywalls.modes import Mode
from app.domain.wallets import lots
from tests.support.books import make_snapshot
from tests.support.taking_back import cents_of, charge, of_paywall, someone, spends


def levelled(account: Account, balance: int, most: int = 10_000) -> None:
    with db.transaction() as session:
        books = lots.lock(session, account.owner)
        lots.bring_up(session, account, books)
        posts = level(session, account, books, {"a": most * CENT_NANOS}, balance * CENT_NANOS)
        assert not any(isinstance(one, Exception) for one in apply(session, posts))


def test_the_newest_earnings_answer_for_as_much_as_is_owed(database: str) -> None:
    old, new = (make_snapshot(mode=Mode.SHARED) for _ in range(2))
    ada, account = someone()
    with db.transaction() as session:
        paid = Transfer(account.beside(Kind.WORLD, "x"), account, 10_000 * CENT_NANOS, "topup")
        apply_one(session, Post("topup:a", (paid,)))
    charge(old, spends(old, ada), 2_000)
    charge(new, spends(new, ada), 1_000)

    def earned() -> tuple[int, ...]:
        return tuple(cents_of(of_paywall(app, Kind.EARNINGS_PENDING)) for app in (old, new))

    assert earned() == (1_980, 990)
    for balance, expected in (
        (-500, (1_980, 490)), (-1_500, (1_470, 0)), (-9_000, (0, 0)), (-1_500, (1_470, 0)), (-990, (1_980, 0)),
        (-10, (1_980, 980)), (0, (1_980, 990)), (5, (1_980, 990)),
    ):  # fmt: skip
        levelled(account, balance)
        assert earned() == expected
    levelled(account, -9_000, most=100)
    assert earned() == (1_980, 890), "no more than was disputed"
