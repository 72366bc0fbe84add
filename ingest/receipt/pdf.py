"""The printable receipt as PDF, by WeasyPrint, which comes with the extra ``print``."""

from __future__ import annotations

from pathlib import Path

from schemas.errors import ConfigError


class PrintingMissing(ConfigError):
    """The extra ``print`` is not installed, or a library of the system that it needs."""

    code = "PRINT-MISSING"


def html_to_pdf(html: str, target: Path) -> None:
    """The page is a PDF at ``target``; nothing is fetched. :class:`PrintingMissing`."""
    try:
        from weasyprint import HTML
    except (ImportError, OSError) as error:
        raise PrintingMissing(reason=str(error)) from error
    target.write_bytes(HTML(string=html, url_fetcher=_nothing).write_pdf())


def _nothing(url: str, *_more: object, **_options: object) -> dict[str, object]:
    raise ValueError(f"a receipt refers to nothing: {url}")
