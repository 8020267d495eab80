"""What stands on chains, the payouts that go out from there, and what operators do about them."""
