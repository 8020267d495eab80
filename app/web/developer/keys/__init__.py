"""The keys that an app calls with."""
