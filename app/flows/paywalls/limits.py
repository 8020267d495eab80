"""A developer limits use: of everybody, with the next version, or of single users and keys, at once."""

from dataclasses import dataclass, replace

from app.domain.paywalls.changes import Section
from app.domain.paywalls.configuration import UserFrom
from app.domain.paywalls.keys import check_key
from app.domain.paywalls.limit_overrides import set_override
from app.domain.paywalls.limits import Limits, PaywallLimits, Scope
from app.domain.paywalls.versions import Edition
from app.domain.wallets.wallets import check_user
from app.flows.paywalls.change import Part


@dataclass(frozen=True, slots=True)
class Override:
    """The limits of one user or key in the place of everybody's; None goes back to those."""

    scope: Scope
    subject: str
    limits: Limits | None


@dataclass(frozen=True, slots=True)
class Use:
    """Everybody's limits, and which place of a request names the user that they count by; None leaves that."""

    limits: PaywallLimits
    user_from: UserFrom | None = None


def limits() -> Part[Use, None]:
    """Returns the part of everybody's limits. It raises BadField."""

    def edit(edition: Edition, wanted: Use) -> None:
        edition.configuration = replace(
            edition.configuration,
            limits=wanted.limits,
            user_from=wanted.user_from or edition.configuration.user_from,
        )

    return Part(Section.LIMITS, edit)


def overrides() -> Part[Override, None]:
    """Returns the part of single users' and keys' limits. It raises BadField, and Refused where there are too many.

    Limits are set for an id that a user can have, and for a key of this paywall; they go back for whatever has some.
    """

    def edit(edition: Edition, wanted: Override) -> None:
        if wanted.limits is not None and wanted.scope is Scope.USER:
            check_user(wanted.subject)
        elif wanted.limits is not None and wanted.scope is Scope.KEY:
            check_key(edition.session, edition.paywall.id, wanted.subject)
        set_override(edition.session, edition.paywall.id, wanted.scope, wanted.subject, wanted.limits)

    def describe(wanted: Override, _: None) -> dict[str, object]:
        limits = wanted.limits.to_json() if wanted.limits is not None else None
        return {"scope": wanted.scope.value, "subject": wanted.subject, "limits": limits}

    return Part(Section.OVERRIDES, edit, describe)
