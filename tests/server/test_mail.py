#!/usr/bin/env python3
"""Mail to real servers (aiosmtpd of PyPI), in clear text and over TLS, and to a folder: mailing.c."""

import email
import email.policy
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading

import harness
from harness import ROOT, Server, Skip, check, check_equal, test, wait_for
from json_caller import Caller, check_program

import pypi

HERE = os.path.dirname(os.path.abspath(__file__))
TEXT = "Grüße, Ada!\n.\nFrom a line that is longer than the seventy-six characters that quoted-printable allows, by far.\n"


def python():
    folder, why = pypi.programs(os.path.join(ROOT, "build", "mail-tools"), os.path.join(HERE, "mail.requirements.txt"))
    if folder is None:
        raise Skip(f"aiosmtpd can't be had: {why}")
    return os.path.join(folder, "python")


class Certificate:
    """A certificate for 127.0.0.1 and localhost, which is its own authority."""

    folder = None

    @classmethod
    def files(cls):
        if cls.folder is None:
            cls.folder = tempfile.TemporaryDirectory(prefix="tern-mail-")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", f"{cls.folder.name}/key",
                            "-out", f"{cls.folder.name}/cert"], check=True, stderr=subprocess.DEVNULL)
        return f"{cls.folder.name}/cert", f"{cls.folder.name}/key"


