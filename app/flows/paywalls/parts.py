"""Every part of a paywall that can be changed, with what it needs of the outside."""

from dataclasses import dataclass
from functools import cached_property

from app.flows.catalogue.defaults import Filled
from app.flows.paywalls import keys, limits, messages, owners, prices, profile, provider, users, versions
from app.flows.paywalls.change import Part
from app.flows.paywalls.keys import MadeKey, NewKey, RevokedKey
from app.flows.paywalls.limits import Override, Use
from app.flows.paywalls.messages import Endpoint, Templates
from app.flows.paywalls.prices import PriceRules, Prices
from app.flows.paywalls.profile import Alerting, Opening, Profile
from app.flows.paywalls.provider import Leaving, TriedProvider
from app.flows.paywalls.users import Block, Freeze
from app.flows.paywalls.versions import RolledBack
from app.ports.seal import Sealer


@dataclass(frozen=True)
class Parts:
    """The parts, each for `change`: one a section, and more where a section has several forms."""

    sealer: Sealer
    rules: PriceRules

    @cached_property
    def provider(self) -> Part[TriedProvider, Filled]:
        return provider.provider(self.rules)

    @cached_property
    def leaving(self) -> Part[Leaving, tuple[str, ...]]:
        return provider.leaving()

    @cached_property
    def default_provider(self) -> Part[str, None]:
        return provider.default_provider()

    @cached_property
    def prices(self) -> Part[Prices, None]:
        return prices.prices(self.rules)

    @cached_property
    def templates(self) -> Part[Templates, None]:
        return messages.templates()

    @cached_property
    def endpoint(self) -> Part[Endpoint, str | None]:
        return messages.endpoint(self.sealer)

    @cached_property
    def limits(self) -> Part[Use, None]:
        return limits.limits()

    @cached_property
    def overrides(self) -> Part[Override, None]:
        return limits.overrides()

    @cached_property
    def keys(self) -> Part[NewKey | RevokedKey, MadeKey | None]:
        return keys.keys()

    @cached_property
    def profile(self) -> Part[Profile, None]:
        return profile.profile()

    @cached_property
    def icon(self) -> Part[bytes | None, str | None]:
        return profile.icon()

    @cached_property
    def blocks(self) -> Part[Block, None]:
        return users.blocks()

    @cached_property
    def freezes(self) -> Part[Freeze, None]:
        return users.freezes()

    @cached_property
    def zone(self) -> Part[str, bool]:
        return profile.zone()

    @cached_property
    def playground(self) -> Part[Opening, bool]:
        return profile.playground()

    @cached_property
    def alerts(self) -> Part[Alerting, bool]:
        return profile.alerts()

    @cached_property
    def archive(self) -> Part[bool, bool]:
        return owners.archive()

    @cached_property
    def version(self) -> Part[int, RolledBack]:
        return versions.version(self.rules)
