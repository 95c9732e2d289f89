#!/usr/bin/env python3
"""Redis: replies, and servers that are away, slow, restarted, hostile or in another place than they were. Each command
has an end in time, and an error that names the server and the cause."""

import concurrent.futures
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import harness
import redis
from harness import Client, Server, check, check_equal, wait_for

OK, WRONG, REFUSED, AWAY, BUSY, TIMEOUT, BROKEN, TOO_LARGE, NO_MEMORY = range(9)

_shared = []


def store():
    """One server of Redis for the tests that leave it as it is."""
    if not redis.is_installed():
        raise harness.Skip("no redis-server and redis-cli on this machine")
    if not _shared:
        _shared.append(redis.Server())
    return _shared[0]


def app(url, *flags, workers=1, **env):
    return Server(*flags, name="redis", workers=workers, env={"TERN_REDIS_URL": url, **env})


class Value:
    def __init__(self, found):
        self.kind, self.fault, self.integer = found["kind"], found["fault"], found["integer"]
        self.text, self.length, self.count = bytes.fromhex(found["hex"]), found["length"], found["count"]
        self.items = [Value(each) for each in found["items"]]


def ask(server, path, **query):
    reply = server.get(path + "?" + urllib.parse.urlencode(query, doseq=True))
    check_equal(reply.status, 200, f"status of {path}: {reply.text}")
    return Value(json.loads(reply.body))


def run(server, *words):
    return ask(server, "/try", word=words)


class Fake:
    """A server whose connections are given to `serve(connection)`, each on a thread."""

    def __init__(self, serve, tls=None):
        self.serve, self.tls = serve, tls
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        try:
            self.serve(connection)
        except (OSError, ValueError):
            pass

    def url(self, user=""):
        return f"redis://{user}127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for each in self._open:
            each.close()


def commands_of(connection):
    """Each command that arrives, as a list of bytes."""
    file = connection.makefile("rb")
    while line := file.readline():
        words = []
        for _ in range(int(line[1:])):
            length = int(file.readline()[1:])
            words.append(file.read(length + 2)[:-2])
        yield words


def replying(answer):
    """Serves the greeting, and `answer` to everything else."""
    def serve(connection):
        for words in commands_of(connection):
            connection.sendall(b"+OK\r\n" if words[0] in (b"CLIENT", b"SELECT", b"AUTH") else answer)
    return serve


# -- replies ---------------------------------------------------------------------------------------------------------

@harness.test
def redis_replies_of_each_kind_are_read():
    with app(store().url(path="/1")) as server:
        check_equal(run(server, "SET", "text", "a b").kind, "status")
        check_equal(run(server, "GET", "text").text, b"a b")
        check_equal(run(server, "GET", "nothing").kind, "nil")
        check_equal(run(server, "INCRBY", "number", "-7").integer, -7)
        run(server, "HSET", "hash", "one", "1", "two", "2")
        check_equal([each.text for each in run(server, "HGETALL", "hash").items], [b"one", b"1", b"two", b"2"])
        nested = run(server, "EVAL", "return {1, {2, {3, {}}}, false, 'x'}", "0")
        check_equal([each.kind for each in nested.items], ["integer", "array", "nil", "string"])
        check_equal(nested.items[1].items[1].items[1].count, 0)
        error = run(server, "LPUSH", "text", "x")
        check_equal((error.kind, error.fault), ("error", REFUSED))
        check(error.text.startswith(b"WRONGTYPE"), error.text)


@harness.test
def redis_values_are_one_argument_whatever_bytes_they_have():
    with app(store().url()) as server:
        first, second, numbers, _ = ask(server, "/bytes").items
        check_equal(first.text, b"a\0b\r\n")
        check_equal(second.text, b"x\0y")
        check_equal([each.text for each in numbers.items], [b"-1", b"1099511627776", b"7", b"0.25", b"a b\r\nSET z 1"])
        check_equal(run(server, "EXISTS", "z").integer, 0)


@harness.test
def redis_values_that_do_not_fit_their_format_are_never_sent():
    with app(store().url()) as server:
        texts = [ask(server, "/wrong", times=times) for times in range(1, 6)]
        check_equal([each.fault for each in texts], [WRONG] * 5)
        for each, want in zip(texts, [b"write %d", b"more values than are given", b"is NULL", b"more values are given",
                                      b"SUBSCRIBE is not taken"]):
            check(want in each.text, each.text)
        check_equal(server.get("/wrong?times=6").status, 500)
        for words in (["MULTI"], ["select", "1"], ["BLPOP", "a", "0"], ["XREAD", "BLOCK", "0", "STREAMS", "a", "0"],
                      ["CLIENT", "REPLY", "OFF"], ["AUTH", "secret"]):
            error = run(server, *words)
            check_equal(error.fault, WRONG, str(words))
            check(b"secret" not in error.text, error.text)


