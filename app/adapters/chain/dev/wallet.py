"""The demo's test wallet: play money of an account whose key everybody has, for people who have none."""

import asyncio
from collections.abc import Mapping
from contextlib import closing

from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.node import TEST_WALLET, DevNode

FAUCET_UNITS = 1_000_000_000


class DevWallet:
    """A TestWallet of a dev chain's node."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token

    async def pay(self, address: str, units: int) -> str:
        """Sends so many units of the token to an address, and returns the transaction."""
        return await asyncio.to_thread(self._pay, address, units)

    async def address(self, units: int) -> str:
        """Returns the wallet's own address, which then holds at least so many units."""
        return await asyncio.to_thread(self._address, units)

    async def sign(self, typed: Mapping[str, object]) -> str:
        """Signs what a browser's wallet would."""
        return await asyncio.to_thread(self._sign, typed)

    def _pay(self, address: str, units: int) -> str:
        with closing(DevNode(self._url)) as node:
            chain, payer = self._filled(node, units)
            return str(chain.call("transfer(address,uint256)", address, units, sender=payer)["transactionHash"])

    def _address(self, units: int) -> str:
        with closing(DevNode(self._url)) as node:
            return self._filled(node, units)[1]

    def _sign(self, typed: Mapping[str, object]) -> str:
        with closing(DevNode(self._url)) as node:
            return str(node.ask("eth_signTypedData_v4", node.accounts[TEST_WALLET], typed))

    def _filled(self, node: DevNode, units: int) -> tuple[DevChain, str]:
        chain, payer = DevChain(node, self._token, "", ""), node.accounts[TEST_WALLET]
        if chain.balance(payer) < units:
            chain.mint(payer, FAUCET_UNITS + units)
        return chain, payer
