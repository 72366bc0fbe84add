"""The catalogue: a cache of what the replicas hold, made to find things (design §7)."""

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.contents import ContentFacts
from repository.catalogue.covering import Coverage
from repository.catalogue.damage import Damage, FileCheck
from repository.catalogue.database import sqlite_url
from repository.catalogue.deriving import CopyBody
from repository.catalogue.errors import (
    CatalogueDamaged,
    CatalogueLocked,
    CatalogueMissing,
    CatalogueNewer,
    CatalogueOutdated,
    CatalogueUnsupported,
    CatalogueUnwritable,
    LedgerLineRefused,
    SearchUnsupported,
)
from repository.catalogue.holdings import FondsSummary
from repository.catalogue.ledger import LedgerHead
from repository.catalogue.notices import NoticeState
from repository.catalogue.replicated import UnderReplicated
from repository.catalogue.rows import AipSummary
from repository.catalogue.runs import AuditRun
from repository.catalogue.search import SearchPage
from repository.catalogue.signatures import KeptFile, LaterVerdict, Proof, SignedFile
from repository.catalogue.words import fold
from repository.catalogue.work import WorkItem

__all__ = [
    "AipSummary",
    "AuditRun",
    "Catalogue",
    "CatalogueDamaged",
    "CatalogueLocked",
    "CatalogueMissing",
    "CatalogueNewer",
    "CatalogueOutdated",
    "CatalogueUnsupported",
    "CatalogueUnwritable",
    "ContentFacts",
    "CopyBody",
    "Coverage",
    "Damage",
    "FileCheck",
    "FondsSummary",
    "KeptFile",
    "LaterVerdict",
    "LedgerHead",
    "LedgerLineRefused",
    "NoticeState",
    "Proof",
    "SearchPage",
    "SearchUnsupported",
    "SignedFile",
    "UnderReplicated",
    "WorkItem",
    "fold",
    "sqlite_url",
]
