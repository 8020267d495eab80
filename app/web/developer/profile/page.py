"""How the profile looks: the icon, the form, and before anything is published what it changes."""

import reflex as rx

from app.web.components.once import kept_here, post_file
from app.web.components.parts import app_icon, copy_text_button, note, problem_line, tag
from app.web.developer.frame import sections
from app.web.developer.frame.layout import paywall_page
from app.web.developer.frame.parts import differences
from app.web.developer.profile.state import ProfileState

_state = ProfileState
_busy, _problem = kept_here("iconbusy"), kept_here("iconproblem")
FIELD = "icon-file"
LEAD = "What your users see where they authorize your app and top up."
_GONE_READERS = (
    ("cancel", "Stop it, and charge what had arrived"),
    ("drain", "Carry it to its end, and charge all of it"),
    ("free", "Stop it, and charge nothing"),
)


@paywall_page(sections.PROFILE, ProfileState, lead=LEAD)
def profile() -> rx.Component:
    """Returns the page of a paywall's profile."""
    done = note(
        "Version " + _state.published.to_string() + " counts now", "Pages and requests follow it at once.", "ok"
    )
    return rx.fragment(
        rx.cond(_state.published != 0, done, rx.fragment()), _icon(), rx.cond(_state.is_reviewing, _review(), _form()),
        _playground(),
    )  # fmt: skip


def _icon() -> rx.Component:
    paywall = _state.paywall
    send = post_file("/manage/paywalls/" + paywall.id + "/icon", FIELD, _busy, _problem)
    choose = rx.el.label(
        rx.cond(_busy.value == "yes", "Sending…", "Choose a PNG"),
        rx.el.input(id=FIELD, type="file", accept="image/png", on_change=send, class_name="unseen"),
        class_name="btn s file",
    )  # fmt: skip
    remove = rx.el.button("Remove", on_click=_state.remove_icon, class_name="btn s bare", type="button",
                          aria_label="Remove the icon")  # fmt: skip
    tools = rx.el.div(choose, rx.cond(paywall.icon != "", remove, rx.fragment()), class_name="row")
    return rx.el.section(
        rx.el.div(
            app_icon(paywall.initials, paywall.icon),
            rx.el.div(rx.el.b("Icon"), rx.el.small("A square PNG of 32 to 512 pixels and at most 48 KB.",
                                                   class_name="muted"), class_name="grow"),
            rx.cond(paywall.may_set_up, tools, rx.fragment()), class_name="item-line",
        ),
        rx.el.p(_problem.value, class_name="bad problem", role="alert"), class_name="panel pad", aria_label="Icon",
    )  # fmt: skip


def _playground() -> rx.Component:
    """Offers the playground: it needs no version, and counts at once."""
    page, may = _state.playground, _state.paywall.may_set_up
    link = rx.el.div(
        rx.el.a("Open playground", href=page.url, target="_blank", class_name="btn s"),
        copy_text_button(page.url, "Copy its link"),
        rx.el.button("Close it", on_click=_state.close_playground, class_name="btn s danger", type="button"),
        class_name="row wrap",
    )  # fmt: skip
    bound = rx.el.form(
        rx.el.label(
            rx.el.span("Answers an hour, of all visitors together"),
            rx.el.input(name="requests_per_hour", default_value=page.requests_per_hour.to_string(), type="number",
                        min=1, max=10_000, class_name="field plain s", auto_complete="off", key=page.requests_per_hour),
            class_name="labelled",
        ),
        rx.el.button(rx.cond(page.is_open, "Save", "Open it"), type="submit",
                     class_name=rx.cond(page.is_open, "btn s", "btn s primary")),
        on_submit=_state.open_playground, class_name="row form-line",
    )  # fmt: skip
    words = ("A chat at a link that nobody can guess. Visitors see what your users see, and pay for it from wallets of "
             "their own. Opened again after it was closed, it has a new link.")  # fmt: skip
    head = rx.el.div(rx.el.h2("Playground"), rx.cond(page.is_open, tag("Open", tone="ok"), tag("Closed")),
                     class_name="row between")  # fmt: skip
    tools = rx.fragment(rx.cond(page.url != "", link, rx.fragment()), bound, problem_line(_state.playground_error))
    return rx.el.section(
        head, rx.el.p(words, class_name="muted"), rx.cond(may, tools, rx.fragment()),
        class_name="panel pad stack", id="playground", aria_label="Playground",
    )  # fmt: skip


