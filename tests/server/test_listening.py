"""Where a program listens: several addresses, sockets of systemd, and what happens to them while workers and programs
are replaced."""

import contextlib
import os
import re
import resource
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

import harness
from harness import check, check_equal, test, wait_for
from ports import free_port

FILES = tempfile.TemporaryDirectory()
DEV = {"HOME": FILES.name, "XDG_DATA_HOME": FILES.name, "XDG_CONFIG_HOME": FILES.name}  # of --tls-dev's certificate
_next_file = iter(range(1000))

def new_path():
    return os.path.join(FILES.name, f"s{next(_next_file)}")


class Listening(harness.Program):
    """tests/server/listening.c, or another program, with these words on its command line."""

    def __init__(self, *words, workers=2, env=None, name="listening", wait=True, count=1, before=None, log=None):
        command = [harness.program(name), "--workers", str(workers), *words]
        super().__init__(command, env, before=before, log=log)
        self.count, self.workers = count, workers
        if wait:
            self.wait_ready()

    def wait_ready(self):
        wait_for(lambda: len(self.urls()) >= self.count or self._has_ended(), text="all listeners")
        wait_for(lambda: len(self.worker_pids()) == self.workers, text="all workers")

    def urls(self):
        """What it listens on, in order."""
        return [found.group(1) for line in list(self.lines)
                if (found := re.search(r'listening on ((?:https?:|unix:)[^"\s]*)', line))]


class Lent(Listening):
    """The same program, given sockets by systemd."""

    def __init__(self, sockets, *words, names="", workers=2, env=None, wait=True):
        command = [harness.program("listening"), "--workers", str(workers), *words]
        harness.Program.__init__(self, command, env, lent=sockets, names=names)
        self.count, self.workers = len(sockets), workers
        if wait:
            self.wait_ready()


def get_over(connection, target="/", host="a"):
    with connection:
        connection.settimeout(harness.SLOWEST_S)
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        data = b""
        while piece := connection.recv(65536):
            data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    check(head.startswith(b"HTTP/1.1 200 "), f"200, not {head[:40]}")
    return body.decode()


def connect(url):
    if url.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(url[5:])
        return connection
    found = re.fullmatch(r"https?://\[?([^\]]*?)\]?:(\d+)", url)
    return socket.create_connection((found.group(1), int(found.group(2))), harness.SLOWEST_S)


def get(url, target="/"):
    return get_over(connect(url), target)


def is_refused(url):
    try:
        connect(url).close()
        return False
    except OSError:
        return True


def listener(family=socket.AF_INET, address=("127.0.0.1", 0), type=socket.SOCK_STREAM):
    one = socket.socket(family, type)
    one.bind(address)
    if type == socket.SOCK_STREAM:
        one.listen(64)
    return one


def url_of(lent):
    return "http://127.0.0.1:%d" % lent.getsockname()[1]


# -- several listeners -----------------------------------------------------------------------------------------------

@test
def every_listener_answers():
    path = new_path()
    with Listening("--listen", "http://127.0.0.1:0", "--listen", f"unix:{path}", "--listen", "http://127.0.0.1:0",
                   "--listen", "http://[::1]:0", count=4) as service:
        urls = service.urls()
        check_equal(urls[1], f"unix:{path}", "the socket file's line")
        check_equal(len(set(urls)), 4, "different addresses")
        check_equal([get(url, "/address") for url in urls], ["127.0.0.1", "unix:", "127.0.0.1", "::1"], "clients")
    check(not os.path.exists(path), "the socket file is removed at the end")


@test
def listeners_are_given_by_the_environment():
    path = new_path()
    with Listening(env={"TERN_LISTEN": f" http://127.0.0.1:0 , unix:{path}\n"}, count=2) as service:
        for url in service.urls():
            get(url)


@test
def every_listener_answers_without_workers():
    with Listening("--listen", "http://127.0.0.1:0,http://127.0.0.1:0", workers=0, count=2) as service:
        check_equal({get(url) for url in service.urls()}, {str(service.pid)}, "the process that answers")


