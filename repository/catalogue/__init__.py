"""The catalogue: a cache of what the replicas hold, made to find things (design §7)."""

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.database import sqlite_url
from repository.catalogue.errors import (
    CatalogueDamaged,
    CatalogueLocked,
    CatalogueMissing,
    CatalogueNewer,
    CatalogueOutdated,
    CatalogueUnsupported,
    CatalogueUnwritable,
    LedgerLineRefused,
)
from repository.catalogue.intake import Intent
from repository.catalogue.rows import AipSummary

__all__ = [
    "AipSummary",
    "Catalogue",
    "CatalogueDamaged",
    "CatalogueLocked",
    "CatalogueMissing",
    "CatalogueNewer",
    "CatalogueOutdated",
    "CatalogueUnsupported",
    "CatalogueUnwritable",
    "Intent",
    "LedgerLineRefused",
    "sqlite_url",
]
