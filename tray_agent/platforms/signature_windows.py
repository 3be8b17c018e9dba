"""Authenticode through ``WinVerifyTrust`` (wintrust.dll) and the signer's certificate (crypt32.dll).

Two opinions are heard: what ``WinVerifyTrust`` answers, and the chain of certificates that it built on the way. A file
counts as valid only if neither objects.
"""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import ctypes
from ctypes import POINTER, Structure, byref, c_char_p, c_ubyte, c_void_p, sizeof
from ctypes.wintypes import DWORD, FILETIME, HANDLE, HWND, LONG, LPCWSTR, LPWSTR, WORD
from pathlib import Path
from typing import Any

from tray_agent.platforms.files import extended
from tray_agent.platforms.signature import Signature, SignatureState

_WTD_UI_NONE = 2
_WTD_REVOKE_WHOLECHAIN = 1
_WTD_CHOICE_FILE = 1
_WTD_STATEACTION_VERIFY = 1
_WTD_STATEACTION_CLOSE = 2
_WTD_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT = 0x80
_WTD_DISABLE_MD2_MD4 = 0x2000
_CERT_NAME_ATTR_TYPE = 3
_COMMON_NAME = b"2.5.4.3"

_STATES = {
    0x00000000: SignatureState.VALID,
    0x800B0100: SignatureState.UNSIGNED,  # TRUST_E_NOSIGNATURE
    0x800B0003: SignatureState.UNSIGNED,  # TRUST_E_SUBJECT_FORM_UNKNOWN: a kind of file that can't be signed
    0x800B0001: SignatureState.UNSIGNED,  # TRUST_E_PROVIDER_UNKNOWN
    0x80096010: SignatureState.BROKEN,  # TRUST_E_BAD_DIGEST
    0x80096001: SignatureState.BROKEN,  # TRUST_E_SYSTEM_ERROR
    0x80096004: SignatureState.BROKEN,  # TRUST_E_CERT_SIGNATURE
    0x80091007: SignatureState.BROKEN,  # CRYPT_E_HASH_VALUE
}
"""What Windows answers; every other number means that the signer is not trusted."""

_NOT_TRUSTED = 0x800B0109  # CERT_E_UNTRUSTEDROOT
_CHAIN_FAULTS = (
    0x00000004  # CERT_TRUST_IS_REVOKED
    | 0x00000008  # CERT_TRUST_IS_NOT_SIGNATURE_VALID
    | 0x00000020  # CERT_TRUST_IS_UNTRUSTED_ROOT
    | 0x00010000  # CERT_TRUST_IS_PARTIAL_CHAIN
    | 0x04000000  # CERT_TRUST_IS_EXPLICIT_DISTRUST
)
"""Faults of a chain that no valid signature has. An expired certificate is none: with a time stamp it stays valid."""


class _Guid(Structure):
    _fields_ = (("Data1", DWORD), ("Data2", WORD), ("Data3", WORD), ("Data4", c_ubyte * 8))


class _FileInfo(Structure):
    _fields_ = (("cbStruct", DWORD), ("pcwszFilePath", LPCWSTR), ("hFile", HANDLE), ("pgKnownSubject", POINTER(_Guid)))


class _TrustData(Structure):
    _fields_ = (
        ("cbStruct", DWORD),
        ("pPolicyCallbackData", c_void_p),
        ("pSIPClientData", c_void_p),
        ("dwUIChoice", DWORD),
        ("fdwRevocationChecks", DWORD),
        ("dwUnionChoice", DWORD),
        ("pFile", POINTER(_FileInfo)),
        ("dwStateAction", DWORD),
        ("hWVTStateData", HANDLE),
        ("pwszURLReference", LPWSTR),
        ("dwProvFlags", DWORD),
        ("dwUIContext", DWORD),
        ("pSignatureSettings", c_void_p),
    )


class _ProviderCertificate(Structure):
    """The head of CRYPT_PROVIDER_CERT; only the certificate is read."""

    _fields_ = (("cbStruct", DWORD), ("pCert", c_void_p))


class _TrustStatus(Structure):
    """CERT_TRUST_STATUS."""

    _fields_ = (("dwErrorStatus", DWORD), ("dwInfoStatus", DWORD))


class _ChainContext(Structure):
    """The head of CERT_CHAIN_CONTEXT."""

    _fields_ = (("cbSize", DWORD), ("TrustStatus", _TrustStatus))


class _Signer(Structure):
    """CRYPT_PROVIDER_SGNR."""

    _fields_ = (
        ("cbStruct", DWORD),
        ("sftVerifyAsOf", FILETIME),
        ("csCertChain", DWORD),
        ("pasCertChain", POINTER(_ProviderCertificate)),
        ("dwSignerType", DWORD),
        ("psSigner", c_void_p),
        ("dwError", DWORD),
        ("csCounterSigners", DWORD),
        ("pasCounterSigners", c_void_p),
        ("pChainContext", POINTER(_ChainContext)),
    )


