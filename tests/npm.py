"""Packages from npm for tests, each list in a folder of its own below build/."""

import fcntl
import os
import shutil
import subprocess

INSTALL_S = 300


def folder_of(folder, wanted):
    """(`folder`, whose node_modules has the packages `wanted` ("name@version"), None), or (None, why they cannot be had).
    Of several tests that need them at a time, one installs them."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None, "node and npm are not installed"
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        why = _install(folder, wanted)
    return (None, why) if why is not None else (folder, None)


def _install(folder, wanted):
    """None, or the last words of what failed."""
    done, content = os.path.join(folder, "installed"), "\n".join(wanted)
    if os.path.exists(done):
        with open(done, encoding="utf-8") as file:
            if file.read() == content:
                return None
    with open(os.path.join(folder, "package.json"), "w", encoding="utf-8") as file:
        file.write('{"private": true}')
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--save-exact", *wanted]
    try:
        result = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=INSTALL_S, check=False)
    except subprocess.TimeoutExpired:
        return f"npm took longer than {INSTALL_S} s"
    if result.returncode != 0:
        return (result.stdout.decode("utf-8", "replace").strip().splitlines() or ["no word why"])[-1]
    with open(done, "w", encoding="utf-8") as file:
        file.write(content)
    return None
