#!/bin/bash
# Runs the tests in Windows (Wine): everything that needs neither PostgreSQL nor a Linux desktop.
# The windows are tried without a screen, in the fonts of Windows; on a screen desktop.sh works them. Left out: benchmarks and simulation, which say nothing of the system.
# usage: tools/windows/test.sh [pytest's arguments]     e.g. tests/platforms -k autostart
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$project"
run=$(mktemp -d)
fresh_windows "$run"
cp -a --reflink=auto "$test_python/python" "$run/python"
.venv/bin/python -m build --wheel --no-isolation --outdir "$run" . >"$run/build.log" 2>&1 || { cat "$run/build.log"; exit 1; }
windows "$run/python/python.exe" -m pip install --quiet --disable-pip-version-check --no-warn-script-location --no-deps --no-index "$run"/*.whl

# Programs signed by a publisher whom this Windows trusts, and by others.
tools/windows/signed_files.sh "$run/python/Lib/site-packages/pip/_vendor/distlib/t64.exe" "$run/signed"
windows "$run/python/python.exe" tools/windows/trust.py "Z:$run/signed/root.cer"
export SIGNED_FILES="Z:$run/signed"

export PYTHONDONTWRITEBYTECODE=1 PYTHONUTF8=0
windows "$run/python/python.exe" -m pytest -p no:cacheprovider -m "not desktop" --ignore tests/windows/desktop \
  --ignore tests/benchmarks --ignore tests/simulation --ignore tests/hours ${WORKERS:+-n "$WORKERS"} "$@"
