"""A developer at the wizard: what holds a key goes by a POST from our own page, and a fresh key comes back by one."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse

from app import wiring
from app.api.common.visitor import check_own_page, session_token_of
from app.domain.errors import NotSignedIn
from app.domain.people.sessions import Person
from app.flows.drafts.making import make_paywall
from app.flows.drafts.steps import ChosenPrices, WantedProvider, choose_account, choose_provider
from app.flows.drafts.typed import read_amount, read_markup
from app.flows.people.sign_in import find_person
from app.wiring.drafting import doors_of, maker_of

router = APIRouter(prefix="/manage/draft", include_in_schema=False, dependencies=[Depends(check_own_page)])

TYPED_CHARACTERS_MAX = 2_000
_NOT_KEPT = {"Cache-Control": "no-store"}

Typed = Annotated[str, Form(max_length=TYPED_CHARACTERS_MAX)]


async def _developer(request: Request) -> Person:
    person = await find_person(session_token_of(request))
    if person is None:
        raise NotSignedIn("Sign in to make a paywall.")
    return person


Developer = Annotated[Person, Depends(_developer)]


@router.post("/provider")
async def post_provider(
    person: Developer, name: Typed = "", base_url: Typed = "", key: Typed = "", untried: Typed = ""
) -> JSONResponse:
    """Tries a provider and keeps it; one that nobody can reach only with `untried`."""
    wanted = WantedProvider(name, base_url, key)
    tried = await choose_provider(doors_of(wiring.get()), person, wanted, is_untried_ok=untried == "yes")
    return JSONResponse({"models": tried.models, "milliseconds": tried.milliseconds, "problem": tried.problem},
                        headers=_NOT_KEPT)  # fmt: skip


@router.post("/account")
async def post_account(person: Developer, key: Typed = "") -> JSONResponse:
    """Tries and keeps the key of an account at the rail; without one, payments come later."""
    await choose_account(doors_of(wiring.get()), person, key)
    return JSONResponse({"said": "kept"}, headers=_NOT_KEPT)


@router.post("/make")
async def post_make(
    person: Developer, draft: Typed = "", markup: Typed = "", fee: Typed = "", minimum: Typed = ""
) -> JSONResponse:
    """Keeps the prices and makes the paywall; `key` is in clear in the first answer, and null in any other."""
    wired = wiring.get()
    prices = ChosenPrices(read_markup(markup), read_amount(fee, "request_nanos"),
                          read_amount(minimum, "minimum_nanos"))  # fmt: skip
    made = await make_paywall(maker_of(wired), person, draft, prices)
    return JSONResponse({"paywall": made.paywall_id, "key": made.key, "problem": made.problem}, headers=_NOT_KEPT)
