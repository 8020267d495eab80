"""GET /metrics for Prometheus: what this process commits, what is held, and whether the books balance."""

import hmac
from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest

from app import db, wiring
from app.api.serving.chain_metrics import add_chains
from app.api.wire.page_sockets import dropped
from app.domain import clock
from app.domain.errors import NotFound, UnknownKey
from app.domain.inbox.inbox import count_waiting
from app.domain.leases import job_runs
from app.domain.leases.job_runs import JobView
from app.domain.money import NANOS
from app.domain.refunds.refunds import count_owed
from app.domain.refunds.tables import RefundStatus
from app.domain.usage.drift import Drift, read_drift
from app.flows.reconciling.soundness import ConnectionView, is_sound, read_connections
from app.flows.settlement.looking import read_seen
from app.flows.upkeep.audit import AuditView, read_newest
from app.flows.upkeep.holds import count_open_holds

router = APIRouter(tags=["operations"])


@router.get("/metrics")
async def get_metrics(authorization: Annotated[str | None, Header()] = None) -> Response:
    """Returns the metrics to whoever has COINSLOT_METRICS_TOKEN; without such a token there are none."""
    token = wiring.get().settings.metrics_token.get_secret_value()
    if not token:
        raise NotFound("There are no metrics here; set COINSLOT_METRICS_TOKEN.")
    if not hmac.compare_digest((authorization or "").encode(), f"Bearer {token}".encode()):
        raise UnknownKey("The metrics need `Authorization: Bearer` and the metrics token.")
    held = await db.in_transaction(count_open_holds)
    newest = await db.in_transaction(read_newest)
    drifts = await db.in_transaction(read_drift)
    registry = _registry(held, newest, drifts)
    _add_payments(registry, *await db.in_transaction(lambda session: (count_waiting(session), count_owed(session))))
    _add_jobs(registry, await db.in_transaction(job_runs.read_all))
    _add_connections(registry, await db.in_transaction(read_connections))
    chains = wiring.get().settlement.chains.all()
    add_chains(registry, await db.in_transaction(lambda session: read_seen(session, chains)))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _add_jobs(registry: CollectorRegistry, jobs: Sequence[JobView]) -> None:
    now, says = clock.now(), "Seconds since a job last succeeded, and until it runs next"
    since = Gauge("coinslot_job_seconds", says, ["job", "which"], registry=registry)
    failing = Gauge("coinslot_job_failing", "Whether the newest run of a job failed", ["job"], registry=registry)
    for job in jobs:
        if job.succeeded_at is not None:
            since.labels(job.name, "since_success").set((now - job.succeeded_at) / clock.SECOND)
        since.labels(job.name, "until_next").set((job.next_at - now) / clock.SECOND)
        failing.labels(job.name).set(job.last_error is not None)


def _add_connections(registry: CollectorRegistry, connections: Sequence[ConnectionView]) -> None:
    sound = Gauge("coinslot_connection_sound", "Whether nothing is wrong with a connection", ["connection"],
                  registry=registry)  # fmt: skip
    says = "Cents that a rail says it holds more than the ledger says; compared last"
    differs = Gauge("coinslot_connection_differs_cents", says, ["connection"], registry=registry)
    for one in connections:
        sound.labels(one.health.connection_id).set(is_sound(one))
        if one.comparison is not None and one.comparison.differs_cents is not None:
            differs.labels(one.health.connection_id).set(one.comparison.differs_cents)


def _add_payments(
    registry: CollectorRegistry, waiting: Mapping[str, tuple[int, int]], owed: Mapping[RefundStatus, int]
) -> None:
    says = "Payment events that wait, and those of them that have failed before and are tried again"
    events = Gauge("coinslot_payment_events", says, ["connection", "state"], registry=registry)
    for connection, (count, failing) in waiting.items():
        events.labels(connection, "waiting").set(count)
        events.labels(connection, "failing").set(failing)
    refunds = Gauge("coinslot_refunds_owed", "Refunds that have not reached their payers", ["state"], registry=registry)
    for status, count in owed.items():
        refunds.labels(status).set(count)


def _registry(open_holds: int, newest: AuditView | None, drifts: Sequence[Drift]) -> CollectorRegistry:
    registry, queue = CollectorRegistry(), wiring.get().queue

    def gauge(name: str, says: str, value: float) -> None:
        Gauge(f"coinslot_{name}", says, registry=registry).set(value)

    def counter(name: str, says: str, value: float) -> None:
        Counter(f"coinslot_{name}", says, registry=registry).inc(value)

    gauge("commit_queue_waiting", "Operations that wait for their commit", queue.waiting)
    counter("commit_batches", "Transactions of the commit queue", queue.batches)
    counter("commit_operations", "Operations that the commit queue answered", queue.operations)
    gauge("open_holds", "Holds that are open now, of all processes", open_holds)
    if newest is not None:
        gauge("audit_findings", "Broken rows that the newest audit found", newest.findings)
        gauge("audit_age_seconds", "Seconds since the newest audit", (clock.now() - newest.finished_at) / clock.SECOND)
    says = "Messages of pages' sockets, and sockets, that were dropped since the start"
    lost = Counter("coinslot_socket_dropped", says, ["reason"], registry=registry)
    for reason, count in dropped.items():
        lost.labels(reason).inc(count)
    says = "Dollars that a model's requests cost on the newest day that was measured, by us or by its provider"
    costs = Gauge("coinslot_model_cost_dollars", says, ["provider", "model", "day", "by"], registry=registry)
    for drift in drifts:
        for by, nanos in (("us", drift.own_nanos), ("provider", drift.provider_nanos)):
            costs.labels(drift.provider, drift.model, drift.day, by).set(nanos / NANOS)
    return registry
