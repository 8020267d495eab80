"""What routes of the Management API ask for: a developer's key, a paywall of theirs, the body, its key."""

from typing import Annotated, Any

from fastapi import Depends, Header, Request

from app.api.common.body import parse_json
from app.api.common.heads import check_query
from app.domain.errors import BadField, UnknownKey
from app.domain.ids import derived_id, new_id
from app.domain.paywalls.members import Manager
from app.domain.people.developer_keys import DeveloperKeyView
from app.domain.plain_json import check_plain
from app.domain.usage.idempotency import KEY_CHARACTERS_MAX
from app.flows.people.developer_keys import find_developer, manager_by_key

READS = ("GET", "HEAD")


async def _developer(request: Request) -> DeveloperKeyView:
    check_query(request.scope["query_string"])
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise UnknownKey("No developer's key was given. Send it as `Authorization: Bearer sk-coinslot-dev-…`.")
    return await find_developer(key.strip(), may_change=request.method not in READS)


Developer = Annotated[DeveloperKeyView, Depends(_developer)]
"""Whose key the request carries; one that only reads opens no other call."""


async def _owner(developer: Developer, paywall_id: str) -> Manager:
    return await manager_by_key(developer, paywall_id)


Owner = Annotated[Manager, Depends(_owner)]
"""The key's account as the owner of the paywall in the path; 404 for anybody else's."""


async def _body(request: Request, _developer: Developer) -> dict[str, Any]:
    raw = await request.body()
    content = await parse_json(raw) if raw else {}
    if not isinstance(content, dict):
        raise BadField(None, "The body must be a JSON object.", "invalid_json")
    check_plain(content)
    return content


ManageBody = Annotated[dict[str, Any], Depends(_body)]
"""The object in the body; the caller is known before."""


def _click(
    request: Request,
    developer: Developer,
    key: Annotated[str | None, Header(alias="Idempotency-Key", description="The same key at the same path gives"
                                      " the same answer and moves money once.")] = None,
) -> str:  # fmt: skip
    if key is None:
        return new_id("clk")
    if not 1 <= len(key) <= KEY_CHARACTERS_MAX or not key.isprintable():
        raise BadField("Idempotency-Key", "`Idempotency-Key` must have 1 to 255 printable characters.")
    return derived_id("clk", developer.account_id, request.url.path, key)


Click = Annotated[str, Depends(_click)]
"""What names the one act that a call asks for, however often it is sent: its Idempotency-Key at its path, or itself."""


def only(body: dict[str, Any], *names: str, within: str = "") -> dict[str, Any]:
    """Returns the body. Raises BadField for a field that means nothing here; `within` says where in the body it is."""
    for name in body:
        if name not in names:
            field = f"{within}{name[:80]}"
            raise BadField(field, f"`{field}` is unknown here; there are {', '.join(names)}.")
    return body
