"""Who settles on chain: EVM chains over JSON-RPC, the keys that sign for them, and their encodings."""
