"""The benchmark harness: how it handles faulty peers, names, ports and tools."""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "bench"))
import cases  # noqa: E402
import contract  # noqa: E402
import database  # noqa: E402
import goals  # noqa: E402
import h2  # noqa: E402
import load  # noqa: E402
import machine  # noqa: E402
import measure  # noqa: E402
import overview  # noqa: E402
import pictures  # noqa: E402
import plan  # noqa: E402
import report  # noqa: E402
import results  # noqa: E402
import wire  # noqa: E402

TESTS = []


class Skip(Exception):
    """A tool is missing on this machine."""


def test(function):
    TESTS.append(function)
    return function


def peer(folder, name, kind="good", tests='["json"]', more=""):
    """A folder with a fake peer of this kind."""
    os.makedirs(os.path.join(folder, name))
    with open(os.path.join(folder, name, "peer.toml"), "w", encoding="utf-8") as file:
        file.write(f'title = "{name}"\nlanguage = "Python"\ntests = {tests}\n'
                   f'start = "{sys.executable} {os.path.join(HERE, "fake_peer.py")} {kind}"\n{more}\n')


def bench(folder, *words):
    """Runs the harness on the peers of a folder; returns its exit code, standard output and standard error."""
    done = subprocess.run([sys.executable, os.path.join(ROOT, "bench/run.py"), "--peers", folder, *words], cwd=ROOT,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False, timeout=120)
    return done.returncode, done.stdout, done.stderr


def is_one_line(text, *parts):
    return text.count("\n") == 1 and all(part in text for part in parts)


@test
def a_peer_that_keeps_the_contract_passes(folder):
    peer(folder, "good", tests='["json", "plaintext"]')
    code, out, err = bench(folder, "--check")
    assert (code, err) == (0, "") and "good keeps the contract of json, plaintext" in out


@test
def a_chunked_reply_is_as_good_as_one_with_a_length(folder):
    peer(folder, "chunked", "chunked")
    assert bench(folder, "--check")[0] == 0


@test
def an_unknown_peer_is_reported_in_one_line_and_the_rest_continues(folder):
    peer(folder, "good")
    code, out, err = bench(folder, "--check", "--only", "nobody,good")
    assert code == 1 and is_one_line(err, "no peer named 'nobody'", "there are: good")
    assert "good keeps the contract of json" in out


@test
def an_unknown_test_is_reported_in_one_line_and_the_rest_continues(folder):
    peer(folder, "good")
    code, out, err = bench(folder, "--check", "--tests", "nothing,json")
    assert code == 1 and is_one_line(err, "no test named 'nothing'", "json, plaintext")
    assert "good keeps the contract of json" in out


@test
def a_busy_port_is_reported_in_one_line_and_the_rest_continues(folder):
    peer(folder, "good")
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        code, out, err = bench(folder, "--check", "--port", str(port))
    assert code == 1 and is_one_line(err, f"port {port} is busy")
    assert "good keeps the contract of json" in out


@test
def a_missing_tool_skips_the_peer_and_says_what_to_install(folder):
    peer(folder, "good")
    peer(folder, "lacking", more='needs = ["no-such-tool"]\ninstall = "apt-get install such-a-tool"')
    code, out, err = bench(folder, "--check")
    assert code == 3 and is_one_line(err, "skipped lacking", "no no-such-tool", "apt-get install such-a-tool")
    assert "good keeps the contract of json" in out


@test
def a_peer_that_does_not_build_is_reported_in_one_line_with_its_error(folder):
    peer(folder, "good")
    peer(folder, "unbuilt", more='build = ["echo fine", "echo main.c:1: error: no such thing; echo more; exit 3"]')
    code, out, err = bench(folder, "--check")
    assert code == 1 and is_one_line(err, "unbuilt: the build failed (exit 3): main.c:1: error: no such thing")
    assert "good keeps the contract of json" in out


@test
def a_peer_that_ends_at_its_start_is_reported_with_its_last_output(folder):
    peer(folder, "dead", "dies")
    code, _, err = bench(folder, "--check")
    assert code == 1 and is_one_line(err, "dead ended at once (exit 1): fake: I will not")


