"""CMS files: detached and enveloping, one signer or several. Built in process."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from asn1crypto import cms, pem  # type: ignore[import-untyped]  # asn1crypto has no types

from kit.pki import pki

CONTENT = "Quyết định số 15/QĐ-UBND".encode()


def signed_value(
    label: str = "leader",
    content: bytes = CONTENT,
    *,
    detached: bool = True,
    stamped: datetime | None = None,
    md: str = "sha256",
) -> Any:
    """The ContentInfo of one signer; ``stamped`` adds a signature time stamp."""
    stamper = pki().timestamper(stamped) if stamped else None
    return asyncio.run(
        pki()
        .signer(label)
        .async_sign_general_data(content, md, detached=detached, timestamper=stamper)
    )


def signed_cms(
    *labels: str,
    content: bytes = CONTENT,
    detached: bool = True,
    stamped: datetime | None = None,
    md: str = "sha256",
) -> bytes:
    """The DER of a CMS file that all ``labels`` signed."""
    values = [
        signed_value(label, content, detached=detached, stamped=stamped, md=md)
        for label in labels or ("leader",)
    ]
    merged = values[0]["content"]
    certificates = {c.chosen.sha256: c for v in values for c in v["content"]["certificates"]}
    merged["certificates"] = list(certificates.values())
    merged["signer_infos"] = [info for v in values for info in v["content"]["signer_infos"]]
    found: bytes = cms.ContentInfo({"content_type": "signed_data", "content": merged}).dump()
    return found


def armoured(der: bytes) -> bytes:
    """The same in PEM."""
    found: bytes = pem.armor("PKCS7", der)
    return found
