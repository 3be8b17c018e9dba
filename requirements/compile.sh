#!/bin/sh
# Renews the locked requirements: universal (Linux and Windows), with hashes, without any index's address.
set -eu
cd "$(dirname "$0")/.."
lock() { uv pip compile --universal --generate-hashes --no-annotate --quiet --python-version 3.11 \
  --custom-compile-command "requirements/compile.sh" "$@"; }
lock pyproject.toml -o requirements/run.txt
lock pyproject.toml --extra demo -o requirements/demo.txt
lock pyproject.toml --extra demo --group pyproject.toml:test -o requirements/test.txt
lock pyproject.toml --extra demo --group pyproject.toml:test --group pyproject.toml:check --group pyproject.toml:build -o requirements/develop.txt
# What the installer is made with; the versions are those of develop.txt.
lock pyproject.toml --extra demo --group pyproject.toml:build -c requirements/develop.txt -o requirements/build.txt
