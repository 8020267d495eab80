"""The profile as a form: what stands there, what was typed, and what publishing that would change."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from app.db import Session
from app.domain.errors import BadField
from app.domain.paywalls.configuration import Configuration, Disconnect, read_current
from app.domain.paywalls.members import Act, Manager
from app.domain.playground.playground import read_playground
from app.flows.paywalls.profile import Opening, Profile, with_profile
from app.web.developer.frame.differences import DifferenceRow

TYPED_CHARACTERS_MAX = 3_000
TITLES = {
    "app_name": "App's name",
    "app_url": "App's address",
    "app_text": "A line of your own",
    "return_origins": "Where links may lead back to",
    "disconnect": "When a reader goes away in the middle of an answer",
    "needs_confirmation": "A consent counts only once your server has confirmed it",
    "is_strict": "Answer with HTTP errors where a link would be said",
}
GONE_READERS = {
    Disconnect.CANCEL: "Stop it, and charge what had arrived",
    Disconnect.DRAIN: "Carry it to its end, and charge all of it",
    Disconnect.FREE: "Stop it, and charge nothing",
}
_NAMES = tuple(field.name for field in fields(Profile))


@dataclass(frozen=True)
class ProfileForm:
    """What the form begins with. `version` is what it was read from, 0 before that."""

    version: int = 0
    app_name: str = ""
    app_url: str = ""
    app_text: str = ""
    return_origins: str = ""
    disconnect: str = ""
    needs_confirmation: bool = False
    is_strict: bool = False
    has_consent: bool = False


@dataclass(frozen=True)
class PlaygroundView:
    """The playground of a paywall: where it is, empty while it is closed and for whoever may not open it."""

    url: str = ""
    is_open: bool = False
    requests_per_hour: int = 0


def read_playground_view(session: Session, manager: Manager, site: str) -> PlaygroundView:
    """Reads the playground as a manager sees it; its address lets in whoever has it, so it is its owner's alone."""
    found = read_playground(session, manager.paywall_id)
    is_shown = found.slug is not None and manager.may(Act.SET_UP)
    url = f"{site}/playground/{found.slug}/" if is_shown else ""
    return PlaygroundView(url, found.slug is not None, found.requests_per_hour)


def to_opening(typed: Mapping[str, Any], *, is_open: bool) -> Opening:
    """Returns what was typed of a playground. Raises BadField."""
    word = str(typed.get("requests_per_hour", "")).strip()
    if not (word.isascii() and word.isdigit() and len(word) <= 9):
        raise BadField("requests_per_hour", "Say how many answers an hour, as a whole number.")
    return Opening(is_open=is_open, requests_per_hour=int(word))


def read_form(session: Session, paywall_id: str) -> ProfileForm:
    """Reads the profile that counts."""
    paywall, configuration = read_current(session, paywall_id)
    return ProfileForm(
        version=paywall.version,
        app_name=configuration.app_name,
        app_url=configuration.app_url,
        app_text=configuration.app_text,
        return_origins="\n".join(configuration.return_origins),
        disconnect=configuration.disconnect.value,
        needs_confirmation=configuration.needs_confirmation,
        is_strict=configuration.is_strict,
        has_consent=paywall.rules.needs_consent,
    )


def profile_of(configuration: Configuration) -> Profile:
    """Returns the profile that a configuration has."""
    return Profile(**{name: getattr(configuration, name) for name in _NAMES})


def to_profile(typed: Mapping[str, Any], current: Configuration) -> Profile:
    """Returns what was typed as a profile that can be published; what the form does not ask stays. Raises BadField."""

    def word(name: str) -> str:
        return str(typed.get(name, "")).strip()[:TYPED_CHARACTERS_MAX]

    chosen = word("disconnect")
    if chosen not in list(Disconnect):
        raise BadField("disconnect", "Choose what happens to an answer whose reader has gone.")
    wanted = Profile(
        app_name=word("app_name"),
        app_url=word("app_url"),
        return_origins=tuple(line.strip() for line in word("return_origins").splitlines() if line.strip()),
        app_text=word("app_text"),
        needs_confirmation=bool(typed.get("needs_confirmation")),
        is_strict=bool(typed.get("is_strict")),
        disconnect=Disconnect(chosen),
        user_from=current.user_from,
    )
    with_profile(current, wanted)
    return wanted


def merged(read: Profile, typed: Profile, newest: Profile) -> Profile:
    """Returns what was changed of what was read, on the newest profile: two who change different things keep both."""
    changed = {name: getattr(typed, name) for name in _NAMES if getattr(typed, name) != getattr(read, name)}
    return replace(newest, **changed)


def differing(current: Profile, wanted: Profile) -> list[DifferenceRow]:
    """Returns what publishing a profile would change."""
    return [
        DifferenceRow(TITLES.get(name, name), _said(getattr(current, name)), _said(getattr(wanted, name)))
        for name in _NAMES
        if getattr(current, name) != getattr(wanted, name)
    ]


def in_words(refusal: BadField) -> str:
    """Returns what is wrong with a field, which is called as on the page."""
    name = refusal.field or ""
    return refusal.message.replace(f"`{name}`", TITLES.get(name, name))


def as_typed(form: ProfileForm, wanted: Profile) -> ProfileForm:
    """Returns the form with what was typed, so that nothing of it is lost when it is shown again."""
    return replace(
        form, app_name=wanted.app_name, app_url=wanted.app_url, app_text=wanted.app_text,
        return_origins="\n".join(wanted.return_origins), disconnect=wanted.disconnect.value,
        needs_confirmation=wanted.needs_confirmation, is_strict=wanted.is_strict,
    )  # fmt: skip


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Disconnect):
        return GONE_READERS[value]
    return "\n".join(value) if isinstance(value, tuple) else str(value)
