"""What the sign-in page remembers: which step it is at and what went wrong. Forms post to routes, which set cookies."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.errors import CoinslotError
from app.domain.paywalls.configuration import read_current
from app.domain.people.sign_in_codes import read_email
from app.flows.callers.links import own_page
from app.flows.people.sign_in import find_person_of
from app.web.frame.routes import token_of
from app.web.frame.session_state import row_in

_PROBLEMS = {
    "link_invalid": "This link was used before, or is of an earlier start. Sign in below.",
    "invalid_value": "Enter an e-mail address, such as ada@example.org.",
    "code_wrong": "That code did not work. Check it, or ask for a new one.",
    "provider_error": "That did not work. Try again, or use your e-mail address.",
    "cross_site": "The form came from another site. Try again here.",
    "unknown_account": "Nobody here has that Ethereum account. Sign in another way and add it in your settings.",
    "signed_in_long_ago": "You signed in more than an hour ago. Sign out and in again, then add it.",
    "text_outdated": "That signature came too late, or from another browser. Try again.",
    "text_invalid": "That is not the text that was to be signed. Try again.",
    "address_invalid": "That is no signature of that Ethereum account. Try again.",
    "refused": "This way to sign in already belongs to another account.",
    "database_unavailable": "Nobody can sign in right now. Try again in a moment.",
}
_OTHER_PROBLEM = "That did not work. Try again."


@dataclass(frozen=True)
class ProviderRow:
    """A provider to sign in with, and where that begins."""

    label: str = ""
    url: str = ""


class SignInState(rx.State):
    """One open sign-in page."""

    step: str = "loading"
    email: str = ""
    problem: str = ""
    app_name: str = ""
    said: str = ""
    is_adding: bool = False
    is_demo: bool = False
    providers: list[ProviderRow] = []
    has_ethereum: bool = False

    @rx.event
    async def arrive(self) -> EventSpec | None:
        """Shows the step that the address names; whoever is signed in already goes on, unless they add an address."""
        query: Mapping[str, str] = self.router.url.query_parameters
        cookie = self.router.headers.cookie
        self.reset()
        after = query.get("next", "")
        person = await find_person_of(row_in(cookie, "session"))
        self.is_adding = person is not None and query.get("add", "") == "1"
        if person is not None and query.get("step", "") != "code" and not self.is_adding and not query.get("problem"):
            return rx.redirect(own_page(after))
        self.problem = _problem(query.get("problem", ""), query.get("wait", ""))
        self.said = "You are signed out." if query.get("said", "") == "signed_out" else ""
        self.is_demo = wiring.get().settings.is_demo
        self.providers = [
            ProviderRow(issuer.label, f"/auth/oidc/{issuer.name}") for issuer in wiring.get().settings.oidc
        ]
        self.has_ethereum = bool(wiring.get().settings.chains)
        self.app_name = await _app_name(after)
        code_id = row_in(cookie, "code")
        if query.get("step", "") == "code" and code_id:
            self.email = await db.in_transaction(partial(read_email, code_id=code_id)) or ""
        self.step = "code" if self.email else "email"
        return None


def _problem(code: str, wait: str) -> str:
    """Returns what a problem's code means; an address cannot make the page say anything else."""
    if code == "too_many_codes":
        minutes = -(-int(wait) // 60) if wait.isdecimal() and len(wait) < 6 else 60
        return f"Too many codes were asked for. Try again in {minutes} min."
    return _PROBLEMS.get(code, _OTHER_PROBLEM) if code else ""


async def _app_name(path: str) -> str:
    """Returns the name of the app whose link led here, empty where none did."""
    links = wiring.get().links
    openers = {"/authorize/": links.open_connect, "/topup/": links.open_topup, "/menu/": links.open_menu}
    for prefix, opener in openers.items():
        if path.startswith(prefix):
            try:
                link = opener(token_of(path.partition("?")[0]))
                _, configuration = await db.in_transaction(partial(read_current, paywall_id=link.paywall_id))
            except CoinslotError:
                return ""
            return configuration.app_name
    return ""
