"""More of what people ask the help, by somebody who had seen neither its words nor its gate nor the other lists.

When they were first asked, of BLIND 13 of 30 on topic cited the right section and 29 of 30 off topic got the fixed
sentence; of SECOND, written before anything was mended, 10 of 25 and 18 of 20. Then they were looked at, and words and
sections came of them: what they count now is no measure of questions to come. Whoever wrote the phrasings of 2026-11-29
(`app/guide/asked`) had not read them.
"""

BLIND_ON_TOPIC: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "how do i hook my existing openai python app up to this",
        (
            "questions#how-do-i-call-it-from-python-or-javascript",
            "readme#first-request",
            "first-paywall",
            "clients",
            "chat",
        ),
    ),
    (
        "what header do I send to tell you which customer is calling",
        ("chat#who-the-user-is", "questions#how-do-i-say-which-user-is-asking"),
    ),
    (
        "my streaming response got cut off, will the customer pay twice if I just retry?",
        ("retries", "questions#does-a-retry-charge-twice"),
    ),
    ("whats the diffrence between default and shared mode", ("questions#which-mode-do-i-need", "shared-mode")),
    (
        "can I let users pay with their own openai key instead of money",
        ("own-keys", "own-keys#saving-one", "own-keys#who-pays", "questions#can-i-use-my-own-key-of-a-provider"),
    ),
    ("why do I get 404 model_not_priced", ("questions#why-do-i-get-404-for-a-model", "codes#model_not_priced")),
    ("set a max amount a customer can spend each month", ("limits", "questions#how-do-i-limit-what-a-user-may-spend")),
    (
        "how is the signature of a webhok checked",
        ("webhooks",),
    ),
    ("i paid but my balance didnt go up", ("questions#i-paid-and-my-balance-did-not-change",)),
    ("get my earnings out to my wallet adress", ("questions#how-do-i-get-my-earnings", "payouts#for-developers")),
    ("do credits run out of date after a while", ("questions#does-my-money-expire", "credits")),
    ("how to stop an app from taking more of my money", ("questions#how-do-i-stop-an-app-from-charging-me",)),
    (
        "ask four models the same thing at once and see which is best",
        ("credits#several-models-one-charge", "credits#the-chat-page", "questions#how-do-i-ask-several-models-at-once"),
    ),
    (
        "backup model if the main one is down",
        ("credits#another-model-where-one-fails", "questions#what-if-a-model-is-down"),
    ),
    (
        "turn on automatic refil when my balance is low",
        ("people#saved-cards-and-auto-top-up", "questions#how-do-i-switch-automatic-top-up-off"),
    ),
    (
        "delete everything you have stored about my chats",
        ("credits#what-is-kept-of-what-you-say", "questions#what-is-kept-of-my-chats-and-how-do-i-delete-it"),
    ),
    (
        "what happens if a customer disputes a card payment with his bank",
        (
            "stripe#refunds-and-disputes",
            "shared-mode#money-back",
            "shared-mode#taking-back",
            "questions#why-is-my-wallet-frozen",
        ),
    ),
    ("put a 30% margin on top of the model's price", ("prices", "prices#the-page-of-prices")),
    (
        "run it with postgres instead of sqlite",
        ("questions#how-do-i-run-it-in-production", "configuration", "commands#serve"),
    ),
    ("rotate an api key without downtime", ("questions#i-lost-a-key-or-it-leaked",)),
    (
        "why does the bot answer with a link instead of the answer",
        ("questions#why-do-i-see-a-link-instead-of-an-answer", "chat#when-money-or-consent-is-missing"),
    ),
    (
        "how do I show my own text when someone has no money left",
        ("messages", "questions#how-do-i-change-what-my-users-read"),
    ),
    (
        "can i charge a flat one-off fee thats not for a chat",
        ("api", "questions#how-do-i-charge-for-something-that-is-not-a-chat"),
    ),
    (
        "export all transactions as csv for my accountant",
        ("ledger-api", "paywalls#its-users-requests-books-and-events", "questions#how-do-i-export-the-books"),
    ),
    ("test a checkout without a real credit card", ("questions#how-do-i-test-without-real-money", "stripe#test-mode")),
    (
        "how do I know you really have the money of all users",
        ("questions#is-the-money-really-there", "reserves", "reserves#find-yourself-in-it"),
    ),
    (
        "which coins and networks can I deposit",
        ("questions#how-do-i-pay-in-usdc", "shared-mode#usdc-into-a-wallet", "shared-mode#usdc-on-a-chain"),
    ),
    ("give a new user 5 bucks for free", ("questions#how-do-i-give-a-user-free-money-to-try",)),
    (
        "what does error 429 mean and how long should I wait",
        ("questions#why-do-i-get-429", "errors#statuses", "limits#what-an-app-sees"),
    ),
    (
        "how do i back up the server and restore it",
        ("questions#how-do-i-back-it-up-and-update-it", "chain#after-a-restored-backup"),
    ),
)

