"""The node of a dev chain as its owner speaks to it: blocks when asked for, transactions of accounts that it knows."""

import time
from collections.abc import Mapping
from typing import Any

import httpx

from app.adapters.chain import abi
from app.domain import clock
from app.domain.errors import Unavailable

SECONDS_MAX = 30.0
GAS_MAX = 15_000_000
CHAIN_ID = 31_337
LOOK_SECONDS = 0.01

KEYS = (
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
    "0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a",
)
"""The keys of the first accounts that Anvil makes rich; everybody knows them."""
ISSUER, TREASURY, GAS, TEST_WALLET, SWEEPER = range(5)
"""What each of those accounts is here: the token's issuer, the treasury, who pays gas, a user's wallet, who sweeps."""
PROXY_ADMIN, LOST_AND_FOUND = 8, 9


class DevNode:
    """A node that mines when it is told to, beside whatever it mines by itself."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(timeout=SECONDS_MAX, trust_env=False)
        self.accounts = [abi.checksummed(address) for address in self.ask("eth_accounts")]

    def close(self) -> None:
        """Closes the connection; the node goes on."""
        self._client.close()

    def ask(self, method: str, *params: object) -> Any:
        """Returns what the node answers. Raises Unavailable where it answers with an error."""
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            said = self._client.post(self.url, json=asked).json()
        except httpx.HTTPError as error:
            raise Unavailable(f"The dev chain does not answer {method}: {type(error).__name__}.") from None
        if "error" in said:
            raise Unavailable(f"The dev chain answers {method}: {said['error'].get('message')}")
        return said["result"]

    def mine(self, blocks: int = 1) -> None:
        """Makes blocks, whose transactions are those that wait."""
        self.ask("anvil_mine", hex(blocks))

    def finalize(self) -> None:
        """Makes as many blocks as it takes for all that is in one to be final."""
        self.mine(2)

    def send(self, to: str | None, data: str, sender: str | None = None, value: int = 0) -> str:
        """Sends a transaction of an account that the node knows, and returns its hash."""
        asked = {"from": sender or self.accounts[ISSUER], "data": data, "gas": hex(GAS_MAX), "value": hex(value)}
        return str(self.ask("eth_sendTransaction", {**asked, **({"to": to} if to else {})}))

    def receipt(self, transaction: str) -> Mapping[str, Any]:
        """Mines a transaction that was sent, and returns its receipt, whatever became of it."""
        self.mine()
        deadline = clock.monotonic_seconds() + SECONDS_MAX
        while (found := self.ask("eth_getTransactionReceipt", transaction)) is None:
            if clock.monotonic_seconds() > deadline:
                raise Unavailable(f"The dev chain did not mine {transaction}.")
            time.sleep(LOOK_SECONDS)
        receipt: Mapping[str, Any] = found
        return receipt

    def transact(self, to: str | None, data: str, sender: str | None = None, value: int = 0) -> Mapping[str, Any]:
        """Sends a transaction, mines it and returns its receipt. Raises Unavailable if it was undone."""
        receipt = self.receipt(self.send(to, data, sender, value))
        if receipt["status"] != "0x1":
            raise Unavailable(f"The dev chain undid the transaction {receipt['transactionHash']}.")
        return receipt

    def deploy(self, code: str) -> str:
        """Puts a contract on the chain, and returns its address."""
        return abi.checksummed(self.transact(None, code)["contractAddress"])

    def read(self, to: str, signature: str, kind: str, *values: object) -> Any:
        """Returns the one value that a function answers now."""
        (value,) = abi.answered(
            [kind], self.ask("eth_call", {"to": to, "data": abi.call_data(signature, *values)}, "latest")
        )
        return value

    def has_code(self, address: str) -> bool:
        """Tells whether there is a contract at an address."""
        return bool(self.ask("eth_getCode", address, "latest") != "0x")
