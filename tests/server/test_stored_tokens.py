"""API keys and refresh tokens in SQLite and PostgreSQL: stored_tokens.c, and what many clients do at once."""

import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

import harness
from harness import check, check_equal, test
from shared_postgres import server


def databases():
    """The URL of a new database of each engine, with its name."""
    databases.made += 1
    name = f"stored_tokens{databases.made}"
    server().psql(f"create database {name}", "postgres")
    folder = tempfile.mkdtemp(prefix="tern-tokens-")
    return (("sqlite", "sqlite:" + os.path.join(folder, "tokens.db")), ("postgres", server().url(name)))


databases.made = 0


@test
def keys_and_refresh_tokens_work_in_both_databases():
    for name, url in databases():
        done = subprocess.run([harness.program("stored_tokens")], env=harness._settings({"TERN_DATABASE_URL": url}),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
        check_equal(done.returncode, 0, f"exit code with {name} of\n" + done.stdout + done.stderr)


def prepared_server(url):
    """A server with three workers on a database that has its tables."""
    env = {"TERN_DATABASE_URL": url}
    return harness.Server(name="stored_tokens", workers=3, env=env)


def use(running, token):
    reply = running.get("/refresh", "Content-Type: application/json", method="POST", body=json.dumps({"token": token}).encode())
    return reply.status, reply.text


@test
def uses_of_one_token_at_once_each_give_a_token_of_a_living_family():
    for name, url in databases():
        with prepared_server(url) as running:
            token = running.get("/login", method="POST", body=b"").text
            with concurrent.futures.ThreadPoolExecutor(12) as pool:
                replies = list(pool.map(lambda _: use(running, token), range(24)))
            check_equal({status for status, _ in replies}, {200}, f"statuses with {name}")
            check_equal(len({text for _, text in replies}), 24, f"different tokens with {name}")
            check_equal(use(running, replies[7][1])[0], 200, f"status of a successor with {name}")


@test
def a_family_that_is_ended_while_its_tokens_are_used_stays_ended():
    for name, url in databases():
        with prepared_server(url) as running:
            first = running.get("/login", method="POST", body=b"").text
            living = use(running, first)[1]
            running.get("/age", method="POST", body=b"")
            with concurrent.futures.ThreadPoolExecutor(8) as pool:  # the stolen one among uses of its successor
                replies = list(pool.map(lambda n: use(running, first if n == 5 else living), range(16)))
            check("reused" in {text for _, text in replies}, f"the reuse is noticed with {name}: {replies}")
            for status, text in replies:
                if status == 200:
                    check_equal(use(running, text)[0], 401, f"status of a token of the ended family with {name}")


@test
def a_revoked_key_is_refused_by_all_workers_at_once():
    for name, url in databases():
        with prepared_server(url) as running:
            key = running.get("/keys", "Content-Type: application/json", method="POST", body=b'{"owner":"42"}').text
            for _ in range(30):  # all workers remember it
                check_equal(running.get("/me", f"X-API-Key: {key}").status, 200, f"status with {name}")
            body = json.dumps({"owner": "42", "id": key[5:21]}).encode()
            running.get("/keys/revoke", "Content-Type: application/json", method="POST", body=body)
            statuses = {running.get("/me", f"X-API-Key: {key}").status for _ in range(30)}
            check_equal(statuses, {401}, f"statuses of a revoked key with {name}")


if __name__ == "__main__":
    sys.exit(harness.main(programs=("stored_tokens",)))
