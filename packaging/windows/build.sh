#!/bin/bash
# Makes the installer for Windows from this project: PyInstaller in Wine, then NSIS. Result: dist/vitoclient-Services-VERSION-setup.exe
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/windows/environment.sh"
cd "$project"
version=$(.venv/bin/python -c 'from tray_agent import __version__; print(__version__)')
run=$(mktemp -d); fresh_windows "$run"
mkdir -p dist build
rm -rf build/windows build/pyinstaller.log dist/installer-trial.log dist/vitoclient-Services-*-setup.exe

echo "PyInstaller …"
# In Wine the output folder of a program can't be replaced while it is read; it is made outside and moved.
PYTHONDONTWRITEBYTECODE=1 windows "$build_python/python/python.exe" -m PyInstaller --noconfirm --log-level INFO \
  --distpath "$run/dist" --workpath "$run/work" packaging/windows/vitoclient.spec >build/pyinstaller.log || { tail -40 build/pyinstaller.log; exit 1; }
mv "$run/dist/vitoclient" build/windows

packaging/windows/pack.sh "$version"
du -sm build/windows | awk '{print "installed: " $1 " MB"}'
du -m "dist/vitoclient-Services-$version-setup.exe" | awk '{print "installer: " $1 " MB"}'
