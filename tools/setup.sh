#!/bin/bash
# Installs what is missing: Debian's packages, then the locked Python packages into .venv.
# usage: tools/setup.sh run|develop
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:?run or develop}

debian_run=(python3-venv libglib2.0-0 libgl1 libegl1 libdbus-1-3 libfontconfig1 libxkbcommon0 libxkbcommon-x11-0
  libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 unixodbc)
debian_develop=("${debian_run[@]}" fonts-open-sans postgresql xvfb xauth openbox trayer xdotool x11-utils dbus-daemon dunst imagemagick wixl)

install_debian() {
  command -v dpkg-query >/dev/null || return 0
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return 0
  echo "Installing Debian packages: ${missing[*]}"
  local root=()
  [ "$(id -u)" = 0 ] || root=(sudo)
  "${root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

if [ "$what" = run ]; then
  install_debian "${debian_run[@]}"; lock=requirements/demo.txt
else
  install_debian "${debian_develop[@]}"; lock=requirements/develop.txt
fi
[ -x .venv/bin/python ] || "${PYTHON:-python3}" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e . -e ./publishing
touch ".venv/.$what"
[ "$what" = develop ] && touch .venv/.run
exit 0
