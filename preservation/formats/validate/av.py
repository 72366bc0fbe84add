"""Sound and film: every stream decoded to its end by ffmpeg, measured by ffprobe.

Both are programs of the system, run by ``preservation.formats.external``. A container that
names other files or addresses (play lists, concatenations) is not opened: only formats that
hold their own data are, and only the file itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from preservation.formats.external import FILE, Ran, run
from preservation.formats.validate.result import (
    Fact,
    ValidationResult,
    error,
    judged,
    not_checked,
    warning,
)
from preservation.worker_frames import JobLimits
from schemas.findings import Finding

KIND = "av"

PROBE_LIMITS = JobLimits(wall_s=60, cpu_s=60, memory_bytes=2 << 30, file_bytes=16 << 20)
DECODE_LIMITS = JobLimits(wall_s=3600, cpu_s=7200, memory_bytes=4 << 30, file_bytes=16 << 20)

_HEAD_BYTES = 64 << 10
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")

_FORMATS = (
    "aac,aiff,amr,asf,avi,caf,dv,flac,flv,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpeg,mpegts,"
    "mpegvideo,m4v,h264,hevc,mxf,ogg,rm,w64,wav"
)
_INPUT = ("-protocol_whitelist", "file", "-format_whitelist", _FORMATS)
_ENTRIES = (
    "program_version=version:format=format_name,duration,bit_rate:"
    "stream=codec_type,codec_name,width,height,avg_frame_rate,sample_rate,channels"
)


class _Stream(msgspec.Struct, frozen=True):
    codec_type: str = ""
    codec_name: str = ""
    width: int = 0
    height: int = 0
    avg_frame_rate: str = ""
    sample_rate: str = ""
    channels: int = 0


class _Format(msgspec.Struct, frozen=True):
    format_name: str = ""
    duration: str = ""
    bit_rate: str = ""


class _Version(msgspec.Struct, frozen=True):
    version: str = ""


class _Probe(msgspec.Struct, frozen=True):
    """What ffprobe's JSON is read as; what else it holds is passed over."""

    format: _Format
    streams: tuple[_Stream, ...] = ()
    program_version: _Version = _Version()


def validate(
    file: Path, wanted: Mapping[str, Any], *, ffprobe: str, ffmpeg: str, scratch: Path
) -> ValidationResult:
    """Invalid when a stream cannot be decoded without complaint, or there is none.

    ``wanted`` may ask for ``min_kbps``, of the whole file; less is a warning. A program whose
    path is empty is not installed: without ffprobe nothing is checked, without ffmpeg the
    file is measured only, and *not checked*.
    """
    if not ffprobe:
        return not_checked(KIND, "VALIDATION-NO-TOOL", tool="ffprobe")
    ran = run(
        [ffprobe, "-v", "error", *_INPUT, "-show_entries", _ENTRIES, "-of", "json", FILE],
        file,
        limits=PROBE_LIMITS,
        scratch=scratch,
    )
    if ran.failure:
        return not_checked(KIND, ran.failure, detail=ran.complaint)
    if ran.code:
        return judged(KIND, [error("AV-UNREADABLE", reason=ran.complaint)])
    try:
        probe = msgspec.json.decode(ran.stdout, type=_Probe)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return not_checked(KIND, "WORKER-PROTOCOL")
    return _decoded(file, probe, wanted, ffmpeg, scratch)


def _decoded(
    file: Path, probe: _Probe, wanted: Mapping[str, Any], ffmpeg: str, scratch: Path
) -> ValidationResult:
    facts = _facts(probe)
    if not any(stream.codec_type in ("video", "audio") for stream in probe.streams):
        return judged(KIND, [error("AV-NO-STREAM")], facts)
    if not ffmpeg:
        return not_checked(KIND, "VALIDATION-NO-TOOL", facts, tool="ffmpeg")
    command = [ffmpeg, "-nostdin", "-hide_banner", "-v", "error", "-xerror"]
    command += [*_INPUT, "-err_detect", "crccheck", "-i", FILE]
    command += ["-map", "0:v?", "-map", "0:a?", "-f", "null", "-"]
    ran = run(command, file, limits=DECODE_LIMITS, scratch=scratch)
    if ran.failure:
        return not_checked(KIND, ran.failure, facts, detail=ran.complaint)
    return judged(KIND, [*_damage(ran), *_cut_off(file), *_shortfalls(facts, wanted)], facts)


def _cut_off(file: Path) -> list[Finding]:
    """ffmpeg plays a truncated AVI or WMV to where it ends and says nothing."""
    try:
        with file.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
            held = stream.seek(0, 2)
    except OSError as problem:
        return [error("AV-UNREADABLE", reason=str(problem)[:200])]
    said = _declared_bytes(head)
    return [error("AV-DAMAGED", reason=f"{held} of {said} bytes")] if said > held else []


def _declared_bytes(head: bytes) -> int:
    """How long the file says it is; 0 when it does not. Source: RIFF; ASF 01.20, 3.2."""
    if head.startswith(b"RIFF"):
        said = int.from_bytes(head[4:8], "little")
        # What is written to a pipe has no size, or the largest.
        return 0 if said in (0, 0xFFFFFFFF) else said + 8
    place = head.find(_ASF_PROPERTIES) if head.startswith(_ASF) else -1
    if place < 0:
        return 0
    return int.from_bytes(head[place + 40 : place + 48], "little")


def _damage(ran: Ran) -> list[Finding]:
    """A truncated Matroska file ends with 0 and a message: any message counts."""
    if ran.code or ran.stderr.strip():
        return [error("AV-DAMAGED", reason=ran.complaint or f"exit {ran.code}")]
    return []


def _facts(probe: _Probe) -> dict[str, Fact]:
    rate, length = _number(probe.format.bit_rate), _number(probe.format.duration)
    facts: dict[str, Fact] = {
        "tool": f"ffmpeg {probe.program_version.version}"[:100],
        "format": probe.format.format_name[:100],
        "duration_s": length,
        "kbps": None if rate is None else round(rate / 1000),
    }
    for kind in ("video", "audio"):
        streams = [stream for stream in probe.streams if stream.codec_type == kind]
        facts[f"{kind}_streams"] = len(streams)
        if streams:
            facts[f"{kind}_codec"] = streams[0].codec_name[:100]
        if streams and kind == "video":
            facts |= {"width": streams[0].width, "height": streams[0].height}
            facts["frame_rate"] = streams[0].avg_frame_rate[:30]
        elif streams:
            facts |= {"sample_rate": _number(streams[0].sample_rate)}
            facts["channels"] = streams[0].channels
    return facts


def _number(said: str) -> float | None:
    try:
        return round(float(said), 3)
    except (ValueError, OverflowError):
        return None


def _shortfalls(facts: Mapping[str, Fact], wanted: Mapping[str, Any]) -> list[Finding]:
    least, found = int(wanted.get("min_kbps", 0)), facts["kbps"]
    if not least:
        return []
    if not isinstance(found, int):
        return [warning("AV-NO-BIT-RATE", needed=least)]
    return [warning("AV-BIT-RATE-LOW", found=found, needed=least)] if found < least else []
