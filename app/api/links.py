"""Links in answers: where they lead, and where they lead back to."""

from app import settings
from app.domain.errors import BadField
from app.flows.links import mint_topup, topup_url
from app.flows.snapshot import Snapshot

STATE_CHARACTERS_MAX = 1_024
DEFAULT_BASE = "http://127.0.0.1:8000"


def make_topup_url(
    snapshot: Snapshot,
    user: str,
    return_url: str | None,
    state: str | None,
    amount_nanos: int | None = None,
) -> str:
    """Returns the address of a user's top-up page.

    Raises BadField for a return URL that is not of the paywall's own origins, or a state that is too long.
    """
    if return_url is not None and not snapshot.configuration.may_return_to(return_url):
        raise BadField("return_url", "`return_url` must be of an origin that the paywall lists.")
    if state is not None and len(state) > STATE_CHARACTERS_MAX:
        raise BadField("state", f"`state` may have at most {STATE_CHARACTERS_MAX} characters.")
    token = mint_topup(
        snapshot.paywall_id,
        user,
        return_url=return_url or snapshot.configuration.app_url or None,
        state=state,
        amount_nanos=amount_nanos,
    )
    return topup_url(settings.get().public_url or DEFAULT_BASE, token)
