"""Why the catalogue cannot answer. Texts: schemas/text/*/catalogue.toml.

CatalogueError
├── CatalogueMissing      nothing there, or something that is no catalogue of ours
├── CatalogueLocked       another process holds it; try again         (exit 11)
├── CatalogueDamaged      not readable as a database: rebuild it
├── CatalogueOutdated     an older layout, and the caller may only read
├── CatalogueNewer        written by a later Kho
├── CatalogueUnwritable   disk full, no permission, read-only mount
├── CatalogueUnsupported  not with this kind of catalogue
├── SearchUnsupported     nor can this engine search yet
└── LedgerLineRefused     a journal line contradicts what is known, or says nothing
"""

from __future__ import annotations

from schemas.errors import CatalogueError


class CatalogueMissing(CatalogueError):
    """No catalogue at ``where``."""

    code = "CATALOGUE-MISSING"
    exit_code = 10


class CatalogueLocked(CatalogueError):
    """Another process holds the catalogue at ``where``; nothing was changed."""

    code = "CATALOGUE-LOCKED"
    exit_code = 11


class CatalogueDamaged(CatalogueError):
    """The catalogue at ``where`` is not readable (``reason``); it can be rebuilt."""

    code = "CATALOGUE-DAMAGED"


class CatalogueOutdated(CatalogueError):
    """The layout ``found`` is older than ``expected`` and this caller only reads."""

    code = "CATALOGUE-OUTDATED"


class CatalogueNewer(CatalogueError):
    """The layout ``found`` is not known to this version of Kho (``expected``)."""

    code = "CATALOGUE-NEWER"


class CatalogueUnwritable(CatalogueError):
    """The store under the catalogue at ``where`` refused (``reason``)."""

    code = "CATALOGUE-UNWRITABLE"


class CatalogueUnsupported(CatalogueError):
    """What was asked cannot be done with the catalogue at ``where``: ``reason``."""

    code = "CATALOGUE-UNSUPPORTED"


class SearchUnsupported(CatalogueUnsupported):
    """The engine of the catalogue at ``where`` has no full-text index of ours yet."""

    code = "CATALOGUE-NO-SEARCH"


class LedgerLineRefused(CatalogueError):
    """Line ``seq`` of kind ``kind`` was not applied: ``reason``."""

    code = "CATALOGUE-LEDGER-LINE"
