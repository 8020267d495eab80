"""The consent page behind a link."""
