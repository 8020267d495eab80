"""What we sign, any receiver can verify."""

import json
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from app.adapters.outbound.signatures import signed_headers
from app.domain.key_text import make_signing_secret

BODY = json.dumps({"text": "schön “quoted” \U0001f600"}, ensure_ascii=False).encode()


def test_a_receiver_verifies_with_any_of_the_secrets() -> None:
    old, new = make_signing_secret(), make_signing_secret()
    headers = signed_headers([new, old], "msg_1", int(time.time()), BODY)
    for secret in (old, new):
        assert Webhook(secret).verify(BODY, headers) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(make_signing_secret()).verify(BODY, headers)


@pytest.mark.parametrize("changed", [{"webhook-id": "msg_2"}, {"webhook-timestamp": "1"}, {"webhook-signature": "v1,"}])
def test_what_was_changed_on_the_way_is_refused(changed: dict[str, str]) -> None:
    secret = make_signing_secret()
    headers = signed_headers([secret], "msg_1", int(time.time()), BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, headers | changed)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + b" ", headers)
