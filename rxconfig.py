"""Reflex's configuration: pages are same-origin, and one build serves any address.

Radix Themes stays out: its 85 KB of styles would serve nothing, the parts of app/web bring their own.
"""

import reflex as rx
from reflex_base.constants import StateManagerMode

from app.web.build import SameOriginPlugin

config = rx.Config(
    app_name="app",
    telemetry_enabled=False,
    show_built_with_reflex=False,
    plugins=[SameOriginPlugin()],
    state_manager_mode=StateManagerMode.MEMORY,  # until app.py puts its own there: never on a disk
    disable_plugins=[rx.plugins.SitemapPlugin, rx.plugins.RadixThemesPlugin],
)
