#!/bin/sh
# Gives the Python peer in the working folder its virtual environment, $1/venv, unless it has that already, and links
# what its interpreter consists of in $1/interpreter: the two together are what must be shipped.
set -eu
{ python3 -VV; cat requirements.txt; } > "$1/wanted.txt"
if ! cmp -s "$1/wanted.txt" "$1/venv/installed.txt"; then
    python3 -m venv --clear "$1/venv"
    "$1/venv/bin/pip" install --quiet --disable-pip-version-check --requirement requirements.txt
    "$1/venv/bin/python" "$(dirname "$0")/interpreter.py" "$1/interpreter"
    "$1/venv/bin/pip" uninstall --quiet --yes setuptools pip
    cp "$1/wanted.txt" "$1/venv/installed.txt"
fi
