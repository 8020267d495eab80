"""Who uses an app: its users, what each may spend, and when they last did."""
