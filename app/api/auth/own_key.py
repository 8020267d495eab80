"""A person saves their own key of a provider, by a POST from our own page; no answer and no page's state has it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse

from app import wiring
from app.api.common.visitor import check_own_page, session_token_of
from app.domain.errors import BadField, NotSignedIn
from app.flows.people.sign_in import find_person
from app.flows.vault.saving import KEY_CHARACTERS_MAX, SignIn, Wanted, save_own_key

router = APIRouter(prefix="/auth", include_in_schema=False)

TYPED_CHARACTERS_MAX = 600
LIFE_DIGITS_MAX = 8
Typed = Annotated[str, Form(max_length=TYPED_CHARACTERS_MAX)]
Secret = Annotated[str, Form(max_length=KEY_CHARACTERS_MAX)]


@router.post("/own-key", dependencies=[Depends(check_own_page)])
async def post_own_key(
    request: Request, provider: Typed = "", base_url: Typed = "", key: Secret = "", refresh_token: Secret = "",
    token_url: Typed = "", expires_in: Typed = "",
) -> JSONResponse:  # fmt: skip
    """Tries a key at its host and saves it for whoever is signed in; with `token_url` it is a sign-in.

    Says how many models the host lists, and what is doubtful.
    """
    person = await find_person(session_token_of(request))
    if person is None:
        raise NotSignedIn("Sign in to save a key of your own.")
    if expires_in and (not expires_in.isdecimal() or len(expires_in) > LIFE_DIGITS_MAX):
        raise BadField("expires_in", "Enter for how many seconds the access token lasts, such as 3600.")
    seconds = int(expires_in) if expires_in else None
    sign_in = SignIn(refresh_token.strip(), token_url.strip(), seconds) if token_url else None
    wanted = Wanted(provider, key.strip(), base_url.strip(), sign_in)
    saved = await save_own_key(wiring.get().vault, person.account_id, wanted)
    said = f"{saved.provider} {saved.models}"
    return JSONResponse({"said": said, "warning": saved.warning}, headers={"Cache-Control": "no-store"})
