"""How others write things: usage, messages and event streams of OpenAI-compatible providers. Pure."""
