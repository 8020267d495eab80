"""The chains that are shipped; another one is only another such value (addresses from Circle's and viem's lists)."""

from collections.abc import Mapping
from dataclasses import fields, replace

from app.adapters.chain import abi
from app.domain.money import TEST_CHAINS, Environment, environment_of_chain
from app.ports.chain.values import ChainMismatch, ChainRules
from app.settings.chains import ChainSetting

MULTICALL = "0xcA11bde05977b3631167028862bE2a173976CA11"
MULTICALL_HASH = "0xd5c15df687b16f2ff992fc8d767b4216323184a2bbc6ee2f9c398c318e770891"
"""Of Multicall3 as its authors deployed it on every chain (mds1/multicall3)."""
GWEI = 1_000_000_000
POLYGON_TIP_WEI = 30 * GWEI
"""Polygon's nodes refuse a tip under 25 gwei (PIP-35)."""

POLYGON = ChainRules(
    id=137, name="Polygon", rpc_urls=(), token="0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359", token_name="USD Coin",
    token_version="2", multicall=MULTICALL, is_test=False, explorer_url="https://polygonscan.com",
    bridged_token="0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174", tip_wei_min=POLYGON_TIP_WEI,
    code_hashes=((MULTICALL, MULTICALL_HASH),),
)  # fmt: skip
AMOY = ChainRules(
    id=80_002, name="Polygon Amoy", rpc_urls=(), token="0x41E94Eb019C0762f9Bfcf9Fb1E58725BfB0e7582",
    token_name="USDC", token_version="2", multicall=MULTICALL, is_test=True,
    explorer_url="https://amoy.polygonscan.com", tip_wei_min=POLYGON_TIP_WEI,
    code_hashes=((MULTICALL, MULTICALL_HASH),),
)  # fmt: skip
DEV = ChainRules(
    id=31_337, name="Dev chain", rpc_urls=(), token="", token_name="USD Coin", token_version="2",
    multicall=MULTICALL, is_test=True, nodes_min=1,
)  # fmt: skip
KNOWN: Mapping[str, ChainRules] = {"polygon": POLYGON, "amoy": AMOY, "dev": DEV}
"""What `name` of a chain in the settings may say, and so leave the rest out."""

_MUST = ("id", "token", "token_name", "token_version", "is_test")
"""What a chain that is not shipped must say of itself."""


def rules_of(setting: ChainSetting) -> ChainRules:
    """Returns a chain as it is configured: what is known of it, and over that what the setting says.

    Raises ChainMismatch where something is missing, an address is none, or play money would be taken for real.
    """
    said = {
        field.name: getattr(setting, field.name)
        for field in fields(ChainRules)
        if field.name not in ("name", "rpc_urls") and getattr(setting, field.name, None) is not None
    }
    urls = tuple(url.get_secret_value() for url in setting.rpc_urls)
    known = KNOWN.get(setting.name)
    if known is None and (missing := [name for name in _MUST if name not in said]):
        raise ChainMismatch(f"{setting.name} is no chain that is known here, so it needs {', '.join(missing)}.")
    for name in ("token", "multicall", "bridged_token"):
        if name in said:
            said[name] = _address(setting.name, name, said[name])
    if known is not None:
        return _of_its_environment(replace(known, rpc_urls=urls, **said))
    return _of_its_environment(ChainRules(**{"multicall": MULTICALL, **said, "name": setting.name, "rpc_urls": urls}))


def _of_its_environment(rules: ChainRules) -> ChainRules:
    if rules.is_test != (environment_of_chain(rules.id) is Environment.SANDBOX):
        tests = " and ".join(map(str, TEST_CHAINS))
        raise ChainMismatch(f"{rules.name} has the id {rules.id}; {tests} alone are test chains, and always.")
    return rules


def _address(chain: str, name: str, text: str) -> str:
    try:
        return abi.checksummed(text)
    except ValueError as error:
        raise ChainMismatch(f"{name} of {chain}: {error}") from None
