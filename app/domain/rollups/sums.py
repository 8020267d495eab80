"""Sums: what is added up of requests. Pure; every amount is in nanos of the paywall's unit."""

from typing import NamedTuple


class Sums(NamedTuple):
    """What some requests came to.

    `gross_nanos` is what charges took, without the trial money that went back to where it came from
    (`trial_nanos`): that is nobody's revenue. `refunds_nanos` were given back, of charges, or of payments as far as
    revenue bore them. `fee_nanos` is the platform's, `cost_nanos` the provider's, as far as it is known.
    `unknown_net_nanos` is the part of gross less refunds whose cost nobody knows, `unknown_fee_nanos` the fee of that
    part. Tokens stand in one column each, so that the four add up to all.

    A request is counted once, with the first model that it asked; `also_asked` counts it with each further one, so that
    `asked` tells how many requests asked a model.
    """

    requests: int = 0
    gross_nanos: int = 0
    refunds_nanos: int = 0
    trial_nanos: int = 0
    cost_nanos: int = 0
    fee_nanos: int = 0
    unknown_net_nanos: int = 0
    unknown_fee_nanos: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    also_asked: int = 0

    @property
    def asked(self) -> int:
        """How many requests asked the model that these are the sums of."""
        return self.requests + self.also_asked

    @property
    def net_nanos(self) -> int:
        """Gross less refunds."""
        return self.gross_nanos - self.refunds_nanos

    @property
    def unknown_rest_nanos(self) -> int:
        """What is left of the net whose cost nobody knows, after its fee: cost and margin in one."""
        return self.unknown_net_nanos - self.unknown_fee_nanos

    @property
    def tokens(self) -> int:
        """All tokens, of prompts and answers."""
        return self.input_tokens + self.cached_tokens + self.output_tokens + self.reasoning_tokens

    @property
    def margin_nanos(self) -> int | None:
        """What is left of the net whose cost is known, after cost and fee; None where no cost is known."""
        is_unknown = bool(self.unknown_net_nanos or self.unknown_fee_nanos)
        known_net, known_fee = self.net_nanos - self.unknown_net_nanos, self.fee_nanos - self.unknown_fee_nanos
        if is_unknown and not (known_net or known_fee or self.cost_nanos):
            return None
        return known_net - known_fee - self.cost_nanos


NAMES = Sums._fields
"""The columns of sums, in their order."""
NOTHING = Sums()


def plus(one: Sums, other: Sums) -> Sums:
    """Returns both together."""
    return Sums(*[mine + theirs for mine, theirs in zip(one, other, strict=True)])


def minus(one: Sums, other: Sums) -> Sums:
    """Returns what the one has more than the other."""
    return Sums(*[mine - theirs for mine, theirs in zip(one, other, strict=True)])