@test
def a_peer_toml_with_an_unknown_key_is_refused_in_one_line(folder):
    peer(folder, "good")
    peer(folder, "odd", more='tset = ["json"]')
    code, out, err = bench(folder, "--check")
    assert code == 1 and is_one_line(err, "odd: peer.toml: tset is unknown")
    assert "good keeps the contract of json" in out


@test
def a_peer_toml_with_an_unknown_test_is_refused_in_one_line(folder):
    peer(folder, "odd", tests='["jsno"]')
    code, _, err = bench(folder, "--check")
    assert code == 1 and is_one_line(err, "odd: peer.toml: tests has 'jsno'")


@test
def unknown_flags_and_bad_numbers_end_with_one_line_and_2(folder):
    for words in (["--nonsense"], ["--rounds", "0"], ["--connections", "64,x"], ["--modes", "both"]):
        code, out, err = bench(folder, *words)
        assert (code, out) == (2, "") and is_one_line(err, "--help"), words


def breaks(kind, what, tests='["json"]'):
    """Makes a test that a peer of this kind is refused with this reason."""
    def function(folder):
        peer(folder, "bad", kind, tests)
        peer(folder, "good", tests=tests)
        code, out, err = bench(folder, "--check")
        assert code == 1 and is_one_line(err, "bad: ", what), err
        assert "good keeps the contract" in out and "bad keeps" not in out
    function.__name__ = f"the_contract_is_broken_by_{kind.replace('-', '_')}_{tests[2:6]}"
    TESTS.append(function)


breaks("text", "Content-Type is 'text/plain', not application/json")
breaks("other", 'not {"message": "Hello, World!"}')
breaks("twice", "a key stands twice")
breaks("status", "status 404, not 200")
breaks("no-server", "no Server header")
breaks("no-date", "no Date header")
breaks("old-date", "off")
breaks("closes", "closed without an answer")
breaks("closes", "reply 1 of 16 pipelined", '["plaintext"]')
breaks("long", "1 bytes after the reply")


@test
def a_peer_that_speaks_tls_keeps_the_contract_with_tickets(folder):
    peer(folder, "good", tests='["json", "tls"]')
    code, out, err = bench(folder, "--check", "--tests", "json,tls-json,tls-full,tls-resumed")
    assert (code, err) == (0, ""), err
    assert "good keeps the contract of json, tls-json, tls-full, tls-resumed" in out


def breaks_tls(kind, what, test_name="tls-json", group="tls", more=""):
    def function(folder):
        peers = os.path.join(folder, "peers")
        peer(peers, "good")
        peer(peers, "bad", f"{kind} {more.format(folder=folder)}", tests=f'["{group}"]')
        if more:
            machine.make_certificate(os.path.join(folder, "other.pem"), os.path.join(folder, "key.pem"))
        code, out, err = bench(peers, "--check", "--tests", f"json,{test_name}")
        assert code == 1 and is_one_line(err, f"bad: {test_name}: ", what), err
        assert "good keeps the contract of json" in out and "bad keeps" not in out
    function.__name__ = f"the_contract_of_{test_name}_is_broken_by_{kind}".replace("-", "_").replace(".", "_")
    TESTS.append(function)


breaks_tls("clear", "no handshake of TLS 1.3: WRONG_VERSION_NUMBER")
breaks_tls("tls-1.2", "no handshake of TLS 1.3: TLSV1_ALERT_PROTOCOL_VERSION")
breaks_tls("other-certificate", "the certificate is another than the one given", more="{folder}/other.pem {folder}/key.pem")
breaks_tls("text", "Content-Type is 'text/plain', not application/json")
breaks_tls("no-tickets", "no ticket came with the reply", "tls-resumed")
breaks_tls("good", "HTTP/2 is not spoken", "h2-clear", "h2")
breaks_tls("good", "HTTP/2 is not spoken: ALPN did not choose h2", "h2-tls", "h2")
breaks_tls("clear", "no handshake of TLS 1.3", "h2-tls", "h2")


