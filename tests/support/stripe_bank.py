"""The emulator of Stripe as a test sees it: started as a process, controlled by its one route.

`running()` yields a `StripeBank`; `bank.account()` opens an account there with its keys. The names of the control
route are in `tests/emulators/stripe/__init__.py`; `do` reaches all of them.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import stripe

ROOT = Path(__file__).parent.parent.parent
CONTROL_SECONDS_MAX = 60


class _OneCallConnections(stripe.HTTPXClient):
    """Closes each connection after its call: one that stays open belongs to an event loop that a test ends."""

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        return await super().request_async(method, url, {**headers, "Connection": "close"}, post_data)


@dataclass(frozen=True)
class StripeBank:
    """A running emulator."""

    url: str

    def do(self, what: str, **fields: Any) -> Any:
        """Does something to the emulator, and returns what it says. Fails if it cannot be done."""
        with closing(HTTPConnection(self.url.removeprefix("http://"), timeout=CONTROL_SECONDS_MAX)) as connection:
            connection.request("POST", "/_emulator", json.dumps({"do": what, **fields}))
            answer = connection.getresponse()
            said = json.load(answer)
        assert answer.status == 200, said
        return said

    def account(self, name: str = "Emulated shop", country: str = "US", currency: str = "usd") -> "StripeShop":
        """Opens an account."""
        made = self.do("account", name=name, country=country, currency=currency)
        return StripeShop(self, made["account"], made["keys"])

    def advance(self, seconds: float) -> None:
        """Moves the emulator's clock forward; what is due by then has happened."""
        self.do("advance", seconds=seconds)

    def fault(self, kind: str, **fields: Any) -> None:
        """Plans a fault for calls to come: answer, timeout, reset, slow."""
        self.do("fault", kind=kind, **fields)

    def no_faults(self) -> None:
        self.do("no_faults")

    def quiet(self) -> None:
        """Returns once no webhook is on its way or due."""
        self.do("quiet")


@dataclass(frozen=True)
class StripeShop:
    """An account at the emulator; keys by `sk_test`, `rk_test`, `sk_live`, `rk_live`."""

    bank: StripeBank
    id: str
    keys: dict[str, str]

    def client(self, key: str = "sk_test", **options: Any) -> stripe.StripeClient:
        """Returns the real SDK for this account; `key` is one of `keys`, or a key itself."""
        chosen = self.keys.get(key, key)
        http_client = _OneCallConnections(timeout=30, verify_ssl_certs=False)
        return stripe.StripeClient(
            chosen, base_addresses={"api": self.bank.url}, max_network_retries=0, http_client=http_client, **options
        )

    def do(self, what: str, *, live: bool = False, **fields: Any) -> Any:
        """Does something to this account."""
        return self.bank.do(what, account=self.id, **({"live": True} if live else {}), **fields)

    def key(self, permissions: Sequence[str] | None, *, live: bool = False) -> str:
        """Returns a new key: restricted to the permissions, secret where there are none."""
        made: str = self.do("key", permissions=None if permissions is None else list(permissions), live=live)["key"]
        return made

    def switch(self, **switches: Any) -> None:
        self.do("switch", **switches)

    def look(self, kind: str | None = None, *, live: bool = False) -> list[dict[str, Any]]:
        """Returns the objects of a kind, the oldest first."""
        found: list[dict[str, Any]] = self.do("look", kind=kind, live=live)
        return found

    def deliveries(self, *, live: bool = False) -> list[dict[str, Any]]:
        """Returns each delivery of a webhook so far."""
        found: list[dict[str, Any]] = self.do("deliveries", live=live)
        return found

    def calls(self, path: str = "") -> list[dict[str, Any]]:
        """Returns the API calls so far whose address begins so, after /v1."""
        found: list[dict[str, Any]] = self.do("seen")
        return [one for one in found if one["path"].removeprefix("/v1").startswith(path)]

    def pay(self, session_id: str, number: str = "4242424242424242", **fields: Any) -> dict[str, Any]:
        """Pays a checkout as its page does; returns `url` (where the payer is sent), `error` and `status`."""
        done: dict[str, Any] = self.bank.do("pay", session=session_id, number=number, **fields)
        return done

    def authenticate(self, intent_id: str, *, right: bool = True) -> dict[str, Any]:
        """Answers the bank's 3-D Secure page."""
        done: dict[str, Any] = self.bank.do("authenticate", intent=intent_id, right=right)
        return done


def look_at(url: str) -> httpx.Response:
    """Opens a page as a browser does that stays where it is."""
    return httpx.get(url)


def send(url: str, form: Mapping[str, str], *, follow: bool = False) -> httpx.Response:
    """Sends a page's form, and follows where it leads if that is wanted."""
    return httpx.post(url, data=form, follow_redirects=follow)


@contextmanager
def running() -> Iterator[StripeBank]:
    """Runs an emulator on a free port for as long as the block lasts."""
    command = [sys.executable, "-m", "tests.emulators.stripe", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield StripeBank(json.loads(process.stdout.readline())["url"])
        finally:
            process.terminate()
