"""Spreadsheets and delimited text as rows of values with places: read, never computed.

``job`` runs in a worker; ``book`` is what comes back; ``reading`` asks the workers for it.
"""