@test
def a_server_that_does_not_answer_a_handshake_speaks_another_protocol(_folder):
    ours, theirs = socket.socketpair()
    ours.settimeout(0.05)
    try:
        wire.secured(ours, wire.tls_context())
    except wire.WrongProtocol as reason:
        assert "no answer in time" in str(reason)
    else:
        raise AssertionError("it was taken")
    finally:
        theirs.close()


@test
def a_reply_of_http2_is_read_as_curl_prints_it(_folder):
    reply = h2.parsed(b"HTTP/2 200 \r\nserver: a: b\r\ncontent-type: application/json\r\n\r\n{}\r\n\r\n")
    assert (reply.status, reply.one("server"), reply.body) == (200, "a: b", b"{}\r\n\r\n")
    try:
        h2.parsed(b"HTTP/1.1 200 OK\r\n\r\n")
    except wire.Broken as reason:
        assert "not HTTP/2's" in str(reason)
    else:
        raise AssertionError("HTTP/1.1 was taken")


H2LOAD = """Application protocol: {protocol}
finished in 3.01s, 26680.00 req/s, 1.43MB/s
requests: 53360 total, 53360 started, 53360 done, {good} succeeded, {bad} failed, 3 errored, 2 timeout
status codes: {good} 2xx, 0 3xx, {bad} 4xx, 0 5xx
                     min         max         mean         sd        +/- sd
time for request:      292us     80.34ms     1.25s     13.49ms    68.17%
"""


@test
def the_report_of_h2load_is_read_without_its_time_of_warming_up(_folder):
    found = load.read_h2load(H2LOAD.format(protocol="h2c", good=53350, bad=10), cases.find("h2-clear"))
    assert found == {"requests": 53360, "duration_us": 2000000, "avg_us": 1250000.0, "max_us": 80340, "socket_errors": 3,
                     "status_errors": 10, "timeouts": 2}, found
    assert load.read_h2load("it broke", cases.find("h2-clear")) is None


@test
def h2load_that_fell_back_to_http1_is_refused(_folder):
    try:
        load.read_h2load(H2LOAD.format(protocol="http/1.1", good=1, bad=0), cases.find("h2-tls"))
    except load.Failed as reason:
        assert "answered in http/1.1, not in h2" in str(reason)
    else:
        raise AssertionError("it was taken")


@test
def tests_with_their_own_connections_ignore_those_of_the_command_line(_folder):
    args = argparse.Namespace(rounds=2, connections=[64, 256, 1000], steady=True)
    assert plan.steps(cases.find("h2-clear"), ["a", "b"], args, {"apart": None}) == 4
    assert plan.steps(cases.find("tls-json"), ["a"], args, {"apart": None}) == 7  # no rates, but idle connections


@test
def pictures_and_pages_do_without_figures_that_a_load_generator_lacks(_folder):
    run = run_of("nghttpd", 1, connections=100)
    del run["p50_us"], run["p99_us"]
    figures = figures_of([run], "h2-clear")
    assert set(pictures.of(figures)) == {"throughput", "memory"}
    assert "h2-clear-latency" not in overview.markdown({"h2-clear": figures})
    assert "| Nghttpd | 1,000 | 1.00 |" in report.markdown(figures)


@test
def a_short_reply_is_seen(_folder):
    ours, theirs = socket.socketpair()
    client = wire.Client.__new__(wire.Client)
    client.socket, client.buffer = ours, b""
    theirs.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour")
    theirs.close()
    try:
        client.read()
    except wire.Broken as reason:
        assert "cut short" in str(reason)
    else:
        raise AssertionError("it was taken")
    finally:
        ours.close()


