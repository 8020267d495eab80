"""The account API: everything under /api/v1, which people's own programs call."""
