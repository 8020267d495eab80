"""Errors over HTTP: the only file that knows which status an error has (`http-api.md`, `decisions.md` 30)."""

from typing import Any

import orjson

from app.api.common.rate_headers import rate_headers
from app.domain import errors
from app.domain.authorizations.authorizations import TakenByAnother
from app.domain.errors import BadField, CoinslotError, ProviderFailed
from app.flows.callers.asked import Action, PaywallRefusal
from app.flows.limits.limiter import RETRY_SECONDS_MAX, RateReached
from app.formats.account.chat import flat_error
from app.ports.accounts import BadSignature
from app.ports.rail_errors import CallRefused, CardDeclined, KeyRefused

RETRY_SECONDS = "2"
NO_RETRY = {"x-should-retry": "false"}
"""Tells OpenAI's SDKs, which repeat every 409, that nothing comes of it."""
ACCEPTED_ENCODINGS = "gzip, deflate"
"""What a body may be compressed with."""


class BodyTooLarge(CoinslotError):
    """A body over the limit; it was not read."""

    code = "body_too_large"


class BodyTimeout(CoinslotError):
    """A body that was waited for and did not come to its end; its connection is of no use any more."""

    code = "body_timeout"


class BodyEncoded(CoinslotError):
    """A body in an encoding or of a kind that is not read here."""

    code = "unsupported_media_type"


class MalformedRequest(CoinslotError):
    """What cannot be read as one request and no other; its connection is of no use any more."""

    code = "malformed_request"


class HeadTooLarge(CoinslotError):
    """A URL, a header, or all of them, over the limit."""

    code = "headers_too_large"


class HeadTimeout(CoinslotError):
    """A head that was waited for and did not come to its end."""

    code = "headers_timeout"


class UnknownVersion(CoinslotError):
    """A version of HTTP that is not served."""

    code = "http_version_not_supported"


class UnknownTransferCoding(CoinslotError):
    """A transfer coding that is not known, so that nobody can say where the body ends."""

    code = "unknown_transfer_coding"


class NotOffered(CoinslotError):
    """A call of the published clients that nothing here answers to."""

    code = "not_offered"


_STATUS: dict[type[CoinslotError], int] = {
    BadField: 400,
    errors.UnknownKey: 401,
    errors.NotSignedIn: 401,
    errors.NotAllowed: 403,
    errors.Archived: 403,
    errors.WrongMode: 403,
    errors.Blocked: 403,
    errors.UnknownModel: 404,
    errors.NotFound: 404,
    errors.LinkInvalid: 404,
    MalformedRequest: 400,
    BodyTimeout: 408,
    HeadTimeout: 408,
    errors.OutdatedVersion: 409,
    errors.StillRunning: 409,
    errors.AnswerForgotten: 409,
    errors.LimitReached: 429,
    errors.Refused: 409,  # of those that have no status of their own
    TakenByAnother: 409,
    errors.KeyReused: 422,
    errors.KeyConflict: 422,
    BodyTooLarge: 413,
    BodyEncoded: 415,
    HeadTooLarge: 431,
    UnknownTransferCoding: 501,
    NotOffered: 501,
    UnknownVersion: 505,
    BadSignature: 400,
    CardDeclined: 402,
    KeyRefused: 503,
    CallRefused: 502,
    errors.StaleDecision: 503,
    errors.Unavailable: 503,
    errors.AllRoutesOpen: 503,
}

_PASSED_ON = frozenset({400, 404, 413, 422, 429})
_TYPES = {400: "invalid_request_error", 401: "authentication_error", 402: "insufficient_funds",
          403: "permission_error", 404: "invalid_request_error", 405: "invalid_request_error",
          408: "invalid_request_error", 409: "invalid_request_error", 413: "invalid_request_error",
          415: "invalid_request_error", 422: "invalid_request_error", 429: "rate_limit_error",
          431: "invalid_request_error"}  # fmt: skip

ACCOUNT = "/api/v1/"
"""Where people's own programs call, and errors have a shape of their own."""
UNEXPECTED = 500
UNEXPECTED_MESSAGE = "Something went wrong on our side. Nothing was charged that is not on a receipt."
NOT_READY = 503
WRONG_METHOD = 405


def status_of(error: CoinslotError) -> int:
    """Returns the HTTP status of an error."""
    if isinstance(error, ProviderFailed):
        if error.timed_out:
            return 504
        return error.status if error.status in _PASSED_ON else 502
    if isinstance(error, PaywallRefusal):
        return 403 if error.action in (Action.AUTHORIZE, Action.OWN_KEY, Action.ORDER) else 402
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), UNEXPECTED)


def headers_of(error: CoinslotError) -> dict[str, str]:
    """Returns the headers that belong to an error."""
    if isinstance(error, ProviderFailed):
        return {"Retry-After": error.retry_after} if error.retry_after and error.may_pass else {}
    if isinstance(error, errors.LimitReached):
        return _headers_of_limit(error)
    if isinstance(error, errors.AllRoutesOpen):
        return {"Retry-After": str(error.retry_after_seconds)}
    if isinstance(error, BodyTimeout):
        return {"Connection": "close"}
    if isinstance(error, PaywallRefusal) or (status_of(error) == 409 and not error.is_transient):
        return NO_RETRY
    if isinstance(error, BodyEncoded):
        return {"Accept-Encoding": ACCEPTED_ENCODINGS}
    return {"Retry-After": RETRY_SECONDS} if error.is_transient and status_of(error) == 503 else {}


def _headers_of_limit(error: errors.LimitReached) -> dict[str, str]:
    """Returns when to try again. OpenAI's SDKs wait as long as that says, and must be told where no wait helps."""
    headers = rate_headers(error.rates) if isinstance(error, RateReached) else {}
    seconds = error.retry_after_seconds
    if seconds is not None:
        headers["Retry-After"] = str(seconds)
    if seconds is None or seconds > RETRY_SECONDS_MAX:
        headers |= NO_RETRY
    return headers


def body_of(error: CoinslotError) -> dict[str, Any]:
    """Returns OpenAI's error object; a provider's own message and code are passed on in it."""
    status = status_of(error)
    shape: dict[str, Any] = {
        "message": _writable(error.message),
        "type": type_of(status),
        "param": _writable(error.field) if isinstance(error, BadField) and error.field is not None else None,
        "code": error.code,
    }
    if isinstance(error, PaywallRefusal):
        shape["url"] = error.url
    if isinstance(error, ProviderFailed):
        shape |= {**error.said, "provider_status": error.status}
    return {"error": shape}


def body_at(path: str, error: CoinslotError) -> dict[str, Any]:
    """Returns an error as whoever calls a path reads it: the account API's clients take `error` for the message."""
    return flat_error(body_of(error)) if path.startswith(ACCOUNT) else body_of(error)


def _writable(message: str) -> str:
    """Returns a message that can be written down: what it quotes of a request may hold half a surrogate pair."""
    return message if message.isascii() else message.encode("utf-8", "replace").decode()


def type_of(status: int) -> str:
    """Returns OpenAI's `type` of an error with this status."""
    return _TYPES.get(status, "server_error")


def plain_body(status: int, message: str, code: str) -> bytes:
    """Returns the body of an error that is none of ours: an unknown path, a wrong method, a bug."""
    return orjson.dumps({"error": {"message": message, "type": type_of(status), "param": None, "code": code}})