@test
def framing_that_can_be_read_in_two_ways_is_refused(_folder):
    heads = [b"Content-Length: 2\r\nContent-Length: 2\r\n", b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
             b"Content-Length: +2\r\n", b"Content-Length : 2\r\n", b"", b"Transfer-Encoding: gzip, chunked\r\n"]
    for head in heads:
        ours, theirs = socket.socketpair()
        client = wire.Client.__new__(wire.Client)
        client.socket, client.buffer = ours, b""
        theirs.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\nhi")
        try:
            client.read()
        except wire.Broken:
            pass
        else:
            raise AssertionError(head)
        finally:
            ours.close()
            theirs.close()


@test
def each_broken_order_breaks_one_rule(_folder):
    orders = dict(contract.broken_orders())
    assert len(orders) >= 12 and all(order != cases.ORDER for order in orders.values())
    assert contract.totals(cases.ORDER) == {"customer": "Ada Lovelace", "lines": 3, "units": 9, "total_cents": 12348}


@test
def one_and_true_and_one_point_zero_are_three_values(_folder):
    assert contract.is_same({"a": [1, "x", None]}, {"a": [1, "x", None]})
    assert not contract.is_same({"a": 1}, {"a": True}) and not contract.is_same(1, 1.0)
    assert not contract.is_same([1], [1, 2]) and not contract.is_same({"a": 1}, {"b": 1})


@test
def the_name_of_a_group_stands_for_a_test_on_each_database(_folder):
    chosen, unknown = cases.choose(["db", "updates-sqlite"])
    assert [case.name for case in chosen] == ["db-postgres", "db-sqlite", "updates-sqlite"] and unknown == []


@test
def rates_are_rounded_down_to_two_digits(_folder):
    assert [plan.rounded(rate) for rate in (0.4, 9, 99.9, 101, 12345.6)] == [1, 9, 99, 100, 12000]


def check_database(kind):
    opened = kind()
    try:
        world, fortunes = opened.world(), opened.fortunes()
    finally:
        opened.close()
    assert len(world) == 10000 and set(world) == set(range(1, 10001))
    assert all(1 <= number <= 10000 for number in world.values())
    assert [key for key, _ in fortunes] == list(range(1, 13))
    texts = [text for _, text in fortunes]
    assert any("<script>" in text for text in texts) and "フレームワークのベンチマーク" in texts
    assert not os.path.exists(opened.folder)


@test
def the_sqlite_database_is_made_filled_and_removed(_folder):
    check_database(database.Sqlite)


@test
def the_postgres_database_is_made_filled_and_removed(_folder):
    try:
        database.Postgres.find()
    except database.Failed as reason:
        raise Skip(str(reason)) from None
    check_database(database.Postgres)


def run_of(name, number, **figures):
    run = {"peer": name, "mode": "shared", "connections": 1000, "depth": 1, "round": number, "requests": 1000,
           "requests_per_second": 1000.0, "avg_us": 10.0, "p50_us": 9, "p99_us": 50, "max_us": 99, "socket_errors": 0,
           "timeouts": 0, "cpu_us_per_request": 10.0, "pss_load_kib": 2048, "pss_idle_kib": 1024, "start_ms": 5.0,
           "load_was_slower": False}
    return {**run, **figures}


def figures_of(runs, test_name="json"):
    names = dict.fromkeys(run["peer"] for run in runs)
    peers = {name: {"title": name.title(), "language": "C", "is_yardstick": name == "floor", "state": "measured",
                    "version": "1.0", "ships_bytes": 2048} for name in names}
    peers["late"] = {"title": "Late", "language": "C", "is_yardstick": False, "state": "not yet"}
    return results.Figures({
        "test": test_name, "title": "a title", "request": "GET /", "modes": {"shared": "all share both cores"},
        "machine": {"processor": "a processor", "cores": 2, "memory_gib": 4.0, "kernel": "6.1", "compiler": "gcc",
                    "wrk": "wrk", "commit": "abc", "date": "2026-01-01", "is_virtual": False},
        "settings": {"duration_s": 1, "rounds": 3, "connections": [1000], "busy_before": 0.01}, "peers": peers, "runs": runs,
        "rates": [], "idle": {}, "failures": []})


