"""Settings of the archive: where it lives and which replicas it keeps.

``kho.config`` reads TOML and the environment and composes these records; this package reads
neither. Each field is a line in docs/reference/settings.md, made from its docstring.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]


class ReplicaSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[[replica]]``: one backup repository; a table for each."""

    name: str
    """What commands call it: letters, digits, `-` and `_`."""
    url: str
    """Where it is: `file:///absolute/folder`, or `file:folder` beside `kho.toml`."""
    site: str
    """The building or room it stands in."""
    medium: str = "disk"
    """What it is kept on: disk, tape, object store …"""
    max_access: Literal["public", "restricted", "secret"] = "secret"
    """The most closed access level it may hold."""
    networked: bool = False
    """True when other machines can reach it, as they always can for `s3:` and `sftp:`; secret
    dossiers never go there."""
    deadline_s: AtLeastOne = 3600
    """A write that makes no progress for so many seconds counts the replica as down."""
    options: dict[str, str | int | bool] = {}
    """Options of the store: `bytes_per_s` (any store) limits reading and writing; `attempts`
    (stores across a network, 5) is how often one that does not answer is asked."""


class RepositoryTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[repository]``: the archive itself."""

    id: str
    """The archive's UUID, made by `kho init`; every replica carries it and it never changes."""
    name: str = ""
    """What people call the archive; printed on receipts and on the recovery sheet."""
    min_copies: AtLeastOne = 2
    """How many replicas in distinct failure domains must have been read back and re-hashed
    before a dossier counts as stored."""
    accept_shared_failure_domain: bool = False
    """Lets replicas that one accident can take together (a disk, a host, an account) count as
    separate copies; every receipt and report then says so."""
    catalogue: str = ""
    """The catalogue as a SQLAlchemy URL; empty for `catalogue.sqlite` beside `kho.toml`."""


class RepositorySettings(RepositoryTable, frozen=True, kw_only=True):
    """One archive: its table, and what the place of its file and the other tables add."""

    root: str
    """The folder that holds kho.toml, the catalogue, staging and locks."""
    replicas: tuple[ReplicaSettings, ...] = ()