@test
def sixteen_listeners_with_eight_workers_answer():
    urls = ",".join(["http://127.0.0.1:0"] * 16)
    with Listening("--listen", urls, workers=8, count=16) as service:
        for url in service.urls():
            get(url)


@test
def every_ipv6_address_is_every_ipv4_address_too():
    with Listening("--listen", "http://[::]:0") as service:
        port = service.urls()[0].rsplit(":", 1)[1]
        check_equal(get(f"http://127.0.0.1:{port}", "/address"), "127.0.0.1", "a client of IPv4")
        check_equal(get(f"http://[::1]:{port}", "/address"), "::1", "a client of IPv6")


@test
def ipv4_connections_go_to_the_listener_of_ipv4():
    port = free_port()
    with Listening("--listen", f"http://[::]:{port}", "--listen", f"http://0.0.0.0:{port}", count=2) as service:
        check_equal(service.urls(), [f"http://[::]:{port}", f"http://0.0.0.0:{port}"], "listeners")
        for _ in range(10):
            check_equal(get(f"http://127.0.0.1:{port}", "/address"), "127.0.0.1", "a client of IPv4")
            check_equal(get(f"http://[::1]:{port}", "/address"), "::1", "a client of IPv6")


@test
def socket_files_have_their_mode_and_a_foreign_file_stays():
    first, second = new_path(), new_path()
    with Listening("--listen", f"unix:{first}", "--listen", f"unix:{second}", "--socket-mode", "600", count=2) as service:
        check_equal([os.stat(path).st_mode & 0o777 for path in (first, second)], [0o600] * 2, "modes")
        os.unlink(second)
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(second)
            service.stop()
    check(not os.path.exists(first), "its own file is removed")
    check(os.path.exists(second), "the file of another program stays")


# -- mistakes --------------------------------------------------------------------------------------------------------

def check_refused(line, *words, env=None, before=None, code=1):
    with contextlib.ExitStack() as ending:
        service = Listening(*words, env=env, wait=False, before=before)
        ending.callback(lambda: service.process.poll() is None and service.process.kill())
        check_equal(service.wait(), code, "exit code")
        service.check_sanitizers()
        check_equal(service.lines, [line], "what it says")


@test
def a_mistake_in_an_address_is_one_line_that_says_what_to_write():
    scheme = "is not an address to listen on: write http://HOST:PORT, https://HOST:PORT, unix:/PATH or systemd"
    for text, line in (
            ("127.0.0.1:8000", f'"127.0.0.1:8000" {scheme}'),
            ("ftp://127.0.0.1:8000", f'"ftp://127.0.0.1:8000" {scheme}'),
            ("http://127.0.0.1", '"http://127.0.0.1" is not an address to listen on: it has no port, as in '
                                 "http://localhost:8000"),
            ("http://127.0.0.1:99999", '"http://127.0.0.1:99999" is not an address to listen on: its port is not a '
                                       "number from 0 to 65535"),
            (",".join(f"http://127.0.0.1:{port}" for port in range(9000, 9017)), "there are more than 16 addresses"),
            ("http://127.0.0.1:9000,https://127.0.0.1:9000", '"https://127.0.0.1:9000" is given twice')):
        check_refused(f"listening: --listen: {line}", "--listen", text)
        check_refused(f"listening: TERN_LISTEN: {line}", env={"TERN_LISTEN": text})
        check_refused(f"listening: --listen: {line}", "--check", "--listen", text)


@test
def listen_beside_host_or_port_is_refused():
    check_refused("listening: --listen and --host or --port are two ways to say where to listen; give one of them",
                  "--listen", "http://127.0.0.1:0", "--port", "0")


@test
def threat_114_a_taken_port_of_one_listener_is_refused_and_no_other_is_left():
    path = new_path()
    with listener() as taken:
        url = url_of(taken)
        check_refused(f"cannot listen on {url}: address already in use; choose another port",
                      "--listen", f"unix:{path}", "--listen", url)
    check(not os.path.exists(path), "the socket file is not left")