@harness.test
def redis_errors_end_the_handler_unless_they_are_asked_for():
    with app(store().url(path="/1")) as server:
        run(server, "SET", "plain", "x")
        reply = server.get("/must?word=LPUSH&word=plain&word=1")
        check_equal(reply.status, 500)
        check("WRONGTYPE" not in reply.text, reply.text)
        server.wait_logged("GET /must: redis: LPUSH: WRONGTYPE")
        check_equal(server.get("/mixed?key=mixed").status, 500)


@harness.test
def redis_commands_of_many_coroutines_share_few_connections():
    with app(store().url(path="/2"), REDIS_CONNECTIONS="2") as server:
        store().cli("-n", "2", "DEL", "many")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda _: server.get("/many?key=many&times=40").status, range(24)))
        check_equal(replies, [200] * 24)
        check_equal(store().cli("-n", "2", "GET", "many"), str(24 * 40))
        clients = [line for line in store().cli("CLIENT", "LIST").split("\n") if "db=2" in line]
        check(1 <= len(clients) <= 2 and all("name=test" in line for line in clients), str(clients))


@harness.test
def redis_pipelines_and_transactions_reply_in_order():
    with app(store().url(path="/3")) as server:
        store().cli("-n", "3", "FLUSHDB")
        found = ask(server, "/pipeline", key="p", times=25)
        check_equal([each.integer for each in found.items], [1] * 10 + [2] * 10 + [3] * 5)
        found = ask(server, "/exec", key="t")
        check_equal([each.kind for each in found.items], ["integer", "error", "integer"])
        check_equal(found.items[2].integer, 2)


@harness.test
def redis_scripts_are_sent_once_and_again_when_the_server_forgot_them():
    store()
    with redis.Server() as place, app(place.url()) as server:  # its own, for the statistics
        for total in (4, 8, 12):
            check_equal(ask(server, "/script", key="s", times=4).items[1].integer, total)
        stats = place.cli("INFO", "commandstats")
        check("cmdstat_eval:calls=1," in stats and "cmdstat_evalsha:calls=3," in stats, stats)
        place.cli("SCRIPT", "FLUSH")
        check_equal(ask(server, "/script", key="s", times=4).items[1].integer, 16)


@harness.test
def redis_replies_past_the_limits_are_errors_and_the_next_command_works():
    with app(store().url(path="/4"), REDIS_MAX_REPLY=str(3 * 1024 * 1024)) as server:
        store().cli("-n", "4", "SETRANGE", "large", "2500000", "x")
        store().cli("-n", "4", "SETRANGE", "huge", "5000000", "x")
        check_equal(run(server, "GET", "large").length, 2500001)
        check_equal(run(server, "GET", "huge").fault, TOO_LARGE)
        check_equal(run(server, "GET", "nothing").kind, "nil")
        deep = "return " + "{" * 20 + "}" * 20
        error = run(server, "EVAL", deep, "0")
        check_equal(error.fault, BROKEN)
        check(b"nested too deeply" in error.text, error.text)
        check_equal(run(server, "PING").kind, "status")


# -- servers that go away --------------------------------------------------------------------------------------------

@harness.test
def redis_that_restarts_is_used_again_at_once():
    store()
    with redis.Server() as place, app(place.url()) as server:
        check_equal(run(server, "INCR", "a").integer, 1)
        place.kill()
        for _ in range(3):
            error = run(server, "INCR", "a")
            check_equal(error.fault, AWAY)
            check(f"127.0.0.1:{place.port}: Connection refused".encode() in error.text, error.text)
        check_equal(server.get("/increment").status, 503)
        check_equal(server.get("/readyz").status, 503)
        place.start()
        wait_for(lambda: run(server, "INCR", "a").kind == "integer", text="Redis is used again")
        check_equal(server.get("/readyz").status, 200)
        check_equal(server.count_logged("no connection to Redis"), 1)
        server.wait_logged("connected to Redis at")


