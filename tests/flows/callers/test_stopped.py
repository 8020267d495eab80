"""What refused a request is noted for its user, once a minute of a kind, and not of whoever has no page."""

from app import db
from app.domain.errors import Blocked, LimitReached
from app.domain.safety.log import SafetyView, read_newest
from app.flows.callers.asked import Action, Ask
from app.flows.callers.stopped import Refused, StoppedLog
from app.flows.callers.user import Standing
from app.keeper import Keeper
from tests.support.books import make_snapshot


async def test_a_refusal_is_noted_behind_the_answer(database: str) -> None:
    snapshot, keeper = make_snapshot(), Keeper()
    log, wallet = StoppedLog(keeper), snapshot.wallet("ada")

    def lines() -> list[SafetyView]:
        with db.transaction(writes=False) as session:
            return read_newest(session, [wallet.id], 10)

    def asked(number: int, standing: Standing | None = None) -> Refused:
        return Refused(snapshot, standing or Standing(wallet=wallet), f"req_{number}", "demo-mini")

    log.refused(asked(1), Blocked("No.", "wallet_frozen"))
    log.refused(asked(2), Blocked("No.", "wallet_frozen"))
    log.refused(asked(3), LimitReached("Slow down.", "requests_per_minute", 5))
    log.asked(asked(4), Ask(Action.LIMIT))
    log.asked(asked(5), Ask(Action.OWN_KEY))
    log.asked(asked(6), Ask(Action.TOPUP))  # that is of money, not of safety
    log.refused(asked(7, Standing()), Blocked("No.", "user_blocked"))
    await keeper.drain(10)
    found = {(one.request_id, one.kind.value, one.code) for one in lines()}
    assert found == {
        ("req_1", "blocked", "wallet_frozen"), ("req_3", "limit", "requests_per_minute"),
        ("req_4", "limit", "cap_reached"), ("req_5", "blocked", "own_key_required"),
    }  # fmt: skip
    assert all((one.paywall_id, one.model) == (snapshot.paywall_id, "demo-mini") for one in lines())
