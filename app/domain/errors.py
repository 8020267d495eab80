"""What can go wrong, as one tree. Each error says its code, a finished sentence and whether to try again.

CoinslotError
├── BadField              a value from outside that cannot be used; names the field
├── Refused               a rule says no
│   ├── UnknownKey            no such key, or revoked
│   ├── UnknownModel          no such model, or no price for it
│   ├── NotFound              no such row, or somebody else's
│   ├── NotSignedIn           only for somebody who is signed in
│   ├── NotAllowed            only for another role in a paywall
│   ├── OutdatedVersion       what was read of a paywall has changed since
│   ├── Archived              of a paywall that is archived
│   ├── WrongMode             not possible in this mode of paywall
│   ├── Blocked               the user is blocked or the wallet is frozen
│   ├── KeyReused             an idempotency key came again with another body
│   ├── StillRunning          an idempotency key whose first request still runs
│   ├── AnswerForgotten       an idempotency key whose answer is no longer kept
│   ├── LimitReached          a limit of the developer's; says when to try again
│   └── LinkInvalid           a link that is forged, expired or of another purpose
├── LedgerRefused         an operation that the ledger will not post
│   ├── InsufficientFunds     the wallet or a budget cannot pay
│   ├── HoldClosed            the hold was settled, released or expired before
│   ├── KeyConflict           a ledger key came again with other inputs
│   ├── StaleDecision         decided on a key or version that is no longer current
│   └── BadOperation          an operation that could never be right
├── ProviderFailed        the upstream failed before an answer; carries its status
│   └── OwnKeyUnavailable     the user's own key is gone or cannot be used; nobody else's pays in its place
├── AllRoutesOpen         every model that may answer is left alone for now; nobody was asked
└── Unavailable           the database is away or the queue is full; nothing was written
"""

import copy
from typing import Any, Self


