"""A form as browsers know it: it posts to a route and loads the page that the route answers with.

Reflex's own form keeps every submission to itself; signing in and out need cookies, which only routes set.
"""

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML


class PlainForm(BaseHTML):
    """A form element without any handler."""

    tag = "form"
    action: rx.Var[str]
    method: rx.Var[str]


def post_form(action: rx.Var[str] | str, *children: rx.Component, **props: object) -> rx.Component:
    """Returns a form that posts its fields to one of our routes."""
    return PlainForm.create(*children, action=action, method="post", **props)
