"""Programs of others: found, absent, hanging, babbling, and never left running."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from preservation.formats.external import FILE, OUTPUT_CAP_BYTES, run
from preservation.formats.external_judges import ExternalJudges
from preservation.formats.validate.result import ValidationOutcome, ValidationResult
from preservation.worker_frames import JobLimits

LIMITS = JobLimits(wall_s=30, cpu_s=30, memory_bytes=4 << 30, file_bytes=64 << 20)

PROBE = """{"program_version": {"version": "5.1"}, "streams": [
 {"codec_type": "video", "codec_name": "h264", "width": 640, "height": 480,
  "avg_frame_rate": "25/1"},
 {"codec_type": "audio", "codec_name": "aac", "sample_rate": "44100", "channels": 2}],
 "format": {"format_name": "mov,mp4", "duration": "12.5", "bit_rate": "%d"}}"""

VERDICT = """<?xml version="1.0" encoding="utf-8"?><report><buildInformation>
<releaseDetails id="core" version="1.26.1" buildDate="2024"/></buildInformation><jobs><job>
<validationReport jobEndStatus="normal" profileName="PDF/A-{} validation profile"
 isCompliant="{}"><details passedRules="128" failedRules="1">{}</details></validationReport>
</job></jobs></report>"""
RULE = """<rule specification="ISO 19005-1:2005" clause="6.7.3" testNumber="1" status="failed">
<description>Metadata shall be there</description></rule>"""

Script = Callable[[str, str], str]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Makes an executable of that name that runs a shell text; its path."""

    def make(name: str, body: str) -> str:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    return make


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "a 'ư.mp4"
    path.write_bytes(b"content")
    return path


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    path = tmp_path / "scratch"
    path.mkdir()
    return path


def says(text: str) -> str:
    return f"cat <<'END'\n{text}\nEND"


def av(scratch: Path, sample: Path, ffprobe: str, ffmpeg: str, **wanted: int) -> ValidationResult:
    judges = ExternalJudges(scratch=scratch, ffprobe=ffprobe, ffmpeg=ffmpeg)
    return judges.validate("av", sample, wanted)


def codes(result: ValidationResult) -> list[str]:
    return [finding.code for finding in result.findings]


def test_a_program_reads_the_file_and_sees_nothing_of_ours(
    script: Script, scratch: Path, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "x")
    tool = script("tool", '/bin/cat "$1"; pwd; /usr/bin/env; ulimit -t; ulimit -f')
    ran = run([tool, FILE], sample, limits=LIMITS, scratch=scratch)
    assert (ran.code, ran.failure) == (0, "")
    said = ran.stdout.decode()
    assert said.startswith(f"content{scratch}/external-")
    assert "SECRET" not in said
    assert "HOME" not in said
    assert said.splitlines()[-2:] == ["30", str((64 << 20) // 512)]
    assert list(scratch.iterdir()) == []


def test_a_program_that_goes_by_names_gets_one(
    script: Script, scratch: Path, sample: Path
) -> None:
    tool = script("tool", 'echo "$1"; /bin/cat "$1"')
    ran = run([tool, FILE], sample, limits=LIMITS, scratch=scratch, suffix=".pdf")
    assert ran.stdout == b"file.pdf\ncontent"


def test_a_program_that_hangs_is_ended_with_its_children(
    script: Script, scratch: Path, sample: Path, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "alive")
    reader = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    tool = script("tool", f"exec 9>'{tmp_path}/alive'; /bin/sleep 60 & /bin/sleep 60")
    short = JobLimits(wall_s=0.3, cpu_s=30, memory_bytes=4 << 30)
    assert run([tool], sample, limits=short, scratch=scratch).failure == "WORKER-TIMEOUT"
    os.set_blocking(reader, True)
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        assert pipe.read(1) == b""


def test_a_program_that_ends_leaves_no_child_behind(
    script: Script, scratch: Path, sample: Path, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "alive")
    reader = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    tool = script("tool", f"exec 9>'{tmp_path}/alive'; /bin/sleep 60 & exit 3")
    assert run([tool], sample, limits=LIMITS, scratch=scratch).code == 3
    os.set_blocking(reader, True)
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        assert pipe.read(1) == b""


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (f"head -c {OUTPUT_CAP_BYTES + 1} /dev/zero", "WORKER-PROTOCOL"),
        ("kill -SEGV $$", "WORKER-CRASH"),
        ("echo 'av_malloc: Cannot allocate memory' >&2; exit 1", "WORKER-MEMORY"),
        ("while :; do :; done", "WORKER-TIMEOUT"),
    ],
)
def test_what_is_no_answer_is_named(
    script: Script, scratch: Path, sample: Path, body: str, failure: str
) -> None:
    limits = JobLimits(wall_s=30, cpu_s=1, memory_bytes=4 << 30, file_bytes=64 << 20)
    ran = run([script("tool", body)], sample, limits=limits, scratch=scratch)
    assert ran.failure == failure


