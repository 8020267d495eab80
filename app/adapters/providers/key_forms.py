"""How a provider's key can be written: itself in any case, masked, cut short, or encoded as texts are.

All of it in bytes, of which only ASCII letters have a case, so that what is found stands at the same place in the
original. A key of fewer than 8 characters has no forms: too many texts hold it by chance.
"""

import base64
import html
import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from urllib.parse import quote, quote_plus

KEY_CHARACTERS_MIN = 8
MASK = b"***"
NEEDLE_BYTES = 6
SUFFIX_BYTES = 4
"""How much of the key's beginning, or of its end, beside a mask is a form of the key."""
BESIDE_MASK_BYTES_MAX = 256
TOLD_BYTES_MIN = 10
"""How much of the key is a form without a mask; at least half of it, too."""
ENCODED_BEGINNING_BYTES = 4
ESCAPED_BYTES_MAX = 64
"""How much of a key is looked for escaped; what follows up to a blank, a quote or a bracket is taken for the rest. The
form of a long one takes seconds to make."""
VARIED_BYTES = 8
"""Of a key longer than what stands beside a mask, half of all pieces of this length differ, or it is no secret."""

_DOTS = rb"\*|\xe2\x80\xa6|\\+u2026|\xe2\x80\xa2|\\+u2022|\xe2\x97\x8f|\xe2\x88\x99|\xc2\xb7|\xe2\x96\x88|%2a|&hellip;"
_RUN = (rb"(?:(?:" + _DOTS + rb")+|\.{2,}|x{3,}|\#{3,}|_{3,}|-{3,}"
        rb"|\[(?:\.{3}|redacted|masked|hidden|filtered)\]|<(?:redacted|masked|hidden|filtered)>)")  # fmt: skip
_RUNS = re.compile(_RUN)
_BEGUN_RUN_AT_END = re.compile(rb"(?:\.|x{1,2}|\#{1,2}|_{1,2}|-{1,2})\Z")
_ASCII_ESCAPE = re.compile(rb"\\u00[2-7]")
"""A letter that JSON did not have to escape; a key of such letters, cut in two, is found once they are read."""
_TAIL_BYTES = 512
"""Where a run of masks at the end is looked for; a longer one is cut there."""


@lru_cache(maxsize=256)
def forms_of(key: str | None) -> "KeyForms | None":
    """Returns the forms of a key; None where there is none to keep, or it is too short to be told from words."""
    return KeyForms(key) if key is not None and len(key) >= KEY_CHARACTERS_MIN and not _repeats_itself(key) else None


def _repeats_itself(key: str) -> bool:
    """Tells whether a long key is no secret: a text that fits to one of its pieces fits to many, and is read slowly."""
    if len(key) <= BESIDE_MASK_BYTES_MAX:
        return False
    pieces = len(key) - VARIED_BYTES + 1
    return len({key[at : at + VARIED_BYTES] for at in range(pieces)}) < pieces / 2


