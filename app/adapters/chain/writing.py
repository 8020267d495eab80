"""What is signed for an EVM chain and its token. Nothing is asked of any node."""

from collections.abc import Mapping, Sequence

from app.adapters.chain import abi
from app.adapters.chain.contracts import forwarders
from app.adapters.chain.keys import signature_said, signer_of
from app.adapters.chain.signed import (
    cancel_digest,
    digest_of,
    payload_of,
    signed_bytes,
    transfer_digest,
    typed_transfer,
)
from app.ports.chain.signer import Signer
from app.ports.chain.values import (
    BATCH_GAS,
    BATCH_MAX,
    TRANSFER_GAS,
    AddressInvalid,
    Authorization,
    Call,
    ChainMismatch,
    ChainRules,
    Fees,
    SignedAuthorization,
    SignedTransaction,
)

GAS_OF_ONE = 300_000
GAS_OF_NOTHING = 21_000
_TRANSFER = "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"
_CANCEL = "cancelAuthorization(address,bytes32,bytes)"
_MANY = "aggregate3((address,bool,bytes)[])"


class ChainWriter:
    """Signs for the chain of its rules."""

    rules: ChainRules

    def authorize(self, authorization: Authorization, signer: Signer) -> SignedAuthorization:
        """Signs a transfer. Raises ChainMismatch for another payer's."""
        if authorization.payer != signer.address:
            raise ChainMismatch(f"{signer.address} can sign nothing for {authorization.payer}.")
        return SignedAuthorization(authorization, signer.sign(transfer_digest(self.rules, authorization)))

    def typed_authorization(self, authorization: Authorization) -> Mapping[str, object]:
        """Returns what a browser's wallet is to sign (`eth_signTypedData_v4`)."""
        return typed_transfer(self.rules, authorization)

    def read_signature(self, authorization: Authorization, signature: str) -> SignedAuthorization:
        """Returns an authorization with a wallet's signature. Raises AddressInvalid where it is not its payer's."""
        said = signature_said(signature)
        if signer_of(transfer_digest(self.rules, authorization), said) != authorization.payer:
            raise AddressInvalid(f"This is no signature of {authorization.payer} for this transfer.")
        return SignedAuthorization(authorization, said)

    def relay(self, transfers: Sequence[SignedAuthorization]) -> Call:
        """Returns the call that brings 1 to BATCH_MAX transfers to the token, each on its own: one may fail alone."""
        return self._many([self._transfer(transfer) for transfer in transfers])

    def relay_one(self, transfer: SignedAuthorization) -> Call:
        """Returns the call that brings one transfer to the token and fails with it, so that it can be simulated."""
        return Call(self.rules.token, abi.bytes_of(self._transfer(transfer)), GAS_OF_ONE)

    def cancel(self, payer: str, nonce: str, signer: Signer) -> Call:
        """Returns the call after which an authorization can never pay, signed by its payer."""
        return Call(self.rules.token, abi.bytes_of(self._cancel(payer, nonce, signer)), GAS_OF_ONE)

    def cancel_many(self, payer: str, nonces: Sequence[str], signer: Signer) -> Call:
        """Returns the call that cancels 1 to BATCH_MAX authorizations, each on its own."""
        return self._many([self._cancel(payer, nonce, signer) for nonce in nonces])

    def nothing(self, sender: str) -> Call:
        """Returns the call of a transaction that only uses up its sender's number."""
        return Call(sender, b"", GAS_OF_NOTHING)

    def deposit_address(self, salt: str) -> str:
        """Returns the address that `rules.factory` makes of a salt, whether or not anything is there yet."""
        return forwarders.forwarder_of(self.rules.factory, salt)

    def deposit_proxy(self) -> str:
        """Returns the hash of what `rules.factory` deploys at a deposit address."""
        return forwarders.proxy_hash(self.rules.factory)

    def make_factory(self, treasury: str) -> Call:
        """Returns the call that puts `rules.factory` on the chain; whoever brings it makes the same, and no other."""
        data = abi.bytes_of(forwarders.deployment(treasury))
        return Call(forwarders.DEPLOYER, data, forwarders.GAS_OF_FACTORY)

    def sweep(self, salts: Sequence[str], token: str) -> Call:
        """Returns the call that moves what 1 to BATCH_MAX deposit addresses hold to the treasury, each on its own."""
        _count(salts)
        data = abi.bytes_of(forwarders.sweep_data(salts, token))
        return Call(self.rules.factory, data, forwarders.sweep_gas(len(salts)))

    def sign(self, call: Call, number: int, fees: Fees, signer: Signer) -> SignedTransaction:
        """Signs a transaction with its sender's own number (the account's nonce)."""
        payload = payload_of(self.rules.id, call, number, fees)
        raw = signed_bytes(payload, signer.sign(digest_of(payload)))
        return SignedTransaction(raw, abi.hash_of(raw))

    def _transfer(self, signed: SignedAuthorization) -> str:
        asked = signed.authorization
        nonce = abi.bytes_of(asked.nonce)
        return abi.call_data(
            _TRANSFER, asked.payer, asked.payee, asked.units, 0, asked.valid_before, nonce, signed.signature
        )

    def _cancel(self, payer: str, nonce: str, signer: Signer) -> str:
        signature = signer.sign(cancel_digest(self.rules, payer, nonce))
        return abi.call_data(_CANCEL, payer, abi.bytes_of(nonce), signature)

    def _many(self, calls: Sequence[str]) -> Call:
        _count(calls)
        listed = [(self.rules.token, True, abi.bytes_of(call)) for call in calls]
        data = abi.bytes_of(abi.call_data(_MANY, listed))
        return Call(self.rules.multicall, data, BATCH_GAS + TRANSFER_GAS * len(calls))


def _count(things: Sequence[str]) -> None:
    if not 1 <= len(things) <= BATCH_MAX:
        raise ChainMismatch(f"A transaction does 1 to {BATCH_MAX} things, not {len(things)}.")
