"""Signing in and out: plain forms in, cookies and redirects out. Pages say what went wrong, by its code.

A session's cookie is HttpOnly, SameSite=Lax and, over HTTPS, Secure; its value is new at each sign-in.
"""

from typing import Annotated
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse

from app import wiring
from app.api.common.links import base_url
from app.api.common.visitor import (
    CODE_COOKIE,
    KNOWN_COOKIE,
    LOGIN_COOKIE,
    SESSION_COOKIE,
    check_own_page,
    cookie_of,
    keep_cookie,
    session_token_of,
    visit_of,
)
from app.domain.errors import BadField, CoinslotError, LimitReached, LinkInvalid, NotFound, ProviderFailed, Refused
from app.domain.people.known_browsers import KNOWN_SECONDS
from app.domain.people.sessions import SESSION_SECONDS
from app.domain.people.sign_in_codes import CODE_SECONDS, CodeWrong
from app.flows.callers.links import own_page
from app.flows.people.demo_people import enter_by_link
from app.flows.people.sign_in import (
    NeedsEmail,
    Visit,
    enter_with_code,
    enter_with_login,
    remember_browser,
    send_code,
    sign_out,
)
from app.ports.login import LoginWay

log = structlog.get_logger()

router = APIRouter(prefix="/auth", include_in_schema=False)

SEE_OTHER = 303
YES = "yes"

Next = Annotated[str, Form(alias="next")]
Adding = Annotated[str, Form()]
OwnPage = Depends(check_own_page)


@router.post("/email", dependencies=[OwnPage])
async def post_email(
    request: Request, email: Annotated[str, Form()] = "", after: Next = "", adding: Adding = ""
) -> RedirectResponse:
    """Sends a code, and goes to the page that asks for it; `adding` it to the account that is signed in."""
    return await _send(visit_of(request, is_adding=adding == YES), email, own_page(after))


@router.post("/code", dependencies=[OwnPage])
async def post_code(request: Request, code: Annotated[str, Form()] = "", after: Next = "") -> RedirectResponse:
    """Uses a code, and goes on signed in."""
    visit = visit_of(request)
    try:
        session_token = await enter_with_code(
            wiring.get().sign_in_rules, cookie_of(request, CODE_COOKIE) or "", code[:40], visit
        )
    except CodeWrong as error:
        return back("code", own_page(after), error)
    except Refused as error:
        return back("email", own_page(after), error)
    return await entered(visit, session_token, own_page(after), CODE_COOKIE)


@router.get("/demo/{token}")
async def get_demo_link(request: Request, token: str) -> RedirectResponse:
    """Signs in one of the demo's people by a link that is good once; there is none but in the demo."""
    wired, visit = wiring.get(), visit_of(request)
    if not wired.settings.is_demo:
        raise NotFound("There is nothing here.")
    try:
        session_token = await enter_by_link(wired.sign_in_rules, wired.demo_links, token, visit)
    except LinkInvalid as error:
        return back("email", "", error)
    return await entered(visit, session_token, own_page(""), CODE_COOKIE)


@router.get("/oidc/{name}")
async def get_oidc(name: str, after: Annotated[str | None, Query(alias="next")] = None) -> RedirectResponse:
    """Sends the browser to an OIDC provider, to sign in."""
    return await _begin(name, own_page(after), "")


@router.post("/oidc/{name}", dependencies=[OwnPage])
async def post_oidc(name: str, after: Next = "") -> RedirectResponse:
    """Sends the browser to an OIDC provider, to add it to the account that is signed in.

    A link from another site could begin that unasked; a form of our own page cannot.
    """
    return await _begin(name, own_page(after), YES)


async def _begin(name: str, after: str, adding: str) -> RedirectResponse:
    try:
        start = await _way(name).provider.begin(_redirect_uri(name))
    except ProviderFailed as error:
        return back("email", after, error)
    answer = RedirectResponse(start.url, SEE_OTHER)
    keep_cookie(answer, LOGIN_COOKIE, f"{start.kept}|{adding}|{after}", CODE_SECONDS)
    return answer


