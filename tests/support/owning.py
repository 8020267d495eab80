"""A demo with its developer signed in, for routes of our own pages about a paywall."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.emulators import mail
from tests.support.browser import Browser
from tests.support.server import Demo, running

OWNER, PAYWALL = "developer@demo.example", "pw_demo_default"


@dataclass(frozen=True)
class Owned:
    """A demo, its owner's browser, and one of somebody who is nothing to its paywalls."""

    demo: Demo
    owner: Browser
    stranger: Browser

    @property
    def base(self) -> str:
        """What addresses of the default paywall begin with."""
        return f"/manage/paywalls/{PAYWALL}"


@contextmanager
def owned(path: Path) -> Iterator[Owned]:
    """Runs a demo for as long as it is needed."""
    with mail.running() as inbox, running(path, SMTP_URL=inbox.url) as demo:
        owner, stranger = Browser(demo.base_url, inbox), Browser(demo.base_url, inbox)
        owner.sign_in(OWNER)
        stranger.sign_in("stranger@example.org")
        yield Owned(demo, owner, stranger)
