"""The machine: its description, and the cores of server and load."""

import os
import platform
import re
import socket
import subprocess
import time

from console import Failed

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def first_line(command):
    try:
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        return done.stdout.splitlines()[0].strip() if done.stdout else ""
    except OSError:
        return ""


def make_certificate(certificate, key):
    """A certificate for localhost and 127.0.0.1 that signs itself, and its key."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
               "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
               "-keyout", key, "-out", certificate]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
    except OSError as reason:
        raise Failed(f"no certificate can be made: {reason}") from None
    if done.returncode != 0:
        raise Failed(f"no certificate can be made: {done.stdout.strip().splitlines()[-1]}")


def has_ktls():
    """Whether the kernel encrypts (the module tls)."""
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_connection(listening.getsockname()) as client:
        try:
            client.setsockopt(socket.IPPROTO_TCP, 31, b"tls")  # TCP_ULP
        except OSError:
            return False
    return True


def memory_gib():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def generator_version(case):
    """Of the load generator, and of OpenSSL where it matters."""
    found = []
    if case.load == "h2load":
        found.append(first_line(["h2load", "--version"]))
    if case.secure:
        found += [first_line(["openssl", "version"]).split(" (")[0],
                  f"kTLS {'in' if has_ktls() else 'not in'} the kernel"]
    return ", ".join(found)


def machine():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        text = file.read()
    model = re.search(r"^model name\s*:\s*(.*)$", text, re.MULTILINE)
    return {
        "processor": model.group(1) if model else platform.machine(),
        "is_virtual": bool(re.search(r"^flags\s*:.*\bhypervisor\b", text, re.MULTILINE)),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory_gib(), 1),
        "kernel": platform.release().split("-")[0],
        "compiler": first_line(["gcc", "--version"]),
        "wrk": first_line(["wrk", "--version"]).split(" Copyright")[0],
        "commit": first_line(["git", "rev-parse", "--short", "HEAD"]),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def modes():
    """name -> what it is, the server's cores and the load's. A machine of one core has no `apart`."""
    cores = sorted(os.sched_getaffinity(0))
    half = len(cores) // 2
    found = {}
    if half:
        found["apart"] = {"title": f"server with {plural(half, 'worker')} on {plural(half, 'core')}, "
                                   f"load on {'the other' if len(cores) == 2 else 'the others'}",
                          "server": cores[:half], "load": cores[half:]}
    found["shared"] = {"title": f"{plural(len(cores), 'worker')} and load share "
                                f"{'both cores' if len(cores) == 2 else plural(len(cores), 'core')}",
                       "server": cores, "load": cores}
    return found


def plural(count, noun):
    return f"{count} {noun}{'' if count == 1 else 's'}"


def busy_ticks():
    """core -> (busy, all) ticks since boot; empty if /proc/stat does not have them."""
    found = {}
    try:
        with open("/proc/stat", encoding="ascii") as file:
            for line in file:
                match = re.match(r"cpu(\d+) (.*)", line)
                if match:
                    ticks = [int(word) for word in match.group(2).split()[:8]]
                    found[int(match.group(1))] = (sum(ticks) - ticks[3] - ticks[4], sum(ticks))
    except OSError:
        pass
    return found


def busy_share(before, after, cores):
    """How busy these cores were between two calls of busy_ticks, 0 to 1; None when unknown."""
    busy = sum(after[core][0] - before[core][0] for core in cores if core in before and core in after)
    total = sum(after[core][1] - before[core][1] for core in cores if core in before and core in after)
    return busy / total if total else None


def busy_now(seconds=2):
    """How busy all cores are before the measurement, 0 to 1."""
    before = busy_ticks()
    time.sleep(seconds)
    return busy_share(before, busy_ticks(), sorted(os.sched_getaffinity(0))) or 0.0
