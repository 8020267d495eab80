"""How an EVM chain writes things: calls and answers (ABI), what is signed (EIP-712, EIP-1559), addresses (EIP-55).

Pure. The token is Circle's FiatToken v2.2 (github.com/circlefin/stablecoin-evm), the batch Multicall3's `aggregate3`.
"""

from collections.abc import Sequence

import rlp
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.address import is_hex_address, to_checksum_address
from eth_utils.crypto import keccak

from app.ports.chain.values import Authorization, Call, ChainRules, ChainUnavailable, Fees, SignedAuthorization

WORD_BYTES = 32
_DOMAIN = keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_TRANSFER = keccak(
    text="TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,"
    "bytes32 nonce)"
)
_CANCEL = keccak(text="CancelAuthorization(address authorizer,bytes32 nonce)")

USED = "0x" + keccak(text="AuthorizationUsed(address,bytes32)").hex()
CANCELED = "0x" + keccak(text="AuthorizationCanceled(address,bytes32)").hex()
TRANSFERRED = "0x" + keccak(text="Transfer(address,address,uint256)").hex()


def hash_of(data: bytes) -> str:
    """Returns the keccak hash of bytes, as `0x…`."""
    return "0x" + keccak(data).hex()


def checksummed(address: str) -> str:
    """Returns an address with its checksum. Raises ValueError for what is none, or has a wrong one (EIP-55)."""
    written = str(to_checksum_address(address)) if is_hex_address(address) else ""
    digits = address[2:]
    if not written or (digits not in (digits.lower(), digits.upper()) and address != written):
        raise ValueError(f"{address[:80]!r} is no address of an EVM chain, or its checksum is wrong.")
    return written


def call_data(signature: str, values: Sequence[object]) -> bytes:
    """Returns a call of a function, named as `name(type,type)`, with its arguments."""
    kinds = _kinds(signature)
    return keccak(text=signature)[:4] + encode(kinds, list(values))


def _kinds(signature: str) -> list[str]:
    inside = signature[signature.index("(") + 1 : -1]
    kinds, depth, kind = [], 0, ""
    for letter in inside:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            kinds.append(kind)
            kind = ""
        else:
            kind += letter
    return [*kinds, kind] if kind else kinds


def answered(kind: str, data: bytes) -> object:
    """Returns the one value of an answer. Raises ChainUnavailable for what is no such answer."""
    try:
        (value,) = decode([kind], data)
    except (DecodingError, OverflowError) as error:
        raise ChainUnavailable(f"A node answered {len(data)} bytes that are no {kind}: {error}") from error
    return value


def word(value: bytes | str) -> str:
    """Returns an address or 32 bytes as a topic of a log: 32 bytes, zeros before."""
    data = bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else value
    return "0x" + data.rjust(WORD_BYTES, b"\0").hex()


def address_in(topic: str) -> str:
    """Returns the address that a topic holds."""
    return checksummed("0x" + topic[-40:])


def domain_separator(rules: ChainRules) -> bytes:
    """Returns what the token's signatures are bound to: its name, version, chain and address (EIP-712)."""
    names = [keccak(text=rules.token_name), keccak(text=rules.token_version)]
    return keccak(encode(["bytes32"] * 3 + ["uint256", "address"], [_DOMAIN, *names, rules.id, rules.token]))


def transfer_digest(rules: ChainRules, asked: Authorization) -> bytes:
    """Returns what a payer signs for a transfer that is valid from now on."""
    kinds = ["bytes32", "address", "address", "uint256", "uint256", "uint256", "bytes32"]
    values = [_TRANSFER, asked.payer, asked.payee, asked.units, 0, asked.valid_before, _bytes(asked.nonce)]
    return _bound(rules, keccak(encode(kinds, values)))


def cancel_digest(rules: ChainRules, payer: str, nonce: str) -> bytes:
    """Returns what a payer signs so that an authorization can never pay."""
    return _bound(rules, keccak(encode(["bytes32", "address", "bytes32"], [_CANCEL, payer, _bytes(nonce)])))


def _bound(rules: ChainRules, struct: bytes) -> bytes:
    return keccak(b"\x19\x01" + domain_separator(rules) + struct)


def transfer_data(signed: SignedAuthorization) -> bytes:
    """Returns the call that brings a transfer to the token."""
    asked = signed.authorization
    return call_data(
        "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
        [asked.payer, asked.payee, asked.units, 0, asked.valid_before, _bytes(asked.nonce), signed.signature],
    )


def cancel_data(payer: str, nonce: str, signature: bytes) -> bytes:
    """Returns the call that cancels an authorization."""
    return call_data("cancelAuthorization(address,bytes32,bytes)", [payer, _bytes(nonce), signature])


def many(calls: Sequence[tuple[str, bytes]]) -> bytes:
    """Returns Multicall3's call of many, each of which may fail alone."""
    return call_data("aggregate3((address,bool,bytes)[])", [[(to, True, data) for to, data in calls]])


def answers_of_many(data: bytes, count: int) -> Sequence[bytes | None]:
    """Returns what each of so many calls answered, None for one that failed. Raises ChainUnavailable for fewer."""
    found = answered("(bool,bytes)[]", data)
    if not isinstance(found, tuple) or len(found) != count:
        raise ChainUnavailable(f"A node did not answer all of {count} calls.")
    return [answer if succeeded else None for succeeded, answer in found]


def transaction_payload(chain_id: int, call: Call, nonce: int, fees: Fees) -> tuple[object, ...]:
    """Returns the fields of a transaction of EIP-1559, in the order in which they are signed."""
    to = _bytes(call.to)
    return (chain_id, nonce, fees.tip_wei, fees.fee_wei, call.gas, to, 0, call.data, ())


def transaction_digest(payload: tuple[object, ...]) -> bytes:
    """Returns what a sender signs."""
    return keccak(b"\x02" + rlp.encode(payload))


def transaction_bytes(payload: tuple[object, ...], signature: bytes) -> bytes:
    """Returns a signed transaction as nodes take it."""
    r, s = (int.from_bytes(part) for part in (signature[:32], signature[32:64]))
    return bytes(b"\x02" + rlp.encode((*payload, signature[64] - 27, r, s)))


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
