"""Webhook endpoints, made by API: at most 16 an account and mode, https for live ones; the secret is told once."""

import secrets
from urllib.parse import urlsplit

from tests.emulators.stripe.errors import Refused
from tests.emulators.stripe.objects import lists
from tests.emulators.stripe.objects.call import Call
from tests.emulators.stripe.state import Thing

ENDPOINTS_MAX = 16


def create(call: Call) -> Thing:
    """Makes an endpoint, and tells its secret."""
    mode = "live" if call.book.is_live else "test"
    if len(list(call.book.all("webhook_endpoint"))) >= ENDPOINTS_MAX:
        raise Refused(400, f"You have reached the maximum of {ENDPOINTS_MAX} {mode} webhook endpoints.")
    _check_url(call)
    secret = f"whsec_{secrets.token_hex(16)}"
    made = call.book.add(
        "webhook_endpoint", "we",
        {
            "api_version": call.params.get("api_version"), "application": None,
            "description": call.params.get("description") or None,
            "enabled_events": call.params["enabled_events"], "metadata": call.params.get("metadata") or {},
            "status": "enabled", "url": call.params["url"], "_secret": secret, "_failing_since": None,
        },
    )  # fmt: skip
    return {**made, "secret": secret}


def _check_url(call: Call) -> None:
    parts = urlsplit(call.params["url"])
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused(400, "Not a valid URL", code="url_invalid", param="url")
    if call.book.is_live and parts.scheme != "https":
        raise Refused(400, "Invalid URL: HTTPS URLs are required in live mode.", code="url_invalid", param="url")


def retrieve(call: Call) -> Thing:
    return call.book.named("webhook_endpoint", call.ids[0])


def list_endpoints(call: Call) -> Thing:
    return lists.page(call, "webhook_endpoint", "/v1/webhook_endpoints", lambda _: True)


def update(call: Call) -> Thing:
    """Changes an endpoint; `disabled` is its status."""
    found = call.book.named("webhook_endpoint", call.ids[0])
    if "url" in call.params:
        _check_url(call)
    for name in ("url", "enabled_events", "description"):
        if name in call.params:
            found[name] = call.params[name]
    if "metadata" in call.params:
        found["metadata"] = merged(found["metadata"], call.params["metadata"])
    if "disabled" in call.params:
        found["status"], found["_failing_since"] = "disabled" if call.params["disabled"] else "enabled", None
    return found


def delete(call: Call) -> Thing:
    found = call.book.named("webhook_endpoint", call.ids[0])
    del call.book.things[found["id"]]
    return {"id": found["id"], "object": "webhook_endpoint", "deleted": True}


def merged(old: dict[str, str], new: dict[str, str] | str) -> dict[str, str]:
    """Returns metadata after an update: empty values unset a key, an empty whole unsets all."""
    if isinstance(new, str):
        return {}
    return {name: value for name, value in {**old, **new}.items() if value != ""}
