"""The API beside chat, as one FastAPI app: routes, and errors in OpenAI's shape for whatever goes wrong."""

from functools import partial

import orjson
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from app.api.account.chat import PATH as ACCOUNT_CHAT
from app.api.account.modes import READERS as ACCOUNT_MODES
from app.api.account.routes import ROUTERS as ACCOUNT_ROUTERS
from app.api.auth import account_key, developer_key, ethereum, own_key, sign_in
from app.api.common.dependencies import path_user
from app.api.common.errors import ACCOUNT, WRONG_METHOD, body_at, headers_of, plain_body, status_of
from app.api.inbound import stripe
from app.api.manage import analytics as manage_analytics
from app.api.manage import drafts as manage_drafts
from app.api.manage import icons, keys, provider
from app.api.manage import ledger as manage_ledger
from app.api.manage import liabilities as manage_liabilities
from app.api.manage import payouts as manage_payouts
from app.api.manage import responder as manage_responder
from app.api.manage import stripe as manage_stripe
from app.api.manage import users as manage_users
from app.api.manage import webhooks as manage_webhooks
from app.api.manage.orders import usage_file
from app.api.playground import visiting as playground
from app.api.serving import docs, metrics, operations
from app.api.serving.methods import Methods
from app.api.serving.openapi import CHAT, document
from app.api.talk import past, room, stopping
from app.api.v1 import connect, ledger, models, orders, receipts, user, webhooks
from app.api.v1.manage import keys as paywall_keys
from app.api.v1.manage import prices as paywall_prices
from app.api.v1.manage import users as paywall_users
from app.domain.errors import BadField, CoinslotError
from app.wiring.answering import help as helping

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
DESCRIPTION = "An OpenAI-compatible chat proxy whose end users pay for their own usage."
_USERS = "/v1/{path_user}"


def create_api() -> FastAPI:
    """Returns the API. Its paths under /v1 exist under /v1/{user} too, where fixed paths win.

    What it answers to stands in `state.methods`, which the dispatcher asks.
    """
    api = FastAPI(title="Coinslot", version="0.1.0", description=DESCRIPTION, docs_url=None, redoc_url=None,
                  redirect_slashes=False)  # fmt: skip
    own = (manage_stripe, provider, keys, icons, manage_ledger, manage_users, manage_webhooks, manage_drafts,
           manage_responder, manage_analytics, manage_payouts,
            manage_liabilities, usage_file, room, past, stopping)  # fmt: skip
    routers = (operations, metrics, docs, sign_in, account_key, developer_key, own_key, ethereum, stripe, playground,
               *own)  # fmt: skip
    for module in routers:
        api.include_router(module.router)
    for router in ACCOUNT_ROUTERS:
        api.include_router(router)
    for module in (webhooks, paywall_keys, paywall_users, paywall_prices):
        api.include_router(module.router, prefix="/v1")
    for module in (models, user, connect, receipts, ledger, orders):
        api.include_router(module.router, prefix="/v1")
    for module in (models, user, connect, receipts, ledger, orders):
        api.include_router(module.router, prefix=_USERS, include_in_schema=False, dependencies=[Depends(path_user)])
    beside = (CHAT, ACCOUNT_CHAT, *ACCOUNT_MODES, _USERS + CHAT.removeprefix("/v1"))
    api.state.methods = Methods(api, [(path, "POST") for path in beside])
    api.add_api_route("/v1/{rest:path}", _unknown, methods=list(METHODS), include_in_schema=False)
    api.add_exception_handler(CoinslotError, _ours)  # type: ignore[arg-type]
    api.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    api.add_exception_handler(HTTPException, _plain)  # type: ignore[arg-type]
    api.openapi = partial(document, api)  # type: ignore[method-assign]
    helping.know(api.openapi)
    return api


def _unknown(request: Request) -> Response:
    """Answers for every other path under /v1 in the API's own shape, and for wrong methods of those that are there."""
    raise _refusal(request)


def _refusal(request: Request) -> HTTPException | CoinslotError:
    known: Methods = request.app.state.methods
    return known.refusal(request.method, request.url.path)


def _ours(request: Request, error: CoinslotError) -> Response:
    return Response(
        orjson.dumps(body_at(request.url.path, error)), status_of(error), headers_of(error), "application/json"
    )


def _invalid(request: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    field = str(first["loc"][-1])
    return _ours(request, BadField(field, f"`{field}`: {first['msg']}."))


def _plain(request: Request, error: HTTPException) -> Response:
    """Answers for an unknown path or a wrong method; pages have their own look.

    A route knows its own methods only, so what a path allows is asked of the table of all.
    """
    is_account = request.url.path.startswith(ACCOUNT)
    if error.status_code == WRONG_METHOD or is_account:
        known = _refusal(request)
        if isinstance(known, CoinslotError):
            return _ours(request, known)
        error = known
    message = f"{request.method} {request.url.path} is not possible here: {error.detail}."
    code = str(error.detail).lower().replace(" ", "_")
    body = (
        orjson.dumps({"error": message, "code": code}) if is_account else plain_body(error.status_code, message, code)
    )
    return Response(body, error.status_code, error.headers, "application/json")