@test
def threat_114_a_socket_file_that_is_listened_on_is_refused():
    path = new_path()
    with listener(socket.AF_UNIX, path):
        check_refused(f"cannot listen on unix:{path}: another process listens there; choose another path",
                      "--listen", "http://127.0.0.1:0", "--listen", f"unix:{path}")


@test
def one_address_under_two_names_is_refused():
    port = free_port()
    check_refused(f"cannot listen on http://127.1:{port}: http://127.0.0.1:{port} is the same address",
                  "--listen", f"http://127.0.0.1:{port},http://127.1:{port}")


@test
def a_name_that_does_not_exist_is_refused():
    service = Listening("--listen", "http://no.such.host.invalid:8000", wait=False)
    check_equal(service.wait(), 1, "exit code")
    check_equal(len(service.lines), 1, "lines")
    check(service.lines[0].startswith("cannot listen on http://no.such.host.invalid:8000: "), service.lines[0])


@test
def https_without_a_certificate_is_refused():
    check_refused("listening: cannot start: --listen https://127.0.0.1:0: there is no certificate; give --tls-cert FILE "
                  "and --tls-key FILE, --acme NAME, or --tls-dev for development", "--listen", "http://127.0.0.1:0", "--listen", "https://127.0.0.1:0")


@test
def settings_of_socket_files_need_a_socket_file():
    check_refused("cannot listen: --socket-mode, --socket-owner and --socket-group are for a socket file; choose one "
                  "with --listen unix:/path", "--listen", "http://127.0.0.1:0", "--socket-mode", "600")


@test
def too_few_descriptors_for_the_listeners_are_one_line():
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))
    check_refused("cannot listen on http://127.0.0.1:0: Too many open files; raise the limit (ulimit -n), or use fewer "
                  "workers or listeners", "--listen", ",".join(["http://127.0.0.1:0"] * 16), before=limit)


@test
def settings_are_read_alike_in_every_locale():
    with Listening("--listen", "HTTP://127.0.0.1:0", env={"LC_ALL": "tr_TR.UTF-8", "LANG": "xx", "TZ": ":nowhere"}) as one:
        get(one.urls()[0])


@test
def commands_of_the_manual_are_accepted():
    found = 0
    for page in ("listening.md", "running.md"):
        with open(os.path.join(harness.ROOT, "docs", page), encoding="utf-8") as file:
            lines = [line.split("#")[0] for line in file.read().splitlines()]
        for line in lines:
            match = re.fullmatch(r'(?:(TERN_\w+)="([^"]*)" )?\./app( --(?:listen|host|proxy-protocol) .*)?\s*', line)
            if match is None:
                continue
            name, value, words = match.groups()
            tls = ["--tls-dev"] if "https" in line else []
            done = subprocess.run([harness.program("listening"), "--check", *tls, *shlex.split(words or "")],
                                  env=harness._settings(DEV | ({name: value} if name else {})), capture_output=True, text=True)
            check_equal((done.returncode, done.stderr), (0, ""), line)
            found += 1
    check(found >= 10, f"commands: {found}")


# -- replacing workers and programs ----------------------------------------------------------------------------------

@test
def listeners_survive_a_reload_and_dead_workers():
    path = new_path()
    with Listening("--listen", "http://127.0.0.1:0", "--listen", f"unix:{path}", count=2) as service:
        urls, before = service.urls(), service.worker_pids()
        service.signal(signal.SIGHUP)
        service.wait_logged('"reloaded"')
        wait_for(lambda: not set(before) & set(service.worker_pids()), text="only new workers")
        for url in urls:
            check(int(get(url)) not in before, "a new worker answers")
        victim = int(get(urls[1]))
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda: victim not in service.worker_pids() and len(service.worker_pids()) == 2, text="another worker")
        for url in urls:
            get(url)


def listen_file(text):
    path = new_path()
    write(path, text)
    return path


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def replace(service, count):
    """A new program takes over, and listens on so many addresses."""
    before, workers = len(service.urls()), service.worker_pids()
    service.signal(signal.SIGUSR2)
    wait_for(lambda: len(service.urls()) == before + count, text="the lines of the new program")
    wait_for(lambda: not set(workers) & set(service.worker_pids()), text="only new workers")
    return service.urls()[before:]


