"""The page of an order behind a link: who pays, and what it came to."""
