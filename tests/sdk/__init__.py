"""The official OpenAI SDKs as clients of a running server."""
