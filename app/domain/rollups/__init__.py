"""Rollups: what requests brought and cost, added up by time, model, key and user, so that pages read no request."""
