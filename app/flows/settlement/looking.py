"""How a chain is right now, as its nodes say, for whoever looks after this instance."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.payouts import desk
from app.ports.chain.chain import Chain
from app.ports.chain.values import FULL_BATCH_GAS, Block, ChainMismatch, ChainUnavailable, NodeHealth

COIN_WEI, GWEI = 10**18, 10**9


@dataclass(frozen=True, slots=True)
class ChainLook:
    """A chain that was looked at: what is wrong with it, if anything, and else how it is, in sentences."""

    name: str
    wrong: Sequence[str]
    says: str


async def look_at(chain: Chain, gas_address: str) -> ChainLook:
    """Asks a chain's nodes how they are, and what its gas account has."""
    name = chain.rules.name
    try:
        await chain.check()
        head, final = await chain.head(), await chain.finalized()
        coins, fees = await chain.coins(gas_address, final), await chain.fees()
    except (ChainMismatch, ChainUnavailable) as error:
        return ChainLook(name, [error.message, *(node.said for node in chain.health() if node.said)], "")
    wrong = [node.said for node in chain.health() if node.failed or node.disagreed]
    if (age := age_seconds(head)) > chain.rules.head_seconds_max:
        wrong.append(f"Its newest block is {age} s old, so payouts wait.")
    if coins < enough_coins(chain):
        wrong.append(
            f"The gas account {gas_address} has {coins / COIN_WEI:.3f} coins, and a full batch sets"
            f" {least_coins(chain) / COIN_WEI:.3f} aside. Below {enough_coins(chain) / COIN_WEI:.3f} nothing is swept."
        )
    if fees.fee_wei >= chain.rules.fee_wei_max:
        wrong.append(
            f"It asks for as much as may be offered ({chain.rules.fee_wei_max / GWEI:g} gwei for each gas), so what is"
            " sent may wait. `fee_wei_max` and `tip_wei_min` say what may be offered."
        )
    nodes = len(chain.health())
    return ChainLook(name, wrong, f"{nodes} nodes answer, block {final.number} is final, {coins / COIN_WEI:.3f} coins.")


def age_seconds(head: Block) -> int:
    """Returns how old a block is."""
    return max(clock.now() // clock.SECOND - head.at, 0)


def least_coins(chain: Chain) -> int:
    """Returns the wei that a full batch sets aside at the highest price that may be offered."""
    return FULL_BATCH_GAS * chain.rules.fee_wei_max


def enough_coins(chain: Chain) -> int:
    """Returns the wei below which a gas account is low: a sweep leaves what a full batch sets aside."""
    return 2 * least_coins(chain)


@dataclass(frozen=True, slots=True)
class ChainSeen:
    """How a chain was when its payouts were last looked at, and how its nodes did in this process."""

    name: str
    nodes: Sequence[NodeHealth]
    paused_because: str | None = None
    read_at: int | None = None
    head_at: int = 0
    balance_units: int = 0
    lacking_units: int = 0
    gas_wei: int = 0


def read_seen(session: Session, chains: Sequence[Chain]) -> Sequence[ChainSeen]:
    """Returns how each chain was last, without asking any node."""
    found = []
    for chain in chains:
        row = desk.find_desk(session, chain.rules.id)
        if row is None:
            found.append(ChainSeen(chain.rules.name, chain.health()))
            continue
        found.append(
            ChainSeen(
                chain.rules.name, chain.health(), paused_because=row.paused_because, read_at=row.read_at,
                head_at=row.head_at, balance_units=row.balance_units, lacking_units=row.lacking_units,
                gas_wei=int(row.gas_wei),
            )
        )  # fmt: skip
    return found
