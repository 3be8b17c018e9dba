#!/bin/bash
# Tries the tray program on Wine's own desktop, by mouse and keyboard. With SCREENSHOTS=1 it renews docs/screenshots/windows.
# usage: tools/windows/desktop.sh [pytest's arguments]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$project"
run=$(mktemp -d)
fresh_windows "$run" 1400x1000
export WINDOWS_PYTHON="$test_python/python/python.exe"
.venv/bin/pytest -p no:cacheprovider -p no:randomly -m windows tests/windows/desktop "$@"
