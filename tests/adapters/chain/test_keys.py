"""Keys that sign and are never shown."""

import pytest

from app.adapters.chain import encoding
from app.adapters.chain.keys import LocalSigner, signer_of
from app.ports.chain.chain import Signer
from app.ports.chain.values import ChainMismatch
from tests.emulators.anvil import KEYS

KEY = "0x" + "4c" * 32


def test_a_signature_names_its_signer_and_no_text_shows_the_key() -> None:
    signer: Signer = LocalSigner.of_key(KEY, 137)
    digest = bytes(range(32))
    signature = signer.sign(digest)
    assert len(signature) == 65
    assert signature[64] in (27, 28)
    assert signer_of(digest, signature) == signer.address
    assert signer_of(bytes(32), signature) != signer.address
    assert repr(signer) == f"LocalSigner({signer.address})"
    assert encoding.checksummed(signer.address) == signer.address


@pytest.mark.parametrize("key", KEYS)
def test_keys_that_everybody_has_are_refused_off_the_dev_chain(key: str) -> None:
    assert LocalSigner.of_key(key, 31_337).address
    for chain_id in (137, 80_002):
        with pytest.raises(ChainMismatch, match="everybody has it"):
            LocalSigner.of_key(key, chain_id)


@pytest.mark.parametrize("key", ["", "0x", "4c" * 31, "zz" * 32, "00" * 32, "ff" * 32])
def test_what_is_no_key_is_refused_without_being_repeated(key: str) -> None:
    with pytest.raises(ChainMismatch) as raised:
        LocalSigner.of_key(key, 137)
    assert raised.value.message == "A chain's key must be 64 hexadecimal digits, and not zero."
    assert raised.value.__suppress_context__
