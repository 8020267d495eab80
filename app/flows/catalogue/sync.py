"""The catalogue is synced: a provider's public list is read, written, and followed by every paywall's prices.

A list that cannot be had, understood or believed changes nothing; the next run tries again.
"""

from functools import partial

import structlog
from sqlalchemy import select

from app import db
from app.domain.catalogue.catalogue import ListTooShort, write_list
from app.domain.errors import ProviderFailed
from app.domain.paywalls.changes import CATALOGUE, Section
from app.domain.paywalls.tables import PaywallRow
from app.domain.paywalls.versions import open_edition
from app.each_alone import Failed, each_alone
from app.flows.catalogue.follow import FollowRules, SwitchedOff, follow_catalogue
from app.flows.events.mails import Desk, Notice
from app.flows.events.tell import publish_and_tell
from app.ports.prices import ModelCatalogue
from app.sql.columns import table_of

log = structlog.get_logger()


async def sync_catalogue(source: ModelCatalogue, rules: FollowRules, desk: Desk) -> int:
    """Syncs the catalogue and every paywall's prices, tells developers what was switched off; returns what changed."""
    try:
        listed = await source.read()
        changes = await db.in_transaction(lambda session: write_list(session, listed), writes=True)
    except (ProviderFailed, ListTooShort) as failure:
        log.error("catalogue_sync", step="read", error=failure.message)
        return 0
    if listed.unreadable:
        log.warning("catalogue_sync", step="read", unreadable=sorted(listed.unreadable))
    log.info("catalogue_sync", step="written", models=len(listed.models), new=len(changes.new),
             priced=changes.priced, vanished=changes.vanished, returned=changes.returned)  # fmt: skip
    return changes.count + await follow_everywhere(rules, desk)


async def follow_everywhere(rules: FollowRules, desk: Desk) -> int:
    """Brings the prices of every paywall up to date, each alone in its transaction; returns how many changed.

    A paywall where something changed has a new version, made by the catalogue; another one has none.
    """
    paywalls = table_of(PaywallRow)
    paywall_ids = await db.in_transaction(lambda session: session.scalars(select(paywalls.c.id)).all())
    done = await each_alone("catalogue_sync", paywall_ids, partial(_follow, rules, desk))
    return sum(changed for _, changed in done if not isinstance(changed, Failed))


async def _follow(rules: FollowRules, desk: Desk, paywall_id: str) -> int:
    def follow(session: db.Session) -> tuple[int, list[SwitchedOff]]:
        edition = open_edition(session, paywall_id, CATALOGUE)
        followed = follow_catalogue(edition, rules)
        publish_and_tell(edition, Section.PRICES)
        return followed

    changed, switched_off = await db.in_transaction(follow, writes=True)
    # The prices stand whatever becomes of the mails, and each mail of the others.
    await each_alone("catalogue_sync", switched_off, lambda model: desk.tell(_notice(model)),
                     lambda model: f"{model.paywall_id}:{model.model}")  # fmt: skip
    return changed


def _notice(off: SwitchedOff) -> Notice:
    text = (
        f"{off.app_name} no longer offers {off.model}: what the provider asks for it has risen. {off.reason}\n\n"
        "Requests for it are answered with 404 model_not_priced. Save a price that covers the cost, and it is back."
    )
    return Notice(off.paywall_id, off.app_name, f"{off.model} was switched off", text)
