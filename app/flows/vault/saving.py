"""A person's own key is tried, and saved for the host that it was typed for; no other host ever gets it.

What its host refuses is not saved. A host that does not answer, or lists nothing, must not keep anybody from saving:
that is a warning, and a test later lists what it serves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app import db
from app.domain.alerts import kept
from app.domain.credentials import credentials
from app.domain.credentials.credentials import NewCredential, Profile
from app.domain.credentials.hosts import PRESETS, check_address, check_name, preset_at
from app.domain.errors import BadField, NotFound, ProviderFailed
from app.domain.paywalls.provider import DEMO, AuthStyle, ProviderSetting
from app.domain.people.tables import PersonAccount
from app.flows.providers.proof import prove_key, words_of
from app.flows.vault.vault import Vault, due_of, setting_of
from app.ports.providers import ChatProvider, ProviderTarget

KEY_CHARACTERS_MAX = 16_384
MODELS_MAX = 1_000
DEMO_URL = "https://demo.invalid/v1"
"""Stands for the demo's own provider, which has no address: people try there what an own key does."""
_REFUSED = (401, 403)


@dataclass(frozen=True, slots=True)
class SignIn:
    """What somebody brings of a sign-in: its refresh token, where that is exchanged, and how long the access token
    still lasts, None where nobody knows."""

    refresh_token: str
    token_url: str
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A key or access token that somebody wants to save; without an address that of the well-known host of its name.

    It is a sign-in where `sign_in` is given.
    """

    provider: str
    secret: str
    base_url: str = ""
    sign_in: SignIn | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """What a host lists by a key, and what is doubtful about it, "" for nothing."""

    models: tuple[str, ...]
    warning: str


@dataclass(frozen=True, slots=True)
class Saved:
    """A credential that was saved, and what is doubtful about it."""

    id: str
    provider: str
    models: int
    warning: str


async def save_own_key(vault: Vault, account_id: str, wanted: Wanted) -> Saved:
    """Tries a key at its host and saves it, in the place of the one of its name.

    Raises BadField, Refused; LimitReached, like `try_own_key`, for an account that tries too many.
    """
    setting = _setting(vault, wanted)
    check_secret(wanted.secret, "key")
    vault.pace.take(account_id)
    looked = await look(*vault.providers.reach(setting, wanted.secret), setting)
    new_id = credentials.new_credential_id()
    sealed = vault.sealer.seal(wanted.secret, credentials.seal_context(new_id, setting.base_url))
    profile = None if wanted.sign_in is None else _profile(vault, new_id, wanted.sign_in)
    new = NewCredential(new_id, account_id, setting.name, setting.base_url, setting.auth, sealed, wanted.secret[-4:],
                        looked.models, looked.warning, profile)  # fmt: skip
    await db.in_transaction(lambda session: _save(session, new), writes=True)
    return Saved(new_id, setting.name, len(looked.models), looked.warning)


def _save(session: Session, new: NewCredential) -> None:
    """Saves it, and stores a mail of where requests may go now: a thief of an account key may have saved it."""
    credentials.save(session, new)
    person = session.get(PersonAccount, new.account_id)
    if person is not None and person.email is not None:
        text = (
            f"Requests of your account to its models may go to {new.base_url}, with the key that ends in"
            f" {new.last_four}.\n\nIf you did not add it, remove it in your settings, and make a new account key there."
        )
        kept.keep(session, [person.email], f"Your account has a key for {new.provider}", text)


async def try_own_key(vault: Vault, account_id: str, credential_id: str) -> Looked:
    """Tries a saved key as a request would use it, and keeps what its host lists now.

    Raises NotFound for anybody else's, BadField where the host refuses it, OwnKeyUnavailable.
    """
    stored = await db.in_transaction(lambda session: credentials.find_own(session, account_id, credential_id))
    keys = await db.in_transaction(lambda session: credentials.read_keys(session, account_id))
    key = next((key for key in keys if key.id == stored.id), None)
    if key is None:  # it was removed meanwhile
        raise NotFound("There is no such key.")
    vault.pace.take(account_id)
    provider, target = await vault.open(key)
    try:
        looked = await look(provider, target, setting_of(stored))
    except BadField:
        await db.in_transaction(lambda session: credentials.note_refused(session, stored.id, _REFUSED[0]), writes=True)
        raise
    await db.in_transaction(
        lambda session: credentials.note_listed(session, stored, looked.models, looked.warning), writes=True
    )
    return looked


async def remove_own_key(account_id: str, credential_id: str) -> None:
    """Takes a key away, from the next request on. Raises NotFound for anybody else's."""
    await db.in_transaction(lambda session: credentials.remove(session, account_id, credential_id), writes=True)