@test
def the_load_was_the_bottleneck_when_its_cores_were_full_and_the_servers_were_not(_folder):
    apart, shared = {"server": [0], "load": [1]}, {"server": [0, 1], "load": [0, 1]}
    full = {"load_busy": 0.99, "server_busy": 0.7}
    assert load.was_the_load_slower(apart, full)
    assert not load.was_the_load_slower(apart, {"load_busy": 0.99, "server_busy": 0.98})
    assert not load.was_the_load_slower(apart, {"load_busy": 0.8, "server_busy": 0.7})
    assert not load.was_the_load_slower(apart, {"load_busy": None, "server_busy": None})
    assert not load.was_the_load_slower(shared, full)


@test
def tables_rank_by_the_median_and_compare_with_fiber_and_the_floor(_folder):
    runs = [run_of("fiber", n, requests_per_second=rate) for n, rate in enumerate((500.0, 100.0, 400.0), 1)]
    runs += [run_of("tern", n, requests_per_second=rate) for n, rate in enumerate((800.0, 900.0, 700.0), 1)]
    runs += [run_of("floor", 1, requests_per_second=1600.0)]
    rows = [line for line in report.markdown(figures_of(runs)).splitlines() if line.startswith("| ")]
    assert rows[1].startswith("| Floor | 1,600 | 4.00 | 1.00 |"), rows
    assert rows[2].startswith("| Tern | 800 (700 to 900) | 2.00 | 0.50 |"), rows
    assert rows[3].startswith("| Fiber | 400 (100 to 500) | 1.00 | 0.25 |"), rows


@test
def a_run_that_the_load_generator_held_back_is_marked(_folder):
    text = report.markdown(figures_of([run_of("tern", 1, load_was_slower=True), run_of("tern", 2)]))
    assert "| Tern* |" in text and "in 1 of 2 runs the load generator's cores were full" in text


@test
def tables_list_the_peers_that_are_missing(_folder):
    assert "Not yet: Late." in report.markdown(figures_of([run_of("tern", 1)]))


@test
def the_overview_has_a_column_for_each_test_and_marks_missing_results(_folder):
    tests = {"json": figures_of([run_of("tern", 1), run_of("fiber", 1, requests_per_second=400.0)]),
             "db-sqlite": figures_of([run_of("fiber", 1, requests_per_second=70.0)], "db-sqlite")}
    tests["db-sqlite"].peers["tern"] = {"title": "Tern", "language": "C", "is_yardstick": False, "state": "not yet"}
    rows = [line for line in overview.markdown(tests).splitlines() if line.startswith("| ")]
    assert rows[0] == "| peer | [json](json.md) | [db-sqlite](db-sqlite.md) |", rows
    assert rows[1] == "| Tern | 1,000 | not yet |" and rows[2] == "| Fiber | 400 | 70 |", rows


@test
def the_short_table_ranks_the_peers_at_the_busiest_load(_folder):
    rows = overview.compact({"json": figures_of([run_of("fiber", 1, requests_per_second=400.0), run_of("tern", 1)])})
    rows = [line for line in rows.splitlines() if line.startswith("| ")]
    assert rows[1] == "| **Tern** | 1,000 | 0.01 ms | 0.05 ms | 100,000 | 2.0 MiB | 5 ms | 2 KiB |  |", rows
    assert rows[2].startswith("| Fiber | 400 |")


@test
def goals_are_reached_missed_or_not_measured(_folder):
    tests = {"json": figures_of([run_of("tern", 1, cpu_us_per_request=5.0, avg_us=6.6, pss_load_kib=300),
                                 run_of("fiber", 1, cpu_us_per_request=10.0, avg_us=10.0, pss_load_kib=2048)])}
    verdicts = {(goal.test, goal.peer, goal.key): goals.verdict(goals.reached(goal, tests)) for goal in goals.GOALS}
    assert verdicts["json", "fiber", "cpu_us_per_request"] == "reached"
    assert verdicts["json", "fiber", "avg_us"] == "missed"
    assert verdicts["json", "fiber", "pss_load_kib"] == "reached"
    assert verdicts["json", "gin", "cpu_us_per_request"] == "not measured"


