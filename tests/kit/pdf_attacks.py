"""Hostile and broken PDFs, each made on the spot: the attack list of signature verification."""

from __future__ import annotations

import asyncio
import hashlib
import re
import zlib
from collections.abc import Callable

from kit.pki import pki
from kit.signed_pdfs import assemble, contents_gap, signed_pdf

_RESERVED = 4096
_PLACE = b"[0000000000 0000000000 0000000000 0000000000]"


def updated(content: bytes, bodies: dict[int, bytes], *, prev: int | None = None) -> bytes:
    """A later revision of a classic-table PDF that replaces or adds objects."""
    (before,) = re.findall(rb"startxref\s+(\d+)\s+%%EOF\s*\Z", content)
    size = max(int(n) for n in re.findall(rb"/Size (\d+)", content))
    out = bytearray(content)
    entries = []
    for number, body in sorted(bodies.items()):
        entries.append(b"%d 1\n%010d 00000 n \n" % (number, len(out)))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    trailer = b"trailer\n<</Size %d/Root 1 0 R/Prev %d/ID[<00><00>]>>\nstartxref\n%d\n%%%%EOF\n"
    out += b"xref\n" + b"".join(entries)
    out += trailer % (max(size, max(bodies) + 1), int(before) if prev is None else prev, table)
    return bytes(out)


def hand_signed(
    *,
    spread: Callable[[int, int, int], tuple[int, int, int, int]] | None = None,
    after_contents: bytes = b"",
    with_range: bool = True,
    catalogue: bytes = b"",
    more_objects: tuple[bytes, ...] = (),
) -> bytes:
    """A PDF signed by hand, so that its byte range can be anything.

    ``spread`` gets start and end of the ``/Contents`` string and the file's size, and answers
    with the byte range that is written, digested and signed.
    """
    text = b"BT /F1 18 Tf 72 720 Td (So 15/QD-UBND) Tj ET"
    byte_range = b"/ByteRange " + _PLACE if with_range else b""
    content = assemble(
        [
            b"<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields[6 0 R]>>%s>>" % catalogue,
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
            b"/Resources<</Font<</F1 5 0 R>>>>/Annots[6 0 R]>>",
            b"<</Length %d>>\nstream\n%s\nendstream" % (len(text), text),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            b"<</FT/Sig/T(Sig)/Type/Annot/Subtype/Widget/Rect[0 0 0 0]/F 132/P 3 0 R/V 7 0 R>>",
            b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/adbe.pkcs7.detached%s/Contents <%s>%s>>"
            % (byte_range, b"0" * _RESERVED * 2, after_contents),
            *more_objects,
        ]
    )
    start = content.index(b"/Contents <") + len("/Contents ")
    end = content.index(b">", start) + 1
    numbers = (spread or _whole)(start, end, len(content))
    written = b"[%010d %010d %010d %010d]" % numbers
    content = content.replace(_PLACE, written, 1)
    first, length, second, rest = numbers
    signed = content[first : first + length] + content[second : second + rest]
    value = _cms(signed).hex().encode().ljust(_RESERVED * 2, b"0")
    return content[: start + 1] + value + content[end - 1 :]


def _whole(start: int, end: int, size: int) -> tuple[int, int, int, int]:
    return 0, start, end, size - end


def _cms(signed: bytes) -> bytes:
    signing = pki().signer("leader").async_sign(hashlib.sha256(signed).digest(), "sha256")
    found: bytes = asyncio.run(signing).dump()
    return found


def wide_gap() -> bytes:
    """The gap is larger than the signature value: room for unsigned bytes."""
    return hand_signed(
        after_contents=b"/Unsigned (anything)",
        spread=lambda start, end, size: (0, start, end + 20, size - end - 20),
    )


def late_start() -> bytes:
    """The byte range leaves out the file's first bytes."""
    return hand_signed(spread=lambda start, end, size: (9, start - 9, end, size - end))


def short_range() -> bytes:
    """The byte range ends before the file does."""
    return hand_signed(spread=lambda start, end, size: (0, start, end, size - end - 60))


