"""The validators that are programs of the system: which are here, and how they are asked."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preservation.formats.validate import av, verapdf
from preservation.formats.validate.result import ValidationResult

KINDS = (av.KIND, verapdf.KIND)
"""Kinds of validator that no worker runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalJudges:
    """Absolute paths of programs, empty where there is none. ``scratch`` exists."""

    scratch: Path
    ffprobe: str = ""
    ffmpeg: str = ""
    verapdf: str = ""

    @classmethod
    def found(cls, scratch: Path, *, verapdf: str = "") -> ExternalJudges:
        """What the system has: ffprobe and ffmpeg are looked for, veraPDF is named."""
        return cls(
            scratch=scratch,
            ffprobe=_path_of("ffprobe"),
            ffmpeg=_path_of("ffmpeg"),
            verapdf=verapdf,
        )

    def validate(self, kind: str, file: Path, params: Mapping[str, Any]) -> ValidationResult:
        """The result of one of ``KINDS``."""
        if kind == verapdf.KIND:
            puid = str(params.get("puid", ""))
            return verapdf.validate(file, puid, command=self.verapdf, scratch=self.scratch)
        return av.validate(
            file, params, ffprobe=self.ffprobe, ffmpeg=self.ffmpeg, scratch=self.scratch
        )


def _path_of(name: str) -> str:
    found = shutil.which(name)
    return str(Path(found).absolute()) if found else ""
