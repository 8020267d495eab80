"""What an upstream says of its failure, as far as it can be passed on, and when its silence is one."""

import asyncio

import pytest

from app.adapters.providers.openai import OpenAIProvider
from app.domain.errors import ProviderFailed
from app.ports.providers import ProviderTarget
from tests.emulators.upstream import RunningUpstream
from tests.support.endpoints import Speak, pieces_of

KEY = "secret-of-no-known-form"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("7", "7"),
        ("0.5", "0.5"),
        ("Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:00 GMT"),
        ("9" * 41, None),
        ("\u00b2", None),
        (KEY, None),
        (f"7; key={KEY}", None),
        ("sk-abcd****wxyz", None),
        ("20261128", None),
        ("soon", None),
        ("-7", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503, 529])
async def test_when_to_try_again_is_passed_on_where_it_is_a_time_and_nothing_else(
    speak: Speak, said: str, told: str | None, status: int
) -> None:
    url = await speak(f"HTTP/1.1 {status} Busy\r\nRetry-After: {said}\r\nContent-Length: 0\r\n\r\n".encode())
    provider = OpenAIProvider(allow_private=True)
    key = "20261128" if said == "20261128" else KEY
    with pytest.raises(ProviderFailed) as refused:
        await provider.send(ProviderTarget("busy", url, key), b"{}")
    await provider.close()
    assert (refused.value.status, refused.value.retry_after) == (status, told)


FORMS: dict[str, tuple[str, dict[str, object]]] = {
    "OpenAI": ('{"error": {"message": "%s is wrong", "code": "c", "type": "t", "param": "p"}}',
               {"message": "*** is wrong", "code": "c", "type": "t", "param": "p"}),
    "a text": ('{"error": "%s is wrong"}', {"message": "*** is wrong"}),
    "Gemini's list": ('[{"error": {"code": 400, "message": "%s is wrong"}}]', {"message": "*** is wrong", "code": 400}),
    "FastAPI's text": ('{"detail": "%s is wrong"}', {"message": "*** is wrong"}),
    "FastAPI's list": ('{"detail": [{"loc": ["body"], "msg": "%s is wrong", "type": "missing"}]}',
                       {"message": "*** is wrong", "type": "missing"}),
    "FastAPI's object": ('{"detail": {"error": {"message": "%s is wrong", "code": 7}}}',
                         {"message": "*** is wrong", "code": 7}),
    "Mistral": ('{"object": "error", "message": {"detail": [{"msg": "%s is wrong"}]}, "code": 3000}',
                {"message": "*** is wrong", "code": 3000}),
    "several": ('{"errors": [{"message": "%s is wrong"}, {"message": "And no."}]}', {"message": "*** is wrong"}),
    "JSON's own text": ('"%s is wrong"', {"message": "*** is wrong"}),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
async def test_an_error_is_read_in_every_form_and_told_without_the_key(speak: Speak, form: str) -> None:
    text, told = FORMS[form]
    body = (text % KEY).encode()
    url = await speak(
        b"HTTP/1.1 400 No\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )
    provider = OpenAIProvider(allow_private=True)
    with pytest.raises(ProviderFailed) as refused:
        await provider.send(ProviderTarget("forms", url, KEY), b"{}")
    await provider.close()
    assert refused.value.said == told


async def test_the_error_of_an_answer_that_has_begun_is_told_without_the_key(speak: Speak) -> None:
    provider = OpenAIProvider(allow_private=True)
    url = await speak(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    answer = await provider.send(ProviderTarget("cut", url, KEY), b"{}")
    assert answer.cleaned({"message": f"{KEY} is wrong, sk-0123456789"}) == {"message": "*** is wrong, ***"}
    await answer.close()
    await provider.close()


async def test_an_answer_may_be_silent_for_less_long_than_it_may_take_to_begin(upstream: RunningUpstream) -> None:
    provider = OpenAIProvider(allow_private=True, first_byte_seconds_max=30, silence_seconds_max=0.1)
    body = b'{"model": "silent", "stream": true, "messages": [{"role": "user", "content": "Say it."}]}'
    answer = await provider.send(ProviderTarget("silent", upstream.base_url, KEY), body)
    async with asyncio.timeout(10):
        with pytest.raises(ProviderFailed) as silent:
            [piece async for piece in pieces_of(answer)]
    await provider.close()
    assert silent.value.timed_out


@pytest.mark.parametrize(
    ("base_url", "key", "said"),
    [
        pytest.param("http://127.0.0.1:1/v1", KEY, "the connection was refused", id="a closed port"),
        ("http://no-such-host.invalid/v1", KEY, "its name "),
        ("http://[::1/v1", KEY, "its address is not one of the web"),
        ("http://[]@/v1", KEY, "its address or a header cannot be sent"),
        ("ftp://127.0.0.1/v1", KEY, "its address is not one of the web"),
        ("http://127.0.0.1/v1", "a\r\nkey: of two lines", ""),
        ("http://127.0.0.1:99999/v1", KEY, "its address is not one of the web"),
        ("not an address", None, "its address is not one of the web"),
    ],
)
async def test_what_cannot_be_reached_is_a_failure_without_a_status(base_url: str, key: str | None, said: str) -> None:
    provider = OpenAIProvider(allow_private=True)
    with pytest.raises(ProviderFailed) as raised:
        await provider.send(ProviderTarget("nobody", base_url, key), b"{}")
    await provider.close()
    assert (raised.value.status, raised.value.timed_out, raised.value.body) == (None, False, None)
    assert raised.value.message.startswith(f"The provider nobody could not be reached: {said}")
    assert "Error" not in raised.value.message


async def test_the_models_that_a_provider_lists_hold_no_key(speak: Speak) -> None:
    body = b'{"data": [{"id": "hf-small"}, {"id": "models/%s"}]}' % KEY.encode()
    url = await speak(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    provider = OpenAIProvider(allow_private=True)
    assert await provider.list_models(ProviderTarget("quotes", url, KEY)) == ["hf-small", "models/***"]
    await provider.close()
