"""Events are the same however they were cut, and written plainly whatever way they came in."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import ProviderFailed
from app.formats.event_stream import VALUES_MAX, EventReader, contents, is_plain, payloads, split_events
from app.formats.json_text import BYTE_ORDER_MARK
from app.formats.openai_stream import StreamMeter
from tests.support.growing import ends_in_time, read_much

ONE, TWO = b'data: {"a": 1}\n\n', b'data: {"a": 2}\n\n'


def read(*pieces: bytes) -> bytes:
    reader = EventReader()
    return b"".join(reader.feed(piece) for piece in pieces) + reader.end()


@pytest.mark.parametrize(
    "raw",
    [ONE + TWO, b": hello\n\n" + ONE, b"event: x\n" + ONE, b"id: 7\nretry: 1\n" + ONE, ONE.replace(b"\n", b"\r\n"),
     b"data:{}\n\n", b"data: [DONE]\n\n"],
)  # fmt: skip
def test_what_can_be_read_line_by_line_passes_as_the_very_bytes(raw: bytes) -> None:
    assert read(raw) == raw


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        (b'data: {"a":\ndata:  1}\n\n', b'data: {"a":  1}\n\n'),
        (b'data: {"a":\ndata\ndata: 1}\n\n', b'data: {"a":  1}\n\n'),
        (BYTE_ORDER_MARK + ONE, ONE),
        ((ONE + TWO).replace(b"\n", b"\r"), ONE + TWO),
        (b'x-field: 7\ndata: {"a": 1}\n\n', ONE),
        (b'nocolon\ndata: {"a": 1}\n\n', ONE),
        (b"nocolon\n\n" + ONE, ONE),
        (b"\n\n\n" + ONE + b"\n\n" + TWO, ONE + TWO),
        (b'event: x\rdata: {"a": 1}\r\r', b"event: x\n" + ONE),
        (b'data: {"a": 1}\r\n\n' + TWO, b'data: {"a": 1}\r\n\r\n' + TWO),
        (b'data: {"a": 1}\n\r\n' + TWO, ONE + TWO),
        (b'data: {"a": 1}', ONE),
        (b'data: {"a": 1}\n', ONE),
        (b"\xef\xbb", b""),
        (b"data\n\n", b""),
        (b"event: error\ndata: Over\ndata:\ndata: loaded\n\n", b"event: error\ndata: Over\ndata: loaded\n\n"),
        (b"", b""),
    ],
)
def test_what_the_standard_allows_is_written_plainly(raw: bytes, plain: bytes) -> None:
    assert read(raw) == plain
    assert read(*(raw[place : place + 1] for place in range(len(raw)))) == plain


LINES = st.sampled_from(
    [b'data: {"a": 1}', b"data: [", b"data", b"data: ]", b": note", b"event: x", b"zzz", b"zz: z", b""]
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(st.booleans(), ENDS, st.lists(LINES, max_size=12), st.lists(st.integers(0, 200), max_size=20))
def test_any_cut_gives_the_same_events(has_mark: bool, end: bytes, lines: list[bytes], cuts: list[int]) -> None:
    raw = BYTE_ORDER_MARK * has_mark + b"".join(line + end for line in lines)
    places = sorted({0, len(raw), *(min(cut, len(raw)) for cut in cuts)})
    found = read(raw)
    assert read(*(raw[a:b] for a, b in pairwise(places))) == found
    for event in split_events(found):
        data = list(payloads(event))
        assert len(data) <= 1 or not b"".join(data).startswith((b"{", b"["))


@given(st.binary(max_size=60), st.integers(0, 60))
def test_whatever_bytes_come_the_cut_changes_nothing(raw: bytes, cut: int) -> None:
    raw = raw.replace(b"\x00", b"\n").replace(b"\x01", b"\r")
    assert b"".join(read(raw[:cut], raw[cut:]).split()) == b"".join(read(raw).split())


def test_an_event_is_given_as_soon_as_it_is_whole() -> None:
    for end in (b"\n\n", b"\r\n\r\n", b"\r\r"):
        reader = EventReader()
        assert reader.feed(b"data: 1" + end[:-1]) == b""
        assert reader.feed(end[-1:]) != b""


def test_what_is_no_event_is_counted_and_its_beginning_kept() -> None:
    reader = EventReader()
    assert (reader.feed(b"<html>\n\n<p>\n\n"), reader.dropped, reader.waiting_bytes) == (b"", b"<", 13)
    assert (reader.feed(ONE + b"data"), reader.waiting_bytes) == (ONE, 4)


def test_only_the_usual_way_is_plain() -> None:
    assert is_plain(ONE + TWO)
    assert not any(map(is_plain, (b": x\n\n" + ONE, ONE + b"\n", b"data: a\ndata: b\n\n", ONE + b"event: x\n" + TWO)))


def test_the_contents_of_events_are_their_objects() -> None:
    data = ONE + b"data: [DONE]\n\n: x\n\ndata: 7\n\ndata: {no\n\n" + TWO
    assert list(contents(data)) == [{"a": 1}, {"a": 2}]
    assert list(payloads(data))[1] == b"[DONE]"


@ends_in_time
@pytest.mark.parametrize("piece", [b"x" * 512, b"x" * 511 + b"\n", b"x" * 511 + b"\r", b"\r\nx" * 170])
def test_an_event_without_an_end_is_read_in_a_time_that_grows_with_it(piece: bytes) -> None:
    def feed(size: int) -> None:
        reader = EventReader()
        for _ in range(size // len(piece)):
            assert not reader.feed(piece)

    read_much(feed, 200_000)


@pytest.mark.parametrize("end", [b"\n\n", b""])
def test_an_event_of_too_many_values_is_refused_before_any_of_it_is_built(end: bytes) -> None:
    meter = StreamMeter()
    head = b'data: {"choices": [{"index": 0, "delta": {"content": "%s"}}], "x": ['
    for said in (b"Hi", b", " * (VALUES_MAX // 2)):
        assert meter.feed(head % said + b"0," * (VALUES_MAX // 3) + b"0]}\n\n")
    assert meter.feed(head % b"Hi" + b"0," * VALUES_MAX) == b""
    with pytest.raises(ProviderFailed, match="an event of more than 100,000 values"):
        meter.feed(b"0]}" + end)
        meter.end()
