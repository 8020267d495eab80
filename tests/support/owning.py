"""A demo with its developer signed in, for routes of our own pages about a paywall."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.flows.people.demo_people import OPERATOR
from tests.emulators import mail
from tests.support.browser import Browser
from tests.support.server import Demo, running

OWNER, PAYWALL = "developer@demo.example", "pw_demo_default"


@dataclass(frozen=True)
class Owned:
    """A demo, its owner's browser, and one of somebody who is nothing to its paywalls, and its operator's."""

    demo: Demo
    owner: Browser
    stranger: Browser
    operator: Browser

    @property
    def base(self) -> str:
        """What addresses of the default paywall begin with."""
        return f"/manage/paywalls/{PAYWALL}"


@contextmanager
def owned(path: Path) -> Iterator[Owned]:
    """Runs a demo for as long as it is needed."""
    with mail.running() as inbox, running(path, SMTP_URL=inbox.url) as demo:
        owner, stranger, operator = (Browser(demo.base_url, inbox) for _ in range(3))
        owner.sign_in(OWNER)
        stranger.sign_in("stranger@example.org")
        operator.sign_in(OPERATOR)
        yield Owned(demo, owner, stranger, operator)
