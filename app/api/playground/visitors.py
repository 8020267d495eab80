"""Who visits a playground: a browser, known again by a cookie that no script reads and nobody else learns."""

from dataclasses import dataclass

from fastapi import Request

from app import wiring
from app.api.common.caller import find_playground
from app.api.common.visitor import cookie_of
from app.domain.errors import NotSignedIn
from app.domain.playground.playground import is_token, visitor_of
from app.flows.callers.snapshot import Snapshot

VISITOR_COOKIE = "play"
VISITOR_SECONDS = 365 * 24 * 3_600


@dataclass(frozen=True, slots=True)
class Visitor:
    """An end user of a paywall who came by its playground, and the address of that page."""

    snapshot: Snapshot
    user: str
    page: str


def token_of(request: Request) -> str | None:
    """Returns what a visitor's browser has kept."""
    kept = cookie_of(request, VISITOR_COOKIE)
    return kept if kept is not None and is_token(kept) else None


async def find_visitor(request: Request, slug: str, token: str | None = None) -> Visitor:
    """Returns who visits; `token` is what a browser is about to keep.

    Raises NotFound where no playground is open, NotSignedIn for whoever has kept nothing.
    """
    snapshot = await find_playground(slug)
    token = token or token_of(request)
    if token is None:
        message = "Your browser has kept no cookie for this page, by which your wallet is found. Allow it, and reload."
        raise NotSignedIn(message)
    page = f"{wiring.get().links.base_url}/playground/{slug}/"
    return Visitor(snapshot, visitor_of(snapshot.paywall_id, token), page)
