"""The table of jobs: what runs, and how often."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from app import settings, wiring
from app.flows.catalogue import drift, sync
from app.flows.drafts import steps
from app.flows.events import delivery
from app.flows.events.mails import MAILS_A_RUN
from app.flows.payments import expiry, heard, operators, watch
from app.flows.people import sign_in
from app.flows.reconciling import movements
from app.flows.settlement import rails, schedule
from app.flows.upkeep import alerts, audit, earnings, holds, rollups
from app.flows.upkeep.rollups import Tell
from app.jobs.leased import IsDue, Work

REAPER_SHARE = 0.2
"""How often lost holds are looked for, as a share of the time within which they must be closed."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job and the pause between its runs; one that is `urgent` runs before the process serves anybody,
    so that it may call nothing outside.

    `is_due` is asked before the lease is taken; what `is_shared` is run without one, because several processes may run
    it at once or because it sees to that itself. One that is to run `soon` begins with the process and not after its
    first pause, one that is `by_hand` runs only when somebody asks for it. `told` is the work of one that takes long
    and says how far it is.
    """

    work: Work
    every_seconds: float
    urgent: bool = False
    is_due: IsDue | None = None
    is_shared: bool = False
    soon: bool = False
    by_hand: bool = False
    told: Callable[[Tell], Awaitable[int]] | None = None


async def _reap_holds() -> int:
    return await holds.reap_holds(wiring.get().queue, settings.get().fee_basis_points)


async def _finish_inbox() -> int:
    return await wiring.get().payment_door.finish_inbox()


async def _has_inbox_due() -> bool:
    return await wiring.get().payment_door.has_due()


async def _has_refunds_due() -> bool:
    return await wiring.get().refunds.has_due()


async def _send_refunds() -> int:
    return await wiring.get().refunds.send_due()


async def _has_disputes_due() -> bool:
    return await wiring.get().disputes.has_due()


async def _tell_disputes() -> int:
    return await wiring.get().disputes.tell_due()


async def _expire_checkouts() -> int:
    return await expiry.expire_checkouts(wiring.get().payment_door)


async def _end_tried() -> int:
    return await expiry.end_tried(wiring.get().payment_door)


async def _has_operator_connections() -> bool:
    chosen = settings.get()
    keys = (chosen.stripe_key, chosen.stripe_test_key)
    return any(key.get_secret_value() for key in keys) or await operators.has_connections()


async def _keep_operator_connections() -> int:
    return await wiring.get().stripe.operator_connections.keep()


async def _read_events() -> int:
    return await wiring.get().stripe.ear.read_lists()


async def _check_endpoints() -> int:
    return await wiring.get().stripe.watch.check_all()


async def _read_movements() -> int:
    return await wiring.get().stripe.bookkeeper.read_all()


async def _has_cards_due() -> bool:
    return await wiring.get().cards.topups.has_due()


async def _sweep_cards() -> int:
    return await wiring.get().cards.topups.sweep()


async def _has_payouts_due() -> bool:
    return await rails.has_due(wiring.get().settlement.rails)


async def _has_chains() -> bool:
    return bool(settings.get().chains)


async def _read_deposits() -> int:
    return await wiring.get().settlement.deposits.read_all()


async def _sweep_deposits() -> int:
    return await wiring.get().settlement.sweeps.sweep_all()


async def _go_on_payouts() -> int:
    return await rails.go_on_all(wiring.get().settlement.rails)


async def _has_reserves_due() -> bool:
    return await wiring.get().settlement.reserves.has_due()


async def _compare_reserves() -> int:
    return await wiring.get().settlement.reserves.compare_all()


async def _has_schedules_due() -> bool:
    return bool(wiring.get().settlement.rails) and await schedule.has_due()


async def _request_payouts() -> int:
    settlement = wiring.get().settlement
    return await schedule.request_due(settlement.rules, lambda env: settlement.addresses.chain_of(env).rules.id)


async def _fan_out_events() -> int:
    return await delivery.fan_out(wiring.get().owner)


async def _deliver_webhooks() -> int:
    return await wiring.get().courier.deliver()


async def _sync_catalogue() -> int:
    wired = wiring.get()
    if not settings.get().syncs_catalogue:
        return 0
    return await sync.sync_catalogue(wired.model_catalogue, wired.follow_rules, wired.desk)


async def _mature_earnings() -> int:
    return await earnings.mature_earnings(settings.get().earnings_pending_days)


async def _has_mails_due() -> bool:
    return await wiring.get().desk.has_kept()


async def _send_mails() -> int:
    return await wiring.get().desk.send_kept(MAILS_A_RUN)


async def _raise_alerts() -> int:
    return await alerts.raise_alerts(wiring.get().desk)


def jobs() -> Mapping[str, Job]:
    """Returns every job by name."""
    return {
        "reap-holds": Job(_reap_holds, settings.get().lease_seconds * REAPER_SHARE, urgent=True),
        "finish-inbox": Job(_finish_inbox, 5, is_due=_has_inbox_due),
        "send-refunds": Job(_send_refunds, 5, is_due=_has_refunds_due),
        "tell-disputes": Job(_tell_disputes, 30, is_due=_has_disputes_due),
        "auto-topups": Job(_sweep_cards, 10, is_due=_has_cards_due),
        "expire-checkouts": Job(_expire_checkouts, 60),
        "end-tried-checkouts": Job(_end_tried, 10, is_due=expiry.has_tried),
        "connect-operator": Job(_keep_operator_connections, 300, is_due=_has_operator_connections, soon=True),
        "read-events": Job(_read_events, 10, is_due=heard.has_due, soon=True),
        "check-endpoints": Job(_check_endpoints, 3_600, is_due=watch.has_endpoints),
        "read-movements": Job(_read_movements, 300, is_due=movements.has_connections),
        "read-deposits": Job(_read_deposits, 1, is_due=_has_chains, soon=True),
        "sweep-deposits": Job(_sweep_deposits, 30, is_due=_has_chains),
        "payouts": Job(_go_on_payouts, 5, is_due=_has_payouts_due),
        "compare-reserves": Job(_compare_reserves, 15, is_due=_has_reserves_due),
        "request-payouts": Job(_request_payouts, 300, is_due=_has_schedules_due),
        "fan-out-events": Job(_fan_out_events, 0.5, is_due=delivery.has_due, is_shared=True),
        "deliver-webhooks": Job(_deliver_webhooks, 0.5, is_shared=True),
        "forget-events": Job(delivery.forget, 3_600),
        "fold-deltas": Job(holds.fold, 10),
        "forget-answers": Job(holds.forget_answers, 60),
        "forget-codes": Job(sign_in.forget_codes, 3_600),
        "forget-drafts": Job(steps.forget_drafts, 3_600),
        "mature-earnings": Job(_mature_earnings, 900),
        "sync-catalogue": Job(_sync_catalogue, 3_600, soon=True),
        "report-drift": Job(drift.report_drift, 3_600),
        "count-rollups": Job(rollups.count, 5, is_due=rollups.has_due),
        "build-rollups": Job(rollups.build, 60, is_due=rollups.has_builds),
        "rebuild-rollups": Job(rollups.rebuild, 0, by_hand=True, told=rollups.rebuild),
        "list-users": Job(rollups.list_top, 900),
        "forget-rollups": Job(rollups.forget, 3_600),
        "raise-alerts": Job(_raise_alerts, 30),
        "send-mails": Job(_send_mails, 10, is_due=_has_mails_due, soon=True),
        "audit": Job(audit.run_audit, 900, soon=True),
    }
