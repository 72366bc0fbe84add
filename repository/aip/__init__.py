"""Building an AIP from a draft, once, and reading its facts back from any copy."""
