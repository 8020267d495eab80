"""What routes under /v1 ask for: the caller, the user that is meant, the body."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request

from app.api.common.body import parse_json
from app.api.common.caller import NamedUser, find_caller, find_payer, find_user, read_labels
from app.api.common.heads import check_query
from app.domain.errors import BadField, NotFound
from app.domain.paywalls.configuration import UserPlace
from app.domain.plain_json import check_plain
from app.domain.usage.requests import Labels
from app.domain.wallets.wallets import RESERVED_WORDS
from app.flows.callers.snapshot import Snapshot


async def _caller(request: Request) -> Snapshot:
    check_query(request.scope["query_string"])
    return await find_caller(request.headers.get("authorization"))


Caller = Annotated[Snapshot, Depends(_caller)]
"""The paywall whose key the request carries."""


async def _payer(request: Request) -> Snapshot:
    check_query(request.scope["query_string"])
    return await find_payer(request.headers.get("authorization"))


Payer = Annotated[Snapshot, Depends(_payer)]
"""The paywall whose key the request carries, or whose credits pay where that is an account's own."""


def path_user(request: Request) -> str | None:
    """Returns the user named in the URL. Raises NotFound for the first words of fixed paths."""
    named = request.path_params.get("path_user")
    if named in RESERVED_WORDS:
        raise NotFound(f"There is no {request.method} {request.url.path}.")
    return named


def named_user(request: Request, caller: Caller, body: object) -> NamedUser:
    """Returns the end user whom a request is about; `body` is what its body or query says of that. Raises BadField."""
    header = request.headers.get("x-paywall-user")
    return find_user(caller.configuration.user_from, body=body, header=header, path=path_user(request))


def _user_of_get(request: Request, caller: Caller, user: Annotated[str | None, Query()] = None) -> str:
    return named_user(request, caller, user).id


UserOfGet = Annotated[str, Depends(_user_of_get)]
"""The end user of a GET: `?user=`, else the header, else the URL, unless the paywall knows one place only."""


@dataclass(frozen=True, slots=True)
class Body:
    """A POST's body: the raw bytes for idempotency, the object, and the user whom it or the request names, where."""

    raw: bytes
    content: dict[str, Any]
    user: str
    user_from: UserPlace | None


async def _object(request: Request) -> tuple[bytes, dict[str, Any]]:
    raw = await request.body()  # it came whole, and within its limits, before the request was handed on
    content = await parse_json(raw)
    if not isinstance(content, dict):
        raise BadField(None, "The body must be a JSON object.", "invalid_json")
    return raw, content


async def _settings_body(request: Request, _caller: Caller) -> dict[str, Any]:
    _, content = await _object(request)
    check_plain(content)
    return content


SettingsBody = Annotated[dict[str, Any], Depends(_settings_body)]
"""The object in the body of a call that is about the paywall and names no user; the caller is known before."""


async def _body(request: Request, caller: Caller) -> Body:
    raw, content = await _object(request)
    named = named_user(request, caller, content.get("user"))
    # What is kept of it is told to others, whose readers of JSON refuse what ours and its grammar allow.
    check_plain(content)
    return Body(raw, content, named.id, named.place)


PostBody = Annotated[Body, Depends(_body)]
"""The body of a POST; the caller is known before it is read."""

SESSION_HEADER = (
    "Your id of the session, kept in the receipt: 1 to 128 printable ASCII characters without space or `/`."
)
AGENT_HEADER = "Your name of the agent that asks, kept in the receipt; characters as those of a session."

ORDER_HEADER = "The id of an order of this user, whose usage this counts as; the order says who pays."


def _labels(
    session: Annotated[str | None, Header(alias="X-Paywall-Session", description=SESSION_HEADER)] = None,
    agent: Annotated[str | None, Header(alias="X-Paywall-Agent", description=AGENT_HEADER)] = None,
    order: Annotated[str | None, Header(alias="X-Paywall-Order", description=ORDER_HEADER)] = None,
) -> Labels:
    return read_labels(session, agent, order)


LabelsOfCall = Annotated[Labels, Depends(_labels)]
"""What the headers of a charge say of it."""
