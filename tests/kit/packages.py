"""Makes packages on the spot: sound ones, and each hazard exactly."""

from __future__ import annotations

import hashlib
import io
import struct
import tarfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.admit import admit_folder
from ingest.staged import Admission, StagedFile, StagedTree
from ingest.unpack import unpack_archive
from schemas.archives import Caps
from schemas.bag import BagReport, Tree, folder_tree, read_bag
from schemas.findings import Finding, Severity

UTF8 = 0x0800
DESCRIPTOR = 0x0008
DOS_2026 = 0x5D76_5000
"""22 November 2026, 10:00, as DOS writes it."""


@dataclass(frozen=True)
class Forged:
    """One zip entry with everything adjustable; None means what an honest writer would put."""

    name: bytes
    content: bytes = b"content"
    method: int = 8
    flags: int = 0
    host: int = 3
    mode: int = 0o100644
    extra: bytes = b""
    packed: bytes | None = None
    crc: int | None = None
    size: int | None = None
    local_name: bytes | None = None
    local_flags: int | None = None
    local_method: int | None = None
    local_size: int | None = None
    local_crc: int | None = None
    attributes: int | None = None
    descriptor: bytes | None = None
    after: bytes = b""
    """Bytes that belong to no entry, behind this one."""
    at: int | None = None
    """A false offset in the directory."""
    disk: int = 0


def deflated(content: bytes) -> bytes:
    """A raw deflate stream."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def forge_zip(
    entries: Iterable[Forged],
    *,
    prefix: bytes = b"",
    suffix: bytes = b"",
    comment: bytes = b"",
    count: int | None = None,
    shift: int = 0,
    zip64: bool = False,
) -> bytes:
    """A zip of the entries; ``shift`` is added to every offset, as behind a foreign prefix."""
    body = bytearray(prefix)
    directory = bytearray()
    number = 0
    for entry in entries:
        number += 1
        offset = len(body) if entry.at is None else entry.at
        local, central = _records(entry, offset + shift)
        body += local
        directory += central
    start = len(body) + shift
    body += directory
    body += _end(len(directory), start, number if count is None else count, comment, zip64=zip64)
    return bytes(body) + suffix


def _records(entry: Forged, offset: int) -> tuple[bytes, bytes]:
    packed = entry.packed
    if packed is None:
        packed = deflated(entry.content) if entry.method == 8 else entry.content
    crc = zlib.crc32(entry.content) if entry.crc is None else entry.crc
    size = len(entry.content) if entry.size is None else entry.size
    later = bool(entry.flags & DESCRIPTOR)
    local = struct.pack(
        "<4s5H3L2H", b"PK\x03\x04", 20,
        entry.flags if entry.local_flags is None else entry.local_flags,
        entry.method if entry.local_method is None else entry.local_method,
        DOS_2026 & 0xFFFF, DOS_2026 >> 16,
        (0 if later else crc) if entry.local_crc is None else entry.local_crc,
        0 if later else len(packed),
        (0 if later else size) if entry.local_size is None else entry.local_size,
        len(entry.name if entry.local_name is None else entry.local_name), 0,
    )  # fmt: skip
    local += entry.name if entry.local_name is None else entry.local_name
    local += packed
    if later:
        honest = struct.pack("<4s3L", b"PK\x07\x08", crc, len(packed), size)
        local += honest if entry.descriptor is None else entry.descriptor
    attributes = entry.mode << 16 if entry.attributes is None else entry.attributes
    central = struct.pack(
        "<4s6H3L5H2L", b"PK\x01\x02", entry.host << 8 | 20, 20, entry.flags, entry.method,
        DOS_2026 & 0xFFFF, DOS_2026 >> 16, crc, len(packed), size,
        len(entry.name), len(entry.extra), 0, entry.disk, 0, attributes, offset,
    )  # fmt: skip
    return local + entry.after, central + entry.name + entry.extra


def _end(size: int, start: int, count: int, comment: bytes, *, zip64: bool) -> bytes:
    if not zip64:
        return (
            struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, size, start, len(comment))
            + comment
        )
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, start)
    wide += struct.pack("<4sLQL", b"PK\x06\x07", 0, start + size, 1)
    full = (0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    return wide + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, *full, len(comment)) + comment


def extra_field(kind: int, data: bytes) -> bytes:
    """One field of a zip's extra block."""
    return struct.pack("<HH", kind, len(data)) + data


def tar_of(members: Sequence[tuple[tarfile.TarInfo, bytes]], *, gzipped: bool = False) -> bytes:
    """A tar of the members as they are, hazards included."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz" if gzipped else "w") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def tar_file(
    name: str, content: bytes = b"content", **facts: object
) -> tuple[tarfile.TarInfo, bytes]:
    """One member for :func:`tar_of`; ``facts`` are set on its TarInfo."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for fact, value in facts.items():
        setattr(info, fact, value)
    return info, content


