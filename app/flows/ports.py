"""The outside, as flows need it, in our shapes, units and errors. Adapters implement these; tests bring typed fakes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from app.domain.catalogue.catalogue import ListedModel as ListedModel
from app.domain.catalogue.catalogue import ModelList as ModelList
from app.domain.catalogue.models import CataloguePrice as CataloguePrice
from app.domain.paywalls.configuration import AuthStyle, ProviderSetting
from app.domain.pricing.list_price import ListPrice as ListPrice
from app.domain.pricing.quote import Tier as Tier
from app.flows.redactor_port import Redactor as Redactor


@dataclass(frozen=True, slots=True)
class ProviderTarget:
    """Where a request goes: an OpenAI-compatible base URL (…/v1) and the key for it, in memory only.

    A query in the URL (Azure's `api-version`) stays behind every path. `auth` says which header carries the
    key; `headers` are sent beside it and are no secret.
    """

    name: str
    base_url: str
    api_key: str | None
    auth: AuthStyle = "bearer"
    headers: tuple[tuple[str, str], ...] = ()


class ProviderAnswer(Protocol):
    """An answer that has begun: a 2xx status was received."""

    @property
    def content_type(self) -> str:
        """The media type without parameters, as the upstream calls it: any, and not always the right one."""
        ...

    @property
    def redactor(self) -> Redactor | None:
        """What every byte passes before anybody sees it; None where there is no key to keep."""
        ...

    def cleaned(self, error: dict[str, object]) -> dict[str, object]:
        """Returns an error object that the answer holds without secrets, as those of refused requests come."""
        ...

    async def read(self) -> bytes:
        """Returns the next bytes of the body as they arrive, none at its end.

        Raises ProviderFailed when the upstream closes early, breaks off or falls silent for too long.
        """
        ...

    async def close(self) -> None:
        """Cancels what still runs upstream and frees the connection. May be called twice."""
        ...

    async def finish(self) -> None:
        """Says that the answer has come to its end, so that its connection can be used again. Waits for nothing."""
        ...


class ChatProvider(Protocol):
    """An OpenAI-compatible chat completions upstream."""

    async def send(self, target: ProviderTarget, body: bytes) -> ProviderAnswer:
        """Posts a chat completion request and returns once a 2xx status and headers arrived.

        Raises ProviderFailed with the upstream's status and error object for 4xx and 5xx, with status
        None when it cannot be reached, and with `timed_out` when it does not answer in time.
        """
        ...

    async def list_models(self, target: ProviderTarget) -> list[str]:
        """Returns the ids of `GET {base_url}/models`. Raises ProviderFailed."""
        ...

    async def close(self) -> None:
        """Closes all connections."""
        ...


class Providers(Protocol):
    """Finds who serves a paywall."""

    def find(self, paywall_id: str, setting: ProviderSetting) -> tuple[ChatProvider, ProviderTarget]:
        """Returns the provider and where it is, its key opened in memory only.

        Raises ProviderFailed for the built-in provider where the operator has none.
        """
        ...

    def reach(self, setting: ProviderSetting, api_key: str | None) -> tuple[ChatProvider, ProviderTarget]:
        """Returns the provider of a setting that has not been saved yet, with its key in clear."""
        ...


class Sealer(Protocol):
    """Seals texts at rest, each for one context."""

    def seal(self, text: str, context: str) -> str:
        """Returns `text` sealed, different each time."""
        ...

    def open(self, sealed: str, context: str) -> str:
        """Returns what was sealed for the same context. Raises CoinslotError for anything else."""
        ...


class TokenCounter(Protocol):
    """Counts tokens as a model would. Blocking: call it in a thread."""

    def count(self, text: str, model: str) -> int | None:
        """Returns the tokens of `text`, or None for text over 1 MB, where the byte bound stands."""
        ...


@dataclass(frozen=True, slots=True)
class Checkout:
    """A hosted payment page of a rail: where to send the user, and the rail's id of it."""

    id: str
    url: str


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as read back from its rail: the truth about money that came in.

    `amount_nanos` of `currency` (ISO 4217, upper case). `topup_id` is what we wrote into it.
    """

    id: str
    topup_id: str
    status: Literal["paid", "unpaid", "failed"]
    amount_nanos: int
    currency: str
    is_live: bool


class PaymentRail(Protocol):
    """A way for money to come in."""

    name: str

    async def create_checkout(
        self, *, topup_id: str, amount_nanos: int, currency: str, description: str, return_url: str
    ) -> Checkout:
        """Makes a hosted payment page. Asking again with the same `topup_id` gives the same page."""
        ...

    async def read_payment(self, payment_id: str) -> Payment:
        """Reads a payment back from the rail. Raises NotFound for an id that the rail does not know."""
        ...


class PriceCatalogue(Protocol):
    """Prices of known models, offline."""

    def find(self, model: str) -> CataloguePrice | None:
        """Returns the model's list price, or None where the catalogue does not know it."""
        ...


class ModelCatalogue(Protocol):
    """A provider's public list of models."""

    async def read(self) -> ModelList:
        """Returns the list as it is now. Raises ProviderFailed where it cannot be had whole and understood."""
        ...


@dataclass(frozen=True, slots=True)
class SandboxSession:
    """What a sandbox checkout page shows, and where it leads back to."""

    topup_id: str
    amount_nanos: int
    currency: str
    description: str
    return_url: str


class SandboxCheckouts(PaymentRail, Protocol):
    """The sandbox's rail, whose checkout page is ours: the page opens a checkout and says how it ended."""

    def open(self, token: str) -> SandboxSession:
        """Returns what a checkout id holds. Raises LinkInvalid for one that was not made here."""
        ...

    def payment_id(self, token: str, outcome: Literal["paid", "failed"]) -> str:
        """Returns the id of the payment that a checkout ends in. Raises LinkInvalid."""
        ...


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail of plain text to one address."""

    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """Sends mails."""

    async def send(self, mail: Mail) -> None:
        """Hands a mail over. Raises ProviderFailed if it was not taken."""
        ...


class Responder(Protocol):
    """A developer's endpoint that writes what the assistant says where no model is asked."""

    async def write(self, url: str, secret: str, message_id: str, content: Mapping[str, Any]) -> str:
        """Sends what is known as JSON, signed, and returns the text that comes back, unchecked.

        Raises ProviderFailed where none comes within three seconds, and at once where too many wait already.
        """
        ...

    async def close(self) -> None:
        """Closes all connections."""
        ...


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A mail of the demo, where nothing is sent; `at` is in microseconds."""

    mail: Mail
    at: int


class Mailbox(Mailer, Protocol):
    """The demo's mailer, which keeps what it would have sent."""

    def kept(self) -> list[KeptMail]:
        """Returns the mails, the newest first."""
        ...


@dataclass(frozen=True, slots=True)
class Login:
    """Who an OIDC provider says is there; `subject` is its own name for them."""

    issuer: str
    subject: str
    email: str | None
    is_email_verified: bool


@dataclass(frozen=True, slots=True)
class LoginStart:
    """Where a browser is sent to sign in, and what it keeps, sealed by us, until it comes back."""

    url: str
    kept: str


class LoginProvider(Protocol):
    """Signs people in who have an account elsewhere."""

    async def begin(self, redirect_uri: str) -> LoginStart:
        """Returns where to send the browser. Raises ProviderFailed."""
        ...

    async def finish(self, redirect_uri: str, kept: str, answer_url: str) -> Login:
        """Returns who came back, once state, PKCE, signature, audience and nonce are right. Raises ProviderFailed."""
        ...
