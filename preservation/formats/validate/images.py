"""JPEG, PNG, TIFF and GIF: every pixel decoded, resolution and colour depth measured."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from PIL import Image

from preservation.formats.validate.result import (
    Fact,
    ValidationResult,
    error,
    judged,
    not_checked,
    warning,
)
from schemas.findings import Finding

KIND = "image"
PIXELS_CAP = 600_000_000
"""A sheet of A0 at 600 dpi; more is not decoded."""
FRAMES_CAP = 500

_READ = ("JPEG", "PNG", "TIFF", "GIF", "MPO")
_BITS = {"1": 1, "L": 8, "P": 8, "LA": 16, "I;16": 16, "I": 32, "F": 32}
_BITS |= {"RGB": 24, "YCbCr": 24, "LAB": 24, "HSV": 24, "RGBA": 32, "RGBX": 32, "CMYK": 32}


def validate(file: BinaryIO, wanted: Mapping[str, Any]) -> ValidationResult:
    """Invalid when a frame cannot be decoded to its last pixel.

    ``wanted`` may ask for ``min_dpi`` and ``min_bits`` (per pixel); less is a warning, and so
    is a file that does not say its resolution while one is asked for.
    """
    facts: dict[str, Fact] = {}
    try:
        with _pixels_capped(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(file, formats=_READ) as image:
                facts = _facts(image)
                if image.width * image.height > PIXELS_CAP:
                    return not_checked(KIND, "VALIDATION-LIMIT", facts, limit=PIXELS_CAP)
                frames = _decode(image)
    except Image.DecompressionBombError:
        return not_checked(KIND, "VALIDATION-LIMIT", facts, limit=PIXELS_CAP)
    except Exception as problem:  # noqa: BLE001  Pillow raises whatever its plugins raise
        return judged(KIND, [error("IMAGE-DAMAGED", reason=_reason(problem))], facts)
    facts["frames"] = frames
    findings = list(_shortfalls(facts, wanted))
    if frames >= FRAMES_CAP:
        return not_checked(KIND, "VALIDATION-LIMIT", facts, limit=FRAMES_CAP)
    return judged(KIND, findings, facts)


def _decode(image: Image.Image) -> int:
    """How many frames were decoded; the first that cannot be raises."""
    frames = 0
    while frames < FRAMES_CAP:
        try:
            image.seek(frames)
        except EOFError:
            break
        image.load()
        frames += 1
    return frames


def _facts(image: Image.Image) -> dict[str, Fact]:
    across, down = _dpi(image)
    return {
        "format": image.format,
        "width": image.width,
        "height": image.height,
        "mode": image.mode,
        "bits": _BITS.get(image.mode),
        "dpi_x": across,
        "dpi_y": down,
    }


def _dpi(image: Image.Image) -> tuple[float | None, float | None]:
    """Dots per inch as the file says; None where it does not, or says nonsense."""
    said = image.info.get("dpi")
    if not isinstance(said, tuple) or len(said) != 2:
        return None, None
    try:
        across, down = round(float(said[0]), 1), round(float(said[1]), 1)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None, None
    # Pillow answers 1 dpi for a JPEG that gives an aspect ratio only.
    return (across, down) if across > 1 and down > 1 else (None, None)


def _shortfalls(facts: Mapping[str, Fact], wanted: Mapping[str, Any]) -> Iterator[Finding]:
    least_dpi, least_bits = int(wanted.get("min_dpi", 0)), int(wanted.get("min_bits", 0))
    across, down = facts["dpi_x"], facts["dpi_y"]
    if least_dpi and not (isinstance(across, float) and isinstance(down, float)):
        yield warning("IMAGE-NO-RESOLUTION", needed=least_dpi)
    elif isinstance(across, float) and isinstance(down, float):
        dpi = round(min(across, down))
        if dpi < least_dpi:
            yield warning("IMAGE-RESOLUTION-LOW", found=dpi, needed=least_dpi)
    bits = facts["bits"]
    if least_bits and isinstance(bits, int) and bits < least_bits:
        yield warning("IMAGE-DEPTH-LOW", found=bits, needed=least_bits)


@contextmanager
def _pixels_capped() -> Iterator[None]:
    """Pillow's own cap raised to ours: it refuses scans of large maps by default."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = PIXELS_CAP
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _reason(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"[:200]
