"""The API beside chat, as one FastAPI app: routes, and errors in OpenAI's shape for whatever goes wrong."""

from functools import partial

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from app.api import connect, ledger, metrics, models, operations, receipts, sign_in, user, webhooks
from app.api.errors import body_of, headers_of, plain_body, status_of
from app.api.openapi import document
from app.domain.errors import BadField, CoinslotError, NotFound

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
DESCRIPTION = "An OpenAI-compatible chat proxy whose end users pay for their own usage."


def create_api() -> FastAPI:
    """Returns the API. Its paths under /v1 exist under /v1/{user} too, where fixed paths win."""
    api = FastAPI(title="Coinslot", version="0.1.0", description=DESCRIPTION, docs_url="/docs", redoc_url=None)
    api.include_router(operations.router)
    api.include_router(metrics.router)
    api.include_router(sign_in.router)
    api.include_router(webhooks.router, prefix="/v1")
    for prefix, is_listed in (("/v1", True), ("/v1/{path_user}", False)):
        for module in (models, user, connect, receipts, ledger):
            api.include_router(module.router, prefix=prefix, include_in_schema=is_listed)
    api.add_api_route("/v1/{rest:path}", _unknown, methods=list(METHODS), include_in_schema=False)
    api.add_exception_handler(CoinslotError, _ours)  # type: ignore[arg-type]
    api.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    api.add_exception_handler(HTTPException, _plain)  # type: ignore[arg-type]
    api.openapi = partial(document, api)  # type: ignore[method-assign]
    return api


def _unknown(request: Request) -> Response:
    """Answers for every other path under /v1 in the API's own shape, before the pages can."""
    raise NotFound(f"There is no {request.method} {request.url.path}.")


def _ours(_request: Request, error: CoinslotError) -> Response:
    return Response(orjson.dumps(body_of(error)), status_of(error), headers_of(error), "application/json")


def _invalid(request: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    field = str(first["loc"][-1])
    return _ours(request, BadField(field, f"`{field}`: {first['msg']}."))


def _plain(request: Request, error: HTTPException) -> Response:
    """Answers for an unknown path or a wrong method; pages have their own look."""
    message = f"{request.method} {request.url.path} is not possible here: {error.detail}."
    code = str(error.detail).lower().replace(" ", "_")
    body = plain_body(error.status_code, message, code)
    return Response(body, error.status_code, error.headers, "application/json")
