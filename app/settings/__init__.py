"""Settings: read once from COINSLOT_*, checked, frozen."""

from app.settings.people import ANYONE as ANYONE
from app.settings.people import OidcIssuer as OidcIssuer
from app.settings.settings import Settings as Settings
from app.settings.settings import SettingsError as SettingsError
from app.settings.settings import choose as choose
from app.settings.settings import configure as configure
from app.settings.settings import get as get
from app.settings.settings import get_said as get_said
