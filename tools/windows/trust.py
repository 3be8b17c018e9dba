"""Runs in Windows: lets this person trust a root certificate.

usage: trust.py FILE.cer
"""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import ctypes
from ctypes import c_char_p, c_void_p
from ctypes.wintypes import BOOL, DWORD, LPCWSTR
from pathlib import Path

_X509 = 1
_REPLACE = 3
_crypt = ctypes.WinDLL("crypt32", use_last_error=True)
_crypt.CertOpenSystemStoreW.argtypes = (c_void_p, LPCWSTR)
_crypt.CertOpenSystemStoreW.restype = c_void_p
_crypt.CertAddEncodedCertificateToStore.argtypes = (c_void_p, DWORD, c_char_p, DWORD, DWORD, c_void_p)
_crypt.CertCloseStore.argtypes = (c_void_p, DWORD)
_crypt.CertCloseStore.restype = BOOL


def main(file: Path) -> None:
    """Adds the certificate to the person's store of trusted roots."""
    content = file.read_bytes()
    store = _crypt.CertOpenSystemStoreW(None, "ROOT")
    if not store or not _crypt.CertAddEncodedCertificateToStore(store, _X509, content, len(content), _REPLACE, None):
        raise ctypes.WinError(ctypes.get_last_error())
    if not _crypt.CertCloseStore(store, 0):  # only now it is written
        raise ctypes.WinError(ctypes.get_last_error())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
