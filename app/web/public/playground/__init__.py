"""The playground of a paywall, for whoever has its address."""
