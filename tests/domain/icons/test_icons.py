"""An icon is a small square PNG and nothing else, and is found by the address of this very picture."""

from zlib import compress

import pytest

from app import db
from app.domain.errors import BadField
from app.domain.icons.icons import ICON_BYTES_MAX, clean_png, icon_path, icon_paths, read_icon, set_icon
from tests.support.books import make_paywall
from tests.support.pictures import chunk, drawn_icon, icon


def test_a_picture_stays_as_it_is_and_what_does_not_draw_it_is_left_out() -> None:
    assert clean_png(icon()) == icon()
    talking = icon(
        64, chunk(b"tEXt", b"Comment\0<script>"), chunk(b"iCCP", b"profile"), chunk(b"gAMA", b"\0\0\xb1\x8f")
    )
    assert clean_png(talking) == icon(64, chunk(b"gAMA", b"\0\0\xb1\x8f"))
    assert clean_png(icon() + b"<html>") == icon()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a" + b"\0" * 40,
        icon()[:-1],
        icon()[:40],
        icon().replace(b"IDAT", b"IDAX"),
        icon()[8:],
        icon(16),
        icon(600),
        icon(64, height=65),
        icon(64, chunk(b"tEXt", b"x" * ICON_BYTES_MAX)),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong(data: bytes) -> None:
    with pytest.raises(BadField) as refused:
        clean_png(data)
    assert refused.value.field == "icon" and refused.value.message.startswith("The icon m")


SIDE = 32
LINES = b"".join(b"\0" + b"\x80" * SIDE for _ in range(SIDE))


@pytest.mark.parametrize(
    "data",
    [
        drawn_icon(compress(LINES)[:-9], SIDE),
        drawn_icon(b"<html>", SIDE),
        drawn_icon(b"", SIDE),
        drawn_icon(compress(LINES[:-1]), SIDE),
        drawn_icon(compress(b"\0" * 40_000_000), SIDE),
        drawn_icon(compress(b"\x09" + LINES[1:]), SIDE),
        drawn_icon(compress(LINES), SIDE, kind=(3, 0, 0)),
        drawn_icon(compress(LINES), SIDE, kind=(8, 3, 0)),
        drawn_icon(compress(LINES), SIDE, kind=(8, 0, 2)),
    ],
)
def test_a_picture_that_no_browser_draws_is_refused_and_a_bomb_is_not_unpacked(data: bytes) -> None:
    assert len(data) < ICON_BYTES_MAX
    with pytest.raises(BadField, match="the picture in this one is broken"):
        clean_png(data)


@pytest.mark.parametrize(
    ("kind", "bytes_in_all", "more"),
    [
        ((1, 0, 0), 32 * 5, ()),
        ((8, 3, 0), 32 * 33, (chunk(b"PLTE", b"\0\0\0"),)),
        ((8, 2, 0), 32 * 97, ()),
        ((16, 6, 0), 32 * 257, ()),
        ((8, 0, 1), 4 * 5 + 4 * 5 + 4 * 9 + 8 * 9 + 8 * 17 + 16 * 17 + 16 * 33, ()),
    ],
)
def test_every_kind_of_picture_is_taken(kind: tuple[int, int, int], bytes_in_all: int, more: tuple[bytes, ...]) -> None:
    data = drawn_icon(compress(bytes(bytes_in_all)), 32, *more, kind=kind)
    assert clean_png(data) == data


def test_an_icon_is_found_by_its_address_until_there_is_another(database: str) -> None:
    with db.transaction() as session:
        paywall_id, other = make_paywall(session, {}), make_paywall(session, {})
        first = set_icon(session, paywall_id, icon(64))
        assert first is not None and read_icon(session, paywall_id, first) == icon(64)
        assert icon_path(session, paywall_id) == f"/icons/{paywall_id}/{first}.png"
        second = set_icon(session, paywall_id, icon(128))
        assert second is not None and second != first
        assert read_icon(session, paywall_id, first) is None and read_icon(session, other, second) is None
        assert dict(icon_paths(session, [paywall_id, other])) == {paywall_id: f"/icons/{paywall_id}/{second}.png"}
        assert set_icon(session, paywall_id, None) is None
        assert icon_path(session, paywall_id) == "" and read_icon(session, paywall_id, second) is None
