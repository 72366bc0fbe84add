"""Logs are for staff, and go where the archive's access rules do not: no names, no content.

What Kho logs names a replica, an AIP, a version; a file only by the digest of its key. The
libraries that speak to stores and to the catalogue log whole requests (keys with names of
files, bodies with METS and EAD, signatures, the parameters of SQL), so their records stay with
them: whoever must see those attaches a handler to that library's logger, and knows why.
"""

from __future__ import annotations

import hashlib
import logging

_CONTENT = "/content/"


def without_names(key: str) -> str:
    """``key`` for a log: what is below an object's content is told by its digest alone."""
    start, found, name = key.partition(_CONTENT)
    if not found:
        return key
    return f"{start}{found}#{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def keep_to_themselves(*libraries: str) -> None:
    """What these libraries log reaches no handler but their own.

    Where they have none, the handler of last resort would print it on standard error.
    """
    for library in libraries:
        logger = logging.getLogger(library)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
