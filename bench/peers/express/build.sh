#!/bin/sh
# Puts the application into the folder $1 beside its packages, which are installed when their lock has changed,
# and links the interpreter, which must be shipped too.
set -eu
cp -R package.json package-lock.json .npmrc ./*.js views "$1"
if ! cmp -s package-lock.json "$1/node_modules/installed-lock.json"; then
    (cd "$1" && npm ci --omit=dev)
    # What is left when the SQLite driver has been compiled.
    rm -rf "$1"/node_modules/better-sqlite3/build/Release/obj* "$1"/node_modules/better-sqlite3/build/Release/*.a
    cp package-lock.json "$1/node_modules/installed-lock.json"
fi
mkdir -p "$1/interpreter"
ln -sf "$(command -v node)" "$1/interpreter/node"
