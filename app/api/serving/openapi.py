"""The API's own OpenAPI document: FastAPI's, with chat (which FastAPI does not serve) and every error that can come."""

from typing import Any

from fastapi import FastAPI

from app.api.common.dependencies import AGENT_HEADER, ORDER_HEADER, SESSION_HEADER

CHAT = "/v1/chat/completions"

ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "integer", "null"]},
                "url": {"type": "string", "description": "Strict mode: where to authorize or add funds."},
            },
        }
    },
}
ACCOUNT_ERROR_SCHEMA = {
    "type": "object",
    "required": ["error", "code"],
    "properties": {"error": {"type": "string"}, "code": {"type": ["string", "null"]}, "url": {"type": "string"}},
}
_ERRORS = {
    "400": "Malformed JSON, a missing or bad field (`param` names it), no or bad user id.",
    "401": "No key, an unknown key, a revoked key.",
    "403": "A blocked user, a frozen wallet, or something that this mode of paywall does not do.",
    "404": "An unknown model, id or path.",
    "408": "The body was announced and did not come to its end.",
    "409": "The Idempotency-Key's first request still runs, or its answer is no longer kept.",
    "413": "The body is over the limit.",
    "422": "The Idempotency-Key was used before with another body.",
    "429": "A limit was reached; `Retry-After` says when to try again.",
    "503": "The database is away or the queue is full. Nothing was charged; try again after `Retry-After`.",
}
_CHAT_ERRORS = _ERRORS | {
    "402": "Strict mode: funds or the user's own cap; `url` says where to go.",
    "502": "The provider failed. Its own message is passed on without its secrets.",
    "504": "The provider did not answer in time.",
}
_GET_ERRORS = ("400", "401", "403", "404", "503")

_MESSAGE = {
    "type": "object",
    "required": ["role"],
    "properties": {"role": {"type": "string"}, "content": {"type": ["string", "array", "null"]}},
    "example": {"role": "user", "content": "Hello"},
}
_LIMIT = {"type": ["integer", "null"], "minimum": 1, "maximum": 10_000_000}
_REQUEST = {
    "type": "object",
    "required": ["model", "messages"],
    "description": "OpenAI's request; the fields that decide, meter or charge are named here.",
    "properties": {
        "model": {"type": "string", "minLength": 1, "example": "demo-mini"},
        "messages": {"type": "array", "minItems": 1, "items": _MESSAGE},
        "user": {"type": ["string", "null"], "pattern": "^[!-.0-~]{1,128}$", "example": "ada"},
        "stream": {"type": ["boolean", "null"]},
        "n": {"type": ["integer", "null"], "minimum": 1, "maximum": 128},
        "max_completion_tokens": _LIMIT,
        "max_tokens": _LIMIT,
    },
}
_ANSWER = {
    "type": "object",
    "required": ["id", "object", "created", "model", "choices"],
    "properties": {
        "id": {"type": "string"},
        "object": {"const": "chat.completion"},
        "created": {"type": "integer"},
        "model": {"type": "string"},
        "choices": {"type": "array", "items": {"type": "object"}},
        "usage": {"type": "object"},
        "paywall": {
            "type": "object",
            "required": ["request_id", "action", "charge", "balance", "unit"],
            "properties": {
                "request_id": {"type": "string"},
                "action": {"enum": ["none", "authorize", "topup", "limit", "own_key", "order"]},
                "charge": {"type": "string"},
                "balance": {"type": "string"},
                "unit": {"enum": ["USD", "USDC", "CREDIT"]},
                "url": {"type": "string"},
            },
        },
    },
}
_HEADERS = (
    ("X-Paywall-User", "The end user, where the body names none."),
    ("Idempotency-Key", "The same key and body get the same answer again, and are charged once."),
    ("X-Paywall-Session", SESSION_HEADER),
    ("X-Paywall-Agent", AGENT_HEADER),
    ("X-Paywall-Order", ORDER_HEADER),
    ("X-Paywall-Errors", "`http`: links come as errors instead of assistant messages."),
    ("X-Paywall-Return-Url", "Where a link leads back to; of an origin that the paywall lists."),
    ("X-Paywall-State", "Given back with the return URL."),
    ("X-Paywall-Simulate", "In the sandbox `rate_limit` answers 429, so that an app can be tried with it."),
    ("X-Request-Id", "Kept with the request, and echoed in X-Client-Request-Id."),
)


def document(api: FastAPI) -> dict[str, Any]:
    """Returns the document, made once."""
    if api.openapi_schema is None:
        made = FastAPI.openapi(api)
        made["components"].setdefault("schemas", {}).update(Error=ERROR_SCHEMA, AccountError=ACCOUNT_ERROR_SCHEMA)
        made["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        for path, methods in made["paths"].items():
            for method, operation in methods.items():
                if path.startswith("/api/v1/"):
                    _add_errors(operation, {code: _ERRORS[code] for code in _GET_ERRORS}, "AccountError")
                if path.startswith("/v1/"):
                    _add_errors(
                        operation,
                        _ERRORS if method in ("post", "patch") else {code: _ERRORS[code] for code in _GET_ERRORS},
                    )
        made["paths"][CHAT] = {"post": _chat()}
        made.setdefault("webhooks", {})["custom_response"] = {"post": _custom_response()}
        api.openapi_schema = made
    return api.openapi_schema


def _add_errors(operation: dict[str, Any], errors: dict[str, str], schema_name: str = "Error") -> None:
    schema = {"$ref": f"#/components/schemas/{schema_name}"}
    for status, description in errors.items():
        operation["responses"][status] = {
            "description": description,
            "content": {"application/json": {"schema": schema}},
        }
    operation["security"] = [{"key": []}]


def _custom_response() -> dict[str, Any]:
    """Returns what a developer's endpoint that writes messages is sent, and what it answers."""
    sent = {name: {"type": "string"} for name in (
        "event", "paywallId", "requestId", "user", "model", "name", "url", "shortfall", "shortfallFormatted", "unit",
        "message",
    )} | {"event": {"enum": ["authorize", "topup", "limit", "own_key", "order"]}}  # fmt: skip
    answer = {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}}
    signed = ("webhook-id", "webhook-timestamp", "webhook-signature")
    return {
        "tags": ["webhooks"],
        "summary": "A message is needed in the assistant's place",
        "description": "Posted to the paywall's endpoint, signed as Standard Webhooks says. Within three seconds it "
        "answers with what the user reads; otherwise, `message` is what they read.",
        "operationId": "write_custom_response",
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}} for name in signed
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object", "required": list(sent), "properties": sent}}},
        },
        "responses": {
            "200": {
                "description": "The text, with or without the link; at most 4,000 characters.",
                "content": {"application/json": {"schema": answer}, "text/plain": {"schema": {"type": "string"}}},
            }
        },
    }


def _chat() -> dict[str, Any]:
    operation: dict[str, Any] = {
        "tags": ["chat"],
        "summary": "The metered chat proxy",
        "description": "OpenAI's chat completions. Where authorization or funds are missing, the answer is an "
        "assistant message with a link, and `paywall.action` says which.",
        "operationId": "create_chat_completion",
        "parameters": [
            {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
            for name, text in _HEADERS
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _REQUEST}}},
        "responses": {
            "200": {
                "description": "Answered, or a link. With `stream`, server-sent events.",
                "content": {
                    "application/json": {"schema": _ANSWER},
                    "text/event-stream": {"schema": {"type": "string"}},
                },
            }
        },
    }
    _add_errors(operation, _CHAT_ERRORS)
    return operation
