"""Links in answers: where they lead, and where they lead back to."""

from app import wiring
from app.domain.errors import BadField
from app.flows.callers.asked import Ask
from app.flows.callers.links import connect_url, menu_url, topup_url
from app.flows.callers.snapshot import Snapshot

STATE_CHARACTERS_MAX = 1_024
DEFAULT_BASE = "http://127.0.0.1:8000"


def base_url() -> str:
    """Returns what our own addresses begin with."""
    return wiring.get().settings.public_url or DEFAULT_BASE


def make_topup_url(
    snapshot: Snapshot,
    user: str,
    return_url: str | None,
    state: str | None,
    amount_nanos: int | None = None,
    short_nanos: int | None = None,
) -> str:
    """Returns the address of a user's top-up page. Raises BadField as `_way_back` does."""
    token = wiring.get().links.mint_topup(
        snapshot.paywall_id,
        user,
        return_url=_way_back(snapshot, return_url, state),
        state=state,
        amount_nanos=amount_nanos,
        short_nanos=short_nanos,
    )
    return topup_url(base_url(), token)


def make_connect_url(snapshot: Snapshot, user: str, return_url: str | None, state: str | None) -> str:
    """Returns the address of a user's consent page. Raises BadField as `_way_back` does."""
    return_url = _way_back(snapshot, return_url, state)
    token = wiring.get().links.mint_connect(snapshot.paywall_id, user, return_url, state)
    return connect_url(base_url(), token)


def make_ask_url(snapshot: Snapshot, user: str, ask: Ask, return_url: str | None, state: str | None) -> str:
    """Returns where a user does what is asked of them: adds what is missing, or allows it."""
    if ask.action == "topup":
        return make_topup_url(snapshot, user, return_url, state, short_nanos=ask.shortfall_nanos or None)
    return make_connect_url(snapshot, user, return_url, state)


def make_menu_url(snapshot: Snapshot, user: str, return_url: str | None, state: str | None) -> str:
    """Returns the address of a user's menu. Raises BadField as `_way_back` does."""
    return_url = _way_back(snapshot, return_url, state)
    return menu_url(base_url(), wiring.get().links.mint_menu(snapshot.paywall_id, user, return_url, state))


def check_way_back(
    snapshot: Snapshot, return_url: str | None, state: str | None, names: tuple[str, str] = ("return_url", "state")
) -> None:
    """Raises BadField for a return URL that is not of the paywall's own origins, or a state that is too long.

    `names` are what the caller wrote the two as.
    """
    if return_url is not None and not snapshot.configuration.may_return_to(return_url):
        raise BadField(names[0], f"`{names[0]}` must be of an origin that the paywall lists.")
    if state is not None and len(state) > STATE_CHARACTERS_MAX:
        raise BadField(names[1], f"`{names[1]}` may have at most {STATE_CHARACTERS_MAX} characters.")


def _way_back(snapshot: Snapshot, return_url: str | None, state: str | None) -> str | None:
    """Returns where a link leads back to. Raises BadField as `check_way_back` does."""
    check_way_back(snapshot, return_url, state)
    return return_url or snapshot.configuration.app_url or None
