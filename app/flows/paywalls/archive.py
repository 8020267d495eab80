"""A paywall is archived by its owner or an operator, and taken out again by either."""

from app.domain.paywalls.archiving import set_archived
from app.domain.paywalls.changes import Section
from app.domain.paywalls.members import Act
from app.domain.paywalls.versions import Edition
from app.flows.events.tell import tell_archived
from app.flows.paywalls.change import Part


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
