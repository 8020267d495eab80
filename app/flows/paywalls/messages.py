"""A developer says what the assistant says in the paywall's name: templates, or an endpoint that writes it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.domain.errors import BadField
from app.domain.key_text import make_signing_secret
from app.domain.paywalls.changes import Section
from app.domain.paywalls.configuration import ResponderSetting
from app.domain.paywalls.messages import seal_context
from app.domain.paywalls.versions import Edition
from app.flows.paywalls.change import Part
from app.ports.seal import Sealer

Templates = Mapping[str, str]
"""Templates by event, in the place of all earlier ones; an event that has none is said in our words."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint that writes messages; without `url` templates alone are used again.

    Its first secret is made when it is saved, and another one with `is_secret_new`.
    """

    url: str | None
    is_secret_new: bool = False


def templates() -> Part[Templates, None]:
    """Returns the part of templates. It raises BadField, which names the template."""

    def edit(edition: Edition, wanted: Templates) -> None:
        edition.configuration = replace(edition.configuration, messages=dict(wanted))

    return Part(Section.MESSAGES, edit)


def endpoint(sealer: Sealer) -> Part[Endpoint, str | None]:
    """Returns the part of the endpoint, of which a new secret is shown in clear, once. It raises BadField."""

    def edit(edition: Edition, wanted: Endpoint) -> str | None:
        current = edition.configuration.responder
        if wanted.url is None:
            if current is None:
                raise BadField("responder", "This paywall has no endpoint that writes messages.")
            edition.configuration = replace(edition.configuration, responder=None)
            return None
        secret = make_signing_secret() if current is None or wanted.is_secret_new else None
        sealed = sealer.seal(secret, seal_context(edition.paywall.id)) if secret is not None else None
        kept = sealed or (current.secret_sealed if current is not None else "")
        edition.configuration = replace(edition.configuration, responder=ResponderSetting(wanted.url, kept))
        return secret

    return Part(Section.MESSAGES, edit)