@test
def a_new_program_keeps_every_listener():
    path = new_path()
    listen = listen_file(f"http://127.0.0.1:0 unix:{path} http://127.0.0.1:0 http://[::1]:0")
    with Listening(env={"TEST_LISTEN": listen}, count=4) as service:
        urls = service.urls()
        for _ in range(2):
            check_equal(replace(service, 4), urls, "listeners")
            for url in urls:
                get(url)
    check(not os.path.exists(path), "the socket file is removed at the end")


@test
def a_new_program_opens_added_listeners_and_closes_removed_ones():
    kept, gone, new = new_path(), new_path(), new_path()
    listen = listen_file(f"unix:{kept} unix:{gone} http://127.0.0.1:0")
    with Listening(env={"TEST_LISTEN": listen}, count=3) as service:
        removed = service.urls()[2]
        inode = os.stat(kept).st_ino
        write(listen, f"unix:{new} unix:{kept} http://[::1]:0")
        urls = replace(service, 3)
        check_equal(urls[:2], [f"unix:{new}", f"unix:{kept}"], "socket files")
        check_equal(os.stat(kept).st_ino, inode, "the kept socket file is the same one")
        for url in urls:
            get(url)
        wait_for(lambda: is_refused(removed) and is_refused(f"unix:{gone}"), text="the end of removed listeners")
        check(not os.path.exists(gone), "the file of a removed listener is removed")


@test
def a_new_program_that_cannot_add_a_listener_goes_on_with_the_others():
    listen = listen_file("http://127.0.0.1:0")
    with listener(socket.AF_UNIX, new_path()) as taken, Listening(env={"TEST_LISTEN": listen}) as service:
        url = service.urls()[0]
        write(listen, f"http://127.0.0.1:0 unix:{taken.getsockname()}")
        check_equal(replace(service, 1), [url], "listeners")
        check("goes on without it" in service.wait_logged("another process listens there"), "the log's line")
        get(url)


@test
def threat_116_a_new_program_loses_no_answer_of_any_listener():
    path = new_path()
    listen = listen_file(f"http://127.0.0.1:0 unix:{path}")
    with Listening(env={"TEST_LISTEN": listen}, count=2) as service:
        urls, lost, answers, is_over = service.urls(), [], [0, 0], threading.Event()

        def load(at):
            while not is_over.is_set():
                try:
                    get(urls[at])
                    answers[at] += 1
                except Exception as error:  # every kind of lost answer counts
                    lost.append(repr(error))
        threads = [threading.Thread(target=load, args=(at,)) for at in (0, 1)]
        for thread in threads:
            thread.start()
        for _ in range(2):
            replace(service, 2)
            seen = list(answers)
            wait_for(lambda: answers[0] > seen[0] and answers[1] > seen[1], text="answers of each")
        is_over.set()
        for thread in threads:
            thread.join()
        check_equal(lost, [], "lost answers")


# -- no worker -------------------------------------------------------------------------------------------------------

@test
def without_workers_plain_listeners_answer_503_and_tls_ones_send_nothing():
    fail = new_path()
    write(fail, "")
    command = [harness.program("echo_service"), "0", "1", f"fail={fail}", "listen=http://127.0.0.1:0",
               "listen=https://127.0.0.1:0"]
    with Crashing(command) as service:
        service.wait_logged("no worker stays up")
        plain, tls = service.urls()
        with connect(plain) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            check(client.recv(65536).startswith(b"HTTP/1.1 503 "), "a plain client has an answer")
        with connect(tls) as client:
            client.sendall(b"\x16\x03\x01\x00\x05hello")
            check_equal(client.recv(65536), b"", "what a TLS client receives")


class Crashing(harness.Program):
    urls = Listening.urls


# -- sockets of systemd ----------------------------------------------------------------------------------------------

@test
def sockets_of_systemd_are_listened_on():
    path = new_path()
    with listener() as first, listener(socket.AF_UNIX, path) as second, \
            Lent([first, second], "--listen", "systemd") as service:
        check_equal(service.urls(), [url_of(first), f"unix:{path}"], "listeners")
        for url in service.urls():
            get(url)
        service.stop()
        check(os.path.exists(path), "the socket file of systemd stays")


