"""What an operator may change while the instance runs: fees, bounds, limits, each with whose it is and since when."""
