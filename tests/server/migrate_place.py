"""A folder with migrating.c in it, and an empty database of one engine, for tests of migrations."""

import glob
import os
import shutil
import sqlite3
import subprocess
import tempfile

import harness
from harness import check, check_equal, test
from shared_postgres import server


class Place:
    """A folder with an application in it, and an empty database of one engine."""

    databases = 0

    def __init__(self, engine):
        self.engine = engine
        self.folder = tempfile.mkdtemp(prefix="tern-migrate-")
        self.file = os.path.join(self.folder, "app.db")
        self.url = f"sqlite:{self.file}"
        if engine == "postgres":
            Place.databases += 1
            self.database = f"m{Place.databases}"
            server().psql(f"create database {self.database}", "postgres")
            self.url = server().url(self.database)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    seed = None
    program, env = "migrating", {}

    def start(self, *words, models=1, url=None):
        seed = {"SEED": self.seed} if self.seed is not None else {}
        env = harness._settings({**seed, **self.env, "MODELS": str(models), "TERN_DATABASE_URL": url or self.url,
                                 "ASAN_OPTIONS": "detect_stack_use_after_return=0"})
        return subprocess.Popen([harness.program(self.program), *words], cwd=self.folder, env=env, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *words, models=1, url=None):
        """Returns the exit code, standard output and standard error."""
        process = self.start(*words, models=models, url=url)
        out, err = process.communicate(timeout=60)
        check("Sanitizer" not in err and "runtime error" not in err, err)
        return process.returncode, out, err

    def must(self, *words, models=1):
        code, out, err = self.run(*words, models=models)
        check(code == 0 and err == "", f"{words}: exit {code}: {out}{err}")
        return out

    def refused(self, *words, models=1, url=None):
        code, _, err = self.run(*words, models=models, url=url)
        check_equal(code, 1, f"exit code of {words}: {err}")
        return err

    def sql(self, text):
        if self.engine == "postgres":
            return server().psql(text, self.database)
        database = sqlite3.connect(self.file, isolation_level=None)
        database.execute("pragma foreign_keys = on")
        rows = database.execute(text).fetchall()
        database.close()
        return "\n".join("|".join("" if value is None else str(value) for value in row) for row in rows)

    def path(self, number, ending=None):
        ending = ending or f".{self.engine}.sql"
        return glob.glob(os.path.join(self.folder, "migrations", f"{number:04}_*{ending}"))[0]

    def append(self, number, text):
        """Appends SQL to the up part of a migration."""
        with open(self.path(number), "r+", encoding="utf-8") as file:
            up, down = file.read().split("-- migrate:down\n")
            file.seek(0)
            file.write(up + text + "\n-- migrate:down\n" + down)


def on_both(function):
    """Runs the test once for each engine."""
    for engine in ("sqlite", "postgres"):
        def one(engine=engine):
            with Place(engine) as place:
                function(place)
        one.__name__ = f"{function.__name__}_on_{engine}"
        test(one)
    return function