def no_range() -> bytes:
    """A signature dictionary that says nothing of what it covers."""
    return hand_signed(with_range=False)


def wrapped() -> bytes:
    """Signature wrapping: the signed second part is moved behind forged objects.

    The old table's offset now holds a forged table; the forged signature dictionary carries
    the old value and a byte range that finds the moved part.
    """
    padding = b"<</Length 9000>>\nstream\n%s\nendstream" % (b" " * 9000)
    content = hand_signed(more_objects=(padding,))
    gap_start, gap_end = contents_gap(content)
    table = int(re.findall(rb"startxref\s+(\d+)", content)[-1])
    part1, value, part2 = content[:gap_start], content[gap_start:gap_end], content[gap_end:]
    text = b"BT /F1 18 Tf 72 720 Td (So 99/QD-FORGED) Tj ET"
    page = b"4 0 obj\n<</Length %d>>\nstream\n%s\nendstream\nendobj\n" % (len(text), text)
    # Forged dictionary with a short copy of the value, which needs no padding.
    length = 4 + int.from_bytes(bytes.fromhex(value[5:9].decode()), "big")
    short = value[: 1 + 2 * length] + b">"
    dictionary = b"7 0 obj\n<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/adbe.pkcs7.detached"
    place_of_page = gap_end + 1
    offsets = {int(n): int(o) for n, o in _offsets(content)}
    offsets[4] = place_of_page
    offsets[7] = place_of_page + len(page)
    rows = b"".join(b"%010d 00000 n \n" % offsets[n] for n in range(1, 9))
    trailer = b"trailer\n<</Size 9/Root 1 0 R/ID[<00><00>]>>\nstartxref\n%d\n%%%%EOF\n" % table
    forged_table = b"xref\n0 9\n0000000000 65535 f \n" + rows + trailer
    sample = b"/ByteRange [0 %010d %010d %010d]/Contents %s>>\nendobj\n"
    size = len(sample % (0, 0, 0, short))
    assert place_of_page + len(page) + len(dictionary) + size < table
    moved = table + len(forged_table)
    forged = dictionary + sample % (gap_start, moved, len(part2), short)
    block = (b"\n" + page + forged).ljust(table - gap_end, b" ")
    return part1 + value + block + forged_table + part2


def _offsets(content: bytes) -> list[tuple[int, bytes]]:
    table = content[int(re.findall(rb"startxref\s+(\d+)", content)[-1]) :]
    rows = re.findall(rb"(\d{10}) 00000 n", table)
    return list(enumerate(rows, start=1))


def shadow_replace(content: bytes) -> bytes:
    """A later revision that swaps the page's text."""
    text = b"BT /F1 18 Tf 72 720 Td (So 99/QD-FORGED) Tj ET"
    return updated(content, {4: b"<</Length %d>>\nstream\n%s\nendstream" % (len(text), text)})


def shadow_hide(content: bytes) -> bytes:
    """A later revision that points the catalogue to other pages."""
    old = re.findall(rb"\n1 0 obj\n(.*?)\nendobj", content, re.DOTALL)[-1]
    return updated(
        content,
        {
            1: old.replace(b"/Pages 2 0 R", b"/Pages 20 0 R"),
            20: b"<</Type/Pages/Kids[21 0 R]/Count 1>>",
            21: b"<</Type/Page/Parent 20 0 R/MediaBox[0 0 595 842]>>",
        },
    )


def covering_annotation(content: bytes) -> bytes:
    """A free-text note put over the signed text."""
    old = re.findall(rb"\n3 0 obj\n(.*?)\nendobj", content, re.DOTALL)[-1]
    note = (
        b"<</Type/Annot/Subtype/FreeText/Rect[60 700 400 760]/Contents(So 99/QD)"
        b"/DA(/F1 18 Tf)/F 4/P 3 0 R>>"
    )
    page = re.sub(rb"/Annots ?\[", b"/Annots[20 0 R ", old)
    return updated(content, {3: page, 20: note})


