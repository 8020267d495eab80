"""What browsers may call: every handler of ours, how a page opens, and nothing else of the framework."""

import pytest
from reflex_base.registry import RegistrationContext

from app.web.frame import calls
from app.web.pages import PAGES


def names() -> set[str]:
    return set(calls.handlers())


def test_every_handler_of_ours_is_on_the_list_and_no_other() -> None:
    known = RegistrationContext.ensure_context().event_handlers
    ours = {name for name, found in known.items() if found.handler.fn.__module__.startswith("app.web.")}
    assert names() == ours | {calls.on_load()} and len(ours) > 25
    assert not ours & calls.boots() and len(calls.boots()) == 1


@pytest.mark.parametrize(
    "end",
    ["handle_frontend_exception", "set_is_hydrated", "setvar", "update_vars_internal", "hydrate", "hydrate_and_load"],
)
def test_the_frameworks_own_handlers_are_not(end: str) -> None:
    known = RegistrationContext.ensure_context().event_handlers
    theirs = [name for name in known if name.rpartition(".")[2] == end]
    assert theirs and not set(theirs) & names()


def test_what_reads_a_whole_page_is_known() -> None:
    openers = calls.openers(page.on_load for page in PAGES)
    assert openers <= names() and {name.rpartition(".")[2] for name in openers} == {
        "watch", "arrive", "open_checkout", "open_bank", "open_saving", "on_load_internal"
    }  # fmt: skip


def test_arguments_are_known_by_name_and_kind() -> None:
    found = {name.rpartition(".")[2]: kinds for name, kinds in calls.handlers().items()}
    assert found["change_cap"] == {"authorization_id": str, "cap": str} and found["save_profile"] == {"form": dict}
    assert found["decline"] == {}


def test_an_argument_that_no_browser_can_send_is_a_bug() -> None:
    def strange(self: object, row: list[str]) -> None: ...

    with pytest.raises(TypeError, match="row"):
        calls._kinds("strange", strange)
