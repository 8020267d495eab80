"""What /metrics says of chains."""

from prometheus_client import CollectorRegistry, generate_latest

from app.api.serving.chain_metrics import add_chains
from app.domain import clock
from app.flows.settlement.looking import COIN_WEI, ChainSeen
from app.ports.chain.values import NodeHealth


def test_accounts_and_nodes_of_a_chain_are_exported() -> None:
    nodes = [NodeHealth("one.example", 70, 9, 2, 1, "one.example does not answer.")]
    at = clock.now() // clock.SECOND - 30
    seen = ChainSeen("Polygon", nodes, paused_because="A transfer is not ours.", read_at=1, head_at=at,
                     balance_units=25_500_000, lacking_units=1_000_000, gas_wei=COIN_WEI // 2)  # fmt: skip
    registry = CollectorRegistry()
    add_chains(registry, [seen, ChainSeen("New", [])])
    said = dict(line.rsplit(" ", 1) for line in generate_latest(registry).decode().splitlines() if line[0] != "#")
    chain, node = '{chain="Polygon"}', 'chain="Polygon",node="one.example"'
    assert [float(said[f"coinslot_chain_{name}{chain}"]) for name in (
        "payouts_paused", "gas_coins", "treasury_dollars", "treasury_lacking_dollars"
    )] == [1, 0.5, 25.5, 1]  # fmt: skip
    assert 29 < float(said[f"coinslot_chain_head_age_seconds{chain}"]) < 35
    assert [float(said[f'coinslot_chain_node_answers_total{{{node},what="{what}"}}']) for what in (
        "asked", "failed", "disagreed"
    )] == [9, 2, 1]  # fmt: skip
    assert float(said[f"coinslot_chain_node_head{{{node}}}"]) == 70
    assert not any("New" in name for name in said)