def table_loop() -> bytes:
    """A cross-reference table whose /Prev points to itself."""
    content = signed_pdf("leader", "B-B")
    grown = updated(content, {4: b"<<>>"})
    own = int(re.findall(rb"startxref\s+(\d+)", grown)[-1])
    return updated(content, {4: b"<<>>"}, prev=own)


def field_cycle() -> bytes:
    """A form whose field is its own kid, beside one that is signed."""
    content = hand_signed()
    return updated(
        content,
        {
            1: b"<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields[20 0 R 6 0 R]>>>>",
            20: b"<</FT/Sig/T(loop)/Kids[20 0 R 21 0 R]>>",
            21: b"<</FT/Sig/T(more)/Kids[20 0 R]>>",
        },
    )


def deep_array(depth: int = 200_000) -> bytes:
    """A catalogue with an absurdly nested array."""
    return hand_signed(catalogue=b"/X " + b"[" * depth + b"]" * depth)


def flate_bomb(size: int = 600 * 1024**2) -> bytes:
    """The form hides in an object stream that inflates twice to ``size`` bytes."""
    inner = zlib.compressobj(9)
    once = b"".join(inner.compress(bytes(1024**2)) for _ in range(size // 1024**2))
    twice = zlib.compress(once + inner.flush(), 9)
    stream = (
        b"<</Type/ObjStm/N 1/First 4/Filter[/FlateDecode/FlateDecode]/Length %d>>\n"
        b"stream\n%s\nendstream" % (len(twice), twice)
    )
    objects = [b"<</Type/Catalog/Pages 2 0 R/AcroForm 4 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"]
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate((*objects, stream), start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    place = len(out)
    rows = b"".join(b"\1" + offset.to_bytes(4, "big") + b"\0\0" for offset in offsets)
    rows = b"\0\0\0\0\0\xff\xff" + rows + b"\2" + (3).to_bytes(4, "big") + b"\0\0"
    out += (
        b"5 0 obj\n<</Type/XRef/Size 5/W[1 4 2]/Root 1 0 R/Length %d>>\nstream\n%s\nendstream\n"
        b"endobj\nstartxref\n%d\n%%%%EOF\n" % (len(rows), rows, place)
    )
    return bytes(out)


def huge_contents(size: int) -> bytes:
    """A signature value of ``size`` bytes."""
    return signed_pdf("leader", "B-B", contents_bytes=size)


def deep_der(depth: int = 5000) -> bytes:
    """A DER value nested ``depth`` times."""
    value = b"\x30\x00"
    for _ in range(depth):
        length = len(value)
        size = length.to_bytes((length.bit_length() + 7) // 8 or 1, "big")
        head = bytes([length]) if length < 128 else bytes([0x80 | len(size)]) + size
        value = b"\x30" + head + value
    return value


def absurd_table() -> bytes:
    """A cross-reference table that claims a billion entries."""
    content = signed_pdf("leader", "B-B")
    return re.sub(rb"xref\n0 \d+\n", b"xref\n0 999999999\n", content, count=1)


def many_signatures(count: int) -> bytes:
    """``count`` fields, each with a signature dictionary of its own."""
    content = hand_signed()
    (dictionary,) = re.findall(rb"\n7 0 obj\n(.*?)\nendobj", content, re.DOTALL)
    fields = b" ".join(b"%d 0 R" % (100 + 2 * n) for n in range(count))
    bodies = {
        1: b"<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields[%s]>>>>" % fields,
    }
    for n in range(count):
        bodies[100 + 2 * n] = b"<</FT/Sig/T(S%d)/V %d 0 R>>" % (n, 101 + 2 * n)
        bodies[101 + 2 * n] = dictionary
    return updated(content, bodies)


def escaped_names(content: bytes) -> bytes:
    """The same length, with the byte range's name written with a ``#`` escape elsewhere."""
    return content.replace(b"/ByteRange", b"/Byt#65Range", 1)
