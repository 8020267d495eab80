"""The look: one stylesheet of roles and parts (assets/coinslot.css), Inter beside it, light and dark."""

from typing import Any

import reflex as rx

APP: dict[str, Any] = {
    "stylesheets": ["/coinslot.css"],
    "head_components": [
        rx.el.link(rel="icon", href="/mark.svg", type="image/svg+xml"),
        rx.el.link(rel="preload", href="/fonts/inter.woff2", custom_attrs={"as": "font"}, type="font/woff2",
                   cross_origin="anonymous"),
    ],
    "html_lang": "en",
    "enable_state": True,
}  # fmt: skip
"""What rx.App is told of the look."""
