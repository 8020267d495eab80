"""Every operation of the API's own document, with whatever fits it and what does not: never a 500, always our shape."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.server import Demo

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def api_schema(demo: Demo) -> Any:
    return schemathesis.openapi.from_url(f"{demo.base_url}/openapi.json")


def tried(schema: Any, mode: GenerationMode, examples: int, check: Callable[[Any], None]) -> list[str]:
    """Tries every operation under /v1 with generated cases, and returns which ones."""
    found = []
    for result in schema.get_all_operations():
        operation = result.ok()
        if not operation.path.startswith("/v1/"):
            continue
        found.append(f"{operation.method.upper()} {operation.path}")
        cases = given(operation.as_strategy(generation_mode=mode))(check)  # type: ignore[no-untyped-call]
        run = settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )(cases)
        with suppress(Unsatisfiable):  # what has no input has no bad input
            run()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_whatever_is_sent_is_answered_as_the_document_says(
    api_schema: Any, demo: Demo, mode: GenerationMode, amount: Callable[[str], int]
) -> None:
    """Only requests made from the document itself find where it promises what the server does not do."""

    def check(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {demo.key}"}, checks=CHECKS, timeout=30)

    assert len(tried(api_schema, mode, amount("api-examples"), check)) >= 8


@pytest.mark.slow
def test_nobody_gets_anything_without_a_key(api_schema: Any) -> None:
    """Every operation of the document is asked, also those that are added tomorrow."""

    def check(case: Any) -> None:
        case.headers.pop("Authorization", None)
        answer = case.call(headers={"Authorization": "Bearer none"}, timeout=30)
        assert answer.status_code in (401, 404, 405), case
        assert set(answer.json()["error"]) >= {"message", "type", "param", "code"}

    assert len(tried(api_schema, GenerationMode.POSITIVE, 3, check)) >= 8


def test_chat_stands_in_the_document_beside_the_rest(api_schema: Any) -> None:
    document = api_schema.raw_schema
    chat = document["paths"]["/v1/chat/completions"]["post"]
    assert {"200", "400", "401", "402", "403", "404", "408", "409", "413", "422", "429", "502", "503", "504"} == set(
        chat["responses"]
    )
    assert {"/v1/models", "/v1/user/balance", "/v1/user/charge", "/v1/requests/{request_id}"} <= set(document["paths"])


def test_what_a_developers_endpoint_is_sent_stands_in_the_document(api_schema: Any) -> None:
    sent = api_schema.raw_schema["webhooks"]["custom_response"]["post"]
    assert {"event", "user", "url", "shortfall", "model", "requestId", "message"} <= set(
        sent["requestBody"]["content"]["application/json"]["schema"]["required"]
    )
