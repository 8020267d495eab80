"""Keys that sign and are never shown, signatures of others, and the recursion limit that eth-account would raise."""

import json
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from app.adapters.chain import abi
from app.adapters.chain.dev.node import KEYS
from app.adapters.chain.keys import LocalSigner, Wallets, signature_said, signer_of
from app.ports.chain.signer import Signer, WalletSignatures
from app.ports.chain.values import AddressInvalid, ChainMismatch

KEY = "0x" + "4c" * 32
GUIDE = Path(__file__).parents[3] / "app/guide/use/chain.md"


def test_a_signature_names_its_signer_and_no_text_shows_the_key() -> None:
    signer: Signer = LocalSigner.of_key(KEY, 137)
    digest = bytes(range(32))
    signature = signer.sign(digest)
    assert len(signature) == 65
    assert signature[64] in (27, 28)
    assert signer_of(digest, signature) == signer.address
    assert signer_of(bytes(32), signature) != signer.address
    assert repr(signer) == f"LocalSigner({signer.address})"
    assert abi.checksummed(signer.address) == signer.address
    with pytest.raises(TypeError, match="does not leave"):
        pickle.dumps(signer)


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
    assert raised.value.__cause__ is None


@pytest.mark.unhurried
def test_an_encrypted_file_gives_its_key_to_its_password_alone() -> None:
    text = json.dumps(Account.encrypt(bytes.fromhex(KEY[2:]), "a word", kdf="pbkdf2", iterations=2))
    assert LocalSigner.of_file(text, "a word", 137).address == LocalSigner.of_key(KEY, 137).address
    for wrong, password in ((text, "another"), ("{}", "a word"), ("no file", ""), ('{"version": 3}', "")):
        with pytest.raises(ChainMismatch, match="its password is another one"):
            LocalSigner.of_file(wrong, password, 137)
    everybodys = json.dumps(Account.encrypt(bytes.fromhex(KEYS[0][2:]), "a word", kdf="pbkdf2", iterations=2))
    with pytest.raises(ChainMismatch, match="everybody has it"):
        LocalSigner.of_file(everybodys, "a word", 137)


def test_a_wallets_signature_of_a_text_names_its_signer() -> None:
    account = Account.from_key(KEY)
    message = "coinslot.example wants you to sign in with your account:\n\nZürich"
    signature = "0x" + account.sign_message(encode_defunct(text=message)).signature.hex().removeprefix("0x")
    wallets: WalletSignatures = Wallets()
    assert wallets.signer_of_message(message, signature) == account.address
    assert wallets.signer_of_message(message + " ", signature) != account.address


def test_an_address_is_read_with_its_checksum() -> None:
    wallets, address = Wallets(), LocalSigner.of_key(KEY, 137).address
    assert wallets.checksummed(address.lower()) == address
    with pytest.raises(AddressInvalid, match="its checksum is wrong"):
        wallets.checksummed("0x" + address[2:].swapcase())


def test_a_signature_is_taken_in_one_form() -> None:
    digest = bytes(range(32))
    signature = LocalSigner.of_key(KEY, 137).sign(digest)
    hardware = signature[:64] + bytes([signature[64] - 27])
    assert signature_said("0x" + hardware.hex()) == signature
    order = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
    high = order - int.from_bytes(signature[32:64])
    second = signature[:32] + high.to_bytes(32) + bytes([55 - signature[64]])
    assert signer_of(digest, second) == LocalSigner.of_key(KEY, 137).address
    for wrong in (second, signature[:64], signature + b"\0", signature[:64] + b"\x1d"):
        with pytest.raises(AddressInvalid):
            signature_said("0x" + wrong.hex())
    for text in ("", "0x", "nothing", "0x" + "zz" * 65):
        with pytest.raises(AddressInvalid):
            signature_said(text)


@pytest.mark.parametrize("signature", [bytes(64) + b"\x1b", b"\xff" * 32 + b"\x01" * 32 + b"\x1b"])
def test_what_nobody_signed_is_nobodys(signature: bytes) -> None:
    with pytest.raises(AddressInvalid, match="nobody's signature"):
        signer_of(bytes(range(32)), signature)
    with pytest.raises(AddressInvalid, match="nobody's signature"):
        Wallets().signer_of_message("text", "0x" + signature.hex())


def test_importing_keys_leaves_the_recursion_limit() -> None:
    """At 100,000 deeply nested JSON overflows the stack and ends the process, instead of failing one request."""
    code = (
        "import sys; before = sys.getrecursionlimit(); import app.adapters.chain.keys;"
        "import eth_account; assert sys.getrecursionlimit() == before, sys.getrecursionlimit()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.unhurried
def test_a_key_file_that_is_made_as_the_guide_says_opens(tmp_path: Path) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (tmp_path / "make_key.py").write_text(script)
    made = subprocess.run(
        [sys.executable, "make_key.py", "treasury.json"], cwd=tmp_path, input="a word\na word\n", text=True,
        capture_output=True, check=True, timeout=60, start_new_session=True,
    )  # fmt: skip
    kept = tmp_path / "treasury.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert LocalSigner.of_file(kept.read_text(), "a word", 137).address == made.stdout.split()[-1]
