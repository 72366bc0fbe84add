"""A row's values in the circular's form, and a finding for every cell that has to be mended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from ingest.lists.mapping import Columns, specs
from ingest.lists.values import Value, allowed, value_of
from preservation.formats.sheets.book import Cell
from schemas.findings import Finding, Severity
from schemas.tt05 import FieldSpec


class Said(Protocol):
    """A row of a list, or several that say the same dossier."""

    @property
    def cells(self) -> Mapping[str, Cell]:
        """Filled cells by field."""

    def heading(self, key: str, /) -> str:
        """What the list calls the field."""

    def place(self, key: str, /) -> str:
        """Where the field's cell is."""


class RowJudge:
    """Judges the rows of one level of one list; findings collect in ``findings``."""

    def __init__(
        self, level: str, columns: Columns, severity: Severity, findings: list[Finding]
    ) -> None:
        self._level = level
        self._columns = columns
        self._severity = severity
        self._specs = specs(level)
        self.findings = findings

    def values(self, said: Said, leave: Iterable[str] = ()) -> dict[str, str]:
        """Every field that the row fills, in the circular's form where it has one.

        What is wrong is told and stands as it is. ``leave`` are fields judged elsewhere.
        """
        skipped = set(leave)
        filled = {}
        for key in self._specs:
            if key not in skipped and key in said.cells:
                filled[key] = self.value(said, key).text
        for key, value in self._columns.defaults.get(self._level, {}).items():
            filled.setdefault(key, value)
        return filled

    def value(self, said: Said, key: str) -> Value:
        """One field that the row fills."""
        spec = self._specs[key]
        value = value_of(spec, said.cells[key], self._columns.codes.get(key))
        if not value.sound:
            self.say(value.wrong, said, key, **self._told(spec, value))
        elif value.own:
            place = said.place(key)
            fields: dict[str, str | int] = {"value": value.own, "meant": value.text}
            self.findings.append(Finding("LIST-OWN-WORD", Severity.INFO, place, fields))
        return value

    def say(
        self,
        code: str,
        said: Said,
        key: str,
        severity: Severity | None = None,
        /,
        **fields: str | int,
    ) -> None:
        """Something about the cell of a field."""
        heading = self.heading(said, key)
        told: dict[str, str | int] = {"heading": heading, **fields}
        finding = Finding(code, severity or self._severity, said.place(key), told)
        self.findings.append(finding)

    def heading(self, said: Said, key: str) -> str:
        """What the list, or else the mapping, calls the field."""
        return said.heading(key) or self._columns.heading(self._level, key)

    @staticmethod
    def _told(spec: FieldSpec, value: Value) -> dict[str, str | int]:
        told: dict[str, str | int] = {"value": value.text[:200]}
        if value.wrong == "LIST-CODE":
            told["allowed"] = allowed(spec)
        elif value.wrong == "LIST-TOO-LONG":
            told |= {"count": len(value.text), "cap": spec.length}
        return told
