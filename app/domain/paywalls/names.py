"""What apps are called now, for pages that speak of several."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.paywalls.tables import PaywallRow, PaywallVersion
from app.sql.columns import table_of


def read_names(session: Session, paywall_ids: Iterable[str | None]) -> Mapping[str, str]:
    """Returns the app's name of each paywall that there is."""
    paywalls, versions = table_of(PaywallRow), table_of(PaywallVersion)
    rows = session.execute(
        select(paywalls.c.id, versions.c.config)
        .join(versions, (versions.c.paywall_id == paywalls.c.id) & (versions.c.version == paywalls.c.version))
        .where(paywalls.c.id.in_({paywall_id for paywall_id in paywall_ids if paywall_id}))
    )
    return {row.id: row.config["app_name"] for row in rows}
