"""What the assistant says where no model is asked, written by the developer's own endpoint.

The rendered template is what is said if the endpoint fails in any way; the user always gets the link.
"""

import structlog

from app.domain.errors import CoinslotError, ProviderFailed
from app.domain.ids import new_id
from app.domain.money import format_decimal, format_for_people
from app.domain.paywalls.messages import is_plain, seal_context
from app.flows.callers.asked import Ask
from app.flows.callers.snapshot import Snapshot
from app.ports.seal import Sealer
from app.ports.webhooks import Responder

log = structlog.get_logger()

TEXT_CHARACTERS_MAX = 4_000


class CustomResponses:
    """Asks developers' endpoints for one process."""

    def __init__(self, responder: Responder, sealer: Sealer) -> None:
        self._responder = responder
        self._sealer = sealer

    async def write(
        self, snapshot: Snapshot, user: str, model: str, request_id: str, ask: Ask, url: str, template_text: str
    ) -> str:
        """Returns what the endpoint wants said, with the link behind it if it left it out; else `template_text`."""
        setting = snapshot.configuration.responder
        if setting is None:
            return template_text
        content = {
            "event": ask.action,
            "paywallId": snapshot.paywall_id,
            "requestId": request_id,
            "user": user,
            "model": model,
            "name": snapshot.configuration.app_name,
            "url": url,
            "shortfall": format_decimal(ask.shortfall_nanos),
            "shortfallFormatted": format_for_people(ask.shortfall_nanos, snapshot.unit),
            "unit": snapshot.unit.value,
            "message": template_text,
        }
        try:
            secret = self._sealer.open(setting.secret_sealed, seal_context(snapshot.paywall_id))
            text = checked(await self._responder.write(setting.url, secret, new_id("msg"), content))
        except CoinslotError as failure:
            log.warning("custom_response", paywall=snapshot.paywall_id, request=request_id, step="template",
                        error=failure.message)  # fmt: skip
            return template_text
        return text if url in text else f"{text.rstrip()}\n\n{url}"


def checked(text: str) -> str:
    """Returns a text that can be shown. Raises ProviderFailed for one that is empty, too long or cannot be."""
    if not text.strip():
        raise ProviderFailed("The endpoint's text is empty.")
    if len(text) > TEXT_CHARACTERS_MAX:
        raise ProviderFailed(f"The endpoint's text has more than {TEXT_CHARACTERS_MAX} characters.")
    if not is_plain(text):
        raise ProviderFailed("The endpoint's text holds a character that cannot be shown.")
    return text