def test_what_cannot_be_started_or_read_is_no_answer(
    scratch: Path, sample: Path, tmp_path: Path
) -> None:
    assert run([str(sample)], sample, limits=LIMITS, scratch=scratch).failure == "WORKER-CRASH"
    found = run(["/bin/true"], tmp_path / "none", limits=LIMITS, scratch=scratch)
    assert found.failure == "WORKER-ERROR"


def test_a_sound_film_is_valid_and_measured(script: Script, scratch: Path, sample: Path) -> None:
    ffprobe = script("ffprobe", says(PROBE % 2_000_000))
    result = av(scratch, sample, ffprobe, script("ffmpeg", "exit 0"), min_kbps=1500)
    assert (result.outcome, codes(result)) == (ValidationOutcome.VALID, [])
    assert result.facts["kbps"] == 2000
    assert (result.facts["width"], result.facts["audio_codec"]) == (640, "aac")
    assert result.facts["tool"] == "ffmpeg 5.1"


def test_a_film_of_few_bits_is_warned_of(script: Script, scratch: Path, sample: Path) -> None:
    ffprobe, ffmpeg = script("ffprobe", says(PROBE % 700_000)), script("ffmpeg", "exit 0")
    result = av(scratch, sample, ffprobe, ffmpeg, min_kbps=1500)
    assert (result.outcome, codes(result)) == (ValidationOutcome.VALID, ["AV-BIT-RATE-LOW"])
    assert codes(av(scratch, sample, ffprobe, ffmpeg)) == []


def test_a_message_is_damage_even_when_the_program_ends_well(
    script: Script, scratch: Path, sample: Path
) -> None:
    ffprobe = script("ffprobe", says(PROBE % 2_000_000))
    ffmpeg = script("ffmpeg", "printf 'File ended prematurely\\033[2J' >&2")
    result = av(scratch, sample, ffprobe, ffmpeg)
    assert (result.outcome, codes(result)) == (ValidationOutcome.INVALID, ["AV-DAMAGED"])
    assert result.findings[0].fields["reason"] == "File ended prematurely[2J"


@pytest.mark.parametrize(("said", "damaged"), [(92, False), (93, True), (0xFFFFFFFF, False)])
def test_a_riff_file_shorter_than_it_says_is_damaged(
    script: Script, scratch: Path, sample: Path, said: int, damaged: bool
) -> None:
    sample.write_bytes(b"RIFF" + said.to_bytes(4, "little") + b"AVI " + bytes(88))
    ffprobe = script("ffprobe", says(PROBE % 2_000_000))
    result = av(scratch, sample, ffprobe, script("ffmpeg", "exit 0"))
    assert codes(result) == (["AV-DAMAGED"] if damaged else [])


@pytest.mark.parametrize(("said", "damaged"), [(78, False), (79, True)])
def test_an_asf_file_shorter_than_it_says_is_damaged(
    script: Script, scratch: Path, sample: Path, said: int, damaged: bool
) -> None:
    begin, properties = "3026b2758e66cf11a6d900aa0062ce6c", "a1dcab8c47a9cf118ee400c00c205365"
    head = bytes.fromhex(begin) + bytes(14) + bytes.fromhex(properties) + bytes(24)
    sample.write_bytes(head + said.to_bytes(8, "little"))
    ffprobe = script("ffprobe", says(PROBE % 2_000_000))
    result = av(scratch, sample, ffprobe, script("ffmpeg", "exit 0"))
    assert codes(result) == (["AV-DAMAGED"] if damaged else [])


def test_ffmpeg_opens_only_the_file_and_only_what_holds_its_own_data(
    script: Script, scratch: Path, sample: Path
) -> None:
    ffprobe = script("ffprobe", says(PROBE % 2_000_000))
    result = av(scratch, sample, ffprobe, script("ffmpeg", 'echo "$@" >&2'))
    said = str(result.findings[0].fields["reason"])
    assert "-xerror -protocol_whitelist file -format_whitelist aac," in said
    for option in ("hls", "concat", "http"):
        assert option not in said


@pytest.mark.parametrize("found", ["neither", "ffprobe"])
def test_an_absent_program_is_said(
    script: Script, scratch: Path, sample: Path, found: str
) -> None:
    ffprobe = script("ffprobe", says(PROBE % 2_000_000)) if found == "ffprobe" else ""
    result = av(scratch, sample, ffprobe, "")
    assert (result.outcome, codes(result)) == (
        ValidationOutcome.NOT_CHECKED,
        ["VALIDATION-NO-TOOL"],
    )
    assert result.findings[0].fields["tool"] == ("ffmpeg" if ffprobe else "ffprobe")
    assert bool(result.facts) == bool(ffprobe)


