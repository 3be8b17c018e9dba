#!/bin/bash
# Builds the wheels of the practice's program and of the vendor's tool, installs the first with the locked packages into a new
# environment outside the checkout, then the second beside it, and runs the demo.
set -euo pipefail
cd "$(dirname "$0")/.."
project=$PWD
trial=$(mktemp -d)
trap 'rm -rf "$trial"' EXIT
rm -rf dist/*.whl
.venv/bin/python -m build --quiet --wheel --no-isolation --outdir dist .
.venv/bin/python -m build --quiet --wheel --no-isolation --outdir dist ./publishing
"${PYTHON:-python3}" -m venv "$trial/venv"
"$trial/venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/demo.txt
"$trial/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps dist/vitoclient_services-*.whl
cd "$trial"
"$trial/venv/bin/vitoclient" --version
"$trial/venv/bin/python" -c "import tray_agent, sys; sys.exit('$project' in tray_agent.__file__)"
# Without the vendor's tool the demo says in one line what it needs, and everything else works.
code=0; "$trial/venv/bin/vitoclient" demo --headless --dir "$trial/demo" 2>"$trial/refused" || code=$?
[ "$code" = 2 ] && grep -q vitoclient-publishing "$trial/refused" && [ "$(wc -l <"$trial/refused")" = 1 ] || { cat "$trial/refused"; exit 1; }
"$trial/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "$project"/dist/vitoclient_publishing-*.whl
"$trial/venv/bin/vitoclient-publish" --help >/dev/null
"$trial/venv/bin/vitoclient" demo --headless --dir "$trial/demo"
VITOCLIENT_UI__LANGUAGE=fr "$trial/venv/bin/vitoclient" settings >/dev/null
for wheel in "$project"/dist/*.whl; do echo "The wheel works: $(basename "$wheel"), $(du -k "$wheel" | cut -f1) KB"; done
