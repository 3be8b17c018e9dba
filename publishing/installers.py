"""What an installer says of itself: its version, the least version that it upgrades, and who signed it.

What is read is proposed to the vendor (``vitoclient-publish describe``) and stands in for a version that the description leaves out.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TABLE = "\u4840"
"""What the encoded name of a stream of an MSI begins with when it holds a table."""

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._"
"""The characters of an MSI's stream names, by their number; a character from U+3800 on stands for two of them, from U+4800 on for one."""

_SIGNATURE = "\x05DigitalSignature"


@dataclass(frozen=True, slots=True)
class Installer:
    """What could be read; what is not there is None.

    Attributes:
        version: its own version, as the file says it.
        needs: the least version that it upgrades.
        publisher: the name (CN) in the certificate of who signed it; the signature is not checked.
    """

    version: str | None = None
    needs: str | None = None
    publisher: str | None = None


def read_installer(file: Path) -> Installer:
    """Returns what an ``.msi`` or ``.exe`` says of itself; nothing of any other file, or of one that can't be read as such."""
    readers = {".msi": _read_msi, ".exe": _read_exe}
    read = readers.get(file.suffix.lower())
    try:
        return read(file) if read else Installer()
    except (OSError, ValueError, LookupError, struct.error):
        return Installer()


def _read_exe(file: Path) -> Installer:
    import pefile

    try:
        with pefile.PE(str(file), fast_load=True) as program:
            program.parse_data_directories([pefile.DIRECTORY_ENTRY["IMAGE_DIRECTORY_ENTRY_RESOURCE"]])
            signed = program.OPTIONAL_HEADER.DATA_DIRECTORY[pefile.DIRECTORY_ENTRY["IMAGE_DIRECTORY_ENTRY_SECURITY"]]
            start, size = signed.VirtualAddress, signed.Size
            version = next(_versions_of(program), None)
    except pefile.PEFormatError as error:
        raise ValueError(str(error)) from error
    publisher = None
    if size > 8:  # WIN_CERTIFICATE: length, revision and type before the signature itself
        with file.open("rb") as opened:
            opened.seek(start + 8)
            publisher = _signer_of(opened.read(size - 8))
    return Installer(version, None, publisher)


def _versions_of(program: object) -> Iterator[str]:
    """Yields the version of the product, then that of the file, as the program's own texts say them."""
    texts: dict[bytes, bytes] = {}
    for group in getattr(program, "FileInfo", None) or ():
        for part in group:
            for table in getattr(part, "StringTable", ()):
                texts |= table.entries
    for name in (b"ProductVersion", b"FileVersion"):
        if text := texts.get(name, b"").decode("utf-8", "replace").strip():
            yield text.replace(", ", ".").replace(",", ".")


def _read_msi(file: Path) -> Installer:
    import olefile

    if not olefile.isOleFile(str(file)):
        raise ValueError("no MSI")
    with olefile.OleFileIO(str(file)) as opened:
        streams = {_name_of(path[0]): path[0] for path in opened.listdir() if len(path) == 1}

        def content(name: str) -> bytes:
            return bytes(opened.openstream(streams[name]).read()) if name in streams else b""

        texts = _Texts(content(f"{_TABLE}_StringPool"), content(f"{_TABLE}_StringData"))
        properties = {row[0]: row[1] for row in texts.columns(content(f"{_TABLE}Property"), 2)}
        version, code = properties.get("ProductVersion"), properties.get("UpgradeCode")
        needs = next((row[1] for row in texts.columns(content(f"{_TABLE}Upgrade"), 7) if row[0] == code and row[1]), None)
        publisher = _signer_of(content(_SIGNATURE)) if _SIGNATURE in streams else None
    return Installer(version, needs, publisher)


class _Texts:
    """The texts of an MSI, which its tables name by their number."""

    def __init__(self, pool: bytes, data: bytes) -> None:
        (head,) = struct.unpack_from("<I", pool)
        self._width = 3 if head & 0x80000000 else 2
        encoding = _encoding_of(head & 0xFFFF)
        self._texts = [""]
        start, entries = 0, iter(struct.iter_unpack("<HH", pool[4:]))
        for length, count in entries:
            if length == 0 and count:  # a text of more than 64 KiB: its length stands in the next entry
                low, high = next(entries)
                end = start + (low | high << 16)
            else:
                end = start + length
            self._texts.append(data[start:end].decode(encoding, "replace"))
            start = end

    def columns(self, table: bytes, count: int) -> Iterator[tuple[str, ...]]:
        """Yields the first texts of each row of a table, stored column by column; ``count`` is how many columns of texts it has.

        Of ``Upgrade`` (UpgradeCode, VersionMin, VersionMax, Language, Attributes: 4 bytes, Remove, ActionProperty) the first two are read.
        """
        row = count * self._width if count == 2 else (count - 1) * self._width + 4
        rows = len(table) // row
        for number in range(rows):
            yield tuple(self._text(table, (column * rows + number) * self._width) for column in range(2))

    def _text(self, table: bytes, at: int) -> str:
        return self._texts[int.from_bytes(table[at : at + self._width], "little")]


def _encoding_of(code_page: int) -> str:
    return {0: "latin-1", 65001: "utf-8"}.get(code_page, f"cp{code_page}")


def _name_of(stream: str) -> str:
    """Returns the name of a stream of an MSI in plain letters; a table's still begins with its mark."""
    name = ""
    for character in stream:
        number = ord(character)
        if 0x3800 <= number < 0x4800:
            name += _DIGITS[(number - 0x3800) & 0x3F] + _DIGITS[(number - 0x3800) >> 6]
        elif 0x4800 <= number < 0x4840:
            name += _DIGITS[number - 0x4800]
        else:
            name += character
    return name


def _signer_of(signature: bytes) -> str | None:
    """Returns the name of who signed: that of the certificate in a PKCS #7 signature that issued none of the others."""
    from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates
    from cryptography.x509.oid import NameOID

    with warnings.catch_warnings(action="ignore"):  # of signatures in BER, as Microsoft's tools write them
        certificates = load_der_pkcs7_certificates(signature)
    issuers = {certificate.issuer for certificate in certificates if certificate.issuer != certificate.subject}
    leaf = next((certificate for certificate in certificates if certificate.subject not in issuers), None)
    names = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME) if leaf else []
    return str(names[0].value) if names else None
