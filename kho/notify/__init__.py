"""Notifications: whoever must know is told, at most once a period, without titles or names."""