class CoinslotError(Exception):
    """The root: `code` for machines, `message` for people, `is_transient` for callers that retry."""

    code = "error"
    is_transient = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def unraised(self) -> Self:
        """Returns the same error as one that was never raised, to be kept, handed on or raised anew.

        One that was raised holds the frames that it came through, and they whatever request they were about; kept
        by one of them, it is a cycle that only the collector ends.
        """
        return copy.copy(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Lets an error cross from one process to another with all that it says."""
        return _made_again, (type(self), self.args, self.__dict__)


def _made_again(kind: type[CoinslotError], args: tuple[Any, ...], said: dict[str, Any]) -> CoinslotError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(said)
    return error


class BadField(CoinslotError):
    """A value from outside that cannot be used; `field` names it as the caller wrote it."""

    code = "invalid_value"

    def __init__(self, field: str | None, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.code = code or self.code


class Refused(CoinslotError):
    """A rule says no."""

    code = "refused"


class UnknownKey(Refused):
    code = "invalid_api_key"


class UnknownModel(Refused):
    """`code` is `model_not_found` or `model_not_priced`."""

    def __init__(self, message: str, code: str = "model_not_found") -> None:
        super().__init__(message)
        self.code = code


class NotFound(Refused):
    code = "not_found"


class NotSignedIn(Refused):
    code = "not_signed_in"


class NotAllowed(Refused):
    code = "not_allowed"


class OutdatedVersion(Refused):
    """Nothing was saved. `newest` is the version to read, `made_by` whose it is: an account, `catalogue`, or None."""

    code = "version_outdated"

    def __init__(self, message: str, newest: int, made_by: str | None) -> None:
        super().__init__(message)
        self.newest = newest
        self.made_by = made_by


class Archived(Refused):
    code = "paywall_archived"


class WrongMode(Refused):
    code = "wrong_mode"


class Blocked(Refused):
    """`code` is `user_blocked`, `wallet_frozen` or `authorization_required`."""

    code = "user_blocked"

    def __init__(self, message: str, code: str = "user_blocked") -> None:
        super().__init__(message)
        self.code = code


class KeyReused(Refused):
    code = "idempotency_key_reused"


class StillRunning(Refused):
    code = "idempotency_in_progress"
    is_transient = True


class AnswerForgotten(Refused):
    code = "idempotency_expired"


class LimitReached(Refused):
    """`code` says which limit, `retry_after_seconds` when it lets the next request through, None if never."""

    code = "limit_reached"
    is_transient = True

    def __init__(self, message: str, code: str, retry_after_seconds: int | None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after_seconds = retry_after_seconds


class LinkInvalid(Refused):
    """`code` is `link_invalid` or `link_expired`."""

    def __init__(self, message: str, code: str = "link_invalid") -> None:
        super().__init__(message)
        self.code = code


class LedgerRefused(CoinslotError):
    """An operation that the ledger will not post; nothing of it was written."""

    code = "ledger_refused"


class InsufficientFunds(LedgerRefused):
    """`short_of` names the account or budget that could not pay, `available_nanos` what it had."""

    code = "insufficient_funds"

    def __init__(self, short_of: str, available_nanos: int, needed_nanos: int) -> None:
        super().__init__(f"{short_of} has {available_nanos} nanos free and {needed_nanos} are needed.")
        self.short_of = short_of
        self.available_nanos = available_nanos
        self.needed_nanos = needed_nanos


class HoldClosed(LedgerRefused):
    code = "hold_closed"


class KeyConflict(LedgerRefused):
    code = "key_conflict"


class StaleDecision(LedgerRefused):
    code = "stale_decision"
    is_transient = True


class BadOperation(LedgerRefused):
    code = "bad_operation"


class ProviderFailed(CoinslotError):
    """The upstream failed before the first token.

    `status` is its HTTP status, or None when it could not be reached or answered garbage; `timed_out`
    tells the two apart from silence; `body` is its own error object, cleaned of secrets; `retry_after`
    its header of that name.
    """

    code = "provider_error"
    is_transient = True

    def __init__(
        self,
        message: str,
        status: int | None = None,
        *,
        timed_out: bool = False,
        body: dict[str, object] | None = None,
        retry_after: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.timed_out = timed_out
        self.body = body
        self.retry_after = retry_after

    @property
    def said(self) -> dict[str, Any]:
        """What the provider itself says of it in OpenAI's words, as far as that can be right."""
        return _words_of(self.body, DEPTH_MAX)

    @property
    def may_pass(self) -> bool:
        """Tells whether it is of this moment, so that the same request may succeed later."""
        return self.status is None or self.status in _PASSING or self.status >= 500

    @property
    def reason(self) -> str:
        """What a developer is told of it: `provider_timeout`, else `provider_error`."""
        return "provider_timeout" if self.timed_out else self.code


class OwnKeyUnavailable(ProviderFailed):
    """A user's own key cannot be used: gone, sealed with a secret that we lost, or signed out. Nobody was called."""

    code = "own_key_unavailable"
    is_transient = False


_PASSING = (408, 425, 429)
DEPTH_MAX = 5
_MESSAGES = ("message", "msg", "detail", "error_description", "error_message", "errors", "title")


def _words_of(said: object, depth: int) -> dict[str, Any]:
    """Returns message, type, param and code out of any form that an error has.

    A text is its message; of a list (Gemini, FastAPI's `detail`) the first counts that says something; an object
    says it itself or in what stands inside it, whose own words come first.
    """
    if isinstance(said, str):
        return {"message": said} if said else {}
    if isinstance(said, list) and depth:
        return next(filter(None, (_words_of(item, depth - 1) for item in said)), {})
    if not isinstance(said, dict) or not depth:
        return {}
    texts = {
        name: said[name] for name in ("type", "param") if isinstance(said.get(name), str) and said[name] != "error"
    }
    code = said.get("code")
    own = {**texts, "code": code} if isinstance(code, (str, int)) and not isinstance(code, bool) else texts
    inner = _words_of(said.get("error"), depth - 1)
    messages = (_words_of(said.get(name), depth - 1) for name in _MESSAGES)
    return {**own, **(inner if "message" in inner else next(filter(None, messages), {}) | inner)}


class AllRoutesOpen(CoinslotError):
    """Every model that may answer a request is left alone, because it failed; `retry_after_seconds` says how long."""

    code = "all_routes_open"
    is_transient = True

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(CoinslotError):
    code = "unavailable"
    is_transient = True
