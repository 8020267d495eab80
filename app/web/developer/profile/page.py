"""How the profile looks: the icon, the form, and before anything is published what it changes."""

from typing import Any

import reflex as rx

from app.web.components.once import kept_here, post_file
from app.web.components.parts import app_icon, copy_text_button, problem_line, tag
from app.web.developer.frame import sections
from app.web.developer.frame.layout import paywall_page
from app.web.developer.frame.parts import differences
from app.web.developer.profile.rows import GONE_READERS, TITLES
from app.web.developer.profile.state import ProfileState
from app.web.developer.publishing.parts import form_bar, news

_state = ProfileState
_busy, _problem = kept_here("iconbusy"), kept_here("iconproblem")
FIELD = "icon-file"
LEAD = "What your users see where they authorize your app and top up."


@paywall_page(sections.PROFILE, ProfileState, lead=LEAD)
def profile() -> rx.Component:
    """Returns the page of a paywall's profile."""
    return rx.fragment(news(_state), _icon(), _form(), _playground())


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
        problem_line(_problem.value), problem_line(_state.icon_error), class_name="panel pad", aria_label="Icon",
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
                             placeholder="https://app.example", spell_check=False, on_change=_touched)  # fmt: skip
    body = (
        _line("app_name", _input("app_name", form.app_name, 60)),
        _line("app_url", _input("app_url", form.app_url, 2_000)),
        _line("app_text", _input("app_text", form.app_text, 140), "Shown on its consent page."),
        _line("return_origins", origins, "One origin a line, such as https://quill.example."),
        _line("disconnect", _select(form.disconnect)),
        rx.cond(form.has_consent, _tick("needs_confirmation", form.needs_confirmation), rx.fragment()),
        _tick("is_strict", form.is_strict),
    )  # fmt: skip
    fields = rx.el.fieldset(*body, disabled=~_state.paywall.may_set_up, class_name="stack form-stack bare-set")
    bar = form_bar(_state, differences(_state.differences), _state.differences.length())
    return rx.el.form(
        rx.el.div(fields, class_name="panel pad"), rx.cond(_state.is_touched, bar, rx.fragment()),
        on_submit=_state.see_changes, key=_state.form_key.to_string(), class_name="stack", aria_label="Profile",
    )  # fmt: skip


def _touched(_value: rx.Var[str]) -> Any:
    return _state.touch


def _line(name: str, field: rx.Component, hint: str = "") -> rx.Component:
    wrong = rx.cond((_state.error != "") & _state.field.contains(name), _state.error, "")
    return rx.el.div(
        rx.el.label(rx.el.span(TITLES[name]), field, class_name="labelled"),
        rx.el.small(hint, class_name="muted") if hint else rx.fragment(), problem_line(wrong),
    )  # fmt: skip


def _input(name: str, value: rx.Var[str], length: int) -> rx.Component:
    return rx.el.input(name=name, default_value=value, class_name="field plain s", max_length=length,
                       aria_invalid=(_state.error != "") & _state.field.contains(name), auto_complete="off",
                       on_change=_touched)  # fmt: skip


def _select(value: rx.Var[str]) -> rx.Component:
    options = (rx.el.option(label, value=name.value) for name, label in GONE_READERS.items())
    return rx.el.select(*options, name="disconnect", default_value=value, class_name="field plain s",
                        on_change=_touched)  # fmt: skip


def _tick(name: str, value: rx.Var[bool]) -> rx.Component:
    box = rx.el.input(type="checkbox", name=name, default_checked=value, on_change=_touched)
    return rx.el.label(box, rx.el.span(TITLES[name]), class_name="ticked-line")
