"""What is signed, against what others make of the same."""

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from app.adapters.chain import abi, signed
from app.adapters.chain.keys import LocalSigner
from app.adapters.chain.known import MULTICALL, POLYGON
from app.ports.chain.values import Authorization, Call, Fees

KEY = "0x" + "4c" * 32
NONCE = "0x" + "ab" * 32


@pytest.mark.unhurried
def test_a_transfer_is_signed_as_wallets_sign_typed_data() -> None:
    signer = LocalSigner.of_key(KEY, 137)
    asked = Authorization(signer.address, MULTICALL, 5_000_000, 1_900_000_000, NONCE)
    typed = encode_typed_data(full_message=dict(signed.typed_transfer(POLYGON, asked)))
    theirs = Account.from_key(KEY).sign_message(typed).signature
    assert theirs == signer.sign(signed.transfer_digest(POLYGON, asked))


@pytest.mark.unhurried
def test_a_cancellation_is_signed_as_wallets_sign_typed_data() -> None:
    signer = LocalSigner.of_key(KEY, 137)
    fields = [{"name": "authorizer", "type": "address"}, {"name": "nonce", "type": "bytes32"}]
    domain = {"name": "USD Coin", "version": "2", "chainId": 137, "verifyingContract": POLYGON.token}
    said = {"authorizer": signer.address, "nonce": NONCE}
    typed = encode_typed_data(domain_data=domain, message_types={"CancelAuthorization": fields}, message_data=said)
    theirs = Account.from_key(KEY).sign_message(typed).signature
    assert theirs == signer.sign(signed.cancel_digest(POLYGON, signer.address, NONCE))


@pytest.mark.unhurried
def test_a_transaction_is_written_as_others_write_it() -> None:
    signer = LocalSigner.of_key(KEY, 137)
    payload = signed.payload_of(137, Call(MULTICALL, b"\x01\x02", 210_000), 7, Fees(90, 30))
    raw = signed.signed_bytes(payload, signer.sign(signed.digest_of(payload)))
    fields = {"type": 2, "chainId": 137, "nonce": 7, "maxFeePerGas": 90, "maxPriorityFeePerGas": 30, "gas": 210_000,
              "to": MULTICALL, "value": 0, "data": "0x0102"}  # fmt: skip
    theirs = Account.sign_transaction(fields, KEY)
    assert raw == theirs.raw_transaction
    assert abi.hash_of(raw) == theirs.hash.to_0x_hex()


def test_a_signature_whose_parts_begin_with_zeros_is_written_without_them() -> None:
    payload = signed.payload_of(137, Call(MULTICALL, b"", 1), 0, Fees(1, 1))
    raw = signed.signed_bytes(payload, bytes(31) + b"\x05" + bytes(31) + b"\x06" + b"\x1b")
    assert raw.endswith(b"\x80\x05\x06")