BLIND_OFF_TOPIC: tuple[str, ...] = (
    "what's the weather in lisbon tomorrow",
    "write me a haiku about autumn",
    "how do I cook risotto",
    "who won the 2022 world cup",
    "fix my python list comprehension: [x for x in range(10) if x % 2",
    "translate 'good morning' to japanese",
    "what is the capital of australia",
    "should i invest in bitcoin or ethereum right now",
    "how do I cancel my netflix subscription",
    "best credit card for travel points",
    "how do I get a refund from amazon",
    "what's the difference between tcp and udp",
    "how do I set up a stripe account for my bakery's website in wordpress",
    "explain quantum entanglement",
    "plan a 3 day trip to rome",
    "how does openai train its models",
    "how many calories in a banana",
    "write a cover letter for a bank job",
    "what is my horoscope",
    "how to reset my iphone password",
    "give me sql to find duplicate rows in a table",
    "which is better, react or vue",
    "my wallet was stolen on the train, what do I do",
    "how do I tie a bowline knot",
    "what is the exchange rate of the euro today",
    "tell me a joke about money",
    "how do I kill a process on port 8080 in linux",
    "what are the symptoms of the flu",
    "who is the ceo of anthropic",
    "sumarise the plot of hamlet",
)

SECOND_ON_TOPIC: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "where do i see how many tokens my customers used last week",
        (
            "paywalls#numbers-earnings-and-alerts",
            "paywalls#its-users-requests-books-and-events",
            "paywalls#its-pages",
            "questions#where-are-my-receipts",
        ),
    ),
    (
        "my users complain the answer stops in the middle of a sentence",
        ("streams#long-answers-small-wallets", "streams", "questions#why-does-an-answer-stop-in-the-middle"),
    ),
    ("change the logo and name customers see", ("paywalls#its-pages", "first-paywall", "shared-mode")),
    (
        "how do i invite a coworker to manage the paywall",
        ("paywalls#whose-a-paywall-is", "questions#how-do-i-hand-a-paywall-to-a-colleague"),
    ),
    ("what does the platform take as comission", ("questions#what-does-it-cost-me", "shared-mode")),
    (
        "limit requests per minute for one api key",
        ("limits", "codes#requests_per_minute", "questions#how-do-i-limit-what-a-user-may-spend"),
    ),
    (
        "is there a sandbox i can play with before going live",
        ("questions#how-do-i-test-without-real-money", "commands#demo", "first-paywall", "stripe#test-mode"),
    ),
    (
        "how long until i can withdraw what i earned",
        ("payouts#for-developers", "shared-mode#earnings", "questions#how-do-i-get-my-earnings"),
    ),
    ("undo a price change i published by mistake", ("paywalls#versions", "questions#how-do-i-take-back-a-change")),
    ("which events do you send when someone tops up", ("webhooks", "questions#how-do-i-hear-of-payments-and-charges")),
    ("resend a webhook that my server missed", ("webhooks", "questions#how-do-i-hear-of-payments-and-charges")),
    (
        "i signed up but got no free credits",
        ("credits", "people#signing-in", "questions#why-can-i-only-use-free-models", "people"),
    ),
    (
        "can I pay with paypal or apple pay",
        ("questions#how-do-i-add-money", "people#saved-cards-and-auto-top-up", "stripe"),
    ),
    ("close a customer account that abuses the free trial", ("questions#how-do-i-block-a-user",)),
    (
        "use it from node with streaming",
        ("readme#first-request", "questions#how-do-i-call-it-from-python-or-javascript", "clients", "chat", "streams"),
    ),
    ("does it support function calling", ("questions#can-i-use-system-prompts-tools-images", "chat")),
    ("what will this message cost me before i send it", ("credits#the-chat-page", "chat#how-it-decides")),
    (
        "can apps see my chat history",
        (
            "questions#who-can-read-what-i-write",
            "questions#what-can-an-app-see-of-me",
            "credits#what-is-kept-of-what-you-say",
            "questions#what-is-kept-of-my-chats-and-how-do-i-delete-it",
        ),
    ),
    (
        "make a german version of the low balance message",
        ("messages", "questions#how-do-i-change-what-my-users-read", "messages#an-endpoint-of-yours"),
    ),
    ("cant log in, the code never comes", ("questions#no-sign-in-code-arrives", "people#signing-in")),
    (
        "environment variables for smtp",
        ("configuration", "questions#how-do-i-run-it-in-production", "people#signing-in"),
    ),
    (
        "host it behind nginx with https",
        ("security#a-proxy-in-front", "questions#how-do-i-run-it-in-production", "commands#serve"),
    ),
    ("remove my saved visa", ("people#saved-cards-and-auto-top-up", "questions#how-do-i-switch-automatic-top-up-off")),
    (
        "what's the smallest payout",
        ("payouts", "payouts#for-developers", "questions#how-do-i-get-my-earnings", "configuration"),
    ),
    (
        "why was my request refused with insufficient funds when i still have money",
        (
            "questions#what-does-held-mean",
            "streams#long-answers-small-wallets",
            "chat#how-it-decides",
            "questions#why-do-i-see-a-link-instead-of-an-answer",
        ),
    ),
)

SECOND_OFF_TOPIC: tuple[str, ...] = (
    "how do i make sourdough starter",
    "what time is it in new york",
    "recommend a sci-fi book",
    "how do i export my contacts from gmail",
    "which phone has the best camera",
    "how do I block someone on instagram",
    "what is a good salary for a developer",
    "how do I run a marathon",
    "is coffee bad for you",
    "why is the sky blue",
    "how do i change the language on my tv",
    "how do I withdraw money from an atm abroad",
    "convert 5 miles to km",
    "what are cheap flights to bali",
    "how do I limit my screen time",
    "who painted the mona lisa",
    "how do I sign a pdf",
    "what is the best model of tesla",
    "how do i split a bill with friends",
    "when does the bank open on saturdays",
)
