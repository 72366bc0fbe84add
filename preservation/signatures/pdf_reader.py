"""pyHanko's reader and signature, made to survive hostile files and to work in bulk.

Differences from the library, each for a measured reason: fields are walked one at a time with
caps (one garbage field hides all others in ``embedded_signatures``); the value of
``/Contents`` comes from the bulk reader; byte ranges are digested in large pieces; a crash of
the difference analysis is an observation, not the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from cryptography.hazmat.primitives import hashes
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import EmbeddedPdfSignature
from pyhanko_certvalidator.util import get_pyca_cryptography_hash

from preservation.signatures.pdf_stream import CHUNK_BYTES, ShortStream, Survey

_FIELDS_CAP = 20_000
_DEPTH_CAP = 32


class SurveyedReader(PdfFileReader):
    """A reader over the shortened file that knows the real one."""

    def __init__(self, file: BinaryIO, survey: Survey, *, strict: bool) -> None:
        self.real_file = file
        self.survey = survey
        self.examined: list[BulkSignature] = []
        super().__init__(ShortStream(file, survey), strict=strict)

    def _validate_pdf_mac(self, auth_result: Any) -> Any:
        """Not done: it would need the real signature values, and it proves only that somebody
        knew the password, which is empty where we get this far."""
        return auth_result

    @property
    def embedded_signatures(self) -> list[BulkSignature]:
        """The signatures that could be read, oldest revision first."""
        return sorted(self.examined, key=lambda signature: signature.signed_revision)


class _FilledReference(generic.IndirectObject):
    """A reference to a signature dictionary, with its real ``/Contents`` put back."""

    def __init__(self, original: Any, values: dict[bytes, bytes]) -> None:
        super().__init__(  # type: ignore[no-untyped-call]  # pyHanko leaves these untyped
            original.idnum, original.generation, original.reference.pdf
        )
        self._values = values

    def get_object(self) -> Any:
        """The dictionary; a copy when its value had been replaced."""
        found = super().get_object()  # type: ignore[no-untyped-call]
        if not isinstance(found, generic.DictionaryObject):
            raise PdfReadError("the signature is not a dictionary")
        # Raw, so that nothing is decrypted: signatures never are.
        short = found.raw_get("/Contents", decrypt=generic.EncryptedObjAccess.RAW)
        value = self._values.get(getattr(short, "original_bytes", b""))
        if value is None:
            return found
        filled = generic.DictionaryObject(found)
        filled.container_ref = found.container_ref
        filled["/Contents"] = generic.ByteStringObject(value)
        return filled


class BulkSignature(EmbeddedPdfSignature):
    """One signature; :attr:`changes_analysed` is False when pyHanko failed to compare."""

    def __init__(self, reader: SurveyedReader, sig_field: Any, name: str) -> None:
        filled = generic.DictionaryObject(sig_field)
        if not isinstance(sig_field.raw_get("/V"), generic.IndirectObject):
            raise PdfReadError("the signature is not an object of its own")
        filled["/V"] = _FilledReference(sig_field.raw_get("/V"), reader.survey.values)
        super().__init__(reader, filled, name)
        self.sig_field = sig_field
        self.changes_analysed = True
        self.analysis_error = ""
        self._real_file = reader.real_file

    def compute_digest(self, hash_algo: str | None = None) -> bytes:
        """The digest over the byte range of the real file, in large pieces."""
        name = hash_algo or self.external_md_algorithm
        if name not in self.external_digests:
            digest = hashes.Hash(get_pyca_cryptography_hash(name))
            numbers = [int(number) for number in self.byte_range]
            if len(numbers) % 2 or min(numbers, default=-1) < 0:
                raise PdfReadError("/ByteRange is not a list of pairs")
            for start, length in zip(numbers[::2], numbers[1::2], strict=True):
                for piece in _pieces(self._real_file, start, length):
                    digest.update(piece)
            self.external_digests[name] = digest.finalize()
        return self.external_digests[name]

    def compute_integrity_info(self, diff_policy: Any = None, skip_diff: bool = False) -> None:
        """Once only; a crash of the comparison leaves the changes not analysed."""
        if self._integrity_checked:
            return
        try:
            super().compute_integrity_info(  # type: ignore[no-untyped-call]
                diff_policy, skip_diff
            )
        except Exception as error:  # noqa: BLE001  KeyError and worse on legitimate files
            self.changes_analysed = False
            self.analysis_error = f"{type(error).__name__}: {error}"
            self.diff_result = None
            super().compute_integrity_info(  # type: ignore[no-untyped-call]
                diff_policy, skip_diff=True
            )


def _pieces(file: BinaryIO, start: int, length: int) -> Iterator[bytes]:
    file.seek(start)
    while length > 0 and (piece := file.read(min(CHUNK_BYTES, length))):
        length -= len(piece)
        yield piece


@dataclass
class FieldWalk:
    """Signature fields with a value: name and field. ``broken`` counts what was no field."""

    found: list[tuple[str, Any]] = field(default_factory=list)
    broken: int = 0
    truncated: bool = False


def signature_fields(reader: PdfFileReader) -> FieldWalk:
    """All filled signature fields of the current revision; cycles and depth are capped."""
    walk = FieldWalk()
    try:
        fields = reader.root["/AcroForm"]["/Fields"]
    except KeyError:
        return walk
    _walk(fields, "", None, walk, set(), 0)
    return walk


def _walk(
    fields: Any, prefix: str, kind: Any, walk: FieldWalk, seen: set[Any], depth: int
) -> None:
    if depth > _DEPTH_CAP or not isinstance(fields, generic.ArrayObject):
        walk.broken += 1
        return
    for index in range(len(fields)):
        if len(seen) > _FIELDS_CAP:
            walk.truncated = True
            return
        try:
            raw = fields.raw_get(index)
            reference = getattr(raw, "reference", None) or (id(fields), index)
            if reference in seen:
                continue
            seen.add(reference)
            _visit(raw.get_object(), prefix, kind, walk, seen, depth)
        except Exception:  # noqa: BLE001  a field that cannot be read must not hide the next
            walk.broken += 1


def _visit(item: Any, prefix: str, kind: Any, walk: FieldWalk, seen: set[Any], depth: int) -> None:
    if not isinstance(item, generic.DictionaryObject):
        walk.broken += 1
        return
    own = str(item.get("/T", ""))
    name = ".".join(part for part in (prefix, own) if part)
    kind = item.get("/FT", kind)
    if kind == "/Sig" and "/V" in item and not _is_null(item):
        walk.found.append((name or f"({len(walk.found) + 1})", item))
    elif "/Kids" in item:
        _walk(item["/Kids"], name, kind, walk, seen, depth + 1)


def _is_null(item: Any) -> bool:
    try:
        return isinstance(item["/V"], generic.NullObject)
    except Exception:  # noqa: BLE001  an unreadable value is a value: it will be reported
        return False
