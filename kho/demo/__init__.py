"""The demonstration: the whole life of a small fonds, told while it happens."""