_VERIFY_V2 = _Guid(0x00AAC56B, 0xCD44, 0x11D0, (c_ubyte * 8)(0x8C, 0xC2, 0, 0xC0, 0x4F, 0xC2, 0x95, 0xEE))
_trust = ctypes.WinDLL("wintrust")
_crypt = ctypes.WinDLL("crypt32")
_trust.WinVerifyTrust.argtypes = (HWND, POINTER(_Guid), c_void_p)
_trust.WinVerifyTrust.restype = LONG
_trust.WTHelperProvDataFromStateData.argtypes = (HANDLE,)
_trust.WTHelperProvDataFromStateData.restype = c_void_p
_trust.WTHelperGetProvSignerFromChain.argtypes = (c_void_p, DWORD, ctypes.c_int, DWORD)
_trust.WTHelperGetProvSignerFromChain.restype = POINTER(_Signer)
_trust.WTHelperGetProvCertFromChain.argtypes = (POINTER(_Signer), DWORD)
_trust.WTHelperGetProvCertFromChain.restype = POINTER(_ProviderCertificate)
_crypt.CertGetNameStringW.argtypes = (c_void_p, DWORD, DWORD, c_char_p, LPWSTR, DWORD)
_crypt.CertGetNameStringW.restype = DWORD


class WindowsSignatures:
    """Asks Windows: the signature embedded in the file, its chain, and revocation (all but the root).

    Where the revocation list can't be reached, Windows answers with an error of its own: the file counts as untrusted.
    """

    def read(self, file: Path) -> Signature:
        """Returns who signed a file and whether that holds.

        Raises:
            OSError: the file can't be read.
        """
        with Path(extended(file)).open("rb"):  # WinVerifyTrust would call a file that can't be read one without a signature
            pass
        subject = _FileInfo(sizeof(_FileInfo), extended(file), None, None)
        data = _TrustData(
            cbStruct=sizeof(_TrustData),
            dwUIChoice=_WTD_UI_NONE,
            fdwRevocationChecks=_WTD_REVOKE_WHOLECHAIN,
            dwUnionChoice=_WTD_CHOICE_FILE,
            pFile=ctypes.pointer(subject),
            dwStateAction=_WTD_STATEACTION_VERIFY,
            dwProvFlags=_WTD_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT | _WTD_DISABLE_MD2_MD4,
        )
        nobody = HWND(-1)  # INVALID_HANDLE_VALUE: there is nobody to ask, so no window may come
        status = _trust.WinVerifyTrust(nobody, byref(_VERIFY_V2), byref(data)) & 0xFFFFFFFF
        try:
            signer = _first_signer(data.hWVTStateData)
            publisher = _publisher(signer)
            status = status or _chain_objects(signer)  # a second opinion, asked only where Windows itself has no objection
        finally:
            data.dwStateAction = _WTD_STATEACTION_CLOSE  # frees what VERIFY built; the signer and its chain live until then
            _trust.WinVerifyTrust(nobody, byref(_VERIFY_V2), byref(data))
        return Signature(_STATES.get(status, SignatureState.UNTRUSTED), publisher, status)


def _first_signer(state: int | None) -> Any:  # noqa: ANN401 - a pointer to _Signer that may be NULL
    """Returns the first signer of what was verified; it lives until that is closed."""
    provider = _trust.WTHelperProvDataFromStateData(state) if state else None
    return _trust.WTHelperGetProvSignerFromChain(provider, 0, False, 0) if provider else None


def _chain_objects(signer: Any) -> int:  # noqa: ANN401 - a pointer to _Signer that may be NULL
    """Returns 0 where the signer's chain of certificates ends at a root that this machine trusts, else the error's number."""
    chain = signer.contents.pChainContext if signer else None
    if not chain or chain.contents.TrustStatus.dwErrorStatus & _CHAIN_FAULTS:
        return _NOT_TRUSTED
    return 0


def _publisher(signer: Any) -> str | None:  # noqa: ANN401 - a pointer to _Signer that may be NULL
    """Returns the common name of the signer's certificate."""
    found = _trust.WTHelperGetProvCertFromChain(signer, 0) if signer else None
    if not found or not found.contents.pCert:
        return None
    certificate = found.contents.pCert
    length = _crypt.CertGetNameStringW(certificate, _CERT_NAME_ATTR_TYPE, 0, _COMMON_NAME, None, 0)
    name = ctypes.create_unicode_buffer(length)
    _crypt.CertGetNameStringW(certificate, _CERT_NAME_ATTR_TYPE, 0, _COMMON_NAME, name, length)
    return name.value or None
