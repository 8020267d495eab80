"""The one contract of our own: its source (`forwarders.vy`) and what Vyper makes of it (`forwarders.json`).

`python -m tests.adapters.chain.contracts.compile` writes the latter anew; a test says when that was forgotten.
"""
