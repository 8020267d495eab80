"""Questions that ask nothing, but tell whoever answers what to be, to forget, to show or to write.

They are known by what they say to the one who answers, not by a subject. What passes all the same meets a model that is
given sections as quoted data, no tool and nobody's data.
"""

import re

_TOLD = r"(?:instructions?|guidelines?|rules?|prompts?|guide|sections?|restrictions?|safety|training|above|before)"
_WHO = r"(?:admin\w*|operator|developer|owner|creator|boss)"
_MODE = r"(?:developer|debug|god|admin|dan|maintenance) mode"
_ANSWERS = r"(?:answers?|repl(?:y|ies)|responses?)"
_DO = r"(?:add|send|give|credit|charge|refund|approve|set|mark|execute|delete|make|pay|unlock|unfreeze)"
_FOR_ME = r"(?:change|publish|revoke|block|archive|look up|top up|write|solve|code|call)"
_FETCH, _SHOW = r"(?:run|execute|fetch|curl)", r"(?:show|paste|print|summari[sz]e|tell|return)"
_PIECE = r"(?:poem|haiku|story|essay|song|limerick|joke|rap|novel|sonnet|love letter|cover letter|speech|malware|virus)"
_AT_ONCE = r"(?:now|immediately|right away|at once|an order|i confirm(?: it)?|without (?:review|looking|asking))"
_TELL = r"(?:list|show|display|tell|send|read)"
_PEOPLE, _THEIRS = r"(?:users?|customers?|people)", r"(?:e-?mails?|balances?|keys?|messages|cards?|conversations?)"
_HIDDEN = r"keys?|secrets?|passwords?|credentials?|tokens?"

