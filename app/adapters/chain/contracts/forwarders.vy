# pragma version 0.4.3
# pragma evm-version paris
"""
@title Forwarders: an address for each wallet, whose tokens can go to one place only
@license MIT
@notice Each forwarder is a minimal proxy (EIP-1167) of this contract, made by CREATE2 once something is to be moved.
    There is no owner and no upgrade; whoever calls decides nothing but when.
"""

from ethereum.ercs import IERC20


SWEPT_MAX: constant(uint256) = 100
TREASURY: public(immutable(address))


@deploy
def __init__(treasury: address):
    assert treasury != empty(address), "no treasury"
    TREASURY = treasury


@external
def flush(token: address):
    """
    @notice Sends all that this address holds of a token to the treasury.
    """
    units: uint256 = staticcall IERC20(token).balanceOf(self)
    assert extcall IERC20(token).transfer(TREASURY, units, default_return_value=True), "not sent"


@external
def sweep(salts: DynArray[bytes32, SWEPT_MAX], token: address):
    """
    @notice Flushes the forwarders of these salts, each on its own: one that fails stops no other.
    """
    for salt: bytes32 in salts:
        forwarder: address = self._address_of(salt)
        if staticcall IERC20(token).balanceOf(forwarder) == 0:
            continue
        if forwarder.codesize == 0:
            assert create_minimal_proxy_to(self, salt=salt) == forwarder, "made elsewhere"
        # What failed stays where it is, for another time.
        succeeded: bool = False
        answer: Bytes[32] = b""
        succeeded, answer = raw_call(
            forwarder, abi_encode(token, method_id=method_id("flush(address)")), max_outsize=32, revert_on_failure=False
        )


@external
@view
def address_of(salt: bytes32) -> address:
    """
    @notice Returns the address of a salt's forwarder, whether or not anything is there yet.
    """
    return self._address_of(salt)


@internal
@view
def _address_of(salt: bytes32) -> address:
    init_code_hash: bytes32 = keccak256(
        concat(x"602d3d8160093d39f3363d3d373d3d3d363d73", convert(self, bytes20), x"5af43d82803e903d91602b57fd5bf3")
    )
    hashed: uint256 = convert(keccak256(concat(x"ff", convert(self, bytes20), salt, init_code_hash)), uint256)
    return convert(convert(hashed & convert(max_value(uint160), uint256), uint160), address)
