"""Settings of the archive: where it lives and which replicas it keeps.

``kho.config`` reads TOML and the environment and composes these records; this package reads
neither. Each field is a line in docs/reference/settings.md.
"""

from __future__ import annotations

import msgspec


class ReplicaSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One backup repository."""

    name: str
    url: str
    site: str
    medium: str = "disk"
    max_access: str = "secret"
    """The most closed access level this replica may hold: public, restricted or secret."""
    networked: bool = False
    """True when other machines can reach it; secret dossiers never go there."""
    deadline_s: int = 3600
    """A write that makes no progress for this long counts the replica as down."""
    options: dict[str, str | int | bool] = {}
    """Backend options: docs/reference/settings.md lists them per kind."""


class RepositorySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One archive."""

    root: str
    """The folder that holds kho.toml, the catalogue, staging and locks."""
    id: str
    name: str = ""
    min_copies: int = 2
    accept_shared_failure_domain: bool = False
    catalogue: str = ""
    """SQLAlchemy URL; empty for the embedded ``catalogue.sqlite`` under ``root``."""
    replicas: tuple[ReplicaSettings, ...] = ()
