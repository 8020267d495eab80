"""A request's receipt as its developer reads it, wherever it stands: the user's own, and beneath it who got what."""

import reflex as rx

from app.web.components.activity import receipt
from app.web.developer.requests.rows import FactRow, RequestRow


def developers_receipt(row: rx.Var[RequestRow]) -> rx.Component:
    """Returns the receipt to the last digit, with the split, the versions and where it came from."""
    return receipt(row, rx.el.dl(rx.foreach(row.facts, _fact), class_name="told"))


def _fact(fact: rx.Var[FactRow]) -> rx.Component:
    return rx.el.div(rx.el.dt(fact.name), rx.el.dd(fact.value), key=fact.name)