@pytest.mark.parametrize(
    ("body", "outcome", "code"),
    [
        ("echo '{\"format\": 7}'", ValidationOutcome.NOT_CHECKED, "WORKER-PROTOCOL"),
        ("printf '\\377\\376'", ValidationOutcome.NOT_CHECKED, "WORKER-PROTOCOL"),
        ("kill -KILL $$", ValidationOutcome.NOT_CHECKED, "WORKER-CRASH"),
        ("echo 'moov atom not found' >&2; exit 1", ValidationOutcome.INVALID, "AV-UNREADABLE"),
        ("echo '{\"format\": {}}'", ValidationOutcome.INVALID, "AV-NO-STREAM"),
    ],
)
def test_ffprobe_may_answer_anything(
    script: Script, scratch: Path, sample: Path, body: str, outcome: ValidationOutcome, code: str
) -> None:
    result = av(scratch, sample, script("ffprobe", body), script("ffmpeg", "exit 0"))
    assert (result.outcome, codes(result)) == (outcome, [code])


def vera(scratch: Path, sample: Path, command: str, puid: str = "fmt/354") -> ValidationResult:
    judges = ExternalJudges(scratch=scratch, verapdf=command)
    return judges.validate("verapdf", sample, {"puid": puid})


def test_verapdf_is_believed_about_the_profile_it_was_asked_for(
    script: Script, scratch: Path, sample: Path
) -> None:
    good = script("verapdf", says(VERDICT.format("1B", "true", "")))
    result = vera(scratch, sample, good)
    assert (result.outcome, codes(result)) == (ValidationOutcome.VALID, [])
    assert result.facts["tool"] == "veraPDF 1.26.1"
    other = vera(scratch, sample, good, "fmt/476")
    assert (other.outcome, codes(other)) == (ValidationOutcome.NOT_CHECKED, ["WORKER-PROTOCOL"])


def test_a_rule_that_verapdf_sees_broken_is_told(
    script: Script, scratch: Path, sample: Path
) -> None:
    bad = script("verapdf", says(VERDICT.format("4E", "false", RULE)) + "\nexit 1")
    result = vera(scratch, sample, bad, "fmt/1911")
    assert (result.outcome, codes(result)) == (ValidationOutcome.INVALID, ["PDFA-RULE-BROKEN"])
    (finding,) = result.findings
    assert finding.where == "ISO 19005-1:2005 6.7.3 1"
    assert finding.fields == {"profile": "PDF/A-4e", "reason": "Metadata shall be there"}


@pytest.mark.parametrize(
    ("text", "outcome", "code"),
    [
        ("no XML", ValidationOutcome.NOT_CHECKED, "WORKER-PROTOCOL"),
        ("<report/>", ValidationOutcome.NOT_CHECKED, "WORKER-PROTOCOL"),
        (
            '<!DOCTYPE r SYSTEM "file:///etc/passwd"><report/>',
            ValidationOutcome.NOT_CHECKED,
            "WORKER-PROTOCOL",
        ),
        (
            "<r><taskException><exceptionMessage>The PDF is encrypted"
            "</exceptionMessage></taskException></r>",
            ValidationOutcome.NOT_CHECKED,
            "FORMAT-ENCRYPTED",
        ),
        (
            "<r><taskException><exceptionMessage>no header</exceptionMessage></taskException></r>",
            ValidationOutcome.INVALID,
            "PDF-UNREADABLE",
        ),
    ],
)
def test_verapdf_may_answer_anything(
    script: Script, scratch: Path, sample: Path, text: str, outcome: ValidationOutcome, code: str
) -> None:
    result = vera(scratch, sample, script("verapdf", says(text)))
    assert (result.outcome, codes(result)) == (outcome, [code])


def test_a_verapdf_that_is_not_there_is_said(scratch: Path, sample: Path) -> None:
    assert codes(vera(scratch, sample, "/none/verapdf")) == ["VALIDATION-NO-TOOL"]
    assert codes(vera(scratch, sample, "verapdf")) == ["VALIDATION-NO-TOOL"]
    assert codes(vera(scratch, sample, "/none/verapdf", "fmt/18")) == ["VALIDATION-NO-PROFILE"]


def test_real_ffmpeg_judges_sound_and_truncated_films(scratch: Path, tmp_path: Path) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None or shutil.which("ffprobe") is None:
        pytest.skip("ffmpeg is not installed")
    judges = ExternalJudges.found(scratch)
    make = [ffmpeg, "-v", "error", "-f", "lavfi", "-i", "testsrc=d=1:s=64x48:r=5"]
    make += ["-f", "lavfi", "-i", "sine=d=1"]
    for name in ("a.mkv", "a.mp4", "a.avi", "a.mov", "a.wmv"):
        film = tmp_path / name
        subprocess.run([*make, str(film)], check=True, timeout=60)
        result = judges.validate("av", film, {})
        assert (name, result.outcome, codes(result)) == (name, ValidationOutcome.VALID, [])
        assert (result.facts["width"], result.facts["audio_streams"]) == (64, 1)
        whole = film.read_bytes()
        film.write_bytes(whole[: len(whole) * 2 // 3])
        assert judges.validate("av", film, {}).outcome is ValidationOutcome.INVALID, name
    playlist = tmp_path / "a.mp4"
    playlist.write_text(f"#EXTM3U\n#EXTINF:1,\nfile://{tmp_path}/a.avi\n", encoding="utf-8")
    assert codes(judges.validate("av", playlist, {})) == ["AV-UNREADABLE"]
