"""People's own keys in flows: saved, opened by a vault whose hosts are scripted, beside the paywall's own provider."""

import asyncio
from dataclasses import dataclass, field

from app import db, settings
from app.adapters.secret_box import SecretBox
from app.commit_queue import CommitQueue
from app.domain.authorizations.authorizations import find_active
from app.domain.authorizations.own_keys import OwnKeyTerms, change_terms
from app.domain.credentials import credentials
from app.domain.credentials.credentials import NewCredential
from app.domain.errors import ProviderFailed
from app.domain.paywalls.provider import AuthStyle, ProviderSetting
from app.domain.people.sessions import Person
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.standing import Standings
from app.flows.chat.answer import Carrier
from app.flows.vault.vault import Vault, VaultRules
from app.keeper import Keeper
from app.ports.providers import ChatProvider, ProviderTarget, Tokens
from tests.support.chat import Chat
from tests.support.scripted import COUNTER, Scripted, limiter

OWN_URL, OWN_SECRET = "https://api.openai.com/v1", "sk-own-secret-0123"


@dataclass
class Endpoint:
    """A token endpoint that rotates refresh tokens: one that was used up before ends the sign-in, as many do."""

    waits: bool = False
    fails: ProviderFailed | None = None
    good: str = "refresh-0"
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def refresh(self, token_url: str, client_id: str, refresh_token: str) -> Tokens:
        self.asked.append((token_url, client_id, refresh_token))
        self.begun.set()
        if self.waits:
            await self.goes_on.wait()
        if self.fails is not None:
            raise self.fails.unraised()
        if refresh_token != self.good:
            raise ProviderFailed("It was used up.", 400)
        self.good = f"refresh-{len(self.asked)}"
        return Tokens(f"access-{len(self.asked)}", self.good, 1_000)

    async def close(self) -> None:
        return


class NoEndpoint:
    """A token endpoint that nobody may ask."""

    async def refresh(self, token_url: str, client_id: str, refresh_token: str) -> Tokens:
        raise AssertionError("no sign-in is renewed here")

    async def close(self) -> None:
        return


@dataclass
class Apart:
    """The paywall's provider, and whoever own keys go to; `targets` are where those were reached."""

    platform: Scripted
    own: Scripted
    targets: list[ProviderTarget] = field(default_factory=list)

    def find(self, paywall_id: str, setting: ProviderSetting) -> tuple[ChatProvider, ProviderTarget]:
        return self.platform.find(paywall_id, setting)

    def reach(self, setting: ProviderSetting, api_key: str | None) -> tuple[ChatProvider, ProviderTarget]:
        self.targets.append(ProviderTarget(setting.name, setting.base_url, api_key, setting.auth, setting.headers))
        return self.own, self.targets[-1]


def box() -> SecretBox:
    return SecretBox(settings.get().secrets)


def save_key(person: Person, *models: str, name: str = "openai", sealed_for: str = "", base_url: str = OWN_URL) -> str:
    """Saves an own key that serves models; sealed for another host, it cannot be opened. Returns its id."""
    made = credentials.new_credential_id()
    sealed = box().seal(OWN_SECRET, credentials.seal_context(made, sealed_for or base_url))
    with db.transaction() as session:
        credentials.save(session, NewCredential(made, person.account_id, name, base_url, AuthStyle.BEARER, sealed,
                                                OWN_SECRET[-4:], models))  # fmt: skip
    return made


def allow(snapshot: Snapshot, user: str = "u1", per_day: int | None = 100, *, go_first: bool = True) -> None:
    """Lets an app use its user's own keys."""
    with db.transaction() as session:
        active = find_active(session, snapshot.paywall_id, user)
        assert active is not None
        change_terms(session, active.account_id, active.id, OwnKeyTerms(per_day, go_first))


def own_flows(queue: CommitQueue, apart: Apart) -> tuple[Chat, Carrier]:
    """Returns the chat flows over both."""
    vault = Vault(apart, box(), NoEndpoint(), Keeper(), "proc_test", VaultRules())
    chat = Chat(queue, apart, COUNTER, limiter(), standings=Standings(), vault=vault)
    return chat, Carrier(chat.legs, COUNTER)
