"""What the gateway's benchmark turns on in the product: events and limits, all of them far above the load."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import httpx

from app import db, settings
from app.domain.ledger.accounts import AMOUNT_NANOS_MAX
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.limits import COUNT_MAX, Limits, PaywallLimits
from app.flows.paywalls.demo import PAYWALL_ID
from tests.bench.drive import Target
from tests.support import books

NONE = PaywallLimits()


@dataclass(frozen=True)
class Features:
    """The events that a webhook is told of, and the paywall's limits."""

    event: str | None = None
    limits: PaywallLimits = field(default=NONE)


_USE = Limits(COUNT_MAX, COUNT_MAX, COUNT_MAX, COUNT_MAX)
_SPENDING = Limits(spend_per_day_nanos=AMOUNT_NANOS_MAX, spend_per_month_nanos=AMOUNT_NANOS_MAX)
_ALL = replace(_USE, spend_per_day_nanos=AMOUNT_NANOS_MAX, spend_per_month_nanos=AMOUNT_NANOS_MAX)
_OF_EACH_USER = Limits(COUNT_MAX, COUNT_MAX, spend_per_month_nanos=AMOUNT_NANOS_MAX)

FEATURES: Mapping[str, Features] = {
    "limits": Features(limits=PaywallLimits(_USE, _USE, _USE)),
    "budgets": Features(limits=PaywallLimits(_SPENDING, _SPENDING, _SPENDING)),
    "usual": Features("authorization.*", PaywallLimits(user=_OF_EACH_USER, paywall=Limits(concurrency=COUNT_MAX))),
    "full": Features("authorization.*", PaywallLimits(_ALL, _ALL, _ALL)),
    "deliveries": Features("paywall.usage.charge.created"),
}
"""`usual`: requests and tokens a minute and spending a month of each user, what runs at once in the paywall, and a
webhook that waits for what the load does not cause. `full`: that webhook and all 18 limits; `limits` and `budgets` are
those of use and of spending. `deliveries`: a webhook that is told of every charge; measure it in a run of its own, for
what it still has to deliver disturbs whoever is measured next."""


def turn_on(name: str, target: Target, endpoint: str, database_url: str) -> None:
    """Turns features on in a running product that has the benchmark's paywall."""
    features = FEATURES[name]
    if features.event is not None:
        body = {"url": endpoint, "events": [features.event]}
        url, headers = f"{target.base_url}/webhooks/subscriptions", {"Authorization": f"Bearer {target.key}"}
        httpx.post(url, json=body, headers=headers, timeout=30).raise_for_status()
    settings.configure(database_url=database_url)
    with db.transaction() as session:
        books.publish(session, PAYWALL_ID, replace(read_current(session, PAYWALL_ID)[1], limits=features.limits))
    db.dispose()
    settings.configure()
