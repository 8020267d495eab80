"""Compares what stands on chains with the books, at one final block a chain, and keeps it to be published.

Too little on a chain pauses its payouts and tells the operators; too much only shows. The block is one up to which
deposits and what left the treasury have been read, so that nothing is under way in what is compared.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.chain_deposits import addresses, arrivals, cursor
from app.domain.errors import Unavailable
from app.domain.money import MICRO_NANOS, Environment, Unit, format_decimal, format_finely, format_fraction
from app.domain.payouts import desk
from app.domain.payouts.rules import UNITS_OF_ONE
from app.domain.reserves import reports
from app.domain.reserves.cut import Cut, Place, read_cut
from app.domain.reserves.owed import read_owed
from app.domain.reserves.trees import is_due
from app.each_alone import Failed, each_alone
from app.flows.events.mails import Desk
from app.flows.settlement.liabilities.planting import Owed, plant, read_published
from app.flows.settlement.payouts import ChainPayouts
from app.ports.chain.values import Block

log = structlog.get_logger()

PAUSE_ADDRESS_MICROSECONDS, PAUSE_SECONDS_MAX = 10_000, 240
"""How long a report stands for each address before there is another, and at most: a question to each node is of 200.
What leaves the treasury by somebody else's hand is seen within a minute all the same, by whoever pays out."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What a chain holds for us at a final block, in units, by address; `treasury` is one of them."""

    rail: ChainPayouts
    block: Block
    addresses: int
    units: Mapping[str, int]

    @property
    def chain_id(self) -> int:
        """The chain's id."""
        return self.rail.chain.rules.id

    @property
    def nanos(self) -> int:
        """All of it, in nanos."""
        return sum(self.units.values()) * MICRO_NANOS


@dataclass(frozen=True, slots=True)
class _Books:
    """What was read of the books on one snapshot: the cut, what had come in by chain, and which payouts are paused."""

    cut: Cut
    came_in: Mapping[int, int]
    paused: frozenset[int]
    owed: Owed | None
    """What each account is owed, where another tree is to be made of that."""


@dataclass(frozen=True, slots=True)
class Reserves:
    """The reserves of the chains of this process; operators are told from the desk."""

    rails: Sequence[ChainPayouts]
    desk: Desk

    async def has_due(self) -> bool:
        """Tells whether to compare now: the seldomer the more addresses nodes are asked of each time."""
        ids = [rail.chain.rules.id for rail in self.rails]
        environments = {_environment_of(rail) for rail in self.rails}
        return bool(ids) and await db.in_transaction(partial(_is_due, chain_ids=ids, environments=environments))

    async def compare_all(self) -> int:
        """Compares each environment that has chains; returns of how many all was there.

        Raises the first error when all have had their turn: a report that is not made is an old one, not a good one.
        """
        environments = sorted({_environment_of(rail) for rail in self.rails})
        done = await each_alone("reserves", environments, self._compare)
        for _, outcome in done:
            if isinstance(outcome, Failed):
                raise outcome.error
        return sum(1 for _, is_there in done if is_there is True)

    async def _compare(self, environment: Environment) -> bool:
        """Tells whether all chains of an environment hold what they should; False as well before they were read.

        A tree that fails hides no report: its error is raised when that is kept.
        """
        holdings = []
        for rail in self.rails:
            if _environment_of(rail) is environment:
                place = await db.in_transaction(partial(_find_place, chain_id=rail.chain.rules.id))
                if place is None:
                    log.info("reserves", chain=rail.chain.rules.id, step="not_read_yet")
                    return False
                holdings.append(await _read(rail, place))
        read = partial(_read_books, environment=environment, holdings=holdings)
        books = await db.in_transaction(read)
        owed = [] if books.owed is None else [books.owed]
        planted = await each_alone("liabilities", owed, partial(plant, cut=books.cut), lambda one: one.environment)
        trees = await db.in_transaction(partial(read_published, environment=environment))
        lacking = {one.chain_id: books.cut.on_chain[one.chain_id] - one.nanos for one in holdings}
        document, short = (
            _document(environment, holdings, books, trees),
            [one for one in holdings if lacking[one.chain_id] > 0],
        )

        def write(session: Session) -> None:
            for one in holdings:
                addresses.look_again(session, one.chain_id, one.units)
            in_all = sum(lacking[one.chain_id] for one in short)
            if reports.keep(session, environment, document, in_all):
                for one in short:
                    if one.chain_id in books.paused:  # else its pausing tells, which is tried with each look
                        said = f"{_short(one, lacking[one.chain_id])} Its payouts were paused before."
                        self.desk.keep_alert(session, f"Reserves on {one.rail.name} are short", said)

        await db.in_transaction(write, writes=True)
        await self.desk.send_kept()
        for one in short:
            nanos = lacking[one.chain_id]
            log.error("reserves", chain=one.chain_id, step="short", nanos=nanos, block=one.block.number)
            if one.chain_id not in books.paused:
                await one.rail.treasury.pause(_short(one, nanos))
        for _, outcome in planted:
            if isinstance(outcome, Failed):
                raise outcome.error
        return not short


