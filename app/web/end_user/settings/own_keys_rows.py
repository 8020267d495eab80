"""What the settings show of a person's own keys of providers, ready to be read; never more than a key's last four."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from app import wiring
from app.db import Session
from app.domain.credentials.credentials import CREDENTIALS_MAX, CredentialView, epoch_subject, list_of
from app.domain.credentials.hosts import PRESETS
from app.domain.credentials.tables import CredentialKind, CredentialStatus
from app.domain.paywalls.provider import DEMO
from app.domain.people.sessions import Person
from app.flows.callers.marks import About, Subject
from app.web.frame.format import ago

OTHER = "other"
"""What the form calls a host of which nothing is known."""


@dataclass(frozen=True)
class OwnKeyRow:
    """One own key. `problem` is why it cannot be used, `warning` what is doubtful; `name` is as programs call it."""

    id: str = ""
    name: str = ""
    label: str = ""
    key: str = ""
    detail: str = ""
    problem: str = ""
    warning: str = ""
    question: str = ""


@dataclass(frozen=True)
class HostRow:
    """A host that the form offers."""

    name: str = ""
    label: str = ""


@dataclass(frozen=True)
class OwnKeysPage:
    """All of it; `token_urls` are where sign-ins may be renewed, none where the operator lists none."""

    is_read: bool = False
    may_add: bool = True
    rows: list[OwnKeyRow] = field(default_factory=list)
    hosts: list[HostRow] = field(default_factory=list)
    token_urls: list[str] = field(default_factory=list)


def own_keys_subject(account_id: str) -> Subject:
    """Returns what changes with a person's own keys."""
    return Subject(About.EPOCH, epoch_subject(account_id))


def read_own_keys(session: Session, person: Person) -> OwnKeysPage:
    """Reads a person's own keys."""
    chosen = wiring.get().settings
    found = list_of(session, person.account_id)
    demo = [HostRow(DEMO, "The demo's own provider")] if chosen.is_demo else []
    return OwnKeysPage(
        is_read=True,
        may_add=len(found) < CREDENTIALS_MAX,
        rows=[_row(view) for view in found],
        hosts=[*demo, *(HostRow(known.name, known.label) for known in PRESETS.values()),
               HostRow(OTHER, "Another OpenAI-compatible host")],
        token_urls=list(chosen.token_urls),
    )  # fmt: skip


def label_of(provider: str) -> str:
    """Returns what a provider is called for people."""
    known = PRESETS.get(provider)
    return "Demo" if provider == DEMO else known.label if known is not None else provider


def _row(view: CredentialView) -> OwnKeyRow:
    label = label_of(view.provider)
    host = "" if view.provider == DEMO else urlsplit(view.base_url).netloc
    used = "never used" if view.used_at is None else f"used {ago(view.used_at)}"
    models = "no models yet" if not view.models else f"{view.models:,} model{'s' if view.models > 1 else ''}"
    parts = (host, models, used)
    return OwnKeyRow(
        id=view.id,
        name=view.provider,
        label=label,
        key=f"{'sign-in ' if view.kind is CredentialKind.PROFILE else ''}…{view.last_four}",
        detail=" · ".join(part for part in parts if part),
        problem=_problem(view),
        warning=view.warning,
        question=f"Remove your key of {label}? Requests that would use it are paid from your wallet afterwards.",
    )


def _problem(view: CredentialView) -> str:
    if view.status is CredentialStatus.NEEDS_SIGN_IN:
        return "This sign-in has ended. Sign in there again, and save it anew."
    if view.refused_status is not None:
        return f"Its host refused it last (status {view.refused_status}). Save the key anew, or look there."
    return ""
