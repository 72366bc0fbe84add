"""The catalogue as the archive sees it."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from repository.catalogue.census import FormatCensus
from repository.catalogue.covering import Covering
from repository.catalogue.damage import DamageList
from repository.catalogue.database import Database
from repository.catalogue.dossiers import DossierCensus
from repository.catalogue.dump import Dump
from repository.catalogue.fixity import Fixity
from repository.catalogue.holdings import Holdings
from repository.catalogue.indexing import Indexing
from repository.catalogue.ledger import Ledger
from repository.catalogue.notices import Notices
from repository.catalogue.replicated import Replicated
from repository.catalogue.runs import AuditRuns
from repository.catalogue.schema import ensure_current
from repository.catalogue.search import Search
from repository.catalogue.signatures import Signatures
from repository.catalogue.work import Work

BUSY_TIMEOUT_S = 10.0


class Catalogue(
    Holdings,
    Ledger,
    Replicated,
    Search,
    Indexing,
    AuditRuns,
    Fixity,
    Covering,
    DamageList,
    Dump,
    FormatCensus,
    DossierCensus,
    Signatures,
    Work,
    Notices,
):
    """One open catalogue; a context manager. Safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(
        cls,
        url: str,
        *,
        create: bool = False,
        read_only: bool = False,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> Self:
        """The catalogue at a SQLAlchemy URL, in the layout this Kho knows.

        ``create`` makes one where there is none. An older layout is brought up to date, or,
        with ``read_only``, refused. :class:`CatalogueMissing`, :class:`CatalogueLocked` after
        ``busy_timeout_s``, :class:`CatalogueDamaged`, :class:`CatalogueNewer`,
        :class:`CatalogueOutdated`.
        """
        database = Database(url, create=create, read_only=read_only, busy_timeout_s=busy_timeout_s)
        try:
            ensure_current(database, create=create, read_only=read_only)
        except BaseException:
            database.close()
            raise
        return cls(database)

    def faults(self) -> tuple[str, ...]:
        """What is wrong inside the database itself, every page read; nothing when it is sound.

        That its content is right is another question: compare dumps (``rebuild``).
        """
        return self._database.faults()

    def close(self) -> None:
        """Nothing of the catalogue is held open by this object."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
