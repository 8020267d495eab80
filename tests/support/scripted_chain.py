"""A chain in memory with a token that takes each nonce once, which can be cut at any question, before or after it acts.

Blocks are mined when a test says so; a block is final when two are above it.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256

from app.domain import clock
from app.ports.chain.signer import ChainKeys, Signer
from app.ports.chain.values import (
    Authorization,
    Block,
    Call,
    ChainRefused,
    ChainRules,
    Fate,
    Fees,
    NodeHealth,
    Outcome,
    Receipt,
    Sent,
    SignedAuthorization,
    SignedTransaction,
    Transfer,
)

TOKEN, TREASURY, GAS = "0xToken", "0xTreasury", "0xGas"
RULES = ChainRules(
    id=31_337, name="Toy", rpc_urls=("http://toy.example",), token=TOKEN, token_name="USDC", token_version="2",
    multicall="0xMulticall", is_test=True, nodes_min=1,
)  # fmt: skip


class Cut(BaseException):
    """The process dies here."""


@dataclass(frozen=True)
class ToySigner:
    """A key of an address, which signs by naming itself."""

    address: str

    def sign(self, digest: bytes) -> bytes:
        return self.address.encode() + digest


KEYS = ChainKeys(ToySigner(TREASURY), ToySigner(GAS))


@dataclass
class _Mined:
    block: int
    sender: str
    hash: str
    fee_wei: int


@dataclass
class ToyChain:
    """A Chain of one process. `cut_at` is the number of the question at which `cut` is raised; with `cut_after` what is
    sent has arrived by then."""

    rules: ChainRules = RULES
    height: int = 10
    skew_seconds: int = 0
    cut_at: int | None = None
    cut_after: bool = False
    cut: type[BaseException] = Cut
    asked: int = 0
    is_token_paused: bool = False
    loses_sent: bool = False
    blocked: set[str] = field(default_factory=set)
    with_code: set[str] = field(default_factory=set)
    fates: dict[str, Outcome] = field(default_factory=dict)
    moved: list[Transfer] = field(default_factory=list)
    mined: list[_Mined] = field(default_factory=list)
    pool: dict[tuple[str, int], dict[str, bytes]] = field(default_factory=lambda: defaultdict(dict))
    sent: list[str] = field(default_factory=list)
    foreign_senders: int = 0
    coins_wei: int = 2 * 10**19
    code: str = "0xImplementation"

    def _ask(self) -> None:
        """Counts a question, and cuts it if it is its turn."""
        self.asked += 1
        if self.cut_at is not None and self.asked >= self.cut_at:
            self.cut_at = None
            raise self.cut("cut")

    def cut_next(self, at: int, *, after: bool = False, by: type[BaseException] = Cut) -> None:
        self.asked, self.cut_at, self.cut_after, self.cut = 0, at, after, by

    def mint(self, payee: str, units: int) -> None:
        self._move("0xMint", payee, units, f"0xmint{len(self.moved)}", None)

    def _move(self, payer: str, payee: str, units: int, transaction: str, nonce: str | None) -> None:
        position = sum(1 for one in self.moved if one.transaction == transaction)
        self.moved.append(Transfer(TOKEN, payer, payee, units, self.height, self._hash(self.height), transaction,
                                   position, nonce))  # fmt: skip

    def mine(self, blocks: int = 1) -> None:
        """Mines what waits in the pool, and so many blocks."""
        for _ in range(blocks):
            self.height += 1
            for sender in sorted({sender for sender, _ in self.pool}):
                while waiting := self.pool.get((sender, self._count(sender, self.height))):
                    best = max(waiting.values(), key=lambda raw: int(json.loads(raw)["fee_wei"]))
                    self._run(sender, best)

    def _run(self, sender: str, raw: bytes) -> None:
        said, hash_ = json.loads(raw), _hash_of(raw)
        self.mined.append(_Mined(self.height, sender, hash_, said["fee_wei"]))
        for kind, payer, payee, units, valid_before, nonce in json.loads(bytes.fromhex(said["data"])):
            if self._refusal(kind, payer, payee, units, valid_before, nonce):
                continue
            if kind == "cancel":
                self.fates[nonce] = Outcome(Fate.CANCELED, hash_, self.height)
            else:
                self.fates[nonce] = Outcome(Fate.USED, hash_, self.height, payee, units)
                self._move(payer, payee, units, hash_, nonce)

    def _refusal(self, kind: str, payer: str, payee: str, units: int, valid_before: int, nonce: str) -> str:
        if self.is_token_paused:
            return "paused"
        if nonce in self.fates:
            return "authorization is used or canceled"
        if kind == "cancel":
            return ""
        if payee in self.blocked or payer in self.blocked:
            return "blacklisted"
        if valid_before <= self._at(self.height):
            return "expired"
        return "exceeds balance" if self.holds(payer) < units else ""

    def send_foreign(self, payee: str, units: int) -> None:
        """Moves money of the treasury by nobody's row."""
        self._move(TREASURY, payee, units, f"0xforeign{len(self.moved)}", None)

    def holds(self, address: str, block: int | None = None) -> int:
        seen = [one for one in self.moved if block is None or one.block <= block]
        return sum(one.units * ((one.payee == address) - (one.payer == address)) for one in seen)

    def paid(self, address: str) -> list[int]:
        return [one.units for one in self.moved if one.payee == address]

    def _count(self, sender: str, block: int) -> int:
        own = sum(1 for one in self.mined if one.sender == sender and one.block <= block)
        return own + (self.foreign_senders if sender == GAS else 0)

    def _hash(self, number: int) -> str:
        return "0x" + sha256(f"block {number}".encode()).hexdigest()

    def _at(self, number: int) -> int:
        return clock.now() // clock.SECOND + self.skew_seconds - 2 * (self.height - number)

    def _block(self, number: int) -> Block:
        return Block(number, self._hash(number), self._at(number))

    async def check(self) -> None:
        self._ask()

    async def head(self) -> Block:
        self._ask()
        return self._block(self.height)

    async def finalized(self) -> Block:
        self._ask()
        return self._block(max(self.height - 2, 0))

    async def block(self, number: int) -> Block:
        self._ask()
        return self._block(number)

    async def transfers(
        self, blocks: range, tokens: Sequence[str], payer: str | None = None, payees: Sequence[str] | None = None
    ) -> Sequence[Transfer]:
        self._ask()
        return [one for one in self.moved
                if one.block in blocks and one.token in tokens and payer in (None, one.payer)
                and (payees is None or one.payee in payees)]  # fmt: skip

    async def balances(self, addresses: Sequence[str], block: Block) -> Mapping[str, int]:
        self._ask()
        return {address: self.holds(address, block.number) for address in addresses}

    async def coins(self, address: str, block: Block) -> int:
        self._ask()
        return self.coins_wei

    async def is_blocked(self, address: str, block: Block) -> bool:
        self._ask()
        return address in self.blocked

    async def is_paused(self, block: Block) -> bool:
        self._ask()
        return self.is_token_paused

    async def has_code(self, address: str, block: Block) -> bool:
        self._ask()
        return address == TOKEN or address in self.with_code

    async def implementation(self, block: Block) -> str:
        self._ask()
        return self.code

    async def transaction_count(self, address: str, block: Block) -> int:
        self._ask()
        return self._count(address, block.number)

    async def outcomes(self, payer: str, nonces: Sequence[str], since: int, block: Block) -> Mapping[str, Outcome]:
        self._ask()
        found = {nonce: self.fates.get(nonce, Outcome(Fate.OPEN)) for nonce in nonces}
        return {nonce: one if since <= (one.block or since) <= block.number else Outcome(Fate.OPEN)
                for nonce, one in found.items()}  # fmt: skip

    async def receipt(self, transaction: str) -> Receipt | None:
        self._ask()
        found = next((one for one in self.mined if one.hash == transaction), None)
        return None if found is None else Receipt(found.block, self._hash(found.block), True, 1, found.fee_wei)

    async def simulate(self, call: Call, sender: str) -> None:
        self._ask()
        for one in json.loads(call.data):
            if refusal := self._refusal(*one):
                raise ChainRefused(refusal)

    async def fees(self) -> Fees:
        self._ask()
        return Fees(30_000_000_000, 30_000_000_000)

    async def send(self, transaction: SignedTransaction) -> Sent:
        if not self.cut_after:
            self._ask()
        said = json.loads(transaction.raw)
        self.sent.append(transaction.hash)
        if not self.loses_sent and said["number"] >= self._count(said["sender"], self.height):
            self.pool[said["sender"], said["number"]][transaction.hash] = transaction.raw
        if self.cut_after:
            self._ask()
        return Sent(1, ())

    def health(self) -> Sequence[NodeHealth]:
        return ()

    def authorize(self, authorization: Authorization, signer: Signer) -> SignedAuthorization:
        return SignedAuthorization(authorization, signer.sign(b""))

    def typed_authorization(self, authorization: Authorization) -> Mapping[str, object]:
        return asdict(authorization)

    def read_signature(self, authorization: Authorization, signature: str) -> SignedAuthorization:
        return SignedAuthorization(authorization, bytes.fromhex(signature))

    def relay(self, transfers: Sequence[SignedAuthorization]) -> Call:
        listed = [("pay", one.authorization.payer, one.authorization.payee, one.authorization.units,
                   one.authorization.valid_before, one.authorization.nonce) for one in transfers]  # fmt: skip
        return Call("0xMulticall", json.dumps(listed).encode(), 80_000 + 130_000 * len(transfers))

    def relay_one(self, transfer: SignedAuthorization) -> Call:
        return self.relay([transfer])

    def cancel(self, payer: str, nonce: str, signer: Signer) -> Call:
        return self.cancel_many(payer, [nonce], signer)

    def cancel_many(self, payer: str, nonces: Sequence[str], signer: Signer) -> Call:
        return Call("0xMulticall", json.dumps([("cancel", payer, "", 0, 0, nonce) for nonce in nonces]).encode(), 1)

    def nothing(self, sender: str) -> Call:
        return Call(sender, b"[]", 21_000)

    def deposit_address(self, salt: str) -> str:
        return "0xD" + sha256(salt.encode()).hexdigest()[:39]

    def deposit_proxy(self) -> str:
        return "0x" + "0" * 64

    def make_factory(self, treasury: str) -> Call:
        return Call("0xDeployer", b"[]", 21_000)

    def sweep(self, salts: Sequence[str], token: str) -> Call:
        return Call("0xFactory", b"[]", 21_000)

    def sign(self, call: Call, number: int, fees: Fees, signer: Signer) -> SignedTransaction:
        said = {"sender": signer.address, "number": number, "data": call.data.hex(), "fee_wei": fees.fee_wei}
        raw = json.dumps(said).encode()
        return SignedTransaction(raw, _hash_of(raw))


def _hash_of(raw: bytes) -> str:
    return "0x" + sha256(raw).hexdigest()
