"""What installers say of themselves spares the vendor typing, and nothing that they hold stops the tool."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from publishing.description import read_description
from publishing.errors import PublishError
from publishing.installers import Installer, read_installer

WXS = """<?xml version="1.0" encoding="utf-8"?>
<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">
  <Product Id="*" Name="Tarif für Ärzte" Language="1031" Version="{version}" Manufacturer="Hersteller AG"
           UpgradeCode="7E0B1D4C-0B0A-4D3F-9E55-0F6E5D4C3B2A">
    <Package InstallerVersion="200" Compressed="yes" />
    <Upgrade Id="7E0B1D4C-0B0A-4D3F-9E55-0F6E5D4C3B2A">
      <UpgradeVersion Minimum="2.60.0" IncludeMinimum="yes" Maximum="{version}" Property="OLDER" />
    </Upgrade>
    <Media Id="1" Cabinet="a.cab" EmbedCab="yes" />
    <Directory Id="TARGETDIR" Name="SourceDir"><Directory Id="ProgramFilesFolder"><Directory Id="F" Name="F">
      <Component Id="C" Guid="1E0B1D4C-0B0A-4D3F-9E55-0F6E5D4C3B2A"><File Id="X" Source="{source}" /></Component>
    </Directory></Directory></Directory>
    <Feature Id="All" Level="1"><ComponentRef Id="C" /></Feature>
  </Product>
</Wix>
"""

with_wixl = pytest.mark.skipif(shutil.which("wixl") is None, reason="wixl makes the MSI; the set-up of the tests installs it on Linux")


@pytest.fixture
def msi(tmp_path: Path) -> Path:
    (tmp_path / "readme.txt").write_text("x", encoding="utf-8")
    (tmp_path / "a.wxs").write_text(WXS.format(version="2.69.1", source="readme.txt"), encoding="utf-8")
    made = tmp_path / "tarif.msi"
    subprocess.run(["wixl", "-o", made.name, "a.wxs"], check=True, capture_output=True, cwd=tmp_path)
    return made


@with_wixl
def test_an_msi_says_its_version_and_what_it_upgrades(msi: Path) -> None:
    assert read_installer(msi) == Installer("2.69.1", "2.60.0", None)


@with_wixl
def test_a_version_that_is_not_said_is_the_installers(msi: Path) -> None:
    element = '[[element]]\nkey = "a"\ntitle = "A"\nheading = "H"\n\n'
    described = element + '[[element.version]]\nfile = "tarif.msi"\narea = "Neu"\nreleased = 2026-11-20\n'
    (msi.parent / "portal.toml").write_text(described, encoding="utf-8")
    ((_file, target, custom),) = read_description(msi.parent).rows(msi.parent)
    assert (target, custom["version"]) == ("a/2.69.1/tarif.msi", "2.69.1")
    msi.write_bytes(b"something else")
    with pytest.raises(PublishError, match="sagt nicht, welche Version"):
        list(read_description(msi.parent).rows(msi.parent))


@pytest.mark.parametrize("suffix", [".msi", ".exe", ".zip"])
@pytest.mark.parametrize(
    "content",
    [b"", b"MZ", b"MZ" + bytes(200), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 4000,
     b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + b"\xff" * 300],
)  # fmt: skip
def test_what_is_no_installer_says_nothing(tmp_path: Path, suffix: str, content: bytes) -> None:
    file = tmp_path / f"x{suffix}"
    file.write_bytes(content)
    assert read_installer(file) == Installer()


@pytest.mark.skipif(sys.platform != "win32", reason="Windows's own programs")
def test_windows_own_program_says_who_made_it() -> None:
    read = read_installer(Path(sys.base_prefix) / "python.exe")
    assert (read.version, read.publisher) == (".".join(map(str, sys.version_info[:3])), "Python Software Foundation")
