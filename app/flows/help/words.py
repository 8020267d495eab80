"""The words of a question: cleaned for SQLite's FTS5, without those that say nothing, beside what else they are called.

Raw input is a language of FTS5's own, in which `multi-agent` asks for a column `agent`; a word in quotes never is.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

WORDS_MAX = 32
_BETWEEN = "\0"
_WORD = re.compile(r"[A-Za-z0-9_\u0080-\U0010ffff]+")
_APOSTROPHE = re.compile(r"(?<=[a-z])['’](?:s|t|m|re|ve|ll|d)\b")

STOP_WORDS = frozenset(
    """
    a about after again ago all also am an and any anybody anything are aren as at be because been before being but
    by can cannot could couldn d did didn do does doesn doing don done each either else ever every everything for
    from get gets getting give gives go goes going got had happen happened happens has hasn have haven having he
    hello help her here hers hey hi him his how i if in into is isn it its just know let like ll look m make makes
    many may maybe me might mine more most much must my myself need needs never no not now of off ok on one ones
    only or other our ours out over own please possible put re really s same say says see seems shall she should
    shouldn so some somebody someone something still such sure t take tell than thank thanks that the their them
    then there these they thing things this those to today tomorrow too try trying up us use used uses using ve very
    want wants was wasn way we well were weren what when where whether which while who whose why will with without
    won would wouldn yes yesterday yet you your yours
    arent cant couldnt didnt doesnt dont hadnt hasnt havent im isnt ive shouldnt theres thats wasnt werent whats whos
    wont wouldnt youre
    """.split()  # noqa: SIM905
)

_PHRASES: tuple[tuple[str, str], ...] = (
    (r"(?:money|cash|funds|[$€]?\d+ (?:dollars|usd|bucks|euros?)) back|reimburse\w*|gives? back|given back", "refund"),
    (r"(?:sign|log)(?:s|ged|ging|ned|ning|ing|ed)?[ -]?(?:in|on)", "signin"),
    (r"sign(?:s|ed|ing)?[ -]?up|regist(?:er|ered|ration)", "signup"),
    (r"top(?:s|ped|ping)?[ -]?ups?|topups?|recharg\w+|refil\w*", "topup"),
    (r"(?:cash|pay|paid)(?:s|ed|ing)?[ -]?outs?", "payout"),
    (r"rate[ -]?limit\w*|too many requests", "rate limit 429"),
    (r"(?:roll|go)(?:s|ed|ing|es)?[ -]?back", "going back version"),
    (r"e-?mails?", "mail"),
    (r"per ?cent", "percent"),
    (r"(?:credit|debit|bank|visa|master) ?cards?|visa|mastercard", "card"),
    (r"(?:run|runs|ran|running) out of date|go(?:es)? bad|lapses?", "expire"),
    (r"top up automatically|automatic(?:ally)? (?:topups?|refill\w*|payments?)", "automatic topup"),
    (r"one[ -]?(?:off|time)|flat fee", "one-off"),
    (r"own (?:\w+ )?keys?|byok|bring your own", "ownkey"),
    (r"(?:at|in) (?:the )?same time|at once|in parallel|side by side|simultaneous(?:ly)?", "several"),
    (
        r"(?:models?|providers?) (?:is|are|was|goes) down|outages?|fail(?:s|ed)?[ -]?over|fall(?:s|ing)?[ -]?backs?",
        "model down fallback",
    ),
    (r"stops? (?:half ?way|early|mid\w*)|cuts? off|broke off|truncat\w+|incomplete", "stop middle"),
    (r"function[ -]?call\w*|tool[ -]?(?:call\w*|use)", "tools functions"),
    (r"node(?:\.?js)?|typescript", "javascript"),
)
"""What is said in several words, or several ways, as one word of ours; in questions and in what is searched."""
_PHRASE = tuple((re.compile(rf"\b(?:{said})\b"), ours) for said, ours in _PHRASES)

_ALSO: dict[str, tuple[str, ...]] = {
    "abuses": ("block",), "abuse": ("block",), "accountant": ("accounting", "ledger"), "accounting": ("ledger",),
    "backup": ("fallback", "back up"), "bookkeeping": ("ledger",), "coins": ("USDC",), "commission": ("fee",),
    "coworker": ("owner",), "crypto": ("USDC",), "delete": ("deleted", "removed"), "double": ("twice",),
    "download": ("export", "CSV"), "erase": ("delete",), "export": ("CSV",), "identify": ("user",),
    "insufficient": ("money",), "integrate": ("SDK",), "invite": ("owner",), "logo": ("icon",),
    "margin": ("markup",), "max": ("most", "limit"),
    "missed": ("replay",), "month": ("monthly",), "monthly": ("month",), "network": ("chain",), "networks": ("chain",),
    "parallel": ("several",), "proof": ("reserves",), "remove": ("delete", "removed"),
    "resend": ("replay", "sent again"),
    "saved": ("kept",), "smtp": ("mail",), "spend": ("spending",), "stored": ("kept",), "teammate": ("owner",),
    "twice": ("once",), "undo": ("going back",), "variables": ("configuration",),
    "abusive": ("block",), "balance": ("money",), "ban": ("block",), "bill": ("charge",), "billed": ("charge",),
    "billing": ("charge",), "blocked": ("block",), "bonus": ("grant",), "bot": ("app",), "bought": ("paid",),
    "browser": ("client",), "bucks": ("dollar",), "buy": ("pay",), "call": ("request", "chat", "SDK"),
    "cancel": ("revoke", "end"), "cap": ("limit",), "cash": ("money",), "chargeback": ("dispute",),
    "chatbot": ("app",), "check": ("read again",), "client": ("app",), "colleague": ("owner",), "cost": ("price",),
    "costs": ("price",), "crash": ("killed",), "customer": ("user",), "customers": ("user",),
    "declined": ("decline",), "deducted": ("charge",), "deploy": ("serve", "production"), "disconnect": ("revoke",),
    "employee": ("owner",), "employees": ("owner",), "euros": ("dollar",), "expensive": ("price",),
    "expired": ("ends",), "fast": ("quick",), "fees": ("fee",), "frontend": ("page", "CORS"),
    "german": ("language",), "gpt": ("model",), "hook": ("webhook",), "host": ("serve",),
    "impersonate": ("user_from",), "install": ("run",), "invoice": ("receipt",), "leaked": ("revoke",),
    "llm": ("model",), "marked": ("says",), "maximum": ("most", "largest"), "minimum": ("least",),
    "money": ("funds", "balance"), "paid": ("pay", "payment"), "password": ("code",), "payout": ("withdraw",),
    "pays": ("payment",), "permissions": ("boxes", "may"), "postgres": ("postgresql",), "postgresql": ("postgres",),
    "pricing": ("price",), "prompts": ("words",), "purchase": ("pay",), "quota": ("limit",),
    "refund": ("give back",), "refunds": ("refund",), "reset": ("new",), "restore": ("restored",),
    "rotate": ("new key", "revoked"), "safe": ("security",), "secret": ("key",), "setup": ("set",),
    "signup": ("account",), "smallest": ("least",), "statement": ("ledger", "activity"), "stop": ("end", "revoke"),
    "store": ("kept",), "text": ("words",), "texts": ("words",), "timeout": ("504", "time"),
    "token": ("key",), "topup": ("deposit",),
    "transactions": ("ledger",), "trial": ("free",), "unblock": ("block",), "unsubscribe": ("revoke",),
    "withdraw": ("payout", "withdrawal"), "wrong": ("error",),
}  # fmt: skip
"""What a word is called in the guide beside itself."""

SUBJECTS = """
    account activity admin alert amount analytics anthropic api app archive assistant audit authorization authorize
    autotopup azure balance base bearer billing block blocked body bot browser budget byok call cap card catalogue
    chain charge chargeback charged chat chatbot checkout client coinslot completion concurrency configuration
    configure connect consent cors cost credit csv currency customer dashboard database decline demo deploy deposit
    developer disconnect dispute docker doctor earn earning embedding endpoint environment error ethereum event
    export fee freeze frontend frozen fund gas grant header held hold idempotency idempotent impersonate install
    instance invoice json key langchain latency ledger limit link litellm live llm llmwise log mail markup message
    metadata metric migrate mode model money nginx oidc openai openapi openrouter operator order owner pack package
    paginate paid payment payout paywall permission platform playground polygon postgres postgresql price prices
    privacy production profile prometheus prompt provider proxy quota rate receipt redis refund refunds release
    request reserve reset response restore retries retry revenue revoke rollback rotate sandbox schema sdk secret
    security server ownkey session shared signature signin signup simulate smtp split sqlite stream streaming stripe
    subscription tax template test thaw timeout token tool topup transaction trial usage usdc user version wallet
    webhook withdraw withdrawal worker
