"""What /metrics says of chains: whether payouts go on, what the two accounts hold, and how each node does here."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge

from app.domain import clock
from app.domain.payouts.rules import UNITS_OF_ONE
from app.flows.settlement.looking import COIN_WEI, ChainSeen


def add_chains(registry: CollectorRegistry, chains: Sequence[ChainSeen]) -> None:
    """Adds what was seen of each chain last, and how its nodes did since this process began."""
    _add_seen(registry, chains)
    answers = Counter("coinslot_chain_node_answers", "What a node of a chain was asked by this process, and how often"
                      " it did not answer or said what others did not", ["chain", "node", "what"],
                      registry=registry)  # fmt: skip
    head = Gauge("coinslot_chain_node_head", "The newest block that a node told this process", ["chain", "node"],
                 registry=registry)  # fmt: skip
    for chain in chains:
        for node in chain.nodes:
            for what, count in (("asked", node.asked), ("failed", node.failed), ("disagreed", node.disagreed)):
                answers.labels(chain.name, node.name, what).inc(count)
            head.labels(chain.name, node.name).set(node.head)


def _add_seen(registry: CollectorRegistry, chains: Sequence[ChainSeen]) -> None:
    def gauge(name: str, says: str) -> Gauge:
        return Gauge(f"coinslot_chain_{name}", says, ["chain"], registry=registry)

    paused = gauge("payouts_paused", "Whether payouts wait for an operator")
    age = gauge("head_age_seconds", "How old the newest block is")
    coins = gauge("gas_coins", "What the gas account has of the chain's own coin")
    treasury = gauge("treasury_dollars", "What the treasury holds")
    lacking = gauge("treasury_lacking_dollars", "What the treasury lacks for what was requested")
    for chain in chains:
        if chain.read_at is not None:
            paused.labels(chain.name).set(chain.paused_because is not None)
            age.labels(chain.name).set(clock.now() / clock.SECOND - chain.head_at)
            coins.labels(chain.name).set(chain.gas_wei / COIN_WEI)
            treasury.labels(chain.name).set(chain.balance_units / UNITS_OF_ONE)
            lacking.labels(chain.name).set(chain.lacking_units / UNITS_OF_ONE)
