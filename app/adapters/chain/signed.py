"""What is signed: transfers and cancellations of them (EIP-712, EIP-3009), and transactions (EIP-1559, RLP). Pure.

The token is Circle's FiatToken v2.2 (github.com/circlefin/stablecoin-evm, `EIP3009.sol`).
"""

from collections.abc import Mapping

import rlp

from app.adapters.chain import abi
from app.ports.chain.values import Authorization, Call, ChainRules, Fees

Payload = tuple[object, ...]
_KIND = b"\x02"

_FIELDS = (
    ("from", "address"), ("to", "address"), ("value", "uint256"), ("validAfter", "uint256"),
    ("validBefore", "uint256"), ("nonce", "bytes32"),
)  # fmt: skip
_DOMAIN_FIELDS = (
    ("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address")
)  # fmt: skip
_TRANSFER_NAME = "TransferWithAuthorization"


def _type_hash(name: str, fields: tuple[tuple[str, str], ...]) -> bytes:
    return abi.digest(f"{name}({','.join(f'{kind} {field}' for field, kind in fields)})".encode())


_DOMAIN = _type_hash("EIP712Domain", _DOMAIN_FIELDS)
_TRANSFER = _type_hash(_TRANSFER_NAME, _FIELDS)
_CANCEL = _type_hash("CancelAuthorization", (("authorizer", "address"), ("nonce", "bytes32")))


def domain_separator(rules: ChainRules) -> bytes:
    """Returns what the token's signatures are bound to: its name, version, chain and address."""
    names = [abi.digest(text.encode()) for text in (rules.token_name, rules.token_version)]
    kinds = ("bytes32", "bytes32", "bytes32", "uint256", "address")
    return abi.digest(abi.encoded(kinds, _DOMAIN, *names, rules.id, rules.token))


def transfer_digest(rules: ChainRules, asked: Authorization) -> bytes:
    """Returns what a payer signs for a transfer that is valid from now on."""
    kinds = ("bytes32", *(kind for _, kind in _FIELDS))
    values = (asked.payer, asked.payee, asked.units, 0, asked.valid_before, abi.bytes_of(asked.nonce))
    return _bound(rules, abi.digest(abi.encoded(kinds, _TRANSFER, *values)))


def cancel_digest(rules: ChainRules, payer: str, nonce: str) -> bytes:
    """Returns what a payer signs so that an authorization can never pay."""
    kinds = ("bytes32", "address", "bytes32")
    return _bound(rules, abi.digest(abi.encoded(kinds, _CANCEL, payer, abi.bytes_of(nonce))))


def _bound(rules: ChainRules, struct: bytes) -> bytes:
    return abi.digest(b"\x19\x01" + domain_separator(rules) + struct)


def typed_transfer(rules: ChainRules, asked: Authorization) -> Mapping[str, object]:
    """Returns the same as a browser's wallet takes it (`eth_signTypedData_v4`); numbers as text, which all read."""
    values = (asked.payer, asked.payee, str(asked.units), "0", str(asked.valid_before), asked.nonce)
    return {
        "types": {
            "EIP712Domain": [{"name": name, "type": kind} for name, kind in _DOMAIN_FIELDS],
            _TRANSFER_NAME: [{"name": name, "type": kind} for name, kind in _FIELDS],
        },
        "primaryType": _TRANSFER_NAME,
        "domain": {
            "name": rules.token_name, "version": rules.token_version, "chainId": rules.id,
            "verifyingContract": rules.token,
        },
        "message": {name: value for (name, _), value in zip(_FIELDS, values, strict=True)},
    }  # fmt: skip


def payload_of(chain_id: int, call: Call, number: int, fees: Fees) -> Payload:
    """Returns the fields of a transaction that moves none of the chain's coin, in the order of their signature."""
    return (chain_id, number, fees.tip_wei, fees.fee_wei, call.gas, abi.bytes_of(call.to), 0, call.data, ())


def digest_of(payload: Payload) -> bytes:
    """Returns what a sender signs."""
    return abi.digest(_KIND + rlp.encode(payload))


def signed_bytes(payload: Payload, signature: bytes) -> bytes:
    """Returns a signed transaction as nodes take it."""
    r, s = (int.from_bytes(part) for part in (signature[:32], signature[32:64]))
    return bytes(_KIND + rlp.encode((*payload, signature[64] - 27, r, s)))
