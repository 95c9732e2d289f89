"""The peers: found by their folders, built as their peer.toml says."""

import glob
import os
import shutil
import signal
import subprocess
import tomllib

import cases
from console import Failed

TEXTS = ("title", "language", "install", "start", "version")
LISTS = ("needs", "build", "ships", "tests", "engines", "later")
BUILD_LOG, BUILDS_WITHIN_S = "build.log", 1800
WANTED = ("title", "language", "start", "tests")


class Peer:
    """One folder of bench/peers. `state` is "ready", or the reason why it is not measured."""

    def __init__(self, folder, build_root):
        self.name = os.path.basename(folder)
        self.folder = folder
        self.build_folder = os.path.join(build_root, self.name)
        try:
            with open(os.path.join(folder, "peer.toml"), "rb") as file:
                said = tomllib.load(file)
        except (OSError, tomllib.TOMLDecodeError) as reason:
            raise Failed(f"{self.name}: peer.toml cannot be read: {reason}") from None
        self.check(said)
        for key in TEXTS:
            setattr(self, key, said.get(key, ""))
        for key in LISTS:
            setattr(self, key, said.get(key, []))
        self.is_yardstick = said.get("yardstick", False)

    def check(self, said):
        for key in WANTED:
            if key not in said:
                raise Failed(f"{self.name}: peer.toml has no {key}")
        for key, value in said.items():
            if key in TEXTS and isinstance(value, str) or key == "yardstick" and isinstance(value, bool):
                continue
            if key not in LISTS or not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise Failed(f"{self.name}: peer.toml: {key} is unknown or of another kind")
        for key, known in (("tests", cases.GROUPS), ("later", cases.GROUPS), ("engines", cases.ENGINES)):
            for value in said.get(key, []):
                if value not in known:
                    raise Failed(f"{self.name}: peer.toml: {key} has '{value}'; there are: {', '.join(known)}")

    def serves(self, case):
        return case.group in self.tests and (not case.engine or case.engine in self.engines)

    def will_serve(self, case):
        return not self.serves(case) and (case.group in self.later or case.group in self.tests)

    def expand(self, text):
        return text.replace("{build}", self.build_folder)

    def missing_tool(self):
        for need in self.needs:
            is_there = os.path.exists(need) if os.path.isabs(need) else shutil.which(need)
            if not is_there:
                return need
        return None

    def build_it(self):
        """Runs the build commands; their output is written to build.log."""
        os.makedirs(self.build_folder, exist_ok=True)
        log = os.path.join(self.build_folder, BUILD_LOG)
        with open(log, "w", encoding="utf-8") as file:
            for line in self.build:
                file.write(f"$ {self.expand(line)}\n")
                file.flush()
                status = run_for(BUILDS_WITHIN_S, ["sh", "-c", self.expand(line)], self.folder, file)
                if status is None:
                    raise Failed(f"{self.name}: the build took longer than {BUILDS_WITHIN_S // 60} minutes")
                if status != 0:
                    raise Failed(f"{self.name}: the build failed (exit {status}): {telling_line(log)}")

    def release(self):
        """The version in use, or "" when it is unknown."""
        if not self.version:
            return ""
        done = subprocess.run(["sh", "-c", self.expand(self.version)], cwd=self.folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        lines = done.stdout.strip().splitlines()
        return lines[0].strip() if done.returncode == 0 and lines else ""

    def shipped_bytes(self):
        """The size of all files that a machine needs to run the peer; None when peer.toml does not list them."""
        if not self.ships:
            return None
        found, total = set(), 0
        for pattern in self.ships:
            for path in glob.glob(os.path.join(self.folder, self.expand(pattern))):
                total += size_of(os.path.realpath(path), found)
        return total

    def command(self):
        return ["sh", "-c", "exec " + self.expand(self.start)]


def run_for(seconds, command, folder, output):
    """The exit status of a command; None when it was killed, with its children, because it took too long."""
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                               start_new_session=True)
    try:
        return process.wait(timeout=seconds)
    except BaseException as reason:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if isinstance(reason, subprocess.TimeoutExpired):
            return None
        raise


def size_of(path, found):
    """The bytes of a file, or of all files below a folder; a file with several names counts once, the build's log is
    not counted."""
    if not os.path.isdir(path):
        status = os.lstat(path)
        if (status.st_dev, status.st_ino) in found:
            return 0
        found.add((status.st_dev, status.st_ino))
        return status.st_size
    return sum(size_of(os.path.join(path, name), found) for name in os.listdir(path)
               if name != BUILD_LOG and not os.path.islink(os.path.join(path, name)))


def telling_line(log):
    """The most informative line of a log: the first with an error, otherwise the last."""
    with open(log, encoding="utf-8", errors="replace") as file:
        lines = [line.strip() for line in file if line.strip() and not line.startswith("$ ")]
    for line in lines:
        if any(word in line.lower() for word in ("error", "fatal", "not found", "no such", "cannot", "undefined")):
            return line[:200]
    return lines[-1][:200] if lines else "it printed nothing"


def discover(folder, build_root, outcome):
    """name -> peer, for every folder with a peer.toml that can be read."""
    found = {}
    for path in sorted(map(os.path.dirname, glob.glob(os.path.join(glob.escape(folder), "*", "peer.toml")))):
        try:
            peer = Peer(path, build_root)
            found[peer.name] = peer
        except Failed as reason:
            outcome.failed(str(reason))
    return found
