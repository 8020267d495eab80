"""Prices and tokens of every kind, for hypothesis."""

from hypothesis import strategies as st

from app.domain.money import NANOS, Unit
from app.domain.pricing.quote import OF_OUTPUT, OF_PROMPT, TIERED, Price, Tier, Tokens

NANO = st.integers(0, 100 * NANOS)
OWN = {name: st.none() | NANO for name in TIERED if name not in ("input_nanos", "cached_input_nanos", "output_nanos")}
TIERS = st.lists(
    st.builds(Tier, st.integers(1, 2_000_000), NANO, NANO, NANO, **OWN),
    max_size=3, unique_by=lambda tier: tier.from_tokens,
).map(lambda tiers: tuple(sorted(tiers, key=lambda tier: tier.from_tokens)))  # fmt: skip
PRICES = st.builds(
    Price, id=st.just("prc_1"), model=st.just("m"), version=st.just(1), unit=st.sampled_from([Unit.USD, Unit.USDC]),
    input_nanos=NANO, cached_input_nanos=NANO, output_nanos=NANO, request_nanos=NANO,
    minimum_nanos=st.integers(0, NANOS) | st.integers(0, 10**6 * NANOS),
    markup_basis_points=st.integers(0, 50_000), image_nanos=st.just(0) | st.integers(0, 10**6 * NANOS),
    tiers=st.just(()) | TIERS, **OWN,
)  # fmt: skip
COUNTS = st.integers(0, 2_000_000)


@st.composite
def tokens(draw: st.DrawFn) -> Tokens:
    """Tokens of every kind, each a part of the prompt or of the output."""
    prompt, output = draw(COUNTS), draw(COUNTS)
    cached, images = draw(st.integers(0, prompt)), draw(st.integers(0, 20))
    if draw(st.booleans()):
        return Tokens(prompt, output, cached, images=images)
    left, other = {True: prompt - cached, False: output}, []
    for kind in (*OF_PROMPT[2:], *OF_OUTPUT[1:]):
        part = draw(st.integers(0, left[kind in OF_PROMPT]))
        left[kind in OF_PROMPT] -= part
        other.append((kind, part))
    return Tokens(prompt, output, cached, tuple(other), images)
