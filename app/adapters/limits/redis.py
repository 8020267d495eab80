"""Counts limits in Redis, for all processes together: every limit of a request in one script, by Redis's own clock.

The algorithm is `domain/limits/window.py`'s, a minute that moves in slices. A slot is a member of a sorted set, scored
by the time until which it is kept; its process renews it, and those of one that is killed run out by themselves.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import redis.asyncio as redis
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Broken
from redis.exceptions import RedisError

from app.domain.errors import Unavailable
from app.ports.limits import Counted, Take, Taken

log = structlog.get_logger()

PREFIX = "coinslot:limits:"
MICROSECONDS = 1_000_000
SLICE_MICROSECONDS = 100_000
WINDOW_SLICES = 600
ANSWER_SECONDS_MAX = 1.0
"""How long Redis may take for anything; what takes longer is away."""
CONNECTIONS_MAX = 32
RENEWAL_SHARE = 1 / 3
"""After which part of its lease a slot is renewed."""

_COMMON = """
local slice_us, window, lease_us, ticket = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local slice = math.floor(now / slice_us)

-- A limit is a hash: `f` the oldest slice that may still count, `l` the newest, `t` the total, and each slice's count.
local function move(key)
  local head = redis.call('HMGET', key, 'f', 'l', 't')
  if not head[1] then return slice, slice, 0 end
  local first, last, total = tonumber(head[1]), tonumber(head[2]), tonumber(head[3])
  local oldest = math.max(slice, last) - window
  if last < oldest then
    redis.call('DEL', key)
    return slice, slice, 0
  end
  if first < oldest then
    local names = {}
    for each = first, oldest - 1 do names[#names + 1] = each end
    for _, count in ipairs(redis.call('HMGET', key, unpack(names))) do
      if count then total = total - tonumber(count) end
    end
    redis.call('HDEL', key, unpack(names))
    redis.call('HSET', key, 'f', oldest, 't', total)
    first = oldest
  end
  return first, last, total
end

local function add(key, amount)
  local first, last = move(key)
  local at = math.max(slice, last)
  redis.call('HSET', key, 'f', first, 'l', at)
  redis.call('HINCRBY', key, at, amount)
  redis.call('HINCRBY', key, 't', amount)
  redis.call('PEXPIRE', key, math.ceil((window + 2) * slice_us / 1000))
  return at
end
"""
_TAKE = f"""{_COMMON}
local answer, longest, refused, used, last_of = {{}}, 0, 0, {{}}, {{}}
for i, key in ipairs(KEYS) do
  local is_slot, limit, amount = ARGV[2 + i * 3] == '1', tonumber(ARGV[3 + i * 3]), tonumber(ARGV[4 + i * 3])
  local wait = 0
  if is_slot then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    used[i] = redis.call('ZCARD', key)
    if used[i] >= limit then wait = 1000000 end
  else
    local first, last, total = move(key)
    used[i], last_of[i] = total, last
    local excess = total + amount - limit
    if excess > 0 then
      local names = {{}}
      for each = first, last do names[#names + 1] = each end
      for place, count in ipairs(redis.call('HMGET', key, unpack(names))) do
        if excess > 0 and count then
          excess = excess - tonumber(count)
          wait = (first + place - 1 + window + 1) * slice_us - now
        end
      end
    end
  end
  if wait > longest then longest, refused = wait, i end
end
local at = slice
for i, key in ipairs(KEYS) do
  local is_slot, amount = ARGV[2 + i * 3] == '1', tonumber(ARGV[4 + i * 3])
  local reset = 0
  if refused == 0 then
    used[i] = used[i] + amount
    if is_slot then
      redis.call('ZADD', key, now + lease_us, ticket)
      redis.call('PEXPIRE', key, math.ceil(lease_us / 1000))
    else
      at = add(key, amount)
      last_of[i] = at
    end
  end
  if not is_slot and used[i] > 0 then reset = (last_of[i] + window + 1) * slice_us - now end
  answer[i * 2 - 1], answer[i * 2] = used[i], reset
end
return {{refused, longest, at, unpack(answer)}}
"""
_CORRECT = f"""{_COMMON}
local at = ARGV[5]
for i, key in ipairs(KEYS) do
  local is_slot, change = ARGV[4 + i * 2] == '1', tonumber(ARGV[5 + i * 2])
  if is_slot then
    redis.call('ZREM', key, ticket)
  elseif change > 0 then
    add(key, change)
  elseif change < 0 then
    move(key)
    if redis.call('HEXISTS', key, at) == 1 then
      redis.call('HINCRBY', key, at, change)
      redis.call('HINCRBY', key, 't', change)
    end
  end
end
"""
_RENEW = f"""{_COMMON}
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, 'XX', now + lease_us, ARGV[3 + i])  -- one that ended meanwhile stays ended
  redis.call('PEXPIRE', key, math.ceil(lease_us / 1000))
end
"""


class RedisLimits:
    """The counter of all processes that share one Redis."""

    def __init__(self, url: str, lease_seconds: float, slice_microseconds: int = SLICE_MICROSECONDS) -> None:
        pool = redis.BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS_MAX,
            timeout=ANSWER_SECONDS_MAX,
            socket_timeout=ANSWER_SECONDS_MAX,
            socket_connect_timeout=ANSWER_SECONDS_MAX,
            # A connection that Redis closed when it was started again is opened once more, and nothing else repeated.
            retry=Retry(NoBackoff(), 1, supported_errors=(Broken,)),
        )
        self._redis = redis.Redis.from_pool(pool)
        self._lease_seconds = lease_seconds
        self._head = (slice_microseconds, WINDOW_SLICES, int(lease_seconds * MICROSECONDS))
        self._take, self._correct, self._renew = map(self._redis.register_script, (_TAKE, _CORRECT, _RENEW))
        self._kept: set[tuple[str, str]] = set()
        self._renewing: asyncio.Task[None] | None = None

    async def take(self, ticket: str, takes: Sequence[Take]) -> Taken:
        """Takes all or nothing. Raises Unavailable."""
        arguments: list[Any] = [*self._head, ticket]
        for take in takes:
            arguments += (int(take.is_slot), take.limit, take.amount)
        refused, wait, at, *counted = await _answer(self._take(_keys(takes), arguments))
        if not refused:
            self._keep(ticket, takes)
        return Taken(
            tuple(Counted(used, reset / MICROSECONDS) for used, reset in zip(counted[::2], counted[1::2], strict=True)),
            at,
            refused - 1 if refused else None,
            wait / MICROSECONDS,
        )

    async def correct(self, ticket: str, takes: Sequence[Take], at: int, amounts: Sequence[int]) -> None:
        """Corrects what was counted, and gives slots back. Raises Unavailable; the slots then run out by themselves."""
        arguments: list[Any] = [*self._head, ticket, at]
        for take, amount in zip(takes, amounts, strict=True):
            arguments += (int(take.is_slot), amount - take.amount)
            self._kept.discard((take.name, ticket))
        await _answer(self._correct(_keys(takes), arguments))

    async def close(self) -> None:
        """Stops renewing and closes all connections."""
        if self._renewing is not None:
            self._renewing.cancel()
        await self._redis.aclose()

    def _keep(self, ticket: str, takes: Sequence[Take]) -> None:
        self._kept.update((take.name, ticket) for take in takes if take.is_slot)
        if self._kept and (self._renewing is None or self._renewing.done()):
            self._renewing = asyncio.create_task(self._renew_kept())

    async def _renew_kept(self) -> None:
        """Renews the slots of what runs, as long as anything does."""
        while self._kept:
            await asyncio.sleep(self._lease_seconds * RENEWAL_SHARE)
            kept = list(self._kept)
            if not kept:
                break
            names, tickets = zip(*kept, strict=True)
            try:
                await _answer(self._renew([PREFIX + name for name in names], [*self._head, *tickets]))
            except Unavailable as error:
                log.warning("limits", step="renew", slots=len(kept), error=error.message)


def _keys(takes: Sequence[Take]) -> list[str]:
    return [PREFIX + take.name for take in takes]


async def _answer(call: Awaitable[Any]) -> Any:
    """Waits for Redis. Raises Unavailable if it is away."""
    try:
        return await call
    except (RedisError, OSError) as error:
        raise Unavailable(f"The limits cannot be counted, because Redis is away: {type(error).__name__}.") from error