def _form() -> rx.Component:
    form = _state.form
    origins = rx.el.textarea(name="return_origins", default_value=form.return_origins, class_name="area", rows="3",
                             placeholder="https://app.example", spell_check=False)  # fmt: skip
    confirmation = _tick("needs_confirmation", form.needs_confirmation, "A consent counts only once your server has"
                         " confirmed it")  # fmt: skip
    body = (
        _line("App's name", "app_name", _input("app_name", form.app_name, 60)),
        _line("App's address", "app_url", _input("app_url", form.app_url, 2_000)),
        _line("A line of your own", "app_text", _input("app_text", form.app_text, 140), "Shown on its consent page."),
        _line("Where links may lead back to", "return_origins", origins, "One origin a line."),
        _line("When a reader goes away in the middle of an answer", "disconnect", _select(form.disconnect)),
        rx.cond(form.has_consent, confirmation, rx.fragment()),
        _tick("is_strict", form.is_strict, "Answer with HTTP errors where a link would be said"),
    )  # fmt: skip
    save = rx.el.button("Review changes", type="submit", class_name="btn s primary")
    shown = rx.el.form(
        *body, rx.cond(_state.paywall.may_set_up, rx.el.div(save, class_name="row"), rx.fragment()),
        on_submit=_state.review, class_name="pad stack form-stack", key=form.version,
    )  # fmt: skip
    return rx.el.section(shown, class_name="panel", aria_label="Profile")


def _line(label: str, name: str, field: rx.Component, hint: str = "") -> rx.Component:
    wrong = rx.cond((_state.error != "") & _state.field.contains(name), _state.error, "")
    return rx.el.div(
        rx.el.label(rx.el.span(label), field, class_name="labelled"),
        rx.el.small(hint, class_name="muted") if hint else rx.fragment(),
        rx.el.p(wrong, class_name="bad problem", role="alert"),
    )  # fmt: skip


def _input(name: str, value: rx.Var[str], length: int) -> rx.Component:
    return rx.el.input(name=name, default_value=value, class_name="field plain s", max_length=length,
                       auto_complete="off", read_only=~_state.paywall.may_set_up)  # fmt: skip


def _select(value: rx.Var[str]) -> rx.Component:
    options = (rx.el.option(label, value=name) for name, label in _GONE_READERS)
    return rx.el.select(*options, name="disconnect", default_value=value, class_name="field plain s")


def _tick(name: str, value: rx.Var[bool], label: str) -> rx.Component:
    return rx.el.label(
        rx.el.input(type="checkbox", name=name, default_checked=value), rx.el.span(label), class_name="ticked-line"
    )


def _review() -> rx.Component:
    read, newest = _state.form.version, _state.paywall.version
    outdated = note(
        "Nothing was published", _state.outdated, "wait",
        rx.el.button("Review on the newest version", on_click=_state.take_newest, class_name="btn s", type="button"),
    )  # fmt: skip
    numbers = rx.el.small("Version ", read.to_string(), " to ", (newest + 1).to_string(), class_name="muted")
    head = rx.el.div(rx.el.h2("What changes"), numbers, class_name="panel-head")
    nothing = rx.el.p("Nothing: all of this counts already.", class_name="muted item")
    buttons = rx.el.div(
        rx.el.button("Go on editing", on_click=_state.edit_again, class_name="btn s", type="button"),
        rx.cond(_state.differences, rx.el.button("Publish version ", (newest + 1).to_string(), on_click=_state.publish,
                                                 class_name="btn s primary", type="button"), rx.fragment()),
        class_name="row item",
    )  # fmt: skip
    return rx.fragment(
        rx.cond(_state.outdated != "", outdated, rx.fragment()),
        rx.el.section(head, rx.cond(_state.differences, differences(_state.differences), nothing), buttons,
                      class_name="panel", aria_label="What changes"),
    )  # fmt: skip