@router.get("/oidc/{name}/callback")
async def get_oidc_callback(request: Request, name: str) -> RedirectResponse:
    """Lets in who comes back from an OIDC provider, or asks for a code first."""
    sealed, _, rest = (cookie_of(request, LOGIN_COOKIE) or "").partition("|")
    adding, _, path = rest.partition("|")
    visit = visit_of(request, is_adding=adding == YES)
    way = _way(name)
    try:
        # Without what the request says of its host, which is anybody's words.
        answer_url = f"{_redirect_uri(name)}?{request.scope['query_string'].decode('latin-1')}"
        login = await way.provider.finish(_redirect_uri(name), sealed, answer_url)
        came = await enter_with_login(wiring.get().sign_in_rules, login, way.label, way.trusts_email, visit)
    except (ProviderFailed, Refused, BadField) as error:
        log.warning("sign_in", step="oidc_refused", provider=name, error=error.message)
        return _forget(back("email", own_page(path), error), LOGIN_COOKIE)
    if isinstance(came, str):
        return await entered(visit, came, own_page(path), LOGIN_COOKIE)
    return await _prove(visit, came, own_page(path))


async def _prove(visit: Visit, waiting: NeedsEmail, after: str) -> RedirectResponse:
    """Sends a code to the address that an OIDC provider named, which nobody has proven yet."""
    if waiting.email is None:
        error = Refused("That provider names no e-mail address. Sign in with your address first, then add it in "
                        "your settings.")  # fmt: skip
        return _forget(back("email", after, error), LOGIN_COOKIE)
    return _forget(await _send(visit, waiting.email, after, waiting), LOGIN_COOKIE)


@router.post("/sign-out", dependencies=[OwnPage])
async def post_sign_out(
    request: Request, everywhere: Annotated[str, Form()] = "", after: Next = ""
) -> RedirectResponse:
    """Ends this session, or all of its person's; `next` is where another sign-in leads."""
    await sign_out(session_token_of(request), everywhere=everywhere == YES)
    query = {"said": "signed_out"} | ({"next": own_page(after)} if after else {})
    return _forget(RedirectResponse(f"/signin/?{urlencode(query)}", SEE_OTHER), SESSION_COOKIE)


async def _send(visit: Visit, email: str, after: str, waiting: NeedsEmail | None = None) -> RedirectResponse:
    identity = None if waiting is None else waiting.identity
    try:
        kept = await send_code(wiring.get().mailer, wiring.get().sign_in_rules, email, visit, identity)
    except CoinslotError as error:
        return back("email", after, error)
    query = {"step": "code", "next": after} | ({"add": "1"} if visit.is_adding else {})
    answer = RedirectResponse(f"/signin/?{urlencode(query)}", SEE_OTHER)
    # Strict: only our own page may use it, so that nobody can be signed in to somebody else's account from outside.
    keep_cookie(answer, CODE_COOKIE, kept, CODE_SECONDS, "strict")
    return answer


def back(step: str, after: str, error: CoinslotError) -> RedirectResponse:
    """Returns to the sign-in page, which has words for each code; a limit says how long to wait."""
    query = {"step": step, "next": after, "problem": error.code}
    if isinstance(error, LimitReached):
        query["wait"] = str(error.retry_after_seconds)
    return RedirectResponse(f"/signin/?{urlencode(query)}", SEE_OTHER)


async def entered(visit: Visit, session_token: str, after: str, used: str) -> RedirectResponse:
    answer = RedirectResponse(after, SEE_OTHER)
    keep_cookie(answer, SESSION_COOKIE, session_token, SESSION_SECONDS)
    known = await remember_browser(wiring.get().sign_in_rules, session_token, visit.known)
    if known is not None:
        keep_cookie(answer, KNOWN_COOKIE, known, KNOWN_SECONDS)
    return _forget(answer, used)


def _forget(answer: RedirectResponse, name: str) -> RedirectResponse:
    chosen = wiring.get().settings
    answer.delete_cookie(chosen.cookie(name), path="/", secure=chosen.is_secure, httponly=True, samesite="lax")
    return answer


def _way(name: str) -> LoginWay:
    way = wiring.get().logins.get(name)
    if way is None:
        raise NotFound(f"There is no way to sign in called {name}.")
    return way


def _redirect_uri(name: str) -> str:
    return f"{base_url()}/auth/oidc/{name}/callback"