def _is_due(session: Session, chain_ids: Sequence[int], environments: Collection[Environment]) -> bool:
    made = {report.environment: report.made_at for report in reports.read_all(session)}
    pause = min(addresses.count_all(session, chain_ids) * PAUSE_ADDRESS_MICROSECONDS, PAUSE_SECONDS_MAX * clock.SECOND)
    return any(made.get(environment, 0) <= clock.now() - pause for environment in environments)


def _short(one: Holding, nanos: int) -> str:
    return f"{format_finely(nanos, Unit.USDC)} too little on {one.rail.name} at block {one.block.number}."


def _environment_of(rail: ChainPayouts) -> Environment:
    return Environment.SANDBOX if rail.chain.rules.is_test else Environment.LIVE


def _find_place(session: Session, chain_id: int) -> tuple[int, frozenset[str]] | None:
    """Returns the newest block up to which both ways were read, and its hash as each has it; None before that."""
    came, went = cursor.find(session, chain_id), desk.find_desk(session, chain_id)
    if came is None or went is None:
        return None
    number = min(came.block, went.cursor_block)
    read = ((came.block, came.block_hash), (went.cursor_block, went.cursor_hash))
    return number, frozenset(hash_ for block, hash_ in read if block == number)


async def _read(rail: ChainPayouts, place: tuple[int, frozenset[str]]) -> Holding:
    """Asks a chain what it holds. Raises Unavailable where it is not the one that was read."""
    number, hashes = place
    block = await rail.chain.block(number)
    if hashes != {block.hash}:
        raise Unavailable(f"{rail.name} lacks block {number} as it was read; nothing can be said of reserves there.")
    known = await db.in_transaction(partial(addresses.wallets_by_address, chain_id=rail.chain.rules.id))
    treasury = rail.keys.treasury.address
    units = await rail.chain.balances([treasury, *sorted(set(known) - {treasury})], block)
    return Holding(rail, block, len(known), units)


def _read_books(session: Session, environment: Environment, holdings: Sequence[Holding]) -> _Books:
    places = [Place(one.chain_id, one.block.number) for one in holdings]
    desks = {one.chain_id: desk.find_desk(session, one.chain_id) for one in places}
    owed = None
    if is_due(session, environment):
        blocks = [{"chain": one.chain_id, "number": one.block.number, "hash": one.block.hash} for one in holdings]
        owed = Owed(environment, read_owed(session, environment, places), blocks)
    return _Books(
        read_cut(session, environment, places),
        {one.chain_id: arrivals.sum_until(session, one.chain_id, one.block) for one in places},
        frozenset(chain_id for chain_id, found in desks.items() if found and found.paused_because is not None),
        owed,
    )


def _document(
    environment: Environment, holdings: Sequence[Holding], books: _Books, trees: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Returns what is published: amounts as decimal strings of the unit, addresses that hold nothing left out."""
    units = {
        unit.value: {
            "owed": {name: format_decimal(nanos) for name, nanos in held.owed.items()},
            "owed_in_all": format_decimal(sum(held.owed.values())),
            "on_chain": format_decimal(sum(books.cut.on_chain.values()) if unit is Unit.USDC else 0),
            "stated_by_us": format_decimal(held.rails),
            "operator": format_decimal(held.own),
        }
        for unit, held in books.cut.units.items()
    }
    return {"environment": environment.value, "at": clock.now() // clock.SECOND, "units": units,
            "chains": [_chain(one, books) for one in holdings], "liabilities": trees}  # fmt: skip


def _chain(one: Holding, books: _Books) -> dict[str, Any]:
    rules, treasury = one.rail.chain.rules, one.rail.keys.treasury.address
    booked, came = books.cut.on_chain[one.chain_id], books.came_in[one.chain_id] * MICRO_NANOS
    return {
        "id": rules.id, "name": rules.name, "token": rules.token,
        "block": {"number": one.block.number, "hash": one.block.hash, "at": one.block.at},
        "treasury": {"address": treasury, "held": _units(one.units[treasury])},
        "deposit_addresses": one.addresses,
        "deposits": [{"address": address, "held": _units(units)} for address, units in sorted(one.units.items())
                     if units and address != treasury],
        "held": format_decimal(one.nanos), "booked": format_decimal(booked),
        "difference": format_decimal(one.nanos - booked), "explorer_url": rules.explorer_url,
        "came_in": format_decimal(came), "went_out": format_decimal(came - booked),
    }  # fmt: skip


def _units(units: int) -> str:
    return format_fraction(units, UNITS_OF_ONE)
