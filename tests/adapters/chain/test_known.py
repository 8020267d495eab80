"""The chains that are shipped."""

import pytest

from app.adapters.chain import encoding, known
from app.ports.chain.values import ChainRules

URLS = ("https://one.test", "https://two.test")


@pytest.mark.parametrize("rules", [known.polygon(URLS), known.amoy(URLS), known.dev_chain(URLS, known.MULTICALL)])
def test_every_address_has_its_checksum(rules: ChainRules) -> None:
    for address in filter(None, (rules.token, rules.multicall, rules.bridged_token)):
        assert encoding.checksummed(address) == address


def test_chains_with_real_money_need_two_nodes_and_code_that_is_known() -> None:
    for rules in (known.polygon(URLS), known.amoy(URLS)):
        assert rules.nodes_min == 2
        assert rules.code_hashes
        assert rules.tip_wei_min >= 25 * known.GWEI
