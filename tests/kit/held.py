"""Submissions that are held, and the people who decide about them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from ingest.approval import Officer
from kit.desk import write_files

BINH = Officer("binh", "Trần Thị Bình", known=True, approver=True)
"""Also who received: :data:`kit.desk.OPERATOR` bears her name."""
HOA = Officer("hoa", "Lê Thị Hoà", known=True, approver=True)
MINH = Officer("minh", "Phạm Văn Minh", known=True, approver=True)
LAN = Officer("lan", "Ngô Thị Lan", known=True, approver=False)
STRANGER = Officer("root", "root")

RECORDS: Mapping[bytes, bytes] = {
    "Tờ trình.txt".encode(): "Kính gửi: Uỷ ban nhân dân\n".encode(),
    b"phu-luc/a.txt": b"phu luc a\n",
    b"phu-luc/b.txt": b"phu luc b\n",
}


def bag(
    folder: Path,
    records: Mapping[bytes, bytes] = RECORDS,
    *,
    code: str = "H99.2024.07.VP",
    title: str = "Hồ sơ Hội nghị tổng kết năm 2024",
    damaged: bool = False,
    tag: str = "",
) -> Path:
    """A bag in ``folder``; ``damaged``: the manifest speaks of another first file, an error."""
    lines = []
    for number, (name, content) in enumerate(sorted(records.items())):
        said = content + b"!" if damaged and number == 0 else content
        lines.append(hashlib.sha256(said).hexdigest().encode() + b"  data/" + name + b"\n")
    info = f"External-Description: {title}\nExternal-Identifier: {code}\n"
    info += "Source-Organization: UBND phường Tân Lập\n"
    if tag:
        info += f"Internal-Sender-Identifier: {tag}\n"
    return write_files(
        folder,
        {
            b"bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
            b"bag-info.txt": info.encode(),
            b"manifest-sha256.txt": b"".join(lines),
            **{b"data/" + name: content for name, content in records.items()},
        },
    )
