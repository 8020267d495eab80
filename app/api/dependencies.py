"""What routes under /v1 ask for: the caller, the user that is meant, the body."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query, Request

from app.api.body import ClientGone, parse_json, read_body
from app.api.caller import find_caller, find_user
from app.domain.errors import BadField, NotFound
from app.domain.plain_json import check_plain
from app.domain.wallets.wallets import RESERVED_WORDS
from app.flows.snapshot import Snapshot


async def _caller(request: Request) -> Snapshot:
    return await find_caller(request.headers.get("authorization"))


Caller = Annotated[Snapshot, Depends(_caller)]
"""The paywall whose key the request carries."""


def path_user(request: Request) -> str | None:
    """Returns the user named in the URL. Raises NotFound for the first words of fixed paths."""
    named = request.path_params.get("path_user")
    if named in RESERVED_WORDS:
        raise NotFound(f"There is no {request.url.path}.")
    return named


def _user_of_get(request: Request, user: Annotated[str | None, Query()] = None) -> str:
    return find_user((user, "user"), (request.headers.get("x-paywall-user"), "X-Paywall-User"),
                     (path_user(request), "user"))  # fmt: skip


UserOfGet = Annotated[str, Depends(_user_of_get)]
"""The end user of a GET: `?user=`, else the header, else the URL."""


@dataclass(frozen=True, slots=True)
class Body:
    """A POST's body: the raw bytes for idempotency, the object, and the user that it or the request names."""

    raw: bytes
    content: dict[str, Any]
    user: str


async def _object(request: Request) -> tuple[bytes, dict[str, Any]]:
    try:
        raw = await read_body(request.receive, request.headers.get("content-length", "").encode())
    except ClientGone:
        raise BadField(None, "The body was not sent to its end.", "incomplete_body") from None
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
    user = find_user((content.get("user"), "user"), (request.headers.get("x-paywall-user"), "X-Paywall-User"),
                     (path_user(request), "user"))  # fmt: skip
    # What is kept of it is told to others, whose readers of JSON refuse what ours and its grammar allow.
    check_plain(content)
    return Body(raw, content, user)


PostBody = Annotated[Body, Depends(_body)]
"""The body of a POST; the caller is known before it is read."""
