"""Opens own keys for requests: each for its own host, and each sign-in renewed by one request for all that wait.

A key that cannot be opened is an error of its own, and nobody else's key goes out in its place (`decisions.md` 28).
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.credentials import credentials
from app.domain.credentials.credentials import Profile, Stored
from app.domain.credentials.hosts import headers_at
from app.domain.credentials.matching import OwnKey
from app.domain.credentials.tables import CredentialStatus
from app.domain.errors import CoinslotError, OwnKeyUnavailable, ProviderFailed
from app.domain.leases import leases
from app.domain.paywalls.provider import ProviderSetting
from app.domain.providers.refusals import STATUSES
from app.domain.routing.outcomes import status_of
from app.each_alone import alone
from app.flows.vault.pace import Pace
from app.formats.retry_after import seconds_of
from app.keeper import Keeper
from app.ports.providers import ChatProvider, Providers, ProviderTarget, TokenRefresher
from app.ports.seal import Sealer

log = structlog.get_logger()

LEASE_SECONDS = 40
"""For how long one process alone renews a sign-in: longer than it waits for the endpoint."""
WAIT_SECONDS_MAX = 40
LOOK_SECONDS = 0.2
"""How often who waits for another process looks."""
LIFE_SHARE = 0.8
"""The part of an access token's life after which the next one is asked for."""
LIFE_SECONDS = 3_600
"""How long an access token is thought to last whose endpoint does not say."""
PASSING = (408, 425, 429)
"""What says nothing of a refresh token, like every 5xx."""
SERVER_ERROR = 500
NOTED_MAX = 10_000
TOO_MANY = 429
WAIT_SECONDS_TOLD_MAX = 60
"""For how long at most a host may have a key left alone."""


class LeftAlone(ProviderFailed):
    """A key's host wants it left alone for now. Nobody was asked."""


@dataclass(frozen=True, slots=True)
class VaultRules:
    """What the operator allows: where sign-ins may be renewed, each with our client id, and http for hosts."""

    token_urls: Mapping[str, str] = field(default_factory=dict)
    may_be_plain: bool = False
    has_demo: bool = False


