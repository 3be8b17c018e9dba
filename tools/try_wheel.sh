#!/bin/bash
# Builds the wheel, installs it with the locked packages into a new environment, and runs the demo from it outside the checkout.
set -euo pipefail
cd "$(dirname "$0")/.."
project=$PWD
trial=$(mktemp -d)
trap 'rm -rf "$trial"' EXIT
rm -rf dist/*.whl
.venv/bin/python -m build --quiet --wheel --no-isolation --outdir dist .
"${PYTHON:-python3}" -m venv "$trial/venv"
"$trial/venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/demo.txt
"$trial/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps dist/*.whl
cd "$trial"
"$trial/venv/bin/vitoclient" --version
"$trial/venv/bin/python" -c "import tray_agent, sys; sys.exit('$project' in tray_agent.__file__)"
"$trial/venv/bin/vitoclient" demo --headless --dir "$trial/demo"
VITOCLIENT_UI__LANGUAGE=fr "$trial/venv/bin/vitoclient" settings >/dev/null
echo "The wheel works: $(basename "$project"/dist/*.whl), $(du -k "$project"/dist/*.whl | cut -f1) KB"
