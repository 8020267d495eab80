"""What became of authorizations, where nodes allow only short ranges."""

from dataclasses import replace
from typing import Any

from app.adapters.chain.evm import EvmChain
from app.adapters.chain.keys import LocalSigner
from app.ports.chain.values import Fate
from tests.emulators.anvil import Anvil
from tests.support.settling import bring, final_outcomes, nonce_of, signed, through


async def test_ranges_are_halved_and_nothing_is_found_twice_or_missed(
    chain: EvmChain, node: Anvil, treasury: LocalSigner, gas_account: LocalSigner
) -> None:
    node.mint(treasury.address, 50_000_000)
    names = [f"payee {number}" for number in range(6)]
    for name in names:
        await bring(chain, node, gas_account, chain.relay([signed(chain, treasury, name, 1_000_000)]))
        node.mine(3)
    await bring(chain, node, gas_account, chain.cancel(treasury.address, nonce_of("never"), treasury))
    spans: list[int] = []

    def narrow(asked: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        if asked["method"] == "eth_getLogs":
            wanted = asked["params"][0]
            span = int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16) + 1
            if span > 5:
                error = {"code": -32_602, "message": "block range is too wide"}
                return {"jsonrpc": "2.0", "id": asked["id"], "error": error}
            spans.append(span)
        return said

    short, client = through(node, one=narrow, two=None)
    short.rules = replace(short.rules, log_blocks_max=16)
    async with client:
        found = await final_outcomes(short, node, treasury.address, [*names, "never", "nobody"])
        total = (await chain.finalized()).number + 1
    assert [found[name].fate for name in names] == [Fate.USED] * 6
    assert (found["never"].fate, found["nobody"].fate) == (Fate.CANCELED, Fate.OPEN)
    assert sum(spans) == total
    assert found == await final_outcomes(chain, node, treasury.address, [*names, "never", "nobody"])
