"""A developer gives us a provider with its key, by a POST from our own page; no answer ever has the key."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse

from app import db, wiring
from app.api.common.visitor import check_own_page, session_token_of
from app.domain.errors import BadField, NotSignedIn
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.members import Manager, find_manager
from app.domain.paywalls.provider import AuthStyle, ProviderSetting
from app.flows.paywalls.change import change
from app.flows.paywalls.provider import TriedProvider, try_provider
from app.flows.people.sign_in import find_person

router = APIRouter(prefix="/manage", include_in_schema=False, dependencies=[Depends(check_own_page)])

TYPED_CHARACTERS_MAX = 2_000
VERSION_DIGITS_MAX = 9
LIMIT_FIELDS = ("max_tokens", "max_completion_tokens")
Typed = Annotated[str, Form(max_length=TYPED_CHARACTERS_MAX)]


@router.post("/provider")
async def post_provider(
    request: Request, paywall: Typed = "", version: Typed = "", name: Typed = "", base_url: Typed = "",
    key: Typed = "", auth: Typed = "", limit_field: Typed = "", instead_of: Typed = "", untried: Typed = "",
) -> JSONResponse:  # fmt: skip
    """Tries a provider and publishes it: a new one, or in the place of `instead_of`; without a key the saved one stays.

    One that nobody can reach is saved only with `untried`.
    """
    manager = await _manager(request, paywall)
    if not version.isdecimal() or len(version) > VERSION_DIGITS_MAX:
        raise BadField("version", "`version` must be the number of the version that was shown.")
    wanted = ProviderSetting(
        name.strip(), base_url.strip(), auth=AuthStyle.API_KEY if auth == AuthStyle.API_KEY else AuthStyle.BEARER,
        limit_field=limit_field if limit_field in LIMIT_FIELDS else "",
    )  # fmt: skip
    said = await _save(manager, wanted, key.strip() or None, instead_of, int(version), untried == "yes")
    return JSONResponse({"said": said}, headers={"Cache-Control": "no-store"})


@router.post("/provider/key")
async def post_provider_key(
    request: Request, paywall: Typed = "", version: Typed = "", name: Typed = "", key: Typed = ""
) -> JSONResponse:
    """Changes the key of a provider that is saved, once it was tried; requests that run end with the old one."""
    manager = await _manager(request, paywall)
    if not version.isdecimal() or len(version) > VERSION_DIGITS_MAX:
        raise BadField("version", "`version` must be the number of the version that was shown.")
    _, current = await db.in_transaction(lambda session: read_current(session, manager.paywall_id))
    setting = current.provider_of(name)
    if not key.strip():
        raise BadField("key", "Paste the new key.")
    await _save(manager, setting, key.strip(), setting.name, int(version), False)
    return JSONResponse({"said": "rotated"}, headers={"Cache-Control": "no-store"})


async def _manager(request: Request, paywall_id: str) -> Manager:
    person = await find_person(session_token_of(request))
    if person is None:
        raise NotSignedIn("Sign in to set a provider.")
    operators = wiring.get().settings.operators
    return await db.in_transaction(lambda session: find_manager(session, person, operators, paywall_id))


async def _save(
    manager: Manager, wanted: ProviderSetting, key: str | None, instead_of: str, version: int, is_untried_ok: bool
) -> str:
    """Tries and publishes a provider, and says how that went."""
    wired = wiring.get()
    try:
        tried: TriedProvider = await try_provider(
            wired.providers, wired.box, manager, wanted, key, is_untried_ok=is_untried_ok
        )
        tried = replace(tried, in_place_of=instead_of or None)
        filled = (await change(manager, wired.parts.provider, tried, version)).outcome
    except BadField as error:
        # Places in the list of providers are none of the form's.
        field = (error.field or "").rpartition(".")[2]
        raise BadField({"api_key": "key"}.get(field, field), error.message, error.code) from None
    if tried.unreached:
        return "untried"
    return f"{'doubted' if tried.proof.doubt else 'saved'} {len(filled.priced)} {len(filled.unpriced)}"