def database_goal(test_name, peer):
    return next(goal for goal in goals.GOALS if (goal.test, goal.peer) == (test_name, peer))


@test
def database_goals_are_set_for_both_engines_against_the_frameworks_and_the_floor(_folder):
    limits = {(goal.test, goal.peer): goal.limit for goal in goals.GOALS}
    for group in ("db", "queries", "fortunes", "updates"):
        for engine in ("postgres", "sqlite"):
            found = {peer: limits[f"{group}-{engine}", peer] for peer in ("fiber", "fastapi", "django", "floor")}
            assert found == {"fiber": 1.5, "fastapi": 8, "django": 8, "floor": 0.85}, found


@test
def a_database_goal_is_compared_at_64_and_256_connections(_folder):
    runs = [run_of("tern", 1, connections=64), run_of("tern", 1, connections=256), run_of("tern", 1),
            run_of("floor", 1, connections=64, cpu_us_per_request=9.0),
            run_of("floor", 1, connections=256, cpu_us_per_request=8.0), run_of("floor", 1, cpu_us_per_request=1.0)]
    found = goals.reached(database_goal("db-sqlite", "floor"), {"db-sqlite": figures_of(runs, "db-sqlite")})
    assert found == {("shared", 64): (0.9, True), ("shared", 256): (0.8, False)}, found
    assert goals.verdict(found) == "missed shared at 256"


@test
def the_table_of_goals_has_a_figure_for_each_number_of_connections(_folder):
    runs = [run_of("tern", 1, connections=64), run_of("fiber", 1, connections=64, cpu_us_per_request=20.0)]
    rows = goals.table({"updates-sqlite": figures_of(runs, "updates-sqlite")})
    assert "| updates-sqlite | 64, 256 | requests per second of the server's CPU | Fiber | at least 1.5 | -, - | " \
           "2.00, - | reached |" in rows, rows


@test
def pictures_are_sorted_and_know_dark_pages(_folder):
    made = pictures.of(figures_of([run_of("fiber", 1, p99_us=70), run_of("tern", 1, p99_us=7)]))
    assert set(made) == {"throughput", "latency", "memory"}
    latency = made["latency"]
    assert latency.index(">Tern<") < latency.index(">Fiber<") and "prefers-color-scheme: dark" in latency


RATE = os.path.join(ROOT, "build/release/bench/rate")


def need_load_generators(*tools):
    """Measuring needs these tools and a release build."""
    for tool in tools:
        if shutil.which(tool) is None:
            raise Skip(f"no {tool} on this machine")
    if not os.path.exists(RATE):
        raise Skip("no release build")


def rate_against(kind, *words):
    """The report of bench/rate for a fake peer of this kind."""
    need_load_generators()
    port = measure.free_port()
    with measure.Server("fake", [sys.executable, os.path.join(HERE, "fake_peer.py"), kind], port, "",
                        settings={"BENCH_PORT": str(port)}):
        done = subprocess.run([RATE, "--port", str(port), "--duration", "1", "--warm-up", "0", *words], check=True,
                              stdout=subprocess.PIPE, timeout=60)
    return json.loads(done.stdout)


@test
def rate_sends_as_many_requests_as_are_due(_folder):
    for kind in ("good", "chunked", "closes"):  # after each reply of the last kind it has to reconnect
        found = rate_against(kind, "--rate", "100", "--connections", "3")
        assert found["requests"] == 100 and found["unanswered"] == found["socket_errors"] == 0, (kind, found)
        assert found["status_errors"] == 0 < found["p50_us"] <= found["p99_us"] <= found["max_us"], (kind, found)


@test
def rate_counts_error_statuses(_folder):
    assert rate_against("status", "--rate", "50", "--connections", "2")["status_errors"] == 50


@test
def rate_charges_a_silent_server_from_when_each_request_was_due(_folder):
    found = rate_against("silent", "--rate", "10", "--connections", "1")
    # One request was sent and nine could not be; all count, the first with the whole second and the grace after it.
    assert (found["requests"], found["unanswered"]) == (0, 10)
    assert found["max_us"] >= 3_000_000 and found["p50_us"] >= 2_400_000, found