class Sink:
    """A mail server; `take` returns its next message."""

    def __init__(self, **options):
        if "tls" in options:
            options["cert"], options["key"] = Certificate.files()
        self.process = subprocess.Popen([python(), os.path.join(HERE, "mail_sink.py"), json.dumps(options)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.messages = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.messages.put(json.loads(line))

    def take(self):
        got = self.messages.get(timeout=10)
        got["message"] = email.message_from_bytes(got["data"].encode("latin-1"), policy=email.policy.default)
        return got

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def mailing(url, **env):
    if "tls" in url:
        env["CA_FILE"] = Certificate.files()[0]
    return Server(name="mailing", env={"TERN_MAIL_URL": url, "TERN_MAIL_FROM": "Shop <shop@example.org>", **env})


def send(server, **note):
    return Caller(server).send("POST", "/notes", {"to": "ada@example.org", **note})[0]


def attempt(server, **note):
    """The status, the fault's number and the message of tern_mail with .error."""
    status, outcome, _ = Caller(server).send("POST", "/tries", {"to": "ada@example.org", **note})
    return status, outcome["fault"], outcome["message"]


@test
def mail_of_tests_is_kept_in_memory():
    check_program("mailing")


# -- messages, as Python's email package reads them --

def check_message(message):
    check_equal(message["From"], "Shop <shop@example.org>")
    check_equal(message["To"].addresses[0].display_name, "Jörg \"J\" Müller, Köln")
    check_equal(message["To"].addresses[0].addr_spec, "ada@example.org")
    check_equal(message["Subject"], "Ihre Bestellung über 3 Bücher ist unterwegs, und sie kommt schon am Dienstag an")
    check_equal(message.get_body(("plain",)).get_content().replace("\r\n", "\n"), TEXT)
    check_equal(message.get_body(("html",)).get_content().replace("\r\n", "\n"), "<p>Grüße</p>\n")
    check_equal(message.get_content_type(), "multipart/alternative")
    check(message["Message-ID"].endswith("@example.org>"), message["Message-ID"])
    check(message["Date"].datetime.utcoffset().total_seconds() == 0, message["Date"])
    check_equal([d for part in message.walk() for d in part.defects], [])


NOTE = {"name": "Jörg \"J\" Müller, Köln", "text": TEXT, "html": "<p>Grüße</p>\n",
        "subject": "Ihre Bestellung über 3 Bücher ist unterwegs, und sie kommt schon am Dienstag an"}


@test
def a_message_arrives_whole_over_smtp():
    with Sink() as sink, mailing(f"smtp://127.0.0.1:{sink.port}") as server:
        check_equal(send(server, **NOTE), 204)
        got = sink.take()
        check_equal((got["from"], got["to"]), ("shop@example.org", ["ada@example.org"]))
        check_message(got["message"])
        check(all(len(line) <= 76 for line in got["data"].split("\r\n")), "long lines")


@test
def a_message_is_a_file_of_a_folder():
    with tempfile.TemporaryDirectory() as folder, mailing(f"file:{folder}/mails") as server:
        check_equal(send(server, **NOTE), 204)
        check_equal(send(server), 204)
        names = os.listdir(f"{folder}/mails")
        check_equal(len(names), 2)
        check(all(name.endswith(".eml") for name in names), names)
        check_equal({oct(os.stat(f"{folder}/mails/{name}").st_mode & 0o777) for name in names}, {"0o600"})
        subjects = {}
        for name in names:
            with open(f"{folder}/mails/{name}", "rb") as file:
                message = email.message_from_binary_file(file, policy=email.policy.default)
                subjects[str(message["Subject"])] = message
        check_message(subjects[NOTE["subject"]])


@test
def a_folder_that_cannot_be_written_is_a_clear_error():
    with tempfile.TemporaryDirectory() as folder, mailing(f"file:{folder}/no/mails") as server:
        check_equal(send(server), 503)
        check_equal(attempt(server), (422, 5, f"a message cannot be written to the folder {folder}/no/mails: "
                                              "No such file or directory"))


@test
def one_message_after_another_and_many_at_a_time_arrive():
    with Sink() as sink, mailing(f"smtp://127.0.0.1:{sink.port}") as server:
        threads = [threading.Thread(target=send, args=(server,), kwargs={"subject": f"n{i}"}) for i in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        check_equal(sorted(str(sink.take()["message"]["Subject"]) for _ in threads), sorted(f"n{i}" for i in range(20)))


# -- TLS and logins --

@test
def a_login_is_sent_after_starttls():
    with Sink(tls="starttls", login=True) as sink, mailing(f"smtp://ada:sec%3Aret@localhost:{sink.port}",
                                                          CA_FILE=Certificate.files()[0]) as server:
        check_equal(attempt(server), (200, 0, ""))
        got = sink.take()
        check(got["tls"] and got["user"] == "ada", got)


@test
def smtps_speaks_tls_at_once():
    with Sink(tls="always") as sink, mailing(f"smtps://localhost:{sink.port}", CA_FILE=Certificate.files()[0]) as server:
        check_equal(attempt(server), (200, 0, ""))
        sink.take()


@test
def a_login_without_tls_is_refused_before_it_is_sent():
    with Sink() as sink, mailing(f"smtp://ada:sec%3Aret@localhost:{sink.port}") as server:
        status, fault, message = attempt(server)
        check_equal((status, fault), (422, 2), message)
        check("offers no STARTTLS" in message, message)
        check(sink.messages.empty(), "nothing was sent")


@test
def a_server_with_an_unknown_certificate_is_refused():
    with Sink(tls="starttls") as sink, mailing(f"smtp://ada:sec%3Aret@localhost:{sink.port}") as server:
        status, fault, message = attempt(server)
        check_equal((status, fault), (422, 2), message)
        check("certificate" in message, message)


@test
def a_wrong_password_is_reported_without_the_password():
    with Sink(tls="starttls", login=True) as sink, mailing(f"smtp://ada:wr0ng@localhost:{sink.port}",
                                                          CA_FILE=Certificate.files()[0]) as server:
        status, fault, message = attempt(server)
        check_equal((status, fault), (422, 3), message)
        check_equal(send(server), 502)
        check("wr0ng" not in message + "".join(server.lines), message)


# -- servers that refuse, stall or are not there --

@test
def a_refused_recipient_is_an_error_with_the_words_of_the_server():
    with Sink(refuse="nobody@example.org") as sink, mailing(f"smtp://127.0.0.1:{sink.port}") as server:
        status, fault, message = attempt(server, to="nobody@example.org")
        check_equal((status, fault), (422, 3), message)
        check("550 5.1.1 no such mailbox" in message, message)
        check_equal(send(server, to="nobody@example.org"), 502)
        check(server.logged("POST /notes: mail: ") is not None, server.lines)


@test
def a_server_that_does_not_answer_ends_in_time():
    with Sink(stall=True) as sink, mailing(f"smtp://127.0.0.1:{sink.port}") as server:
        status, fault, message = attempt(server)
        check_equal((status, fault), (422, 4), message)


@test
def a_server_that_is_away_is_503():
    with Sink() as sink:
        port = sink.port
    with mailing(f"smtp://127.0.0.1:{port}") as server:
        check_equal(attempt(server)[:2], (422, 2))
        check_equal(send(server), 503)


@test
def a_client_that_leaves_ends_the_delivery():
    with Sink(stall=True) as sink, mailing(f"smtp://127.0.0.1:{sink.port}") as server:
        with server.connect() as client:
            body = b'{"to":"ada@example.org"}'
            client.send(b"POST /notes HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: "
                        + str(len(body)).encode() + b"\r\n\r\n" + body)
            wait_for(lambda: connections_to(sink.port) > 0, text="the connection to the mail server")
        wait_for(lambda: connections_to(sink.port) == 0, text="its end")


def connections_to(port):
    """How many established connections this machine has to the port."""
    with open("/proc/net/tcp", encoding="ascii") as file:
        return sum(line.split()[2].endswith(f":{port:04X}") and line.split()[3] == "01" for line in list(file)[1:])


# -- settings --

def refused(**env):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TERN_")}
    done = subprocess.run([harness.program("mailing"), "run", "--port", "0"], env={**clean, **env}, stdin=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, timeout=20, check=False)
    check_equal(done.returncode, 1, done.stderr)
    return done.stderr


@test
def wrong_settings_are_reported_at_start():
    sender = {"TERN_MAIL_FROM": "shop@example.org"}
    check("this program sends mail, but has no server for it" in refused(**sender), "no URL")
    check("this program sends mail, but has no sender" in refused(TERN_MAIL_URL="file:mails"), "no sender")
    check("must begin with smtp://" in refused(TERN_MAIL_URL="imap://h", **sender), "another scheme")
    check("must begin with smtp://" in refused(TERN_MAIL_URL="file:", **sender), "no folder")
    check("is not like smtp://" in refused(TERN_MAIL_URL="smtp://", **sender), "no host")
    error = refused(TERN_MAIL_URL="smtp://ada:p/w@d@host:xx", **sender)
    check("is not like smtp://" in error and "p/w" not in error, error)
    check("is not an address like" in refused(TERN_MAIL_URL="file:mails", TERN_MAIL_FROM="shop"), "the sender")


@test
def without_a_server_a_call_says_how_to_name_one():
    with Server(name="mailing", env={"SETUP": "no", "TERN_MAIL_FROM": "shop@example.org"}) as server:
        status, fault, message = attempt(server)
        check_equal((status, fault), (422, 1), message)
        check("start with --mail-url" in message, message)
        check_equal(send(server), 500)


if __name__ == "__main__":
    sys.exit(harness.main(programs=("mailing",)))
