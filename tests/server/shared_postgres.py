"""The PostgreSQL server that the tests of a file share; it is stopped when the program ends."""

import atexit
import os
import sys

import harness

import postgres  # pylint: disable=wrong-import-position

_servers = []


def server(settings=None):
    """Started with these settings on first use; skips the test where PostgreSQL is not installed."""
    if postgres.folder() is None:
        raise harness.Skip("PostgreSQL is not installed")
    if not _servers:
        _servers.append(postgres.Server(settings))
        atexit.register(_servers[0].remove)
    return _servers[0]
