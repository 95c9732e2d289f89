"""Ports of 127.0.0.1 for programs that must be told theirs: another test's, or a proxy's."""

import random
import socket

BELOW_EPHEMERAL = range(20000, 32000)  # Linux gives no connection and no `bind` to port 0 one of these by itself
_drawn = set()


def free_port():
    """A port that nobody listens on, and that this process did not draw before. It stays free until its program starts,
    because the kernel hands out none from this range."""
    while True:
        port = random.SystemRandom().choice(BELOW_EPHEMERAL)
        if port not in _drawn and _is_free(port):
            _drawn.add(port)
            return port


def _is_free(port):
    """Whether a program could listen on it at every address; a socket of IPv6 takes both families."""
    family, everywhere = (socket.AF_INET6, "::") if socket.has_dualstack_ipv6() else (socket.AF_INET, "0.0.0.0")
    with socket.socket(family) as probe:
        try:
            probe.bind((everywhere, port))
        except OSError:
            return False
        return True
