"""How versions look: what was published, what differs from what counts now, one click back; and who changed what."""

import reflex as rx

from app.web.components.parts import confirm, note, tag
from app.web.developer.frame import sections
from app.web.developer.frame.layout import paywall_page
from app.web.developer.frame.parts import differences
from app.web.developer.versions.rows import ChangeRow, VersionRow
from app.web.developer.versions.state import VersionsState

_state = VersionsState
LEAD = "Each publication is kept as it was. A request is charged by the version on which its money was held."


@paywall_page(sections.VERSIONS, VersionsState, lead=LEAD)
def versions() -> rx.Component:
    """Returns the page of a paywall's versions."""
    failed = rx.cond(_state.error != "", note("Nothing was published", _state.error, "bad"), rx.fragment())
    done = note(_state.went_back, "The next request is decided by it; running ones end by theirs.", "ok")
    lines = rx.el.ul(rx.foreach(_state.left_off, lambda line: rx.el.li(line, key=line)), class_name="muted")
    off = rx.el.section(rx.el.h2("Models that stay off"), lines, class_name="panel pad")  # fmt: skip
    return rx.fragment(
        failed, rx.cond(_state.went_back != "", done, rx.fragment()),
        rx.cond(_state.left_off, off, rx.fragment()),
        rx.cond(_state.page.before != 0, _comparison(), rx.fragment()), _versions(), _changes(),
    )  # fmt: skip


def _comparison() -> rx.Component:
    page = _state.page
    number = page.before.to_string()
    back = rx.el.button("Go back to version ", number, on_click=_state.ask(True), class_name="btn s primary",
                        type="button")  # fmt: skip
    head = rx.el.div(
        rx.el.div(rx.el.h2("What going back to version ", number, " changes"),
                  rx.el.small("Version ", page.after.to_string(), " counts now. Keys, webhooks, users and overrides"
                              " stay as they are.", class_name="muted")),
        rx.cond(_state.paywall.may_set_up & page.may_go_back, back, rx.fragment()), class_name="panel-head",
    )  # fmt: skip
    asked = rx.el.div(
        confirm("Publish what version " + number + " says as a new version?", "Publish it", "Not now", _state.go_back,
                _state.ask(False)), class_name="inset", style={"paddingBottom": "16px"},
    )  # fmt: skip
    same = rx.el.p("Nothing: it says what counts already.", class_name="muted item")
    return rx.el.section(
        head, rx.cond(_state.is_asking, asked, rx.fragment()),
        rx.cond(page.differences, differences(page.differences), same),
        rx.cond(page.more != "", rx.el.p(page.more, class_name="muted item"), rx.fragment()),
        class_name="panel", aria_label="What differs",
    )  # fmt: skip


def _versions() -> rx.Component:
    page = _state.page
    older = rx.el.div(rx.el.a("Earlier versions", href=page.older_url, class_name="btn s"), class_name="item")
    return rx.el.section(
        rx.el.div(rx.el.h2("Published"), class_name="panel-head"), rx.el.div(rx.foreach(page.versions, _version)),
        rx.cond(page.older_url != "", older, rx.fragment()), class_name="panel", aria_label="Published versions",
    )  # fmt: skip


def _version(row: rx.Var[VersionRow]) -> rx.Component:
    look = rx.el.a("Compare", href=row.compare_url, class_name="btn s", aria_label="Compare with " + row.title)
    return rx.el.div(
        rx.el.div(rx.el.b(row.title), rx.el.small("by ", row.by, ", ", rx.el.time(row.at, title=row.exact),
                                                  class_name="muted"), class_name="grow"),
        rx.cond(row.is_current, tag("Counts now", tone="ok"), look), class_name="item item-line", key=row.number,
    )  # fmt: skip


def _changes() -> rx.Component:
    head = rx.el.div(
        rx.el.div(rx.el.h2("Change log"),
                  rx.el.small("The newest 50 changes, by people, keys and the catalogue. It is never rewritten.",
                              class_name="muted")), class_name="panel-head",
    )  # fmt: skip
    none = rx.el.p("Nothing was changed by hand yet.", class_name="muted item")
    listed = rx.el.div(rx.foreach(_state.page.changes, _change))
    return rx.el.section(head, rx.cond(_state.page.changes, listed, none), class_name="panel",
                         aria_label="Change log")  # fmt: skip


def _change(row: rx.Var[ChangeRow]) -> rx.Component:
    return rx.el.div(
        rx.el.div(rx.el.b(row.title), rx.el.small(row.detail, class_name="muted"), class_name="grow"),
        rx.el.small(rx.el.time(row.at, title=row.exact), class_name="muted nowrap"),
        class_name="item item-line", key=row.id,
    )  # fmt: skip
