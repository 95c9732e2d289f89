"""A PostgreSQL server of the tests' own: in a temporary folder, on a free port, gone at the end."""

import glob
import os
import shutil
import socket
import subprocess
import tempfile


def tools():
    """The folder of initdb and postgres, the newest version's; None where PostgreSQL is not installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    return os.path.dirname(found[-1]) if found else None


class Postgres:
    """A running server; `url(name)` is that of a database, `new_database()` makes one and returns its URL."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="tern-postgres-")
        os.chmod(self.folder, 0o777)
        self.data = os.path.join(self.folder, "data")
        self.count = 0
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        secret = os.path.join(self.folder, "secret")
        with open(secret, "w", encoding="ascii") as file:
            file.write("s3cret")
        self._run("initdb", "-D", self.data, "-U", "tern", "-A", "scram-sha-256", f"--pwfile={secret}", "--no-sync",
                  "-E", "UTF8", "--locale=C.UTF-8")
        self._run("pg_ctl", "-D", self.data, "-w", "-l", os.path.join(self.folder, "log"), "-o",
                  f"-c listen_addresses=127.0.0.1 -p {self.port} -k {self.folder} -c fsync=off", "start")

    def _run(self, name, *arguments):
        as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        subprocess.run([*as_user, os.path.join(tools(), name), *arguments], check=True, cwd=self.folder,
                       stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)

    def url(self, name="postgres", password="s3cret"):
        return f"postgres://tern:{password}@127.0.0.1:{self.port}/{name}"

    def new_database(self):
        self.count += 1
        name = f"d{self.count}"
        self.psql(f"create database {name}")
        return self.url(name)

    def psql(self, sql, url=None):
        """Runs statements; the rows as text, a '|' between columns. Raises with what the server said."""
        done = subprocess.run(["psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", url or self.url()], input=sql,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def stop(self):
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
