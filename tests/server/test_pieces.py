"""Tests of middleware that need sockets, several workers or foreign clients: passwords, addresses, paths, logs in files."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import harness
from harness import check, check_equal, test, wait_for

FOLDER = tempfile.TemporaryDirectory()


def place(name):
    return os.path.join(FOLDER.name, name)


def server(workers=1, **env):
    return harness.Server(name="pieces", workers=workers, env=env)


def users_file():
    """Ann has bcrypt by htpasswd, bob SHA-512 by openssl, and cem a password as it is."""
    path = place("users")
    if not os.path.exists(path):
        if shutil.which("htpasswd") is None or shutil.which("openssl") is None:
            raise harness.Skip("there is no htpasswd or no openssl")
        ann = subprocess.run(["htpasswd", "-nbB", "ann", "secret of ann"], capture_output=True, text=True, check=True).stdout
        bob = subprocess.run(["openssl", "passwd", "-6", "secret of bob"], capture_output=True, text=True, check=True).stdout
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"# staff\n{ann.strip()}\nbob:{bob.strip()}\ncem:größe\n")
    return path


def curl(own, path, *arguments):
    """The body, a space, and the status."""
    scheme = "https" if harness.HAS_TLS else "http"
    done = subprocess.run(["curl", "-sk", "-w", " %{http_code}", *arguments, f"{scheme}://127.0.0.1:{own.port}{path}"],
                          capture_output=True, text=True, timeout=20, check=False)
    return done.stdout


# -- who may come in -------------------------------------------------------------------------------------------------

@test
def users_of_htpasswd_and_openssl_come_in_with_curl():
    with server(USERS=users_file()) as own:
        for user, password in (("ann", "secret of ann"), ("bob", "secret of bob"), ("cem", "größe"), ("ann", "secret of ann")):
            check_equal(curl(own, "/staff", "-u", f"{user}:{password}"), f"GET /staff {user} 200")
        for user, password in (("ann", "secret of bob"), ("ann", ""), ("dan", "secret of ann"), ("", "x"), ("cem", "grosse")):
            check(curl(own, "/staff", "-u", f"{user}:{password}").endswith(" 401"), user)
        check_equal(curl(own, "/staff", "--anyauth", "-u", "bob:secret of bob"), "GET /staff bob 200")


@test
def a_refused_request_names_realm_and_charset():
    with server(USERS=users_file()) as own:
        reply = own.get("/staff")
        check_equal((reply.status, reply.header("WWW-Authenticate")), (401, 'Basic realm="Restricted", charset="UTF-8"'))


@test
def httpx_sends_passwords_and_follows_redirects():
    try:
        import httpx
    except ImportError:
        raise harness.Skip("there is no httpx (pip install httpx)") from None
    with server(USERS=users_file()) as own:
        with httpx.Client(base_url=f"{'https' if harness.HAS_TLS else 'http'}://127.0.0.1:{own.port}", verify=False) as client:
            check_equal(client.get("/staff", auth=("ann", "secret of ann")).text, "GET /staff ann")
            check_equal(client.get("/staff", auth=httpx.BasicAuth("cem", "größe")).text, "GET /staff cem")
            check_equal(client.get("/staff", auth=("ann", "wrong")).status_code, 401)
            check_equal(client.get("/keys", headers={"Authorization": "Bearer 0123456789abcdef0123456789abcdef"}).status_code, 200)
            check_equal(client.get("/old/a%20b", follow_redirects=True).text, "GET /new/a b -")
            check_equal(client.post("/new/x", data={"_method": "DELETE"}).text, "DELETE /new/x -")
            check_equal(client.get("/api/x", headers={"API-Version": "2"}).text, "2")


@test
def a_file_of_users_with_a_weak_hash_is_refused_at_start():
    path = place("weak")
    with open(path, "w", encoding="utf-8") as file:
        file.write("ann:$apr1$lZL6V/ci$eIMz/iKDkbtys/uU7LEK00\n")
    code, out = start(USERS=path)
    check(code == 1 and 'basic_auth: user "ann" in line 1: its hash is a weak one' in out and "eIMz" not in out, out)


@test
def addresses_are_let_in_or_refused():
    with server() as own:
        check_equal([own.get(path).status for path in ("/here", "/elsewhere", "/not-here")], [200, 403, 403])


# -- paths -----------------------------------------------------------------------------------------------------------

@test
def curl_follows_a_redirect_and_overrides_a_method():
    with server() as own:
        check_equal(curl(own, "/old/x?y", "-L"), "GET /new/x - 200")
        check_equal(curl(own, "/new/x", "-X", "POST", "-H", "X-HTTP-Method-Override: DELETE"), "DELETE /new/x - 200")
        check_equal(curl(own, "/new/x", "-d", "a=b&_method=DELETE"), "DELETE /new/x - 200")
        check(curl(own, "/new/x", "-d", "a=b").endswith(" 405"), "a plain POST")


@test
def a_form_that_arrives_in_pieces_still_names_its_method():
    with server() as own:
        for piece in (1, 7):
            with own.connect() as client:
                body = b"a=1&_method=DELETE&b=2"
                client.send(b"POST /new/x HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                            + b"Content-Length: %d\r\n\r\n" % len(body))
                for at in range(0, len(body), piece):
                    client.wait_taken()
                    client.send(body[at:at + piece])
                check_equal(client.read().text, "DELETE /new/x -")


@test
def a_form_that_breaks_off_is_refused():
    with server() as own, own.connect() as client:
        client.send(b"POST /new/x HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n")
        check_equal(client.read().status, 400)


# -- the logger ------------------------------------------------------------------------------------------------------

def lines_of(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return file.read().split("\n")[:-1]


@test
def lines_of_several_workers_are_whole_in_one_file():
    path = place("many.log")
    with server(workers=3, LOG=path) as own:
        load = harness.Load(own, clients=6, target="/new/x")
        load.wait_answers(600)
        load.end()
    lines = [json.loads(line) for line in lines_of(path)]
    check(len(lines) >= 600, f"{len(lines)} lines")
    check(all((line["target"], line["status"], line["user"]) == ("/new/x", 200, "") for line in lines), str(lines[0]))


@test
def a_renamed_log_is_opened_again():
    path = place("renamed.log")
    with server(LOG=path) as own:
        own.get("/new/1")
        wait_for(lambda: len(lines_of(path)) == 1, text="the first line")
        os.rename(path, path + ".1")

        def ask():
            own.get("/new/2")
            return lines_of(path)
        wait_for(ask, text="lines in a file of the old name")
        check('"/new/1"' in lines_of(path + ".1")[0], "the old file")


@test
def a_reload_opens_the_log_again():
    path = place("reloaded.log")
    with server(LOG=path) as own:
        own.get("/new/1")
        wait_for(lambda: len(lines_of(path)) == 1, text="the first line")
        os.rename(path, path + ".1")
        old = own.worker_pids()
        own.signal(signal.SIGHUP)
        wait_for(lambda: os.path.exists(path), text="a new file")
        wait_for(lambda: own.worker_pids() and not set(own.worker_pids()) & set(old), text="new workers")
        own.get("/new/2")
        wait_for(lambda: any('"/new/2"' in line for line in lines_of(path)), text="a line in the new file")


@test
def the_combined_format_is_that_of_apache():
    path = place("combined.log")
    with server(COMBINED=path, USERS=users_file()) as own:
        curl(own, "/staff?a=b", "-u", "cem:größe", "-A", 'odd "agent"', "-e", "https://example.org/")
        own.get("/none")
    form = re.compile(r'(\S+) - (\S+) \[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000)\] "(\S+) (\S+) (HTTP/[\d.]+)" (\d{3}) (\d+|-) '
                      r'"((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"')
    fields = [form.fullmatch(line) for line in lines_of(path)]
    check(all(fields) and len(fields) == 2, str(lines_of(path)))
    check_equal(fields[0].group(1, 2, 4, 5, 7, 9, 10),
                ("127.0.0.1", "cem", "GET", "/staff?a=b", "200", "https://example.org/", r"odd \"agent\""))
    check_equal(fields[1].group(5, 7, 9), ("/none", "404", "-"))


# -- the order -------------------------------------------------------------------------------------------------------

def start(*arguments, **env):
    done = subprocess.run([harness.program("pieces"), "--port", "0", *arguments], capture_output=True, text=True, timeout=20,
                          check=False, env=dict(os.environ, **env))
    return done.returncode, done.stdout + done.stderr


@test
def two_of_one_piece_are_refused_at_start_with_both_places():
    code, out = start(ORDER="wrong")
    check_equal(code, 1)
    check(re.search(r"pieces\.c:\d+: basic_auth is already around these routes \(\S*pieces\.c:\d+\): remove one", out), out)


@test
def the_log_is_not_made_by_a_command():
    path = place("unmade.log")
    code, out = start("routes", "--middleware", LOG=path)
    check_equal(code, 0)
    check(re.search(r"(?m)^  versions +rewrite +tests/server/pieces\.c:\d+$", out), out)
    check(not os.path.exists(path), "a log without a server")


if __name__ == "__main__":
    sys.exit(harness.main())
