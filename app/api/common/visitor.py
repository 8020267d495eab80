"""Who a request under /auth comes from: cookies, network address, browser, and whether it was sent by our own pages."""

from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from fastapi import Request, Response

from app import wiring
from app.domain.errors import Blocked
from app.domain.network import parse_address
from app.flows.people.sign_in import Visit

SESSION_COOKIE, CODE_COOKIE, LOGIN_COOKIE, KNOWN_COOKIE = "session", "code", "login", "known"
TEXT_COOKIE = "text"
BROWSER_CHARACTERS_MAX = 200


def session_token_of(request: Request) -> str | None:
    """Returns the session cookie that a request brought."""
    return cookie_of(request, SESSION_COOKIE)


def cookie_of(request: Request, name: str) -> str | None:
    """Returns one of our cookies, None without it and for what none of ours can hold."""
    return _ours(request.cookies.get(wiring.get().settings.cookie(name)))


def cookie_in(header: str, name: str) -> str | None:
    """Returns one of our cookies out of a `Cookie` header, as `cookie_of` does."""
    try:
        found = SimpleCookie(header).get(wiring.get().settings.cookie(name))
    except CookieError:
        return None
    return None if found is None else _ours(found.value)


def _ours(value: str | None) -> str | None:
    return value if value is not None and value.isascii() and value.isprintable() else None


def keep_cookie(answer: Response, name: str, value: str, seconds: int, same_site: str = "lax") -> None:
    """Lets a browser keep one of our cookies, which no script can read, for so many seconds."""
    chosen = wiring.get().settings
    answer.set_cookie(
        chosen.cookie(name), value, max_age=seconds, path="/", secure=chosen.is_secure, httponly=True,
        samesite="strict" if same_site == "strict" else "lax",
    )  # fmt: skip


def visit_of(request: Request, *, is_adding: bool = False) -> Visit:
    """Returns who knocks."""
    named = request.headers.get("user-agent", "")[:BROWSER_CHARACTERS_MAX]
    browser = "".join(character for character in named if character.isprintable())
    return Visit(browser, address_of(request), session_token_of(request), is_adding, cookie_of(request, KNOWN_COOKIE))


def address_of(request: Request) -> str:
    """Returns the network address of the client.

    Behind proxies that is what the farthest of ours wrote down; anything before it could be the client's own words.
    """
    peer = request.client.host if request.client else ""
    # A proxy may add a line of its own below the client's: together they are one list.
    return client_address(peer, ",".join(request.headers.getlist("x-forwarded-for")))


def client_address(peer: str, forwarded: str) -> str:
    """Returns a client's address out of its connection's and `X-Forwarded-For`, by how many proxies are ours.

    What a proxy wrote that is no address is not believed: the limits of who comes so are those of the proxy itself.
    """
    proxies = wiring.get().settings.proxies
    hops = [part.strip() for part in forwarded.split(",") if part.strip()]
    named = parse_address(hops[-proxies]) if proxies and len(hops) >= proxies else None
    return named or parse_address(peer) or peer


def check_own_page(request: Request) -> None:
    """Raises Blocked for a POST that another site's page sent.

    Our pages send no referrer, so their forms may come with `Origin: null`; cookies that are SameSite do the rest.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site not in (None, "same-origin", "none"):
        raise Blocked("This form was sent by another site.", "cross_site")
    if origin not in (None, "null") and urlsplit(origin).netloc != request.headers.get("host"):
        raise Blocked("This form was sent by another site.", "cross_site")
