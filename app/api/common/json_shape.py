"""How much a JSON text would be as objects, counted before anything of it is built: its values, and its depth.

A body of 20 MB may say seven million empty lists, which cost thirty times its bytes. Only what could be too much is
looked at closely, by counts over bytes that hold the interpreter for milliseconds at most.
"""

from itertools import accumulate

from app.domain.errors import BadField

DEPTH_MAX = 64
VALUES_MAX = 100_000

_QUOTES_MAX = 4 * VALUES_MAX
"""Each value of an object stands behind a name, and a string is between two quotes."""
_OTHERS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def check_shape(raw: bytes) -> None:
    """Raises BadField for a JSON text of more than VALUES_MAX values, or nested deeper than DEPTH_MAX.

    What is no JSON may pass, and is counted no lower than what stands before its first fault.
    """
    opened = raw.count(b"[") + raw.count(b"{")
    if opened <= DEPTH_MAX and (len(raw) <= VALUES_MAX or opened + raw.count(b",") < VALUES_MAX):
        return
    outside = _outside_of_strings(raw)
    opened = outside.count(b"[") + outside.count(b"{")
    if opened + outside.count(b",") >= VALUES_MAX:
        raise _too_many()
    if opened > DEPTH_MAX:
        brackets = outside.translate(None, _OTHERS)
        if max(accumulate(map(_STEPS.__getitem__, brackets))) > DEPTH_MAX:
            message = f"The body is nested too deeply: at most {DEPTH_MAX} lists and objects may stand in each other."
            raise BadField(None, message, "invalid_json")


def _outside_of_strings(raw: bytes) -> bytes:
    """Returns what stands outside of all strings. Raises BadField for more strings than there may be values."""
    bare = raw.replace(rb"\\", b"").replace(rb"\"", b"") if b"\\" in raw else raw
    if bare.count(b'"') > _QUOTES_MAX:
        raise _too_many()
    return b"".join(bare.split(b'"')[::2])


def _too_many() -> BadField:
    return BadField(None, f"The body holds too many values: at most {VALUES_MAX:,} are read.", "invalid_json")