@test
def sockets_of_systemd_are_listened_on_without_being_asked_for():
    with listener() as lent, Lent([lent]) as service:
        check_equal(service.urls(), [url_of(lent)], "listeners")
        get(url_of(lent))


@test
def sockets_of_systemd_serve_without_workers():
    with listener() as lent, Lent([lent], workers=0) as service:
        check_equal(get(url_of(lent)), str(service.pid), "the process that answers")


@test
def a_socket_of_systemd_is_shared_fairly_by_all_workers():
    with listener() as lent, Lent([lent], workers=4) as service:
        clients, count = [], {}
        for _ in range(200):
            client = connect(url_of(lent))
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            pid = client.recv(65536).split(b"\r\n\r\n")[1]
            count[pid] = count.get(pid, 0) + 1
            clients.append(client)
        for client in clients:
            client.close()
        check(len(count) == 4 and min(count.values()) > 10, f"connections of each worker: {count}")


@test
def a_socket_of_systemd_still_listens_after_the_end():
    with listener() as lent:
        with Lent([lent]):
            get(url_of(lent))
        with connect(url_of(lent)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            with Lent([lent]):
                client.settimeout(harness.SLOWEST_S)
                check(client.recv(65536).startswith(b"HTTP/1.1 200"), "the next program answers who waited")


@test
def sockets_of_systemd_survive_reload_and_new_program():
    with listener() as lent, Lent([lent], "--listen", "systemd", "--listen", "http://127.0.0.1:0") as service:
        wait_for(lambda: len(service.urls()) == 2, text="both listeners")
        urls, before = service.urls(), service.worker_pids()
        service.signal(signal.SIGHUP)
        service.wait_logged('"reloaded"')
        wait_for(lambda: not set(before) & set(service.worker_pids()), text="only new workers")
        check_equal(replace(service, 2), urls, "listeners")
        for url in urls:
            get(url)


@test
def a_socket_of_systemd_that_was_not_asked_for_survives_a_new_program():
    with listener() as lent, Lent([lent]) as service:
        check_equal(replace(service, 1), [url_of(lent)], "listeners")
        get(url_of(lent))


@test
def sockets_that_no_setting_names_are_reported():
    with listener() as lent, Lent([lent], "--listen", "http://127.0.0.1:0") as service:
        service.wait_logged("systemd has passed sockets that no setting names")
        get(service.urls()[0])


def check_lent_refused(reason, sockets, names="", env=None):
    with contextlib.ExitStack() as ending:
        service = Lent(sockets, "--listen", "systemd", names=names, env=env, wait=False)
        ending.callback(lambda: service.process.poll() is None and service.process.kill())
        check_equal(service.wait(), 1, "exit code")
        service.check_sanitizers()
        check_equal(service.lines, [f"cannot listen on systemd: {reason}"], "what it says")


@test
def sockets_that_are_none_of_systemds_are_refused():
    nothing = ("systemd has passed no socket to this process (LISTEN_PID and LISTEN_FDS do not say so); start it by a "
               "socket unit")
    streams = "does not listen for streams; the unit needs ListenStream= and Accept=no"
    with listener() as good, listener(type=socket.SOCK_DGRAM) as datagrams, socket.socket() as unbound:
        check_lent_refused(nothing, [])
        for env in ({"LISTEN_PID": "1"}, {"LISTEN_PID": "x"}, {"LISTEN_PID": ""}, {"LISTEN_FDS": "x"},
                    {"LISTEN_FDS": "-1"}, {"LISTEN_FDS": "0"}, {"LISTEN_FDS": "99999999999999999999999"}):
            check_lent_refused(nothing, [good], env=env)
        check_lent_refused("systemd has passed 99999 sockets; at most 16 are served", [good], env={"LISTEN_FDS": "99999"})
        check_lent_refused(f"descriptor 3 {streams}", [datagrams])
        check_lent_refused(f"descriptor 4 {streams}", [good, unbound])
        check_lent_refused("descriptor 4 is not a socket (Bad file descriptor)", [good], env={"LISTEN_FDS": "2"})
        check_lent_refused("LISTEN_FDNAMES has fewer names than the 2 sockets passed", [good, good], names="http")
        check_lent_refused("TLS needs a certificate, and this program has none", [good, good], names="http:https")


@test
def systemds_own_tool_starts_a_program_at_its_first_connection():
    tool = shutil.which("systemd-socket-activate")
    if tool is None:
        raise harness.Skip("systemd-socket-activate is not installed")
    path = new_path()
    command = [tool, "-l", path, "--fdname=http", *(f"-E{name}" for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS")),
               harness.program("listening"), "--workers", "2"]
    with Crashing(command) as service:
        wait_for(lambda: os.path.exists(path), text="its socket")
        service.wait_logged("Listening on")
        get(f"unix:{path}")
        check_equal(service.urls(), [f"unix:{path}"], "listeners")


# -- https -----------------------------------------------------------------------------------------------------------

def get_tls(url, target="/"):
    """An answer over TLS, from whatever certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return get_over(context.wrap_socket(connect(url), server_hostname="localhost"), target, "localhost")


@test
def https_beside_http_survives_reload_and_new_program():
    listen = listen_file("http://127.0.0.1:0 https://127.0.0.1:0 https://[::1]:0")
    with Listening("--tls-dev", env=DEV | {"TEST_LISTEN": listen}, count=3) as service:
        urls = service.urls()
        check_equal([url.split(":")[0] for url in urls], ["http", "https", "https"], "schemes")

        def ask_all():
            get(urls[0])
            get_tls(urls[1])
            get_tls(urls[2])
        ask_all()
        before = service.worker_pids()
        service.signal(signal.SIGHUP)
        service.wait_logged('"reloaded"')
        wait_for(lambda: not set(before) & set(service.worker_pids()), text="only new workers")
        ask_all()
        check_equal(replace(service, 3), urls, "listeners")
        ask_all()


@test
def a_socket_of_systemd_of_the_name_https_serves_tls():
    with listener() as plain, listener() as tls, \
            Lent([plain, tls], "--tls-dev", names="http:https", env=DEV) as service:
        check_equal(service.urls(), [url_of(plain), url_of(tls).replace("http:", "https:")], "listeners")
        get(url_of(plain))
        get_tls(url_of(tls))


class Notices:
    """The socket that systemd would listen on for the states of a service."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name)
        self.socket.settimeout(harness.SLOWEST_S)

    def next(self):
        return self.socket.recv(4096).decode()


@test
def systemd_is_told_what_the_service_does():
    for name, address in ((path := new_path(), path), ("@" + new_path(), None)):
        notices = Notices(address or "\0" + name[1:])
        with Listening("--listen", "http://127.0.0.1:0", env={"NOTIFY_SOCKET": name}) as service:
            check_equal(notices.next(), "READY=1", "after the start")
            service.signal(signal.SIGHUP)
            check(re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", notices.next()), "a reload begins")
            check_equal(notices.next(), "READY=1", "after the reload")
            service.signal(signal.SIGUSR2)
            check(notices.next().startswith("RELOADING=1\n"), "a new program is started")
            check_equal(notices.next(), "READY=1", "the new program serves")
            service.signal(signal.SIGTERM)
            check_equal(notices.next(), "STOPPING=1", "at the end")


@test
def systemd_is_told_by_a_program_without_workers():
    path = new_path()
    notices = Notices(path)
    with Listening("--listen", "http://127.0.0.1:0", workers=0, env={"NOTIFY_SOCKET": path}):
        check_equal(notices.next(), "READY=1", "after the start")
    check_equal(notices.next(), "STOPPING=1", "at the end")


@test
def a_notify_socket_that_is_not_there_is_ignored():
    for name in ("", "relative", "/nowhere/at/all", "@", "/" + "x" * 200, new_path()):
        with Listening("--listen", "http://127.0.0.1:0", env={"NOTIFY_SOCKET": name}) as service:
            get(service.urls()[0])


if __name__ == "__main__":
    sys.exit(harness.main())
