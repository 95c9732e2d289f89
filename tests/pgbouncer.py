"""The tests' own pgbouncer, between applications and a server of postgres.py.

    with pgbouncer.Bouncer(server, "transaction", default_pool_size=2) as bouncer:
        bouncer.url("mydb")
        bouncer.kill(); bouncer.start()

Debian's package includes a service, which is not used. PGBOUNCER names another program than the one on the path.
"""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import postgres
from ports import free_port

START_S = 15


def program():
    """The path of the installed program; None without one."""
    return os.environ.get("PGBOUNCER") or shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def version():
    """The version, such as (1, 18)."""
    told = subprocess.run([program(), "--version"], check=True, stdout=subprocess.PIPE, timeout=20).stdout.decode()
    return tuple(int(number) for number in re.search(r"(\d+)\.(\d+)", told).groups())


class Bouncer:
    """One pooler; `mode` is session, transaction or statement, `settings` are additional lines of its configuration."""

    def __init__(self, server, mode, **settings):
        self.folder = tempfile.mkdtemp(prefix="tern-pgbouncer-")
        self.port = free_port()
        self.process = None
        lines = {"listen_addr": "127.0.0.1", "listen_port": self.port, "unix_socket_dir": "", "auth_type": "any",
                 "pool_mode": mode, "logfile": os.path.join(self.folder, "log"), "max_client_conn": 400, **settings}
        with open(os.path.join(self.folder, "ini"), "w", encoding="ascii") as file:
            file.write(f"[databases]\n* = host=127.0.0.1 port={server.port} user={postgres.USER} "
                       f"password={postgres.PASSWORD}\n[pgbouncer]\n")
            file.writelines(f"{name} = {value}\n" for name, value in lines.items())
        if os.geteuid() == 0:  # it refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        try:
            self.start()
        except BaseException:
            self.remove()
            raise

    def start(self):
        """Starts it (again), and returns once it accepts connections."""
        with open(os.path.join(self.folder, "said"), "wb") as said:
            self.process = subprocess.Popen([program(), os.path.join(self.folder, "ini")], cwd=self.folder,
                                            stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                                            preexec_fn=postgres._become_postgres)
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("pgbouncer does not start: " + self.log()[-2000:])

    def log(self):
        texts = []
        for name in ("said", "log"):
            path = os.path.join(self.folder, name)
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    texts.append(file.read())
        return "".join(texts)

    def url(self, database):
        return f"postgres://{postgres.USER}:{postgres.PASSWORD}@127.0.0.1:{self.port}/{database}"

    def psql(self, sql, database):
        """Like Server.psql, through the pooler."""
        done = subprocess.run([os.path.join(postgres.folder(), "psql"), "-XAtq", "-d", self.url(database), "-c", sql],
                              check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60)
        return done.stdout.decode().strip()

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(30)
        self.process = None

    def remove(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()
