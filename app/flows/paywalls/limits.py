"""A developer limits use: of everybody, with the next version, or of single users and keys, at once."""

from dataclasses import dataclass, replace

from app.domain.paywalls.changes import Section
from app.domain.paywalls.limit_overrides import set_override
from app.domain.paywalls.limits import Limits, PaywallLimits, Scope
from app.domain.paywalls.versions import Edition
from app.flows.paywalls.change import Part


@dataclass(frozen=True, slots=True)
class Override:
    """The limits of one user or key in the place of everybody's; None goes back to those."""

    scope: Scope
    subject: str
    limits: Limits | None


def limits() -> Part[PaywallLimits, None]:
    """Returns the part of everybody's limits. It raises BadField."""

    def edit(edition: Edition, wanted: PaywallLimits) -> None:
        edition.configuration = replace(edition.configuration, limits=wanted)

    return Part(Section.LIMITS, edit)


def overrides() -> Part[Override, None]:
    """Returns the part of single users' and keys' limits. It raises BadField, and Refused where there are too many."""

    def edit(edition: Edition, wanted: Override) -> None:
        set_override(edition.session, edition.paywall.id, wanted.scope, wanted.subject, wanted.limits)

    def describe(wanted: Override, _: None) -> dict[str, object]:
        limits = wanted.limits.to_json() if wanted.limits is not None else None
        return {"scope": wanted.scope.value, "subject": wanted.subject, "limits": limits}

    return Part(Section.OVERRIDES, edit, describe)
