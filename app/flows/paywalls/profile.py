"""A developer says what their app is called, what it looks like, where it is, and how the paywall treats its users;
also of which amount of charges they want to be told."""

from dataclasses import asdict, dataclass, replace

from app.domain.alerts.rules import set_monthly
from app.domain.errors import BadField
from app.domain.icons.icons import clean_png, set_icon
from app.domain.money import format_decimal
from app.domain.paywalls.changes import Section
from app.domain.paywalls.configuration import Configuration, Disconnect, UserFrom, check
from app.domain.paywalls.provider import origin_of
from app.domain.paywalls.versions import Edition
from app.domain.playground.playground import set_playground
from app.domain.rollups.building import choose_zone
from app.flows.paywalls.change import Part

ORIGINS_MAX = 20


@dataclass(frozen=True, slots=True)
class Profile:
    """What is changed as the profile; each name is the configuration's own, which says what it means."""

    app_name: str
    app_url: str
    return_origins: tuple[str, ...]
    app_text: str
    needs_confirmation: bool
    is_strict: bool
    disconnect: Disconnect
    user_from: UserFrom


def with_profile(current: Configuration, wanted: Profile) -> Configuration:
    """Returns a configuration with another profile. Raises BadField, which names the field."""
    if len(wanted.return_origins) > ORIGINS_MAX:
        raise BadField("return_origins", f"`return_origins` may name {ORIGINS_MAX} places.")
    for origin in wanted.return_origins:
        if origin_of(origin) != origin:
            raise BadField("return_origins", f"`{origin[:80]}` must be an origin, such as https://app.example.")
    changed = replace(current, **asdict(wanted))
    check(changed, current)
    return changed


def profile() -> Part[Profile, None]:
    """Returns the part of the profile. It raises BadField, which names the field."""

    def edit(edition: Edition, wanted: Profile) -> None:
        edition.configuration = with_profile(edition.configuration, wanted)

    return Part(Section.PROFILE, edit)


def zone() -> Part[str, bool]:
    """Returns the part that chooses the time zone in whose days numbers are shown, by its name, such as `Asia/Kolkata`;
    tells whether that changed anything. Sums are then made anew in those days.

    It raises BadField for a name that is none, LimitReached for a second choice within a day.
    """

    def edit(edition: Edition, name: str) -> bool:
        return choose_zone(edition.session, edition.paywall.id, name)

    def describe(name: str, is_new: bool) -> dict[str, object]:
        return {"zone": name} if is_new else {}

    return Part(Section.ZONE, edit, describe)


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether the playground of a paywall is open, and how many requests it answers an hour."""

    is_open: bool
    requests_per_hour: int


def playground() -> Part[Opening, bool]:
    """Returns the part of the playground; tells whether that changed anything. It raises BadField for a bound that is
    none. Opened again, it has a new address.
    """

    def edit(edition: Edition, wanted: Opening) -> bool:
        return set_playground(edition.session, edition.paywall.id, is_open=wanted.is_open,
                              requests_per_hour=wanted.requests_per_hour)  # fmt: skip

    def describe(wanted: Opening, is_new: bool) -> dict[str, object]:
        # Not its address: an operator reads the log as well, and it lets whoever has it in.
        return {"open": wanted.is_open, "requests_per_hour": wanted.requests_per_hour} if is_new else {}

    return Part(Section.PLAYGROUND, edit, describe)


def icon() -> Part[bytes | None, str | None]:
    """Returns the part of the icon, a PNG or none, whose outcome is its digest. It raises BadField for what is no icon.

    It is no part of a version: going back to one keeps the icon that people know by now.
    """

    def edit(edition: Edition, wanted: bytes | None) -> str | None:
        return set_icon(edition.session, edition.paywall.id, None if wanted is None else clean_png(wanted))

    def describe(_wanted: bytes | None, digest: str | None) -> dict[str, str | None]:
        return {"icon": digest}

    return Part(Section.PROFILE, edit, describe)


@dataclass(frozen=True, slots=True)
class Alerting:
    """The amount in nanos of the paywall's unit, None to be told of none."""

    monthly_nanos: int | None


def alerts() -> Part[Alerting, bool]:
    """Returns the part of alerts, whose outcome is whether anything changed; it is no part of a version."""

    def edit(edition: Edition, wanted: Alerting) -> bool:
        return set_monthly(edition.session, edition.paywall.id, wanted.monthly_nanos)

    def describe(wanted: Alerting, is_new: bool) -> dict[str, str | None]:
        nanos = wanted.monthly_nanos
        return {"monthly": None if nanos is None else format_decimal(nanos)} if is_new else {}

    return Part(Section.ALERTS, edit, describe)