_TO_FORGET = (
    rf"\b(?:ignore|disregard|forget|override|overrule|violate|break)\b.{{0,40}}\b{_TOLD}\b",
    r"\b(?:bypass|circumvent|get around)\b.{0,20}\b(?:paywall|limits?|rules?|safety|restrictions?)\b|\bbypassed\b",
    r"\b(?:disable|remove|lift|turn off) your\b|\bstop being\b|\bno restrictions\b|\bunrestricted\b|\bjailbreak",
)
_TO_SHOW = (
    r"\bwhat (?:were you|you were) (?:told|given)\b|\bbefore this conversation\b|\bprompt you (?:were|are) given\b",
    rf"\b(?:what|which|show|print|repeat|reveal|translate|tell|output)\b.{{0,20}}\byour\b.{{0,20}}\b{_TOLD}\b",
    r"\b(?:of|in|from) your (?:instructions?|prompt)\b|\b(?:your|hidden) (?:system |hidden |initial )?prompt\b",
    r"\b(?:print|reveal|output|dump|repeat|leak|display)\b.{0,30}\b(?:prompt|you were|above|configuration|verbatim)\b",
    rf"\b(?:print|reveal|output|dump|leak|read out)\b.{{0,40}}\b(?:{_HIDDEN})\b",
    r"\bCOINSLOT_\w*(?:KEY|SECRET|TOKEN|PASSWORD)\w*\b.{0,40}\b(?:print|reveal|output|show|value)\b",
    r"\b(?:tell|show|give|list|send) me\b.{0,30}\b(?:another|other|every|all|(?:some(?:one|body) else'?s?)) "
    r"(?:users?|accounts?|persons?|people|customers?)",
    r"\bgive me\b.{0,30}\bof all (?:users|accounts|people|customers)\b|/etc/passwd",
    rf"\b(?:what(?:'s| is| are)|tell|show|give|read|send)\b.{{0,20}}\b{_WHO}'?s\b.{{0,25}}\b(?:{_HIDDEN})\b",
)
_TO_BE = (
    r"\byou(?:'re| are| will be| must be)? (?:now|no longer|in \w+ mode|from now)\b",
    r"\byou are an? \w+ (?:ai|bot|model|assistant)\b|\bevil ai\b",
    r"\b(?:act|answer|respond|reply|behave|speak|talk|write)\b.{0,15}\b(?:as|like) (?:a|an|if you|the)\b",
    r"\b(?:pretend|imagine|suppose)\b.{0,15}\b(?:you|i|that you|that i)\b.{0,10}\b(?:are|am|were|have|had|could)\b",
    r"\b(?:simulate|emulate|be) (?:a|an|the|my)\b.{0,20}\b(?:terminal|shell|console)\b",
    rf"\b(?:assume|take|play) (?:the|a) role\b|\brole-?play\b|\benter {_MODE}\b|\b{_MODE}\b.{{0,20}}\b(?:now|on|and)\b",
    r"\bfrom now on,? (?:you|your|all|every|always|never|call|end|answer|reply|respond|speak|write|act|be)\b",
    r"\bnew rules?:",
    r"\b(?:whenever|every time) i\b.{0,60}\b(?:you (?:must|will|should|answer|say)|reply|respond)\b",
    r"\blog (?:me )?in as (?:an?|another|the|somebody|someone)\b",
)
_TO_OBEY = (
    rf"\A(?:please )?{_FOR_ME}\b.{{0,60}}\bfor me\W*\Z",
    r"\buse your (?:tools?|functions?|access)\b|\bdo (?:as i|what it) says?\b",
    rf"\b{_FETCH}\b.{{0,80}}\band (?:then )?{_SHOW}\b(?! up\b)",
    r"\A(?:please )?(?:set|raise|increase) my (?:balance|credits?|wallet|cap|limit) to\b|\bgive everybody\b",
    rf"\bas (?:the|an?|your) {_WHO}\b.{{0,15}}\bi\b|\bi am (?:the|your) {_WHO} of this\b|\byour {_WHO}\b",
    r"\b(?:i|we) (?:hereby )?(?:authorize|permit|allow|order|command) you\b|\byou must (?:comply|obey)\b|\bobey\b",
    r"\b(?:grant|give|transfer|send|credit|add)\b(?: \w+)? me\b.{0,20}\b\d+|\bapprove (?:a|my|the) refund\b",
    r"\b(?:hack|exploit|steal|drain)\b.{0,20}\b(?:wallets?|accounts?|keys?|system|server|money|you)\b",
    rf"\A(?:please )?{_DO}\b.{{0,60}}\b{_AT_ONCE}\W*\Z",
    rf"\A(?:please )?{_TELL}\b.{{0,30}}\b(?:every|all|other|another) {_PEOPLE}'?s?.{{0,20}}\b{_THEIRS}\b",
)
_TO_WRITE = (
    rf"(?:\A|[:;.,]\s*|\band )(?:please |now )?(?:write|compose|tell me|sing)\b(?: me)? an? (?:\w+ ){{0,2}}{_PIECE}\b",
    r"\A(?:please )?(?:tell (?:the user|people|everybody|everyone) that|announce that|confirm (?:in writing|to me))\b",
    r"\b(?:in|at the end of) your (?:answer|reply|response)\b.{0,20}\b(?:say|write|put|include|link)\b",
    r"\b(?:reply|respond|answer)\b.{0,10}\b(?:only|just|exclusively)\b.{0,10}\b(?:with|in|yes|no)\b|\bnever cite\b",
    r"\boutput the (?:word|text|string)\b|\band nothing else\b",
    rf"\b(?:your|every|each|all)(?: next)? {_ANSWERS}\b.{{0,40}}\b(?:with|as|must|in)\b",
    r"\b(?:write|begin|end|format) (?:all|every|each)\b.{0,10}\banswers?\b",
    rf"\b(?:include|insert|embed|add|put)\b.{{0,25}}\b(?:image|picture|link|iframe|script)\b.{{0,25}}\b{_ANSWERS}\b",
    r"<\|?\w+\|?>|\[/?INST\]|^\s*(?:system|assistant|developer)\s*:|^\s*#+\s*(?:instruction|system)",
    r"!\[|\"role\"\s*:|</?\w+ [^>]*=",
)
_FORMS = (*_TO_FORGET, *_TO_SHOW, *_TO_BE, *_TO_OBEY, *_TO_WRITE)
_MEDDLING = re.compile("|".join(f"(?:{form})" for form in _FORMS), re.I | re.M | re.S)


def is_meddling(question: str) -> bool:
    """Tells whether a question is an order to whoever answers it."""
    return _MEDDLING.search(question) is not None
