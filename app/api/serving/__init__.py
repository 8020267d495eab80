"""The process as a server: ASGI, HTTP, workers, operations."""
