"""A developer says what the assistant says in the paywall's name: templates, or an endpoint that writes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from app import db
from app.domain.errors import BadField
from app.domain.key_text import make_signing_secret
from app.domain.paywalls.changes import Section
from app.domain.paywalls.configuration import Configuration, ResponderSetting
from app.domain.paywalls.messages import seal_context
from app.domain.paywalls.versions import open_edition
from app.flows.events.tell import publish_and_tell
from app.ports.seal import Sealer


@dataclass(frozen=True, slots=True)
class SavedResponder:
    """An endpoint that was saved. `secret` is in clear, to be shown once; None where the earlier one stays."""

    version: int
    secret: str | None


async def save_messages(paywall_id: str, messages: Mapping[str, str]) -> int:
    """Publishes templates by event, in the place of all earlier ones, and returns the version.

    An event that has none is said in our words. Raises BadField, which names the template, and NotFound.
    """
    return await _publish(paywall_id, lambda newest: replace(newest, messages=dict(messages)))


async def save_responder(sealer: Sealer, paywall_id: str, url: str, *, is_secret_new: bool = False) -> SavedResponder:
    """Publishes the address of an endpoint that writes messages. Raises BadField, NotFound.

    Its first secret is made here, and another one with `is_secret_new`.
    """
    made: list[str] = []

    def change(newest: Configuration) -> Configuration:
        if newest.responder is not None and not is_secret_new:
            return replace(newest, responder=replace(newest.responder, url=url))
        made[:] = [make_signing_secret()]
        sealed = sealer.seal(made[0], seal_context(paywall_id))
        return replace(newest, responder=ResponderSetting(url, sealed))

    version = await _publish(paywall_id, change)
    return SavedResponder(version, made[0] if made else None)


async def remove_responder(paywall_id: str) -> int:
    """Publishes that templates alone are used again. Raises BadField where there is no endpoint, NotFound."""

    def change(newest: Configuration) -> Configuration:
        if newest.responder is None:
            raise BadField("responder", "This paywall has no endpoint that writes messages.")
        return replace(newest, responder=None)

    return await _publish(paywall_id, change)


async def _publish(paywall_id: str, change: Callable[[Configuration], Configuration]) -> int:
    def save(session: db.Session) -> int:
        edition = open_edition(session, paywall_id, None)
        edition.configuration = change(edition.configuration)
        return publish_and_tell(edition, Section.MESSAGES)

    return await db.in_transaction(save, writes=True)
