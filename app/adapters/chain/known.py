"""The chains that are shipped; another one is only another such value (addresses from Circle's and viem's lists)."""

from app.ports.chain.values import ChainRules

MULTICALL = "0xcA11bde05977b3631167028862bE2a173976CA11"
MULTICALL_HASH = "0xd5c15df687b16f2ff992fc8d767b4216323184a2bbc6ee2f9c398c318e770891"
"""Of Multicall3 as its authors deployed it on every chain (mds1/multicall3)."""
DEV_MULTICALL_HASH = "0x5a29a1eb2f59e45e4249b938c8192cac0d2bd32398e1afa03f302a867db692ea"
"""Of the same contract as viem compiled it, which is what a dev chain gets."""
GWEI = 1_000_000_000
POLYGON_TIP_WEI = 30 * GWEI
"""Polygon's nodes refuse a tip under 25 gwei (PIP-35)."""


def polygon(rpc_urls: tuple[str, ...]) -> ChainRules:
    """Returns Polygon's main chain, with Circle's own USDC and the bridged one, which only looks like it."""
    return ChainRules(
        id=137, name="Polygon", rpc_urls=rpc_urls, token="0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359",
        token_name="USD Coin", token_version="2", multicall=MULTICALL, explorer_url="https://polygonscan.com",
        bridged_token="0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174", tip_wei_min=POLYGON_TIP_WEI,
        code_hashes=((MULTICALL, MULTICALL_HASH),),
    )  # fmt: skip


def amoy(rpc_urls: tuple[str, ...]) -> ChainRules:
    """Returns Polygon's test chain."""
    return ChainRules(
        id=80_002, name="Polygon Amoy", rpc_urls=rpc_urls, token="0x41E94Eb019C0762f9Bfcf9Fb1E58725BfB0e7582",
        token_name="USDC", token_version="2", multicall=MULTICALL, explorer_url="https://amoy.polygonscan.com",
        tip_wei_min=POLYGON_TIP_WEI, code_hashes=((MULTICALL, MULTICALL_HASH),),
    )  # fmt: skip


def dev_chain(rpc_urls: tuple[str, ...], token: str) -> ChainRules:
    """Returns the dev chain of one node, on which a token was deployed."""
    return ChainRules(
        id=31_337, name="Dev chain", rpc_urls=rpc_urls, token=token, token_name="USD Coin", token_version="2",
        multicall=MULTICALL, nodes_min=1, code_hashes=((MULTICALL, DEV_MULTICALL_HASH),),
    )  # fmt: skip