class Vault:
    """The own keys that one process opens; `owner` is the process that leases are taken for."""

    def __init__(
        self, providers: Providers, sealer: Sealer, refresher: TokenRefresher, keeper: Keeper, owner: str,
        rules: VaultRules,
    ) -> None:  # fmt: skip
        self.providers, self.sealer, self.rules, self.pace = providers, sealer, rules, Pace()
        self._refresher, self._keeper, self._owner = refresher, keeper, owner
        self._renewals: dict[str, asyncio.Task[Stored]] = {}
        self._noted: dict[str, tuple[int, int | None]] = {}
        """When the last use of a key was written down, and the status that it was refused with."""
        self._waits: dict[str, int] = {}
        """Until when a key is left alone, in microseconds: its host said that it was used too often."""

    async def open(self, key: OwnKey) -> tuple[ChatProvider, ProviderTarget]:
        """Returns the host of an own key, and the key in memory only.

        Raises OwnKeyUnavailable, Unavailable; LeftAlone as long as its host wants that: whoever goes on asking may lose
        their account there.
        """
        self._check_wait(key)
        stored = await self._read(key)
        if stored.profile is not None:
            stored = await self._fresh(key, stored, stored.profile)
        return self.reach(stored)

    def reach(self, stored: Stored) -> tuple[ChatProvider, ProviderTarget]:
        """Returns the host of a stored key as it is. Raises OwnKeyUnavailable."""
        if stored.status is CredentialStatus.NEEDS_SIGN_IN:
            raise OwnKeyUnavailable(f"Your sign-in `{stored.provider}` has ended: sign in again in your settings.")
        try:
            secret = self.sealer.open(stored.sealed, stored.seal_context)
        except CoinslotError:
            raise _lost(stored.provider) from None
        return self.providers.reach(setting_of(stored), secret)

    def note(self, key: OwnKey, failure: ProviderFailed | None) -> None:
        """Notes behind a request whether a host answered by a key. Returns at once."""
        if failure is None:
            self._answered(key)
        elif failure.status in STATUSES:
            self._refused(key, failure.status or 0)
        elif status_of(failure) == TOO_MANY and not isinstance(failure, LeftAlone):
            self._wait(key, failure)

    def _wait(self, key: OwnKey, failure: ProviderFailed) -> None:
        """Leaves a key alone for as long as its host says; of several times the last one counts."""
        now = clock.now()
        until = now + seconds_of(failure.retry_after, now // clock.SECOND, WAIT_SECONDS_TOLD_MAX) * clock.SECOND
        if until <= max(now, self._waits.get(key.id, 0)):
            return
        if len(self._waits) >= NOTED_MAX:
            self._waits = {known: end for known, end in self._waits.items() if end > now}
        self._waits[key.id] = until
        log.info("vault", step="wait", credential=key.id, seconds=(until - now) // clock.SECOND)

    def _check_wait(self, key: OwnKey) -> None:
        until = self._waits.get(key.id, 0)
        left = -(-(until - clock.now()) // clock.SECOND)
        if left <= 0:
            self._waits.pop(key.id, None)
            return
        message = f"Your own key `{key.provider}` was used too often: its host wants it left alone for {left} seconds."
        raise LeftAlone(message, TOO_MANY, retry_after=str(left))

    def _answered(self, key: OwnKey) -> None:
        """Notes that it did, once a minute."""
        at, status = self._noted.get(key.id, (0, None))
        if status is not None or at <= clock.now() - credentials.USE_NOTED_MICROSECONDS:
            self._noted[key.id] = (clock.now(), None)
            self._keep(key.id, lambda session: credentials.note_answered(session, key.id))

    def _refused(self, key: OwnKey, status: int) -> None:
        """Notes that it refused, unless that stands there since less than a minute."""
        at, before = self._noted.get(key.id, (0, None))
        if before != status or at <= clock.now() - credentials.USE_NOTED_MICROSECONDS:
            self._noted[key.id] = (clock.now(), status)
            self._keep(key.id, lambda session: credentials.note_refused(session, key.id, status))

    def _keep(self, item: str, work: Callable[[Session], None]) -> None:
        if len(self._noted) > NOTED_MAX:
            self._noted.clear()
        self._keeper.keep(alone("vault", item, lambda: db.in_transaction(work, writes=True)))

    async def _read(self, key: OwnKey) -> Stored:
        stored = await db.in_transaction(lambda session: credentials.find(session, key.id))
        if stored is None or stored.account_id != key.account_id:
            raise OwnKeyUnavailable(f"Your own key `{key.provider}` is no longer saved.")
        return stored

    async def _fresh(self, key: OwnKey, stored: Stored, profile: Profile) -> Stored:
        """Returns a sign-in whose access token is good, renewing it where that is due; others wait only if they must.

        While one request renews it, the others go on with the token that they have, as long as it lasts.
        """
        if not _is_due(profile) or _is_signed_out(stored):
            return stored
        renewal = self._renewals.get(key.id)
        if renewal is None:
            # Not cancelled with its caller: what the endpoint has given must be kept.
            renewal = self._renewals[key.id] = self._keeper.keep(self._renew(key))
            renewal.add_done_callback(lambda ended: self._forget(key.id, ended))
        elif _lasts(profile):
            return stored
        try:
            return await asyncio.shield(renewal)
        except OwnKeyUnavailable as failure:
            raise failure.unraised() from None

    def _forget(self, key_id: str, ended: "asyncio.Task[Stored]") -> None:
        self._renewals.pop(key_id, None)
        if not ended.cancelled():
            ended.exception()  # whoever waited has it; if nobody did, it is nobody's

    async def _renew(self, key: OwnKey) -> Stored:
        """Renews a sign-in by a lease, or waits for the process that does. Raises OwnKeyUnavailable."""
        name, until = f"own_key:{key.id}", clock.monotonic_seconds() + WAIT_SECONDS_MAX
        while not await db.in_transaction(
            lambda session: leases.take(session, name, self._owner, LEASE_SECONDS), writes=True
        ):
            stored = await self._read(key)
            if stored.profile is None or not _is_due(stored.profile) or _is_signed_out(stored):
                return stored
            if clock.monotonic_seconds() > until:
                raise OwnKeyUnavailable(f"Your sign-in `{key.provider}` is being renewed. Try again in a minute.")
            await asyncio.sleep(LOOK_SECONDS)
        try:
            # Whoever had the lease before may have renewed it between our reading and our taking.
            stored = await self._read(key)
            if stored.profile is None or not _is_due(stored.profile) or _is_signed_out(stored):
                return stored
            return await self._exchange(stored, stored.profile)
        finally:
            await db.in_transaction(lambda session: leases.give_up(session, name, self._owner), writes=True)

    async def _exchange(self, stored: Stored, profile: Profile) -> Stored:
        """Exchanges the refresh token, and stores what came before anybody uses it."""
        client_id = self.rules.token_urls.get(profile.token_url)
        if client_id is None:
            raise OwnKeyUnavailable("The operator no longer lists where this sign-in is renewed.")
        try:
            spent = self.sealer.open(profile.refresh_sealed, stored.refresh_context)
        except CoinslotError:
            raise _lost(stored.provider) from None
        try:
            tokens = await self._refresher.refresh(profile.token_url, client_id, spent)
        except ProviderFailed as failure:
            return await self._not_renewed(stored, profile, failure)
        refresh_sealed = profile.refresh_sealed
        if tokens.refresh is not None:
            refresh_sealed = self.sealer.seal(tokens.refresh, stored.refresh_context)
        sealed = self.sealer.seal(tokens.access, stored.seal_context)
        due, expires_at = due_of(tokens.seconds)
        renewed = Profile(profile.token_url, refresh_sealed, due, expires_at)
        last_four = tokens.access[-4:]
        await db.in_transaction(
            lambda session: credentials.store_tokens(session, stored.id, sealed, last_four, renewed), writes=True
        )
        log.info("vault", step="renewed", credential=stored.id)
        return Stored(stored.id, stored.account_id, stored.provider, stored.base_url, stored.auth, sealed,
                      CredentialStatus.READY, renewed)  # fmt: skip

    async def _not_renewed(self, stored: Stored, profile: Profile, failure: ProviderFailed) -> Stored:
        """Signs out what an endpoint refused, or may have used up without an answer; else it is tried again."""
        status = failure.status
        is_of_moment = status is None and not failure.timed_out
        is_of_moment = is_of_moment or (status is not None and (status in PASSING or status >= SERVER_ERROR))
        log.warning("vault", step="not_renewed", credential=stored.id, status=status, timed_out=failure.timed_out)
        if is_of_moment:
            if _lasts(profile):
                return stored
            raise OwnKeyUnavailable(f"Your sign-in `{stored.provider}` cannot be renewed right now. "
                                    f"{failure.message}")  # fmt: skip
        await db.in_transaction(lambda session: credentials.note_signed_out(session, stored), writes=True)
        raise OwnKeyUnavailable(f"Your sign-in `{stored.provider}` has ended: sign in again in your settings.")


def setting_of(stored: Stored) -> ProviderSetting:
    """Returns a stored key's host as providers are reached; the key itself is handed over beside it."""
    return ProviderSetting(stored.provider, stored.base_url, auth=stored.auth, headers=headers_at(stored.base_url))


def due_of(seconds: int | None) -> tuple[int, int]:
    """Returns when a token of a life that begins now is renewed, and when it ends."""
    life, now = LIFE_SECONDS if seconds is None else seconds, clock.now()
    return now + int(life * LIFE_SHARE * clock.SECOND), now + life * clock.SECOND


def _is_due(profile: Profile) -> bool:
    return profile.refresh_due is not None and profile.refresh_due <= clock.now()


def _lasts(profile: Profile) -> bool:
    return profile.expires_at is not None and profile.expires_at > clock.now()


def _is_signed_out(stored: Stored) -> bool:
    return stored.status is CredentialStatus.NEEDS_SIGN_IN


def _lost(provider: str) -> OwnKeyUnavailable:
    return OwnKeyUnavailable(f"Your own key `{provider}` cannot be opened any more: type it again in your settings.")
