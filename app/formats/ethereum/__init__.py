"""How Ethereum writes what people sign. Pure."""
