"""Programs and packages from PyPI for tests, each list in a virtual environment of its own below build/."""

import fcntl
import os
import subprocess
import sys

INSTALL_S = 300


def programs(folder, wanted):
    """(the folder of the environment's programs, None), or (None, why it cannot be had). `wanted` is a file of
    requirements; the environment is made when it is missing or has another list. Of several tests that need it at a
    time, one makes it."""
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    with open(f"{folder}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        why = _install(folder, wanted)
    return (None, why) if why is not None else (os.path.join(folder, "bin"), None)


def _install(folder, wanted):
    """None, or the last words of what failed."""
    done = os.path.join(folder, "installed")
    with open(wanted, encoding="utf-8") as file:
        content = file.read()
    if os.path.exists(done):
        with open(done, encoding="utf-8") as file:
            if file.read() == content:
                return None
    pip = os.path.join(folder, "bin", "pip")
    for command in ([sys.executable, "-m", "venv", "--clear", folder],
                    [pip, "install", "-q", "--timeout", "10", "--retries", "1", "-r", wanted]):
        try:
            result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                    timeout=INSTALL_S, check=False)
        except subprocess.TimeoutExpired:
            return f"{os.path.basename(command[0])} took longer than {INSTALL_S} s"
        if result.returncode != 0:
            return (result.stdout.decode("utf-8", "replace").strip().splitlines() or ["no word why"])[-1]
    with open(done, "w", encoding="utf-8") as file:
        file.write(content)
    return None
