"""Builds the Reflex app and what stands before it: pages, jobs, the API. The only file that knows every room."""

import reflex as rx
import structlog

from app import settings, wiring
from app.api.asgi import App, dispatcher
from app.api.caller import watching
from app.api.http import create_api
from app.jobs import scheduler
from app.web import theme
from app.web.pages import PAGES
from app.web.policy import BUILT, page_policy

log = structlog.get_logger()


def _report_bug(exception: Exception) -> None:
    """Logs what a page's event handler did not expect; its user sees Reflex's own notice."""
    log.error("web", step="event", exc_info=exception)


app = rx.App(backend_exception_handler=_report_bug, **theme.APP)
for page in PAGES:
    app.add_page(page.component, route=page.route, title=page.title, description=page.description, on_load=page.on_load)
for lifespan in (wiring.running, watching, scheduler.running):
    app.register_lifespan_task(lifespan)


def create() -> App:
    """Returns the ASGI app to serve: chat first, then the API, and the pages of Reflex behind them."""
    return dispatcher(create_api(), app(), page_policy(settings.get().data / BUILT))
