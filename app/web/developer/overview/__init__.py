"""A paywall at a glance: what it brought, what it cost, what was asked last, and how an app calls it."""
