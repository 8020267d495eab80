"""About what a request of several models costs while it runs: known of legs that have ended, guessed of all others."""

from app.domain.legs.legs import minimum_of
from app.domain.money import format_for_people
from app.domain.pricing.quote import Tokens, round_up, unrounded
from app.flows.chat.meter import BYTES_PER_TOKEN
from app.flows.modes.members import Member, Panel


async def about(panel: Panel) -> str:
    """Returns in words about what all legs come to by now, rounded once; what is charged in the end is counted."""
    parts = sum(_parts(member) for member in panel.members)
    least = max(member.leg.offer.price.minimum_nanos for member in panel.members)
    minimum = max(minimum_of([member.use for member in panel.members]), least if parts else 0)
    unit = panel.held.asked.unit
    return format_for_people(round_up(unit, parts, minimum), unit)


def _parts(member: Member) -> int:
    """Returns what a member comes to, in parts of a nano; one that was not asked yet, or said nothing, to nothing."""
    if member.has_ended:
        return member.use.parts
    if not member.text:
        return 0
    prompt, output = (-(-size // BYTES_PER_TOKEN) for size in (member.leg.request.prompt_bytes, len(member.text)))
    return unrounded(member.leg.offer.price, Tokens(prompt, output))
