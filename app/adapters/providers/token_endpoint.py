"""Token endpoints over aiohttp: one POST, nothing followed, nothing repeated; what they say is never passed on."""

import json
from typing import Any

import aiohttp

from app.adapters.outbound.guard import guarded_session, read_bounded
from app.adapters.outbound.unreachable import UNREACHABLE
from app.domain.errors import ProviderFailed
from app.ports.providers import Tokens

SECONDS_MAX = 30
CONNECT_SECONDS_MAX = 10
ANSWER_BYTES_MAX = 64 * 1024
TOKEN_CHARACTERS_MAX = 16_384
LIFE_SECONDS_MAX = 366 * 86_400


class TokenEndpoint:
    """A TokenRefresher. Private addresses are refused unless `allow_private` is set."""

    def __init__(self, *, allow_private: bool, seconds_max: float = SECONDS_MAX) -> None:
        self._allow_private = allow_private
        self._seconds = seconds_max
        self._session: aiohttp.ClientSession | None = None

    async def refresh(self, token_url: str, client_id: str, refresh_token: str) -> Tokens:
        """Returns the next tokens; see TokenRefresher."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        if client_id:
            form["client_id"] = client_id
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._seconds, connect=CONNECT_SECONDS_MAX)
            self._session = guarded_session(allow_private=self._allow_private, timeout=timeout)
        try:
            async with self._session.post(
                token_url, data=form, headers={"Accept": "application/json"}, allow_redirects=False
            ) as answer:
                body = await read_bounded(answer, ANSWER_BYTES_MAX)
                status = answer.status
        except aiohttp.ConnectionTimeoutError:
            raise ProviderFailed("The sign-in's token endpoint could not be reached in time.") from None
        except TimeoutError:
            raise ProviderFailed("The sign-in's token endpoint did not answer in time.", timed_out=True) from None
        except aiohttp.ClientConnectorError:
            raise ProviderFailed("The sign-in's token endpoint could not be reached.") from None
        except UNREACHABLE:
            raise ProviderFailed("The sign-in's token endpoint broke off its answer.", timed_out=True) from None
        if status != 200:
            raise ProviderFailed(f"The sign-in's token endpoint answered with status {status}.", status)
        return _read(body)

    async def close(self) -> None:
        """Closes all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _read(body: bytes | None) -> Tokens:
    try:
        said: Any = json.loads(body or b"")
        access, refresh, life = said["access_token"], said.get("refresh_token"), said.get("expires_in")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ProviderFailed("The sign-in's token endpoint gave no token.", 200) from None
    if not _is_token(access) or not (refresh is None or _is_token(refresh)):
        raise ProviderFailed("The sign-in's token endpoint gave no token.", 200)
    is_life = isinstance(life, int) and not isinstance(life, bool) and 0 < life <= LIFE_SECONDS_MAX
    return Tokens(access, refresh, life if is_life else None)


def _is_token(value: object) -> bool:
    """Tells whether a header can carry it."""
    is_text = isinstance(value, str) and 0 < len(value) <= TOKEN_CHARACTERS_MAX
    return is_text and str(value).isascii() and str(value).isprintable() and " " not in str(value)
