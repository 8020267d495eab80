"""A browser without pages: cookies and forms, for the routes under /auth."""

from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.emulators.mail import Inbox

NO_KEEPING = httpx.Limits(max_keepalive_connections=0)
"""Connections end with their request, so that none is left open."""


@dataclass
class Browser:
    """One browser at one server."""

    base_url: str
    inbox: Inbox
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30, limits=NO_KEEPING))

    def post(self, path: str, *, headers: dict[str, str] | None = None, **fields: str) -> httpx.Response:
        """Sends a form as one of our own pages does, and follows nothing."""
        sent = {"Sec-Fetch-Site": "same-origin", "Origin": "null"} if headers is None else headers
        return self.http.post(self.base_url + path, data=fields, headers=sent)

    def get(self, path: str) -> httpx.Response:
        return self.http.get(self.base_url + path if path.startswith("/") else path)

    def ask(self, email: str, after: str = "/settings/") -> httpx.Response:
        return self.post("/auth/email", email=email, next=after)

    def sign_in(self, email: str, after: str = "/settings/") -> httpx.Response:
        """Signs in with a code, and returns the last answer."""
        before = len(self.inbox.to(email))
        assert problem_of(self.ask(email, after)) == ""
        return self.post("/auth/code", code=self.inbox.code(email, before), next=after)

    @property
    def session(self) -> str | None:
        """The session cookie's value."""
        return self.http.cookies.get("coinslot_session")


def query_of(answer: httpx.Response) -> dict[str, str]:
    """Returns the query of where an answer leads."""
    found = parse_qs(urlsplit(answer.headers["location"]).query)
    return {name: values[0] for name, values in found.items()}


def problem_of(answer: httpx.Response) -> str:
    """Returns the code of what went wrong, empty where nothing did."""
    assert answer.status_code == 303, answer.text
    return query_of(answer).get("problem", "")
