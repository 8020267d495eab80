"""A developer makes keys for their app, which are shown once, and revokes them."""

from dataclasses import dataclass

from app.domain.paywalls import keys as paywall_keys
from app.domain.paywalls.changes import Section
from app.domain.paywalls.keys import KeyView
from app.domain.paywalls.versions import Edition
from app.flows.events.tell import tell_new_key
from app.flows.paywalls.change import Part


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key is wanted, to be called so."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class RevokedKey:
    """A key is to stop working, for the next charged request in every process."""

    id: str


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key that was made; `key` is in clear, and shown this once."""

    view: KeyView
    key: str


def keys() -> Part[NewKey | RevokedKey, MadeKey | None]:
    """Returns the part of keys, of which a new one is shown. It raises Refused for a sixth, BadField, NotFound."""

    def edit(edition: Edition, wanted: NewKey | RevokedKey) -> MadeKey | None:
        session, paywall = edition.session, edition.paywall
        if isinstance(wanted, RevokedKey):
            paywall_keys.revoke_key(session, paywall.id, wanted.id)
            return None
        key = paywall_keys.new_key(paywall.environment)
        view = paywall_keys.add_key(session, paywall.id, key, wanted.name)
        tell_new_key(session, paywall.id, view, edition.made_by)
        return MadeKey(view, key)

    def describe(wanted: NewKey | RevokedKey, made: MadeKey | None) -> dict[str, str]:
        if isinstance(wanted, RevokedKey):
            return {"revoked": wanted.id}
        return (
            {"made": made.view.id, "name": made.view.name, "last_four": made.view.last_four} if made is not None else {}
        )

    return Part(Section.KEYS, edit, describe)
