"""What connects an app's user with a shared wallet: the link to consent, its confirmation, its end, the user's menu."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from app import db, wiring
from app.api.common.dependencies import Caller, PostBody, UserOfGet
from app.api.common.links import base_url
from app.domain import clock
from app.domain.errors import BadField
from app.flows.callers.asked import Action
from app.flows.callers.snapshot import Snapshot
from app.flows.people.consent import confirm_authorization, disconnect, read_connection

router = APIRouter(tags=["user"])

ReturnUrl = Annotated[str | None, Query()]
State = Annotated[str | None, Query()]


class ConnectedUser(BaseModel):
    """The user as this paywall knows them; `userId` is another one in each paywall."""

    paywallKeyId: str
    userId: str
    externalUserId: str
    createdAt: str | None = None


class ConnectAnswer(BaseModel):
    """Whether the user may be charged; if not, `url` is the page where they can allow it."""

    connected: bool
    message: str
    connectedUser: ConnectedUser | None = None
    url: str | None = None


class DisconnectAnswer(BaseModel):
    """`disconnected` is false where nothing was connected."""

    success: bool
    disconnected: bool
    message: str


class ConfirmAnswer(BaseModel):
    connected: bool


class ConfirmBody(BaseModel):
    """The `code` that the consent's return URL carried."""

    code: str
    user: str | None = None


class MenuAnswer(BaseModel):
    """Links for the app's own menu; `authorize` where the user is not connected, `revoke` where they are."""

    menu: str
    topup: str
    activity: str
    wallet: str
    authorize: str | None = None
    revoke: str | None = None


@router.get("/user/connect", response_model=ConnectAnswer, response_model_exclude_none=True)
async def get_connect(
    request: Request, caller: Caller, user: UserOfGet, return_url: ReturnUrl = None, state: State = None
) -> ConnectAnswer:
    """Tells whether the app may charge this user, and where they can allow it. In default mode it always may."""
    url = wiring.get().links.connect_url(caller, user, return_url, state)
    found = await db.in_transaction(lambda session: read_connection(session, caller, user))
    if found is None:
        wiring.get().teller.link_sent(caller, user, Action.AUTHORIZE, url, request.scope["coinslot.request_id"])
        return ConnectAnswer(connected=False, message="The user has not authorized this paywall.", url=url)
    known = ConnectedUser(
        paywallKeyId=caller.paywall_id,
        userId=found.user_id,
        externalUserId=user,
        createdAt=None if found.since is None else clock.to_iso(found.since),
    )
    return ConnectAnswer(connected=True, message="The user is connected.", connectedUser=known)


@router.get("/user/disconnect", response_model=DisconnectAnswer)
async def get_disconnect(caller: Caller, user: UserOfGet) -> DisconnectAnswer:
    """Ends a user's authorization, from the app's side."""
    return await _disconnect(caller, user)


@router.post("/user/disconnect", response_model=DisconnectAnswer)
async def post_disconnect(caller: Caller, body: PostBody) -> DisconnectAnswer:
    """Ends a user's authorization, from the app's side."""
    return await _disconnect(caller, body.user)


async def _disconnect(caller: Snapshot, user: str) -> DisconnectAnswer:
    was_connected = await disconnect(caller, user)
    message = "The user is disconnected." if was_connected else "The user was not connected."
    return DisconnectAnswer(success=True, disconnected=was_connected, message=message)


@router.post(
    "/user/connect/confirm",
    response_model=ConfirmAnswer,
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": ConfirmBody.model_json_schema()}}}
    },
)
async def post_confirm(caller: Caller, body: PostBody) -> ConfirmAnswer:
    """Makes a consent count, where the paywall asks for that; the code is good once, for 15 minutes."""
    code = body.content.get("code")
    if not isinstance(code, str) or not code:
        raise BadField("code", "`code` is required: it came with the user to your return URL.")
    await confirm_authorization(caller, body.user, code)
    return ConfirmAnswer(connected=True)


@router.get("/user/menu", response_model=MenuAnswer, response_model_exclude_none=True)
async def get_menu(caller: Caller, user: UserOfGet, return_url: ReturnUrl = None, state: State = None) -> MenuAnswer:
    """Returns the links that an app can put into its own menu, by what is connected."""
    menu = wiring.get().links.menu_url(caller, user, return_url, state)
    topup = wiring.get().links.topup_url(caller, user, return_url, state)
    if not caller.rules.needs_consent:
        return MenuAnswer(menu=menu, topup=topup, activity=topup, wallet=topup)
    authorize = wiring.get().links.connect_url(caller, user, return_url, state)
    found = await db.in_transaction(lambda session: read_connection(session, caller, user))
    return MenuAnswer(
        menu=menu,
        topup=topup,
        activity=f"{base_url()}/activity/",
        wallet=f"{base_url()}/wallet/",
        authorize=authorize if found is None else None,
        revoke=None if found is None else menu,
    )
