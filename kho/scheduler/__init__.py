"""The scheduler: one locked process that sees to what is due (design §9)."""
