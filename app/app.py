"""Builds the Reflex app and what stands before it: pages, jobs, the API. The only file that knows every room."""

import reflex as rx
import structlog

from app import settings, wiring
from app.api.common.caller import watching
from app.api.common.seldom import Seldom
from app.api.serving.asgi import App, dispatcher
from app.api.serving.http import create_api
from app.api.wire.page_sockets import PageSockets
from app.api.wire.socket_messages import Calls
from app.jobs import scheduler
from app.web.frame import calls, live, page_json, theme
from app.web.frame.open_pages import OpenPages
from app.web.frame.page_states import PageStates
from app.web.frame.policy import BUILT, page_policy
from app.web.pages import PAGES

log = structlog.get_logger()
_seldom = Seldom()


def _report_bug(exception: Exception) -> None:
    """Logs what a page's event handler did not expect, each kind once a minute; its user sees Reflex's own notice."""
    if _seldom.may(_place(exception)):
        log.error("web", step="event", exc_info=exception)


def _place(exception: Exception) -> str:
    """Returns what an exception is and where it was raised, which no stranger chooses."""
    way = exception.__traceback__
    while way is not None and way.tb_next is not None:
        way = way.tb_next
    where = "" if way is None else f"{way.tb_frame.f_code.co_filename}:{way.tb_lineno}"
    return f"{type(exception).__name__} {where}"


app = rx.App(backend_exception_handler=_report_bug, **theme.APP)
states = app._state_manager = PageStates()
for page in PAGES:
    app.add_page(page.component, route=page.route, title=page.title, description=page.description, on_load=page.on_load)
for lifespan in (wiring.running, watching, live.running, scheduler.running):
    app.register_lifespan_task(lifespan)
page_json.use(app.sio)


def create() -> App:
    """Returns the ASGI app to serve: chat first, then the API, and the pages of Reflex behind the gate of sockets."""
    allowed = Calls(calls.handlers(), calls.boots(), calls.openers(page.on_load for page in PAGES))
    pages = PageSockets(app(), allowed, OpenPages(states, live.get()))
    return dispatcher(create_api(), pages, page_policy(settings.get().data / BUILT))
