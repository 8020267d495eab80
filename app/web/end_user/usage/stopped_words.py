"""What stopped a request, in a sentence for whoever asked: each code of the safety log in words. Pure."""

from collections.abc import Mapping

from app.domain.safety.tables import SafetyKind

_USUAL: Mapping[SafetyKind, str] = {
    SafetyKind.PROVIDER_REFUSAL: "The provider would not answer this request.",
    SafetyKind.CONTENT_FILTER: "A content filter of the provider's stopped the question or the answer.",
    SafetyKind.BLOCKED: "A rule of the app or of this site did not let it through.",
    SafetyKind.LIMIT: "A limit was reached.",
}
_WORDS: Mapping[str, str] = {
    "refusal": "The model declined to answer.",
    "status_400": "The provider could not use the request as it was.",
    "status_401": "The provider did not accept the key that the request went by.",
    "status_402": "The provider wants to be paid first: its account for this key is empty.",
    "status_403": "The provider does not let this key do that.",
    "status_404": "The provider does not know this model.",
    "status_408": "The provider gave up waiting for the request.",
    "status_409": "The provider was busy with the same request.",
    "status_413": "The request was too large for the provider.",
    "status_422": "The provider could not use a part of the request.",
    "status_451": "The provider may not answer this where it is.",
    "provider_rate": "The provider has had enough requests by this key for a moment.",
    "user_blocked": "The app has blocked this user.",
    "wallet_frozen": "The wallet is frozen.",
    "authorization_required": "The app was not allowed to charge the wallet.",
    "own_key_required": "It was to go by an own key, and none serves this model.",
    "cap_reached": "The cap that you set for the app is reached.",
    "requests_per_minute": "There were too many requests within a minute.",
    "requests_per_hour": "There were too many requests within an hour.",
    "tokens_per_minute": "There were too many tokens within a minute.",
    "concurrency": "Too many requests were running at once.",
    "spend_per_day": "The most that may be spent in a day is spent.",
    "spend_per_month": "The most that may be spent in a month is spent.",
}


def words_of(kind: SafetyKind, code: str) -> str:
    """Returns what happened, by its code where that is one of ours, else by its kind."""
    return _WORDS.get(code, _USUAL[kind])
