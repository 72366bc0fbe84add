"""Intents: what was about to be stored when the lights went out. Disposable: claims on the
replicas say the same, more slowly."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select

from repository.catalogue.database import Database, upsert
from repository.catalogue.tables import intent
from schemas.ids import AipId
from schemas.nouns import Place


@dataclass(frozen=True, slots=True)
class Intent:
    """A sealed build on its way to the replicas. ``opened`` is an RFC 3339 moment."""

    aip_id: AipId
    place: Place
    version: int
    build_path: str
    opened: str


class Intake:
    """The rows of work that recovery must look at."""

    _database: Database

    def open_intent(
        self, aip_id: AipId, place: Place, version: int, build_path: str, moment: str
    ) -> None:
        """Recovery will find this build, whatever happens next; said twice it is said once."""
        row = {
            "aip_id": aip_id,
            "place": place.value,
            "version": version,
            "build_path": build_path,
            "opened": moment,
        }
        with self._database.write() as connection:
            upsert(connection, intent, [row])

    def close_intent(self, aip_id: AipId, place: Place, version: int) -> None:
        """Nothing is pending for this version any more; closing it again changes nothing."""
        one = delete(intent).where(
            intent.c.aip_id == aip_id,
            intent.c.place == place.value,
            intent.c.version == version,
        )
        with self._database.write() as connection:
            connection.execute(one)

    def intents(self) -> tuple[Intent, ...]:
        """What is pending, oldest first."""
        every = select(intent).order_by(intent.c.opened, intent.c.aip_id, intent.c.version)
        with self._database.read() as connection:
            return tuple(
                Intent(
                    AipId(row.aip_id), Place(row.place), row.version, row.build_path, row.opened
                )
                for row in connection.execute(every)
            )