@harness.test
def redis_that_is_paused_ends_commands_in_time():
    store()
    with redis.Server() as place, app(place.url(), REDIS_TIMEOUT="1100", REDIS_CONNECT_TIMEOUT="300") as server:
        check_equal(run(server, "INCR", "a").integer, 1)
        place.pause()
        begin = time.monotonic()
        check_equal(run(server, "INCR", "a").fault, TIMEOUT)
        check(1 < time.monotonic() - begin < 5, "the command ended by its time limit")
        begin = time.monotonic()
        error = run(server, "INCR", "a")  # a new connection, which is not greeted
        check(error.fault in (AWAY, TIMEOUT) and time.monotonic() - begin < 5, error.text)
        place.resume()
        wait_for(lambda: run(server, "INCR", "a").kind == "integer", text="Redis is used again")


@harness.test
def redis_keeps_replies_in_step_when_a_client_leaves():
    store()
    with redis.Server() as place, app(place.url(), REDIS_CONNECTIONS="1") as server:
        place.cli("SET", "a", "1")
        run(server, "PING")
        for number in range(20):
            place.pause()
            client = Client(server)
            client.send(f"GET /try?word=ECHO&word=lost{number} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            client.wait_taken()
            client.reset()
            place.resume()
            check_equal(run(server, "ECHO", str(number)).text, str(number).encode())


@harness.test
def redis_with_too_many_commands_in_flight_refuses_more():
    store()
    with redis.Server() as place, app(place.url(), REDIS_QUEUE="10", REDIS_TIMEOUT="3000") as server:
        run(server, "PING")
        found = ask(server, "/pipeline", key="q", times=30)
        check_equal(found.fault, BUSY)
        check(b".queue" in found.text, found.text)
        check_equal(ask(server, "/pipeline", key="q", times=10).kind, "array")


# -- passwords, TLS, URLs --------------------------------------------------------------------------------------------

@harness.test
def redis_passwords_are_never_told():
    store()
    with redis.Server("requirepass s3cret") as place:
        place.cli_options = ["-a", "s3cret", "--no-auth-warning"]
        place.cli("ACL", "SETUSER", "ann", "on", ">p@ss/1", "~*", "+@all")
        for user, works in ((":s3cret@", True), ("ann:p%40ss%2F1@", True), ("", False), (":wr0ng@", False),
                            ("bob:wr0ng@", False)):
            with app(place.url(user)) as server:
                found = run(server, "PING")
                check_equal(found.kind, "status" if works else "error", user)
                check(works or b"NOAUTH" in found.text or b"WRONGPASS" in found.text, found.text)
                check("wr0ng" not in "".join(server.lines) + found.text.decode(), "the password is told")

    def repeat(connection):  # what does not know AUTH repeats its arguments
        for words in commands_of(connection):
            connection.sendall(b"-ERR unknown command, with args beginning with: " + b" ".join(words[1:]) + b"\r\n")
    with Fake(repeat) as fake, app(fake.url(":wr0ng@")) as server:
        found = run(server, "PING")
        check_equal(found.fault, AWAY)
        check("wr0ng" not in "".join(server.lines) + found.text.decode(), "the password is told")


def certificate(folder, name, subject):
    path = os.path.join(folder, name)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", path + ".key", "-out", path + ".pem", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName={subject}"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return path


@harness.test
def redis_over_tls_is_verified():
    store()
    with tempfile.TemporaryDirectory(prefix="tern-redis-") as folder:
        good = certificate(folder, "good", "IP:127.0.0.1,DNS:localhost")
        other = certificate(folder, "other", "DNS:redis.example")
        for own, trusted, want in ((good, good, None), (other, other, b"mismatch"), (good, None, b"certificate")):
            settings = ["tls-port {}", "port 0", f"tls-cert-file {own}.pem", f"tls-key-file {own}.key",
                        f"tls-ca-cert-file {own}.pem", "tls-auth-clients no"]
            port = redis.free_port()
            place = redis.Server.__new__(redis.Server)
            place.port, place.folder, place.mode, place.process = port, tempfile.mkdtemp(prefix="tern-redis-"), [], None
            place.settings = [settings[0].format(port), *settings[1:]]
            place.cli_options = ["--tls", "--insecure"]
            place.start()
            with place, app(place.url(scheme="rediss"), **({"REDIS_CA": trusted + ".pem"} if trusted else {})) as server:
                found = run(server, "PING")
                check_equal(found.kind, "error" if want else "status", str(found.text))
                check(want is None or want in found.text, found.text)
                if want is None:
                    run(server, "SET", "a", "x" * 6000)
                    check_equal(run(server, "GET", "a").length, 6000)
                    check_equal(server.get("/many?times=100&key=tls").body, b"100")


@harness.test
def redis_that_does_not_speak_tls_is_an_error():
    with app(store().url(scheme="rediss"), REDIS_CONNECT_TIMEOUT="500") as server:
        check_equal(run(server, "PING").fault, AWAY)
        check_equal(run(server, "PING").fault, AWAY)


@harness.test
def redis_is_reached_by_a_socket_file():
    store()
    with tempfile.TemporaryDirectory(prefix="tern-redis-") as folder:
        path = os.path.join(folder, "redis.sock")
        with redis.Server(f"unixsocket {path}"), app(f"unix:{path}?db=2") as server:
            check_equal(run(server, "PING").kind, "status")
            check(b" db=2 " in run(server, "CLIENT", "LIST").text.replace(b"\n", b" "), "the database")


@harness.test
def redis_urls_that_are_wrong_are_refused_at_start_without_the_password():
    for url, want in (("redis://:s3cret@host:70000", "port"), ("http://:s3cret@host", "begin with redis://"),
                      ("redis://:s3cret@host/x", "database"), ("redis://:s3c%zzret@host", "%25"),
                      ("redis://a,b", "several hosts"), ("redis+sentinel://a", "name of a master")):
        server = Server(name="redis", wait=False, env={"TERN_REDIS_URL": url})
        check_equal(server.wait(), 1, "exit code")
        check(server.logged(want) is not None, f"{url}: {server.lines}")
        check("s3c" not in "".join(server.lines), str(server.lines))


# -- servers that misbehave ------------------------------------------------------------------------------------------

@harness.test
def redis_servers_that_lie_cost_one_error():
    cases = {b"$99999999999\r\n": (TOO_LARGE,), b"$1000001\r\nabc": (TOO_LARGE,), b"*2147483647\r\n": (TOO_LARGE, BROKEN),
             b"*-5\r\n": (BROKEN,), b"HTTP/1.1 400 Bad Request\r\n\r\n": (BROKEN,), b":12x\r\n": (BROKEN,),
             b"+OK\r\n+again\r\n": (OK, BROKEN), b"$5\r\nabcdefgh\r\n": (OK, BROKEN), b"\0" * 100: (BROKEN,),
             b"+" + b"x" * 200_000: (BROKEN,), b"$" + b"1" * 100_000: (BROKEN, TOO_LARGE)}
    for answer, faults in cases.items():
        with Fake(replying(answer)) as fake, app(fake.url(), REDIS_MAX_REPLY="1000000", REDIS_TIMEOUT="1500") as server:
            found = run(server, "GET", "a")
            check(found.fault in faults, f"{answer[:30]}: {found.fault} {found.text[:100]}")
            check_equal(server.get("/healthz").status, 200)


@harness.test
def redis_servers_that_are_slow_or_silent_end_in_time():
    def drip(connection):
        for words in commands_of(connection):
            for byte in b"+OK\r\n":
                connection.sendall(bytes([byte]))
                time.sleep(0.002)

    def silent(connection):
        for words in commands_of(connection):
            if words[0] == b"CLIENT":
                connection.sendall(b"+OK\r\n")

    def close(connection):
        for words in commands_of(connection):
            if words[0] != b"CLIENT":
                connection.close()
                return
            connection.sendall(b"+OK\r\n")
    with Fake(drip) as fake, app(fake.url()) as server:
        check_equal(run(server, "PING").text, b"OK")
    with Fake(silent) as fake, app(fake.url(), REDIS_TIMEOUT="400") as server:
        begin = time.monotonic()
        check_equal(run(server, "PING").fault, TIMEOUT)
        check(time.monotonic() - begin < 4, "in time")
    with Fake(close) as fake, app(fake.url()) as server:
        check_equal(run(server, "PING").fault, AWAY)


@harness.test
def redis_servers_that_take_no_connection_say_why():
    def full(connection):
        connection.sendall(b"-ERR max number of clients reached\r\n")
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1000)
        connection.close()
    for user in ("", ":secret@"):
        with Fake(full) as fake, app(fake.url(user)) as server:
            found = run(server, "PING")
            check_equal(found.fault, AWAY)
            check(b"max number of clients" in found.text or b"closed the connection" in found.text or b"reset" in found.text, found.text)
            server.wait_logged("no connection to Redis")


