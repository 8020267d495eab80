"""Pages for developers: what they set up of their paywalls."""
