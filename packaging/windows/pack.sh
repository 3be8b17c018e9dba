#!/bin/bash
# Packs build/windows as an installer of a version. usage: packaging/windows/pack.sh VERSION [FOLDER [COMPRESSOR]]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
version=$1; folder=${2:-dist}; compressor=${3:-/SOLID lzma}
kilobytes=$(du -sk build/windows | cut -f1)
# Both programs hold the same archive of modules: a dictionary larger than they are keeps it once.
makensis -V2 "-XSetCompressor /FINAL $compressor" "-XSetCompressorDictSize 64" -INPUTCHARSET UTF8 -DVERSION="$version" -DKILOBYTES="$kilobytes" -DSOURCE="$PWD/build/windows" \
  -DICON="$PWD/assets/icons/vitoclient.ico" -DLICENSE="$PWD/LICENSE" -DOUT="$(readlink -f "$folder")/vitoclient-Services-$version-setup.exe" \
  packaging/windows/installer.nsi
