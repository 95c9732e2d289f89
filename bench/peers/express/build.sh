#!/bin/sh
# Puts the application into the folder $1 beside its packages, which are installed when their lock has changed.
set -eu
cp -R package.json package-lock.json .npmrc *.js views "$1"
if ! cmp -s package-lock.json "$1/node_modules/installed-lock.json"; then
    npm ci --omit=dev --prefix "$1"
    cp package-lock.json "$1/node_modules/installed-lock.json"
fi
