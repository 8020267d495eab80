"""A paywall is handed over to whoever shall own it (`decisions.md` 35), archived, and taken out again."""

from dataclasses import dataclass

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.paywalls.archiving import set_archived
from app.domain.paywalls.changes import Section, note_change
from app.domain.paywalls.members import Act, Manager, check_may, read_owner, set_owner
from app.domain.paywalls.paywall import lock_paywall
from app.domain.paywalls.versions import Edition
from app.domain.people.accounts import check_email, email_identity, enter
from app.flows.events.tell import tell_archived
from app.flows.paywalls.change import Part

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Given:
    """To whom a paywall was given; `is_new` if that account was made for it, and nobody has signed in to it yet."""

    account_id: str
    email: str
    is_new: bool


async def give_paywall(manager: Manager, email: str) -> Given:
    """Makes the account of an address the owner of a paywall; who owned it before does no more.

    Where no account has the address, one is made, and whoever proves that the address is theirs signs in to it.
    Keys, links and sessions go on. Giving it to its owner changes nothing. Raises BadField, NotAllowed, NotFound.
    """
    wanted = email_identity(check_email(email))

    def give(session: Session) -> Given:
        paywall = lock_paywall(session, manager.paywall_id)
        check_may(session, manager, Act.HAND_OVER)
        before = read_owner(session, paywall.id)
        account_id, is_new = enter(session, (wanted,))
        if account_id != before:
            set_owner(session, paywall.id, account_id)
            what = {"from": before, "to": account_id}
            note_change(session, paywall.id, manager.account_id, Section.OWNER, paywall.version, what)
        return Given(account_id, wanted.subject, is_new)

    given = await db.in_transaction(give, writes=True)
    log.info("paywall_given", paywall=manager.paywall_id, account=given.account_id, by=manager.account_id)
    return given


def archive() -> Part[bool, bool]:
    """Returns the part that says whether a paywall is archived; its outcome, whether that changed."""

    def edit(edition: Edition, is_archived: bool) -> bool:
        is_changed = set_archived(edition.session, edition.paywall, is_archived=is_archived)
        if is_changed and is_archived:
            tell_archived(edition.session, edition.paywall.id)
        return is_changed

    def describe(is_archived: bool, is_changed: bool) -> dict[str, bool]:
        return {"archived": is_archived} if is_changed else {}

    return Part(Section.ARCHIVE, edit, describe, Act.ARCHIVE)
