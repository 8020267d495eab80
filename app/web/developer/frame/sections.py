"""The pages of a paywall in their order and groups; one is linked as soon as there is a page of it."""

from dataclasses import dataclass

from app.web.frame import routes

WATCHING, MET, ACCESS = "Watching", "What users meet", "Access"


@dataclass(frozen=True, slots=True)
class Section:
    """A page of a paywall: its title, its route, and the group in which it is listed."""

    title: str
    route: str
    group: str

    @property
    def name(self) -> str:
        """The last part of its address."""
        return self.route.rpartition("/")[2]


OVERVIEW = Section("Overview", routes.OVERVIEW, WATCHING)
ANALYTICS = Section("Analytics", routes.ANALYTICS, WATCHING)
REQUESTS = Section("Requests", routes.REQUESTS, WATCHING)
LEDGER = Section("Ledger", routes.LEDGER, WATCHING)
EVENTS = Section("Events", routes.EVENTS, WATCHING)
ALERTS = Section("Alerts", routes.ALERTS, WATCHING)
PRICES = Section("Prices", routes.PRICES, MET)
PROVIDER = Section("Provider", routes.PROVIDER, MET)
PAYMENTS = Section("Payments", routes.PAYMENTS, MET)
MESSAGES = Section("Messages", routes.MESSAGES, MET)
PROFILE = Section("Profile", routes.PROFILE, MET)
LIMITS = Section("Limits", routes.LIMITS, MET)
KEYS = Section("Keys", routes.KEYS, ACCESS)
USERS = Section("Users", routes.USERS, ACCESS)
VERSIONS = Section("Versions", routes.VERSIONS, ACCESS)
DANGER = Section("Danger zone", routes.DANGER, ACCESS)

SECTIONS = (OVERVIEW, ANALYTICS, REQUESTS, LEDGER, EVENTS, ALERTS, PRICES, PROVIDER, PAYMENTS, MESSAGES, PROFILE,
            LIMITS, KEYS, USERS, VERSIONS, DANGER)  # fmt: skip

_with_a_page: set[Section] = set()


def note_page(section: Section) -> None:
    """Notes that a section has a page. Pages do so when they are imported, before any of them is drawn."""
    _with_a_page.add(section)


def linked() -> tuple[Section, ...]:
    """Returns the sections that have a page, in their order."""
    return tuple(section for section in SECTIONS if section in _with_a_page)
