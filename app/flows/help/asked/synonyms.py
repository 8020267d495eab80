"""Words that are said for each other, and forms of a word that no rule makes: in questions and phrasings they are one.

Only here, where likeness counts; the guide's own words are searched as they stand.
"""

_ONE = """
    break broke broken breaks breaking
    build built
    buy bought buys buying purchase purchases purchased purchasing
    choose chose chosen pick picks picked picking
    forget forgot forgotten
    freeze froze frozen freezes freezing
    keep kept
    lose lost loses losing
    pay paid pays paying
    sell sold
    send sent
    spend spent
    steal stole stolen
    withdraw withdrew withdrawn
    write wrote written
    run ran
    teach taught
    answer answers answered answering response responses reply replies replied replying respond responds
    backup backups
    block blocks blocked blocking ban bans banned banning blacklist blacklisted
    bot bots chatbot chatbots
    cent cents pennies penny
    colleague colleagues coworker coworkers teammate teammates
    company firm business startup
    config configuration configurations configure configured
    customer customers clientele
    decline declines declined declining reject rejects rejected rejecting rejection bounced
    delete deletes deleted deleting erase erased erasing wipe wiped wiping
    developer developers dev devs programmer programmers coder coders
    dollar dollars buck bucks usd
    duplicate duplicated duplicates
    error errors exception exceptions
    fast quick quickly speed speedy faster
    fee fees commission commissions
    image images picture pictures photo photos pic pics
    laptop computer computers laptops pc notebook
    leak leaked leaking compromised hacked
    limit limits limited limiting restrict restricted restriction restrictions ceiling throttle throttled
    middle mid midway halfway
    model models llm llms ais
    month months monthly
    phone phones smartphone mobile
    safe secure safely securely
    self-host selfhost
    slow slowly sluggish laggy lag
    stop stops stopped stopping halt halts halted
    twice double doubled doubly
    usdc stablecoin stablecoins
    website websites webpage webpages site sites
    year years yearly annual annually
"""
SAME = {word: line.split()[0] for line in _ONE.strip().splitlines() for word in line.split()[1:]}
"""The word that each is said for."""
