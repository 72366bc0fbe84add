"""The demonstration's fonds: three submissions as archives receive them. All data is invented."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from kho.demo import papers
from preservation.signatures.throwaway import ThrowawayAuthority

FONDS = "TL05"
_ORGAN = "UBND phuong Tan Lap"


def make_submissions(folder: Path, now: datetime) -> list[Path]:
    """A folder, a BagIt bag and a zip of a folder lie in ``folder``, ready to be received."""
    authority = ThrowawayAuthority(now)
    folder.mkdir(parents=True, exist_ok=True)
    meeting = folder / "Hồ sơ Hội nghị tổng kết công tác năm 2024"
    write_tree(meeting, _meeting(authority))
    (meeting / "Phụ lục để trống").mkdir()
    bag = folder / "Hồ sơ khen thưởng năm 2024"
    write_tree(bag, bagged(_awards(authority)))
    merger = folder / "Hồ sơ bàn giao khi kết thúc hoạt động.zip"
    merger.write_bytes(papers.zipped(_merger()))
    return [meeting, bag, merger]


def write_tree(folder: Path, files: Mapping[bytes, bytes]) -> None:
    """The files exist below ``folder`` under their raw names."""
    for raw_path, content in files.items():
        path = folder / os.fsdecode(raw_path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def bagged(payload: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """The payload as a BagIt 1.0 bag with sha256 and sha512 manifests."""
    files = {b"data/" + name: content for name, content in payload.items()}
    tags = {
        b"bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        b"bag-info.txt": (
            f"Source-Organization: Uỷ ban nhân dân phường Tân Lập\n"
            f"Payload-Oxum: {sum(map(len, files.values()))}.{len(files)}\n"
        ).encode(),
    }
    for algorithm in ("sha256", "sha512"):
        lines = [
            hashlib.new(algorithm, content).hexdigest().encode() + b"  " + _in_manifest(name)
            for name, content in files.items()
        ]
        tags[f"manifest-{algorithm}.txt".encode()] = b"\n".join(lines) + b"\n"
    return {**tags, **files}


def _in_manifest(name: bytes) -> bytes:
    return name.replace(b"%", b"%25").replace(b"\n", b"%0A").replace(b"\r", b"%0D")


def _meeting(authority: ThrowawayAuthority) -> dict[bytes, bytes]:
    report = papers.pdf(["UBND PHUONG TAN LAP", "So: 112/BC-UBND", "Bao cao tong ket nam 2024"])
    signed = authority.sign_pdf(
        report, signer="Nguyen Van An", organization=_ORGAN, field="ChuKyLanhDao"
    )
    sealed = authority.sign_pdf(
        signed, signer="UBND phuong Tan Lap", organization=_ORGAN, field="ChuKyCoQuan"
    )
    notice = authority.sign_pdf(
        papers.pdf(["So: 15/GM-UBND", "Giay moi du hoi nghi"]),
        signer="Nguyen Van An",
        organization=_ORGAN,
        field="ChuKyLanhDao",
    )
    # 200 characters; Vietnamese letters take two or three of the 255 bytes a name may have.
    long_name = "Danh sách đại biểu dự Hội nghị - " + "danh sach kem theo giay moi " * 7
    twins = "Bài phát biểu của đồng chí Chủ tịch.txt"
    texts = {
        "112_BC-UBND.pdf": sealed,
        "15_GM-UBND.pdf": notice,
        "Tờ trình.docx": papers.text_document(["Kính gửi: Uỷ ban nhân dân thành phố"]),
        "Mục lục văn bản.xlsx": papers.spreadsheet(
            [["STT", "Số ký hiệu", "Trích yếu"], [1, "112/BC-UBND", "Báo cáo tổng kết"]]
        ),
        "Bản quét/trang 001.jpg": papers.page_image("jpeg", seed=1),
        "Bản quét/trang 002.tif": papers.page_image("tiff", seed=2),
        "Ghi chú.txt": "Đã đối chiếu với bản giấy. Người lập: Trần Thị Bình.\n".encode(),
        'Ý kiến "góp ý" 100%.txt': b"",
        long_name[:196] + ".txt": "Đại biểu: 85\n".encode(),
        unicodedata.normalize("NFC", twins): "Kính thưa các đồng chí!\n".encode(),
        unicodedata.normalize("NFD", twins): "Kính thưa quý vị đại biểu!\n".encode(),
    }
    return {os.fsencode(name): content for name, content in texts.items()}


def _awards(authority: ThrowawayAuthority) -> dict[bytes, bytes]:
    decision = authority.sign_pdf(
        papers.pdf(["So: 431/QD-UBND", "Quyet dinh khen thuong"]),
        signer="Le Thi Hoa",
        organization=_ORGAN,
        field="ChuKyLanhDao",
    )
    names = {
        "431_QĐ-UBND.pdf": decision,
        "Danh sách khen thưởng.xlsx": papers.spreadsheet(
            [["Họ và tên", "Hình thức"], ["Phạm Đức Dũng", "Giấy khen"]]
        ),
        "Ảnh trao thưởng.jpg": papers.page_image("jpeg", seed=7),
    }
    return {name.encode(): content for name, content in names.items()}


def _merger() -> dict[bytes, bytes]:
    folder = "Bàn giao/"
    names = {
        f"{folder}Biên bản bàn giao.docx": papers.text_document(["Biên bản bàn giao tài liệu"]),
        f"{folder}Thống kê hồ sơ.csv": "Phông;Số hồ sơ\nTL05;1204\n".encode(),
        f"{folder}So dang ky/van ban den.csv": b"So;Ngay\n1;2024-01-02\n2;2024-01-03\n",
    }
    return {name.encode(): content for name, content in names.items()}
