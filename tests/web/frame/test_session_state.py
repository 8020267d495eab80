"""Which row a cookie stood for, and that no reading undoes what a page's person did while it was read."""

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace, TracebackType
from typing import Any

import pytest

from app.domain.people.sessions import Person
from app.web.frame import live
from app.web.frame.format import ago, browser, initials, model_name
from app.web.frame.session_state import Prepared, Read, VisitorState, row_in


@pytest.mark.parametrize(
    ("header", "name", "row"),
    [
        ("session=ses_1; code=sic_1", "session", "ses_1"),
        ("session=ses_1; code=sic_1", "code", "sic_1"),
        ("code=sic_1", "session", ""),
        ("xsession=ses_1", "session", ""),
        ("", "session", ""),
        ("session", "session", ""),
    ],
)
def test_a_row_is_found_by_the_whole_name_of_its_cookie(header: str, name: str, row: str) -> None:
    assert row_in(header, name) == row


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/121.0", "Firefox on Windows"),
        ("curl/8", "A browser"),
    ],
)  # fmt: skip
def test_a_browser_is_named(agent: str, words: str) -> None:
    assert browser(agent) == words


def test_small_words() -> None:
    assert (initials("Lexica"), initials("Blue Sky app")) == ("Le", "Bs")
    assert ago(0) == "1 Jan 1970"
    assert [model_name(one) for one in ("compare", "mesh", "demo-mini", None)] == ["Compare", "Mesh", "demo-mini", ""]


class Form:
    """A page of which a person chooses a version while it is read, as far as its loop sees it."""

    def __init__(self, *, is_prepared: bool) -> None:
        self.is_prepared = is_prepared
        self.router = SimpleNamespace(
            headers=SimpleNamespace(cookie=""), session=SimpleNamespace(client_token="a"), url=SimpleNamespace(path="/")
        )
        self.version, self.chosen = 0, 2
        self.clicks = 1
        self._has_shown = True

    async def __aenter__(self) -> None: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def reset(self) -> None: ...

    def _forget_others(self) -> None: ...

    def _prepared(self) -> Prepared | None:
        if not self.is_prepared:
            return None
        read = self.reader(None)
        return Prepared(None, lambda _person: read)

    def _goes_on(self, _session_id: str) -> bool:
        return True

    def _show(self, _person: Person | None, values: Mapping[str, Any]) -> None:
        self.version = values["version"]

    def reader(self, _person: Person | None) -> Read:
        kept = self.chosen
        if self.clicks:
            self.clicks -= 1
            asyncio.get_running_loop().call_soon(self.click)
        return lambda _session: {"version": kept}

    def click(self) -> None:
        self.chosen = self.version = 3
        VisitorState._look_again(self)  # type: ignore[arg-type]

    async def read_once(self, page: live.LivePage) -> None:
        await VisitorState._look(self, page, self.reader, lambda _person, _values: [])  # type: ignore[arg-type]


@pytest.mark.parametrize("is_prepared", [False, True])
async def test_a_reading_that_began_before_a_click_does_not_undo_it(database: str, is_prepared: bool) -> None:
    pages, form = live.get(), Form(is_prepared=is_prepared)
    pages.opened("a")
    page = pages.begin("a")
    assert page is not None
    assert await page.due()
    await form.read_once(page)
    assert form.version == 3
    assert await asyncio.wait_for(page.due(), 1)  # it is read again, with what was chosen
    await form.read_once(page)
    assert form.version == 3 and page.subjects == frozenset()
    pages.closed("a")


@pytest.mark.parametrize(
    ("change", "is_same"),
    [({}, True), ({"path": "/b/"}, False), ({"session": "ses_2"}, False), ({"phase": "invalid"}, False)],
)
def test_rows_stay_while_another_page_of_their_list_is_read(change: Mapping[str, str], is_same: bool) -> None:
    router = SimpleNamespace(url=SimpleNamespace(path=change.get("path", "/a/")))
    shown = SimpleNamespace(phase=change.get("phase", "ready"), _session_id="ses_1", _path="/a/", router=router)
    asked: Any = VisitorState._is_same_page
    assert asked(shown, change.get("session", "ses_1")) is is_same
    assert not asked(SimpleNamespace(phase="ready", _session_id="", _path="/a/", router=router), "")