"""
"""What this product is about."""


KNOWN = frozenset((*SUBJECTS.split(), *_ALSO))
"""Words that count here whether they stand in the guide or not."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a question, and what else it may be called: terms of FTS5, each in quotes, its own the first."""

    said: str
    terms: tuple[str, ...]


def normal(text: str) -> str:
    """Returns a text in small letters, with one word for what is said in several, and without `'s`."""
    text = _APOSTROPHE.sub("", text.lower()).replace("%", " percent")
    for said, ours in _PHRASE:
        text = said.sub(ours, text)
    return text


def normal_each(texts: Iterable[str]) -> list[str]:
    """Returns each text with one word for what is said in several: of many, much quicker than one by one."""
    ready = [text.replace(_BETWEEN, " ") for text in texts]
    return normal(_BETWEEN.join(ready)).split(_BETWEEN) if ready else []


def words_of(question: str) -> list[Word]:
    """Returns the words of a question that say something, each once, at most 32."""
    words = dict.fromkeys(_WORD.findall(normal(question)))
    telling = [word for word in words if word not in STOP_WORDS and (len(word) > 1 or not word.isascii())]
    return [Word(word, tuple(f'"{term}"' for term in (word, *_ALSO.get(word, ())))) for word in telling[:WORDS_MAX]]
