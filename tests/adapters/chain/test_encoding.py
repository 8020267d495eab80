"""How things are written on chain, against what the standards print and what others have computed."""

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from app.adapters.chain import encoding, known
from app.adapters.chain.keys import LocalSigner
from app.ports.chain.values import Authorization, Call, ChainUnavailable, Fees

KEY = "0x" + "4c" * 32


@pytest.mark.parametrize(
    "address",
    ["0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
     "0x52908400098527886E0F7030069857D2E4169EE7", "0xde709f2102306220921060314715629080e2fb77"],
)  # fmt: skip
def test_addresses_of_the_standard_are_taken(address: str) -> None:
    assert encoding.checksummed(address).lower() == address.lower()
    assert encoding.checksummed(address.lower()) == encoding.checksummed(address)


@pytest.mark.parametrize(
    "text", ["", "0x", "vitalik.eth", "0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x" + "1" * 39, "0x" + "g" * 40]
)
def test_what_is_no_address_or_has_a_wrong_checksum_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no address"):
        encoding.checksummed(text)


def test_calls_begin_with_the_known_selectors() -> None:
    assert encoding.call_data("balanceOf(address)", [known.MULTICALL])[:4].hex() == "70a08231"
    assert encoding.many([(known.MULTICALL, b"")])[:4].hex() == "82ad56cb"
    assert encoding.call_data("transfer(address,uint256)", [known.MULTICALL, 1])[:4].hex() == "a9059cbb"


def test_a_transfer_is_signed_as_wallets_sign_typed_data() -> None:
    rules = known.polygon(("http://one.test", "http://two.test"))
    signer = LocalSigner.of_key(KEY, 137)
    nonce = "0x" + "ab" * 32
    asked = Authorization(signer.address, known.MULTICALL, 5_000_000, 1_900_000_000, nonce)
    fields = ("from", "to", "value", "validAfter", "validBefore", "nonce")
    kinds = ("address", "address", "uint256", "uint256", "uint256", "bytes32")
    named = dict(zip(fields, (asked.payer, asked.payee, asked.units, 0, asked.valid_before, nonce), strict=True))
    domain = {"name": "USD Coin", "version": "2", "chainId": 137, "verifyingContract": rules.token}
    types = {"TransferWithAuthorization": [{"name": f, "type": k} for f, k in zip(fields, kinds, strict=True)]}
    typed = encode_typed_data(domain_data=domain, message_types=types, message_data=named)
    assert Account.from_key(KEY).sign_message(typed).signature == signer.sign(encoding.transfer_digest(rules, asked))


def test_a_transaction_is_written_as_others_write_it() -> None:
    signer = LocalSigner.of_key(KEY, 137)
    call = Call(known.MULTICALL, b"\x01\x02", 210_000)
    payload = encoding.transaction_payload(137, call, 7, Fees(90, 30))
    raw = encoding.transaction_bytes(payload, signer.sign(encoding.transaction_digest(payload)))
    fields = {"type": 2, "chainId": 137, "nonce": 7, "maxFeePerGas": 90, "maxPriorityFeePerGas": 30, "gas": 210_000,
              "to": known.MULTICALL, "value": 0, "data": "0x0102"}  # fmt: skip
    theirs = Account.sign_transaction(fields, KEY)
    assert raw == theirs.raw_transaction
    assert encoding.hash_of(raw) == theirs.hash.to_0x_hex()


def test_a_signature_whose_parts_begin_with_zeros_is_written_without_them() -> None:
    payload = encoding.transaction_payload(137, Call(known.MULTICALL, b"", 1), 0, Fees(1, 1))
    raw = encoding.transaction_bytes(payload, bytes(31) + b"\x05" + bytes(31) + b"\x06" + b"\x1b")
    assert raw.endswith(b"\x80\x05\x06")


def test_answers_that_are_none_are_refused() -> None:
    with pytest.raises(ChainUnavailable):
        encoding.answered("uint256", b"")
    with pytest.raises(ChainUnavailable):
        encoding.answers_of_many(b"\0" * 7, 1)
