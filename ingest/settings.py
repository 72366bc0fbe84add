"""Settings of ingest: limits, policy and what is configured to take part."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec


class IngestSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[ingest]``: how submissions are received."""

    profile: str = "auto"
    """Profile of submissions unless the command names one."""
    fonds: str = ""
    """Fonds code of submissions that name none, unless the command names one."""
    policy: str = ""
    """Path of a decision policy; empty for the one that is shipped."""
    format_policy: str = ""
    """Path of a format policy; empty for the one that is shipped."""
    max_bytes: Annotated[int, msgspec.Meta(ge=1)] = 1024**4
    """A submission that unpacks to more is refused."""
    max_files: Annotated[int, msgspec.Meta(ge=1)] = 1_000_000
    """A submission with more files is refused."""
    max_ratio: Annotated[int, msgspec.Meta(ge=1)] = 200
    """An archive member that expands more than this many times is refused."""
    staging_reserve_bytes: Annotated[int, msgspec.Meta(ge=0)] = 1024**3
    """Free space that reading a submission must leave on the staging disk."""
    clamd: str = ""
    """The malware scanner: `unix:/run/clamav/clamd.ctl` or `tcp:127.0.0.1:3310`. Empty: files
    are not scanned, and every receipt says so."""
    etsi_reports: bool = True
    """Keeps, beside the archive's own record, a report in the form of ETSI TS 119 102-2 for every
    PDF signature for which one can be made."""
    workers: Annotated[int, msgspec.Meta(ge=1)] = 2
    """Child processes that judge files."""
    second_identifier: Literal["off", "pygfried"] = "off"
    """A second opinion on every data file's format; `pygfried` needs the extra `formats`. Where
    the two differ on more than a version, an officer looks."""
    verapdf: str = ""
    """Path of the veraPDF command; then PDF/A files are held against their profile by it too.
    Empty: not used."""
    approval: Literal["policy", "required"] = "policy"
    """Packages of Circular 05/2025: `policy` accepts what has no error; `required` holds every
    one until an approver who did not receive it releases it."""
    decision_days: Annotated[int, msgspec.Meta(ge=1)] = 60
    """Within so many days of its reception what is held must be decided (*thời hạn*)."""
    archive_code: str = ""
    """Identification code of this archive, written into packages of Circular 05/2025."""
    archive_kind: Literal["unknown", "historical", "current"] = "unknown"
    """Whether this is a historical archive (*lưu trữ lịch sử*), which takes permanent dossiers
    only, or a current one; `unknown` leaves that rule unchecked."""
    letterhead: Literal["state", "party"] = "state"
    """What stands at the head of printed receipts: the state's name and motto, or the Party's."""
    accept_test_packages: bool = False
    """Takes packages that are marked TEST, as a training archive does."""
    hd40_columns: str = ""
    """Path of the headings of party lists (profile `hd40`); empty for those that are shipped."""
    registers: str = ""
    """Folder with the registers `fonds.txt`, `organs.txt` and `agreements.txt`, one code a line,
    that packages of Circular 05/2025 are held against; a register that is missing leaves its
    rules unchecked."""
    schemas: str = ""
    """Folder with the official METS and PREMIS schemas, by which packages are then judged and
    which they carry; empty for Kho's own."""
