"""The outside, emulated: processes of their own that behave as badly as the real thing."""