# -- sentinels and clusters ------------------------------------------------------------------------------------------

@harness.test
def redis_sentinels_name_the_new_master():
    store()
    with redis.Sentinels() as place, app(place.url()) as server:
        check_equal(run(server, "SET", "a", "1").kind, "status")
        wait_for(lambda: place.replica.cli("GET", "a") == "1", text="the replica has it")
        place.sentinels[0].kill()  # and one of those that could be asked
        place.master.kill()
        wait_for(lambda: run(server, "INCR", "a").integer == 2, 30, "the new master is used")
        check_equal(place.replica.cli("GET", "a"), "2")
    with redis.Server(f"replicaof 127.0.0.1 {store().port}") as replica, app(replica.url()) as server:
        check_equal(run(server, "SET", "a", "1").fault, BUSY)


def slot_of(node, key):
    return int(node.cli("CLUSTER", "KEYSLOT", key))


def move_slot(place, source, target, slot):
    ids = {node: node.cli("CLUSTER", "MYID") for node in place.nodes}
    target.cli("CLUSTER", "SETSLOT", str(slot), "IMPORTING", ids[source])
    source.cli("CLUSTER", "SETSLOT", str(slot), "MIGRATING", ids[target])
    yield "migrating"
    for key in source.cli("CLUSTER", "GETKEYSINSLOT", str(slot), "100").split():
        source.cli("MIGRATE", "127.0.0.1", str(target.port), key, "0", "5000")
    yield "moved"
    for node in (target, source, *place.nodes):
        node.cli("CLUSTER", "SETSLOT", str(slot), "NODE", ids[target])
    yield "done"


