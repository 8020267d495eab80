"""An upstream that quotes its key: nobody reads it, in no shape, and it is written down nowhere."""

import json

import pytest

from tests.emulators.upstream_quotes import SHAPES
from tests.support.heard import said, spoken
from tests.support.server import UPSTREAM_KEY, Demo

ENDS = (UPSTREAM_KEY[:10], UPSTREAM_KEY[-6:])


def _chunks(text: str) -> list[dict[str, object]]:
    lines = [line[6:] for line in text.splitlines() if line.startswith("data: {")]
    return [chunk for chunk in map(json.loads, lines) if "choices" in chunk]


def _is_told(text: str) -> bool:
    read = said(_chunks(text))
    return any(end in where for end in ENDS for where in (text, read))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_key_of_a_provider_leaves_in_no_shape(demo: Demo, shape: str) -> None:
    user = demo.new_user()
    for model in (f"quote-{shape}", f"quote-{shape}-cut"):
        streamed = demo.chat(model, user, stream=True)
        assert streamed.status_code == 200 and not _is_told(streamed.text)
        is_cut = shape.startswith("error")
        assert streamed.text.endswith("data: [DONE]\n\n") is not is_cut
        assert "***" in streamed.text + said(_chunks(streamed.text)) or shape == "base64"
    whole = demo.chat(f"quote-{shape}", user)
    assert whole.status_code == 200 and not _is_told(whole.text) and whole.json()["x_key"] == {"***": ["***"]}
    assert demo.held(user) == 0


@pytest.mark.parametrize("shape", ["delta", "pieces", "field"])
def test_an_answer_that_is_kept_for_a_retry_holds_no_key(demo: Demo, shape: str) -> None:
    user = demo.new_user()
    for stream in (True, False):
        first, again = (demo.chat(f"quote-{shape}", user, key=f"{shape}-{stream}", stream=stream) for _ in range(2))
        assert again.headers["idempotent-replayed"] == "true"
        assert not _is_told(first.text) and spoken(again) == spoken(first)


def test_the_key_of_a_provider_is_written_down_nowhere(demo: Demo) -> None:
    demo.chat("quote-error-event", demo.new_user(), stream=True)
    written = [demo.log, *(path for path in demo.data.rglob("*") if path.is_file())]
    assert not any(UPSTREAM_KEY.encode() in path.read_bytes() for path in written)
