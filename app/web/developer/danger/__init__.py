"""What ends a paywall, or makes another one like it."""
