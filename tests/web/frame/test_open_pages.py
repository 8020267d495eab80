"""What opens and ends with a page's socket."""

from app.web.frame.live import LivePages
from app.web.frame.open_pages import OpenPages
from app.web.frame.page_states import Owner, PageStates


async def test_state_and_loop_open_and_end_together() -> None:
    states, pages = PageStates(), LivePages()
    keeper = OpenPages(states, pages)
    keeper.opened("tab", "10.0.0.9", "ses_1")
    assert states.owners == {"tab": Owner("10.0.0.9", "ses_1")} and states.open_tokens == {"tab"}
    page = pages.begin("tab")
    assert page is not None
    keeper.closed("tab")
    assert page.is_over() and not states.owners and not states.open_tokens and pages.begin("tab") is None
    await pages.stop()