async def look(provider: ChatProvider, target: ProviderTarget, setting: ProviderSetting) -> Looked:
    """Asks a host for its models, and one of them for a word: a list alone may be anybody's to read.

    Raises BadField where it refuses the key.
    """
    try:
        models = _named(await provider.list_models(target))
        if not models:
            return Looked((), "Its host lists no models, so no request goes there yet. Test it again later.")
        proof = await prove_key(provider, target, setting, models)
    except ProviderFailed as failure:
        if failure.status in _REFUSED:
            raise BadField("key", f"{setting.name} refuses this key: {words_of(failure)}", "key_refused") from None
        return Looked((), f"Its host could not be asked for its models: {words_of(failure)} Test it again later.")
    if proof.model:
        return Looked(models, "")
    return Looked(models, f"Its host lists models, but none answered a test: {proof.doubt}")


def check_secret(secret: str, field: str) -> None:
    """Raises BadField for what no header can carry."""
    if not secret or len(secret) > KEY_CHARACTERS_MAX or not secret.isascii() or not secret.isprintable():
        raise BadField(field, "Paste the key as its provider shows it: letters, digits and signs, no spaces.")
    if " " in secret:
        raise BadField(field, "A key has no spaces. Paste it as its provider shows it.")


def _setting(vault: Vault, wanted: Wanted) -> ProviderSetting:
    """Returns where a key goes. Raises BadField."""
    name = check_name(wanted.provider)
    if name == DEMO:
        if not vault.rules.has_demo:
            raise BadField("provider", f"`{DEMO}` is the demo's own name. Choose another.")
        return ProviderSetting(DEMO, DEMO_URL)
    known = PRESETS.get(name)
    if not wanted.base_url and known is None:
        raise BadField("base_url", f"Nothing is known of `{name}`: say its address too. "
                                   f"Known are {', '.join(PRESETS)}.")  # fmt: skip
    typed = wanted.base_url or (known.base_url if known else "")
    address = check_address(typed, may_be_plain=vault.rules.may_be_plain)
    at = preset_at(address)
    return ProviderSetting(name, address, auth=AuthStyle.BEARER if at is None else at.auth,
                           headers=() if at is None else at.headers)  # fmt: skip


def _profile(vault: Vault, credential_id: str, sign_in: SignIn) -> Profile:
    """Returns what a sign-in is renewed with, sealed. Raises BadField for an endpoint that is not listed."""
    if sign_in.token_url not in vault.rules.token_urls:
        raise BadField("token_url", "Sign-ins are renewed only where the operator of this instance allows it.")
    check_secret(sign_in.refresh_token, "refresh_token")
    sealed = vault.sealer.seal(
        sign_in.refresh_token, credentials.refresh_context(credential_id, sign_in.token_url)
    )  # fmt: skip
    due, expires_at = due_of(sign_in.seconds)
    return Profile(sign_in.token_url, sealed, due, expires_at)


def _named(models: Sequence[str]) -> tuple[str, ...]:
    """Returns models as requests name them; Google lists them as `models/…`."""
    return tuple(dict.fromkeys(model.removeprefix("models/") for model in models if 0 < len(model) <= 200))[:MODELS_MAX]