@harness.test
def redis_clusters_are_followed_while_a_slot_moves():
    store()
    with redis.Cluster() as place, app(place.url()) as server:
        for number in range(60):
            check_equal(run(server, "SET", f"key{number}", str(number)).kind, "status", f"key{number}")
        check(all(int(node.cli("DBSIZE")) > 0 for node in place.nodes), "keys are on all nodes")
        check_equal(ask(server, "/pipeline", key="p", times=20).count, 20)
        check_equal([each.kind for each in ask(server, "/exec", key="t").items], ["integer", "error", "integer"])
        check_equal(ask(server, "/script", key="s", times=4).items[1].integer, 4)
        check(b"CROSSSLOT" in run(server, "MGET", "key1", "key2").text, "keys of two slots")
        check_equal(run(server, "MGET", "{tag}1", "{tag}2").count, 2)
        slot = slot_of(place.nodes[0], "{tag}1")
        source = place.node_of(slot)
        target = next(node for node in place.nodes if node is not source)
        run(server, "SET", "{tag}1", "1")
        for _ in move_slot(place, source, target, slot):
            check_equal(run(server, "INCR", "{tag}1").kind, "integer")
            check_equal(run(server, "INCR", "{tag}new").kind, "integer")  # ASK, while it is migrating
        check_equal(run(server, "GET", "{tag}1").text, b"4")
        check_equal(ask(server, "/exec", key="tag").items[2].integer, 2)
        for node in place.nodes:  # which then tell no addresses
            node.cli("CONFIG", "SET", "cluster-preferred-endpoint-type", "unknown-endpoint")
        with app(place.url()) as another:
            for number in range(20):
                check_equal(run(another, "INCR", f"key{number}").integer, number + 1)
        place.nodes[0].kill()  # one of those to ask
        found = wait_for(lambda: (each := run(server, "SET", "x", "1")).fault and each, text="a cluster that is down")
        check(found.fault in (AWAY, BUSY), found.text)


@harness.test
def redis_masters_that_become_replicas_are_left():
    """The sentinels say so before the connection breaks, or it never does."""
    store()
    masters = [redis.Server(), redis.Server()]

    def tell(connection):
        for words in commands_of(connection):
            port = str(masters[0].port).encode()
            connection.sendall(b"*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%s\r\n" % (len(port), port)
                               if words[0] == b"SENTINEL" else b"+OK\r\n")
    with masters[0], masters[1], Fake(tell) as sentinel, \
            app(f"redis+sentinel://127.0.0.1:{sentinel.port}/any") as server:
        check_equal(run(server, "SET", "a", "1").kind, "status")
        old = masters[0]
        masters.reverse()
        old.cli("REPLICAOF", "127.0.0.1", str(masters[0].port))
        wait_for(lambda: run(server, "SET", "a", "2").kind == "status", text="the new master is used")
        check_equal(masters[0].cli("GET", "a"), "2")


def main():
    code = harness.main(at_once=6, programs=("redis",))
    for each in _shared:
        each.stop()
    return code


if __name__ == "__main__":
    sys.exit(main())
