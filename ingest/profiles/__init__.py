"""Profiles: how a kind of submission becomes a draft. All of them map to the same noun."""
