"""An app wallet behind its link: balance, top-up, activity."""