HANDSHAKES = os.path.join(ROOT, "build/release/bench/handshakes")


def handshakes_with(folder, kind, *words):
    """The report of bench/handshakes for a fake peer of this kind."""
    if not os.path.exists(HANDSHAKES):
        raise Skip("no release build with OpenSSL")
    port, names = measure.free_port(), [os.path.join(folder, name) for name in ("certificate.pem", "key.pem")]
    machine.make_certificate(*names)
    settings = {"BENCH_PORT": str(port), "BENCH_CERT": names[0], "BENCH_KEY": names[1]}
    with measure.Server("fake", [sys.executable, os.path.join(HERE, "fake_peer.py"), kind], port, "", settings=settings,
                        secure=kind != "clear"):
        done = subprocess.run([HANDSHAKES, "--port", str(port), "--duration", "1", "--connections", "2", *words], check=True,
                              stdout=subprocess.PIPE, timeout=60)
    return json.loads(done.stdout)


@test
def handshakes_counts_full_and_resumed_ones_apart(folder):
    full = handshakes_with(folder, "good")
    assert full["requests"] > 0 == full["full"] == full["status_errors"] == full["socket_errors"], full
    resumed = handshakes_with(folder, "good", "--resumed", "yes")
    assert resumed["requests"] > 0 == resumed["status_errors"] and resumed["full"] == 2, resumed


@test
def handshakes_counts_nothing_as_resumed_without_tickets(folder):
    found = handshakes_with(folder, "no-tickets", "--resumed", "yes")
    assert found["requests"] == 0 < found["full"], found


@test
def handshakes_counts_what_is_not_tls_as_errors(folder):
    found = handshakes_with(folder, "clear")
    assert found["requests"] == 0 < found["status_errors"], found


@test
def a_peer_that_dies_under_load_is_reported_with_its_last_output(folder):
    need_load_generators("wrk", "strip", "taskset")
    peer(folder, "frail", "crashes")
    code, _, err = bench(folder, "--quick", "--tests", "json", "--no-rates", "--modes", "shared")
    assert code == 1, err
    assert "json: frail: shared, 64 connections: ended under load (exit 3): fake: that was one too many" in err, err


@test
def a_short_measurement_writes_results_that_can_be_read_again(folder):
    need_load_generators("wrk", "strip", "taskset")
    peers, out = os.path.join(folder, "peers"), os.path.join(folder, "results")
    peer(peers, "good", tests='["json", "plaintext"]')
    peer(peers, "bad", "text")
    code, _, err = bench(peers, "--tests", "json,params", "--rounds", "1", "--duration", "1", "--connections", "8",
                         "--results", out, "--only", "good,bad")
    assert code == 1 and "bad: json: " in err, err
    with open(os.path.join(out, "json.json"), encoding="utf-8") as file:
        found = json.load(file)
    assert found["peers"]["bad"]["state"] == "breaks the contract"
    assert found["peers"]["good"]["state"] == "measured"
    assert {run["peer"] for run in found["runs"]} == {"good"} and found["runs"][0]["requests"] > 0
    assert {run["kind"] for run in found["rates"]} == {"own", "common"}
    assert sorted(os.listdir(out)) == ["README.md", "json-latency.svg", "json-memory.svg", "json-throughput.svg",
                                       "json.json", "json.md", "params.json", "params.md"]


def main():
    failed = 0
    for number, check in enumerate(TESTS, 1):
        folder = tempfile.mkdtemp(prefix="tern-bench-test-")
        try:
            check(folder)
            print(f"ok {number} - {check.__name__}", flush=True)
        except Skip as reason:
            print(f"ok {number} - {check.__name__} # SKIP {reason}", flush=True)
        except AssertionError as reason:
            failed += 1
            print(f"# {reason}\nnot ok {number} - {check.__name__}", flush=True)
        finally:
            shutil.rmtree(folder)
    print(f"1..{len(TESTS)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
