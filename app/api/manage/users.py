"""A developer makes a top-up link for one of their users, by a POST from our own page: the link opens that wallet."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from app import db, wiring
from app.api.common.visitor import check_own_page
from app.api.manage.managing import manager_of
from app.domain.errors import WrongMode
from app.domain.paywalls.archiving import check_open
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.members import Act, check_may
from app.domain.wallets.users import find_user_by_id

router = APIRouter(prefix="/manage", include_in_schema=False)


@router.post("/paywalls/{paywall_id}/users/{user_id}/topup-link", dependencies=[Depends(check_own_page)])
async def post_topup_link(request: Request, paywall_id: str, user_id: str) -> JSONResponse:
    """Makes a link to a user's top-up page, good for 24 hours; `user_id` is our own id of theirs."""
    manager = await manager_of(request, paywall_id)

    def find(session: db.Session) -> str:
        check_may(session, manager, Act.SET_UP)
        paywall, configuration = read_current(session, manager.paywall_id)
        check_open(paywall, configuration.app_name)
        if not paywall.rules.has_app_wallets:
            raise WrongMode("Users of this paywall top up their own wallet; their app sends them there.")
        return find_user_by_id(session, paywall.id, user_id).id

    user, links = await db.in_transaction(find), wiring.get().links
    link = links.topup_page(links.mint_topup(manager.paywall_id, user))
    return JSONResponse({"link": link}, headers={"Cache-Control": "no-store"})
