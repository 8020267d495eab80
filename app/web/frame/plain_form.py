"""A form as browsers know it: it posts to a route, or looks for something, and loads the page that is answered with.

Reflex's own form keeps every submission to itself; signing in and out need cookies, which only routes set, and what
somebody looked for stands in the address, which can be copied.
"""

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML


class PlainForm(BaseHTML):
    """A form element without any handler."""

    tag = "form"
    action: rx.Var[str]
    method: rx.Var[str]


class PlainLink(BaseHTML):
    """A link that the browser itself follows: Reflex's own look for a page of ours behind every address."""

    tag = "a"
    href: rx.Var[str]
    download: rx.Var[str]


def file_link(label: str, href: rx.Var[str], **props: object) -> rx.Component:
    """Returns a link to a file that one of our routes makes."""
    return PlainLink.create(label, href=href, download="", **props)


def post_form(action: rx.Var[str] | str, *children: rx.Component, **props: object) -> rx.Component:
    """Returns a form that posts its fields to one of our routes."""
    return PlainForm.create(*children, action=action, method="post", **props)


def find_form(*children: rx.Component, **props: object) -> rx.Component:
    """Returns a form whose fields become the query of the page's own address."""
    return PlainForm.create(*children, method="get", **props)


def another_account(here: rx.Var[str], look: str) -> rx.Component:
    """Returns the button that signs out, and leads back to this page behind the next sign-in."""
    return post_form(
        "/auth/sign-out",
        rx.el.input(type="hidden", name="next", value=here, read_only=True),
        rx.el.button("Use another account", type="submit", class_name=look),
    )
