"""What Stripe answers when it does not do what it was asked for: one exception, with the fields of its error object."""

from typing import Any

DOCUMENTATION = "https://stripe.com/docs/error-codes/"


class Refused(Exception):
    """A request that is answered with an error; `more` are fields of the error object beyond the common ones."""

    def __init__(
        self, status: int, message: str, *, kind: str = "invalid_request_error", code: str | None = None,
        param: str | None = None, **more: Any,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.status, self.message, self.kind, self.code, self.param, self.more = (
            status,
            message,
            kind,
            code,
            param,
            more,
        )

    def body(self) -> dict[str, Any]:
        """Returns the answer's JSON, without the fields that say nothing."""
        error: dict[str, Any] = {"message": self.message, "type": self.kind, **self.more}
        if self.code is not None:
            error |= {"code": self.code, "doc_url": DOCUMENTATION + self.code.replace("_", "-")}
        if self.param is not None:
            error["param"] = self.param
        return {"error": {name: error[name] for name in sorted(error)}}


def missing(noun: str, thing_id: str, *, param: str, is_in_path: bool, other_mode: str | None = None) -> Refused:
    """An id that is not there: 404 where the address names it, 400 where a parameter does.

    `other_mode` is "live" or "test" where an object of that id exists there.
    """
    message = f"No such {noun}: '{thing_id}'"
    if other_mode:
        mine = "test" if other_mode == "live" else "live"
        message += (
            f"; a similar object exists in {other_mode} mode, but a {mine} mode key was used to make this request."
        )
    return Refused(404 if is_in_path else 400, message, code="resource_missing", param=param)


def unexpected(message: str, code: str, **more: Any) -> Refused:
    """Something that the object's state does not allow."""
    return Refused(400, message, code=code, **more)