class KeyForms:
    """Finds the forms of one key."""

    def __init__(self, key: str) -> None:
        self._key = key.encode("utf-8", "surrogatepass").lower()
        self._encoded = sorted(set(_encoded(key)) - {self._key})
        rest = rb"[^\s\"'<>(),]*" if len(self._key) > ESCAPED_BYTES_MAX else b""
        self._escaped = re.compile(b"".join(map(_escaped, self._key[:ESCAPED_BYTES_MAX])) + rest)
        beginnings = {form[:NEEDLE_BYTES] for form in (self._key, *self._encoded)}
        self._needles = (*beginnings, self._key[-SUFFIX_BYTES:])
        cut = b"(?:" + _beginning(self._key[: NEEDLE_BYTES - 1]) + rb"|\*|\xe2\x80\xa6|\\u2026|\.\.)"
        self._cut_end = re.compile(cut + rb'"(?!\s*:)')
        needles = b"|".join(map(re.escape, self._needles))
        self._suspect = re.compile(needles + rb"|\\u00[2-7]|%[2-7]|&#|" + cut + rb"\Z")

    def may_stand_in(self, data: bytes) -> bool:
        """Tells whether a whole body may hold a form. Quick, and sometimes true without a reason."""
        lower = data.lower()
        for needle in self._needles:
            if needle in lower:
                return True
        if b"\\u00" in lower and _ASCII_ESCAPE.search(lower) is not None:
            return True
        return (b"%" in lower or b"&#" in lower) and self._escaped.search(lower) is not None

    def may_begin_in(self, events: bytes) -> bool:
        """Tells of events what `may_stand_in` tells, or whether a text in them ends as a form may begin."""
        if self.may_stand_in(events):
            return True
        lower = events.lower()
        return self._cut_end.search(lower, max(lower.find(b'"choices"'), 0)) is not None

    def may_stand_in_text(self, text: bytes) -> bool:
        """Tells of a text as JSON writes it, which others may follow, what `may_begin_in` tells of events."""
        return self._suspect.search(text.lower()) is not None

    def masked(self, data: bytes) -> bytes:
        """Returns `data` with a mask for every form."""
        pieces, position = [], 0
        for start, end in self.spans(data):
            pieces += [data[position:start], MASK]
            position = end
        return b"".join([*pieces, data[position:]]) if pieces else data

    def masked_text(self, text: str) -> str:
        """Returns a text with a mask for every form."""
        data = text.encode("utf-8", "surrogatepass")
        masked = self.masked(data)
        return text if masked is data else masked.decode("utf-8", "surrogatepass")

    def spans(self, data: bytes) -> list[tuple[int, int]]:
        """Returns where forms begin and end, in order and apart from each other."""
        lower = data.lower()
        if self._suspect.search(lower) is None:
            return []
        found = [*self._told(lower), *self._beside_masks(lower)]
        if b"\\u00" in lower or b"%" in lower or b"&#" in lower:
            found += [match.span() for match in self._escaped.finditer(lower)]
        merged: list[tuple[int, int]] = []
        for start, end in sorted(found):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged

    def is_complete(self, form: bytes) -> bool:
        """Tells whether a form that was found ends as the key does, so that nothing can lengthen it."""
        lower = form.lower()
        return any(lower.endswith(end[-NEEDLE_BYTES:]) for end in (self._key, *self._encoded))

    def unfinished(self, data: bytes) -> int:
        """Returns where a form begins that what follows may complete or lengthen; the length of `data` for none."""
        lower = data.lower()
        starts = [len(lower) - self._common(lower, self._key[:-1], 1)]
        starts += [len(lower) - self._common(lower, form[:-1], ENCODED_BEGINNING_BYTES) for form in self._encoded]
        for start, end in self._runs_near_end(lower):
            before, rest = self._before(lower, start, 1), lower[end:]
            may_go_on = not rest or (rest in self._key and not self._key.endswith(rest))
            if may_go_on and (before or end - start > 1):
                starts.append(start - before)
        return min(starts)

    @staticmethod
    def _runs_near_end(lower: bytes) -> Iterator[tuple[int, int]]:
        """Finds masks that may have the key's end behind them, and what may be the beginning of one."""
        tail = max(len(lower) - _TAIL_BYTES, 0)
        yield from (run.span() for run in _RUNS.finditer(lower, tail))
        if begun := _BEGUN_RUN_AT_END.search(lower, tail):
            yield begun.span()

    @staticmethod
    def _common(lower: bytes, form: bytes, least: int) -> int:
        """Returns how long the longest beginning of `form` is that `lower` ends with; 0 if below `least`."""
        places = _places(lower[-len(form) :], form[:least])
        tail = lower[-len(form) :]
        return next((len(tail) - place for place in places if form.startswith(tail[place:])), 0)

    def _told(self, lower: bytes) -> Iterator[tuple[int, int]]:
        """Finds keys, whole or cut short at either end.

        Of what overlaps one that was found, only so much may be left out as would be too short to be found.
        """
        for form in (self._key, *self._encoded):
            least = min(max(TOLD_BYTES_MIN, len(form) // 2), len(form))
            start = lower.find(form[:least])
            while start >= 0:
                most = min(len(form), len(lower) - start)
                end = start + _longest(least, most, partial(_goes_on, lower, start, form))
                yield start, end
                start = lower.find(form[:least], max(start, end - least) + 1)
        least = min(max(TOLD_BYTES_MIN, len(self._key) // 2), len(self._key))
        start = lower.rfind(self._key[-least:])
        while start >= 0:
            end = start + least
            begin = end - _longest(least, min(len(self._key), end), partial(_ends_so, lower, end, self._key))
            yield begin, end
            start = lower.rfind(self._key[-least:], 0, min(end - 1, begin + least - 1))

    def _beside_masks(self, lower: bytes) -> Iterator[tuple[int, int]]:
        """Finds masks with enough of the key's ends beside them."""
        for run in _RUNS.finditer(lower):
            start, end = run.span()
            after = self._after(lower, end, SUFFIX_BYTES)
            before = self._before(lower, start, 1 if after else NEEDLE_BYTES)
            if before >= NEEDLE_BYTES:
                yield start - before, end + self._after(lower, end, 1)
            elif after and (before or end - start > 1):
                yield start - before, end + after

    def _before(self, lower: bytes, end: int, least: int) -> int:
        """Returns how much of the key's beginning stands before `end`, 0 for less than `least`."""
        begun, place = self._key[:least], end - min(BESIDE_MASK_BYTES_MAX, len(self._key), end)
        while (place := lower.find(begun, place, end)) >= 0:
            if self._key.startswith(lower[place:end]):
                return end - place
            place += 1
        return 0

    def _after(self, lower: bytes, start: int, least: int) -> int:
        """Returns how much of the key's end stands behind `start`, 0 for less than `least`."""
        ended, end = self._key[-least:], start + min(BESIDE_MASK_BYTES_MAX, len(self._key))
        while (place := lower.rfind(ended, start, end)) >= 0:
            end = place + least
            if self._key.endswith(lower[start:end]):
                return end - start
            end -= 1
        return 0


def _longest(least: int, most: int, fits: Callable[[int], bool]) -> int:
    """Returns the longest length that fits, where a shorter one always does too; the least one is known to."""
    while least < most:
        length = (least + most + 1) // 2
        if fits(length):
            least = length
        else:
            most = length - 1
    return least


def _goes_on(lower: bytes, start: int, form: bytes, length: int) -> bool:
    return lower.startswith(form[:length], start)


def _ends_so(lower: bytes, end: int, form: bytes, length: int) -> bool:
    return lower.endswith(form[-length:], 0, end)


def _places(lower: bytes, part: bytes) -> Iterator[int]:
    place = lower.find(part)
    while place >= 0:
        yield place
        place = lower.find(part, place + 1)


def _encoded(key: str) -> Iterator[bytes]:
    """Yields a key as texts of other kinds hold it, in lower case."""
    raw = key.encode("utf-8", "surrogatepass")
    for before in range(3):
        # What stands before it decides where its bits fall; the first and last characters belong to others, too.
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            whole = encode(bytes(before) + raw).rstrip(b"=")
            yield whole[(0, 2, 3)[before] : (before + len(raw)) * 8 // 6].lower()
    yield raw.hex().encode()
    written = (quote(raw, safe=""), quote_plus(raw), html.escape(key), json.dumps(key)[1:-1])
    yield from (text.encode("utf-8", "surrogatepass").lower() for text in (*written, key.replace("/", "\\/")))


def _escaped(byte: int) -> bytes:
    """Returns what finds a character of either case as JSON, a URL or HTML may escape it, or as itself."""
    cases = {byte, ord(chr(byte).upper()) if byte < 128 else byte}
    codes = b"|".join(b"%02x" % case for case in cases)
    numbers = b"|".join(b"%d" % case for case in cases)
    return b"(?:%s|\\\\+u00(?:%s)|%%(?:25)?(?:%s)|&#0*(?:%s);|&#x0*(?:%s);)" % (
        re.escape(bytes([byte])), codes, codes, numbers, codes
    )  # fmt: skip


def _beginning(part: bytes) -> bytes:
    """Returns what finds a beginning of `part` of at least one byte."""
    rest = b"(?:" + _beginning(part[1:]) + b")?" if len(part) > 1 else b""
    return re.escape(part[:1]) + rest
