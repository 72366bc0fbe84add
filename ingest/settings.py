"""Settings of ingest: limits, policy and what is configured to take part."""

from __future__ import annotations

from typing import Annotated

import msgspec


class IngestSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[ingest]``: how submissions are received."""

    profile: str = "auto"
    """Profile of submissions unless the command names one."""
    fonds: str = ""
    """Fonds code of submissions that name none, unless the command names one."""
    policy: str = ""
    """Path of a decision policy; empty for the one that is shipped."""
    max_bytes: Annotated[int, msgspec.Meta(ge=1)] = 1024**4
    """A submission that unpacks to more is refused."""
    max_files: Annotated[int, msgspec.Meta(ge=1)] = 1_000_000
    """A submission with more files is refused."""
    max_ratio: Annotated[int, msgspec.Meta(ge=1)] = 200
    """An archive member that expands more than this many times is refused."""
    staging_reserve_bytes: Annotated[int, msgspec.Meta(ge=0)] = 1024**3
    """Free space that reading a submission must leave on the staging disk."""
    workers: Annotated[int, msgspec.Meta(ge=1)] = 2
    """Child processes that judge files."""
