#!/bin/sh
# Serves the application of this folder with the uvicorn of the virtual environment $1.
set -eu
exec "$1/bin/uvicorn" main:app --host 127.0.0.1 --port "$BENCH_PORT" --workers "$BENCH_WORKERS" \
    --loop uvloop --http httptools --no-access-log --log-level warning
