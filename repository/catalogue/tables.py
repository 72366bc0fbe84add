"""Every table of the catalogue. What becomes of each when all is lost: ``declared``.

Integer keys live only in here and never in the dump.

Moments are RFC 3339 text. Text sorts by code point on every engine.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA = "0004"
"""The newest migration; a test compares it with the migrations folder."""

metadata = MetaData()

_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
# SQLite gives a table's own row number only to INTEGER, never to BIGINT.
_KEY = BigInteger().with_variant(Integer(), "sqlite")


def _text(name: str, *, key: bool = False, default: str | None = None) -> Column[str]:
    return Column(name, _TEXT, primary_key=key, nullable=False, default=default)


def _json(name: str) -> Column[str]:
    return Column(name, _TEXT, nullable=False, info={"json": True})


def _aip_key(*, key: bool = True) -> Column[int]:
    target = ForeignKey("aip.aip_key", ondelete="CASCADE")
    return Column("aip_key", _KEY, target, primary_key=key, nullable=False, autoincrement=False)


# --- archival ---------------------------------------------------------------------------

aip = Table(
    "aip",
    metadata,
    Column("aip_key", _KEY, primary_key=True),
    _text("aip_id"),
    _text("place"),
    Column("version", Integer, nullable=False),
    _text("created"),
    _text("profile"),
    _text("outcome"),
    _text("fonds"),
    _text("fonds_name"),
    _text("dossier_code"),
    _text("title"),
    _text("access"),
    _text("date_from"),
    _text("date_to"),
    Column("backlog", Boolean, nullable=False),
    _text("submission_digest"),
    Column("data_files", BigInteger, nullable=False),
    Column("data_bytes", BigInteger, nullable=False),
    Column("warnings", Integer, nullable=False),
    UniqueConstraint("aip_id", "place", name="aip_identity"),
    Index("aip_reference", "fonds", "dossier_code", "aip_id", "place"),
    Index("aip_dossier_code", "dossier_code"),
)

version = Table(
    "version",
    metadata,
    _aip_key(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("created"),
    _text("inventory_sha256"),
    _text("inventory_sha512"),
    _text("message"),
    sqlite_with_rowid=False,
)

dossier_field = Table(
    "dossier_field",
    metadata,
    _aip_key(),
    _text("name", key=True),
    _text("value"),
    sqlite_with_rowid=False,
)

document = Table(
    "document",
    metadata,
    _aip_key(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _text("code"),
    _text("title"),
    _text("date"),
    _text("kind"),
    _json("fields"),
    _json("files"),
    sqlite_with_rowid=False,
)

# What bytes every replica must hold for an object: one row per content path, whatever
# number of logical files name it. Audits walk this table.
content = Table(
    "content",
    metadata,
    Column("content_key", _KEY, primary_key=True),
    _aip_key(key=False),
    _text("content_path"),
    Column("sha256", LargeBinary, nullable=False),
    Column("sha512", LargeBinary, nullable=False),
    UniqueConstraint("aip_key", "content_path", name="content_identity"),
    # A key that came back would hand the old file's audit state to a new file.
    sqlite_autoincrement=True,
)

file = Table(
    "file",
    metadata,
    _aip_key(),
    _text("logical_path", key=True),
    Column(
        "content_key",
        _KEY,
        ForeignKey("content.content_key", ondelete="CASCADE"),
        nullable=False,
    ),
    _text("role"),
    Column("size_bytes", BigInteger),
    _text("puids"),
    _text("signature_decision"),
    Index("file_content", "content_key"),
    sqlite_with_rowid=False,
)

signature = Table(
    "signature",
    metadata,
    _aip_key(),
    _text("logical_path", key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _text("kind"),
    _text("level"),
    _text("algorithm"),
    _text("signer"),
    _text("organisation"),
    _text("issuer"),
    _text("valid_until"),
    _text("indication"),
    _text("sub_indication"),
    _text("integrity"),
    _text("trust"),
    _text("time"),
    _text("signed_at"),
    _text("not_checked"),
    _text("trust_sha256"),
    _text("policy_sha256"),
    sqlite_with_rowid=False,
)

# --- journalled -------------------------------------------------------------------------

ledger_line = Table(
    "ledger_line",
    metadata,
    Column("seq", _KEY, primary_key=True, autoincrement=False),
    _text("moment"),
    _text("kind"),
    _json("body"),
    _text("prev"),
    _text("hash"),
    Index("ledger_line_kind", "kind", "seq"),
)

# The rows below point into ledger_line, where the whole body is, once.
event = Table(
    "event",
    metadata,
    Column("seq", _KEY, ForeignKey("ledger_line.seq"), primary_key=True, autoincrement=False),
    _text("event_id"),
    _text("aip_id"),
    _text("type"),
    _text("outcome"),
    _text("moment"),
    Index("event_aip", "aip_id", "seq"),
)

receipt = Table(
    "receipt",
    metadata,
    Column("seq", _KEY, ForeignKey("ledger_line.seq"), primary_key=True, autoincrement=False),
    _text("receipt_id"),
    _text("aip_id"),
    _text("submission_digest"),
    _text("outcome"),
    _text("finished"),
    Index("receipt_aip", "aip_id", "seq"),
    Index("receipt_submission", "submission_digest", "seq"),
)

rejection = Table(
    "rejection",
    metadata,
    Column("seq", _KEY, ForeignKey("ledger_line.seq"), primary_key=True, autoincrement=False),
    _text("receipt_id"),
    _text("submission_digest"),
    Column("files", BigInteger, nullable=False),
)

copy = Table(
    "copy",
    metadata,
    _text("aip_id", key=True),
    _text("place", key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    _text("replica", key=True),
    _text("state"),
    _text("verified_at"),
    Column("seq", _KEY, ForeignKey("ledger_line.seq"), nullable=False),
    sqlite_with_rowid=False,
)

# What became of a file's signatures after ingest: every verdict, none ever replaced.
signature_verdict = Table(
    "signature_verdict",
    metadata,
    Column("seq", _KEY, ForeignKey("ledger_line.seq"), primary_key=True, autoincrement=False),
    _text("aip_id"),
    _text("logical_path"),
    _text("decision"),
    _text("moment"),
    Index("signature_verdict_file", "aip_id", "logical_path", "seq"),
)

# --- disposable -------------------------------------------------------------------------

audit_run = Table(
    "audit_run",
    metadata,
    Column("run_key", _KEY, primary_key=True),
    _text("run_id"),
    _text("replica"),
    _text("started"),
    _text("finished"),
    _text("cursor"),
    Column("complete", Boolean, nullable=False),
    _json("summary"),
    UniqueConstraint("run_id", "replica", name="audit_run_identity"),
)

replica_name = Table(
    "replica_name",
    metadata,
    Column("replica_key", Integer, primary_key=True),
    Column("name", _TEXT, nullable=False, unique=True),
)

file_check = Table(
    "file_check",
    metadata,
    Column(
        "replica_key",
        Integer,
        ForeignKey("replica_name.replica_key"),
        primary_key=True,
        autoincrement=False,
    ),
    Column(
        "content_key",
        _KEY,
        ForeignKey("content.content_key", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("verdict", SmallInteger, nullable=False),
    _text("verified_at"),
    Column("run_key", _KEY, ForeignKey("audit_run.run_key"), nullable=False),
    _text("algorithm"),
    Index("file_check_age", "replica_key", "verified_at", "content_key"),
    Index("file_check_content", "content_key"),
    sqlite_with_rowid=False,
)

damage = Table(
    "damage",
    metadata,
    Column("damage_key", _KEY, primary_key=True),
    _text("replica"),
    _text("aip_id"),
    _text("place"),
    _text("content_path"),
    _text("verdict"),
    _text("found_at"),
    _text("run_id"),
    _text("closed_at"),
    _text("closed_by"),
    Index("damage_open", "closed_at", "replica", "aip_id", "content_path", "place"),
)

# Verdicts that need not be made again: by file, trust snapshot and policy.
signature_result = Table(
    "signature_result",
    metadata,
    _text("result_key", key=True),
    _text("made"),
    _text("holds_until"),
    _json("report"),
    sqlite_with_rowid=False,
)

# Certificates, lists, responses and stamps that verdicts rest on: derived when their AIPs are
# registered, to find one of millions by its digest.
evidence = Table(
    "evidence",
    metadata,
    Column("sha256", LargeBinary, primary_key=True, nullable=False),
    _aip_key(),
    _text("logical_path"),
    Index("evidence_aip", "aip_key"),
    sqlite_with_rowid=False,
)

# With what the signatures of an AIP were last examined, whether or not anything changed.
signature_check = Table(
    "signature_check",
    metadata,
    _text("aip_id", key=True),
    _text("place", key=True),
    _text("basis"),
    _text("checked_at"),
    sqlite_with_rowid=False,
)

# Where a dossier stands in the order of reference codes; the full-text rows carry the same
# label, so that the first page of any search comes out of the index already in order.
search_entry = Table(
    "search_entry",
    metadata,
    Column("label", _KEY, primary_key=True, autoincrement=False),
    Column(
        "aip_key",
        _KEY,
        ForeignKey("aip.aip_key", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
)

SEARCH_TEXT = "search_text"
"""The FTS5 table, on SQLite only."""
MAKE_SEARCH_TEXT = (
    "CREATE VIRTUAL TABLE search_text USING fts5("
    "exact, folded, tokenize = 'ascii', columnsize = 0)"
)
"""Words are parted by us: ``ascii`` splits at the spaces we put and touches no mark."""

VERSION_TABLE = "schema_version"
"""Where Alembic notes the layout."""
