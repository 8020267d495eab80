"""Who we call: one vendor per file, each behind a port of `app/ports`."""
