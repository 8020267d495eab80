"""What the page of a playground reads: the app with its models, its visitor's wallet, and the receipt of an answer."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from app import db, wiring
from app.api.common.visitor import check_own_page, keep_cookie
from app.api.playground.visitors import VISITOR_COOKIE, VISITOR_SECONDS, Visitor, find_visitor, token_of
from app.api.v1.models import describe, say_price
from app.domain.icons.icons import icon_path
from app.domain.money import Environment, Unit, format_for_people
from app.domain.playground.playground import new_token
from app.domain.pricing.receipts import Receipt
from app.domain.usage.requests import read_receipt
from app.flows.callers.balance import read_app_balance
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.standing import read_standing

router = APIRouter(prefix="/play", include_in_schema=False)

_RUNNING = "running"
_NO_STORE = {"Cache-Control": "no-store"}


@router.post("/{slug}/visit", dependencies=[Depends(check_own_page)])
async def post_visit(request: Request, slug: str) -> JSONResponse:
    """Opens a playground, and lets a browser that is new keep by what it is known again."""
    kept = token_of(request)
    token = kept or new_token()
    visitor = await find_visitor(request, slug, token)
    snapshot = visitor.snapshot
    icon = await db.in_transaction(lambda session: icon_path(session, snapshot.paywall_id))
    answer = JSONResponse(
        {
            "name": snapshot.configuration.app_name,
            "icon": icon,
            "is_sandbox": snapshot.environment is Environment.SANDBOX,
            "models": _models(snapshot),
            "wallet": await _wallet(visitor),
        },
        headers=_NO_STORE,
    )
    if kept is None:
        keep_cookie(answer, VISITOR_COOKIE, token, VISITOR_SECONDS)
    return answer


@router.get("/{slug}/wallet")
async def get_wallet(request: Request, slug: str) -> JSONResponse:
    """Returns what a visitor can spend, and where they add to it."""
    return JSONResponse(await _wallet(await find_visitor(request, slug)), headers=_NO_STORE)


@router.get("/{slug}/receipts/{request_id}")
async def get_receipt(request: Request, slug: str, request_id: str) -> JSONResponse:
    """Returns what a visitor's own request was charged. Raises NotFound for everybody else's."""
    visitor = await find_visitor(request, slug)
    paywall_id, user = visitor.snapshot.paywall_id, visitor.user
    receipt = await db.in_transaction(lambda session: read_receipt(session, paywall_id, request_id, user))
    said = {"is_final": receipt.status != _RUNNING, "wallet": await _wallet(visitor), **_cost(receipt)}
    return JSONResponse(said, headers=_NO_STORE)


def _models(snapshot: Snapshot) -> list[dict[str, Any]]:
    return [
        {"id": model, "name": offer.display_name or model, "price": say_price(describe(model, offer), snapshot.unit)}
        for model, offer in snapshot.offers.items()
    ]


async def _wallet(visitor: Visitor) -> dict[str, Any]:
    snapshot, user = visitor.snapshot, visitor.user

    def read(session: db.Session) -> tuple[bool, int]:
        is_authorized = read_standing(session, snapshot, user).is_authorized
        return is_authorized, read_app_balance(session, snapshot, user).spendable_nanos

    is_authorized, spendable = await db.in_transaction(read)
    links = wiring.get().links
    add = links.topup_url if is_authorized else links.connect_url
    return {
        "is_authorized": is_authorized,
        "available": format_for_people(spendable, snapshot.unit),
        "add": add(snapshot, user, visitor.page),
        "menu": links.menu_url(snapshot, user, visitor.page),
    }


def _cost(receipt: Receipt) -> dict[str, str]:
    """Says what was charged, to the last digit, and for how many tokens."""
    output = sum(line.tokens for line in receipt.lines if line.kind in ("output", "reasoning"))
    prompt = sum(line.tokens for line in receipt.lines if line.kind not in ("output", "reasoning", "request"))
    unit = Unit(receipt.unit)
    charge = f"${receipt.charge}" if unit is Unit.USD else f"{receipt.charge} {unit.value}"
    return {"cost": charge, "tokens": f"{prompt:,} tokens in, {output:,} out" if receipt.lines else ""}