@dataclass
class Unpacked:
    """What came of a source: its files by raw path, and everything noticed."""

    admission: Admission
    files: dict[bytes, StagedFile] = field(default_factory=dict)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding."""
        return self.admission.findings.all()

    @property
    def codes(self) -> set[str]:
        """The findings' codes."""
        return {finding.code for finding in self.findings}

    @property
    def refusals(self) -> set[str]:
        """The codes that refuse the submission."""
        return {f.code for f in self.findings if f.severity is Severity.REJECT}

    @property
    def tree(self) -> StagedTree:
        """The files as a tree."""
        return StagedTree.of(self.files.values(), self.admission)

    def content(self, raw_path: bytes) -> bytes:
        """The staged bytes of one file."""
        return Path(self.files[raw_path].staged).read_bytes()


def unpack(folder: Path, content: bytes, name: str = "package.zip", **caps: Any) -> Unpacked:
    """The archive ``content``, written to ``folder`` and unpacked into staging beside it."""
    folder.mkdir(exist_ok=True)
    source = folder / name
    source.write_bytes(content)
    result = Unpacked(Admission())
    entries = unpack_archive(source, folder / "staging", Caps(**caps), result.admission)
    result.files = {entry.file.raw_path: entry.file for entry in entries}
    return result


def admit(source: Path, staging: Path | None, **caps: Any) -> Unpacked:
    """The folder ``source``, admitted."""
    result = Unpacked(Admission())
    entries = admit_folder(source, staging, Caps(**caps), result.admission)
    result.files = {entry.file.raw_path: entry.file for entry in entries}
    return result


@dataclass(frozen=True)
class MemoryFile:
    """A file of a tree that exists only in memory; counts how often it was opened."""

    content: bytes
    known: tuple[str, ...] = ()
    opened: list[int] = field(default_factory=list)

    @property
    def size_bytes(self) -> int:
        return len(self.content)

    @property
    def known_digests(self) -> Mapping[str, str]:
        return {name: hashlib.new(name, self.content).hexdigest() for name in self.known}

    def open(self) -> io.BytesIO:
        self.opened.append(1)
        return io.BytesIO(self.content)


BAGIT_10 = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
BAGIT_097 = BAGIT_10.replace(b"1.0", b"0.97")


def bag_files(
    payload: Mapping[str, bytes],
    *,
    algorithms: Sequence[str] = ("sha256",),
    declaration: bytes = BAGIT_10,
    info: str | None = None,
) -> dict[str, bytes]:
    """Every file of a sound bag with this payload (paths below ``data/``)."""
    files = {f"data/{path}": content for path, content in payload.items()}
    octets = sum(map(len, payload.values()))
    for algorithm in algorithms:
        files[f"manifest-{algorithm}.txt"] = manifest(algorithm, files, payload_only=True)
    files["bagit.txt"] = declaration
    text = f"Payload-Oxum: {octets}.{len(payload)}\n" if info is None else info
    files["bag-info.txt"] = text.encode()
    return files


def manifest(algorithm: str, files: Mapping[str, bytes], *, payload_only: bool = False) -> bytes:
    """A manifest of these files, CR, LF and % encoded."""
    lines = []
    for path, content in files.items():
        if payload_only and not path.startswith("data/"):
            continue
        written = path.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        lines.append(f"{hashlib.new(algorithm, content).hexdigest()}  {written}\n")
    return "".join(lines).encode()


def with_tag_manifest(files: Mapping[str, bytes], algorithm: str = "sha256") -> dict[str, bytes]:
    """The bag with a tag manifest of all its tag files."""
    tags = {path: content for path, content in files.items() if not path.startswith("data/")}
    return {**files, f"tagmanifest-{algorithm}.txt": manifest(algorithm, tags)}


def judge(files: Mapping[str, bytes] | Mapping[bytes, bytes], **more: Any) -> BagReport:
    """The report on a bag held in memory; ``more`` goes to the tree."""
    raw = {
        path.encode() if isinstance(path, str) else path: MemoryFile(content)
        for path, content in files.items()
    }
    return read_bag(Tree(raw, **more))


def judge_folder(folder: Path) -> BagReport:
    """The report on a bag in a folder."""
    return read_bag(folder_tree(folder))


def weights(findings: Iterable[Finding]) -> dict[str, Severity]:
    """Each code with the heaviest severity it was found with."""
    result: dict[str, Severity] = {}
    for finding in findings:
        before = result.get(finding.code)
        if before is None or finding.severity.rank > before.rank:
            result[finding.code] = finding.severity
    return result


def errors(report: BagReport) -> set[str]:
    """The codes of the errors."""
    return {f.code for f in report.findings if f.severity.rank >= Severity.ERROR.rank}


def warnings(report: BagReport) -> set[str]:
    """The codes of the warnings."""
    return {f.code for f in report.findings if f.severity is Severity.WARNING}
