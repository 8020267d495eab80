"""What models are listed, at which price, and whether providers ask what we say that they do."""
