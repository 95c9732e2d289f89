"""HTTP/2 in clear text: frames that no client sends, floods, priorities, windows, and clients of others."""

import contextlib
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

import h2_client as h2
import harness
from h2_client import H2, frame, head, request, reset, settings, window
from harness import Server, Skip, check, check_equal, shared, test, wait_for


def server(*flags):
    return shared("--h2c", *flags)


def connect(*pairs, **how):
    return H2(server(), *pairs, **how)


def memory_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))


def counted(of, name):
    return int(re.search(rf"{name}=(\d+)", of.get("/counters").text).group(1))


def check_failure(client, *errors):
    """The connection ends with GOAWAY and one of these errors, or without one."""
    error = client.goaway()
    check(error is None or error in errors, f"GOAWAY {error}, not {errors}")
    client.wait_closed(3)


def check_reset(client, stream, *errors):
    """The stream is reset with one of these errors, and another one is served."""
    reply = client.reply(stream)
    check(reply.error in errors, f"RST_STREAM {reply.error}, not {errors}")
    client.last = max(client.last, stream)
    check_equal(client.get("/").status, 200, "another request on the connection")


# -- requests --------------------------------------------------------------------------------------------------------

@test
def a_request_over_http_2_is_answered_and_its_handler_sees_what_it_sees_over_http_1():
    with connect() as client:
        reply = client.get("/facts?a=b")
        check_equal(reply.status, 200)
        check_equal(reply.body.decode().split("\n")[:3], ["method=GET", "path=/facts", "query=a=b"])
        check_equal(reply.fields["server"], "tern")
        check_equal(reply.fields["content-length"], str(len(reply.body)))
        check("connection" not in reply.fields, "no field of a connection")
        check("date" in reply.fields, "Date")


@test
def every_split_of_the_preface_and_of_the_first_request_is_answered_alike():
    data = h2.PREFACE + settings() + request(1, "/")
    clients = [connect(greets=False) for _ in range(1, len(data))]
    for at, client in enumerate(clients, 1):
        client.send(data[:at])
    for client in clients:
        wait_for(lambda: harness._unacknowledged(client.socket) == 0, text="acknowledgement")
    for at, client in enumerate(clients, 1):
        client.send(data[at:])
        check_equal(client.reply(1).body, b"hello", f"split at {at}")
        client.close()


@test
def without_h2c_the_preface_is_refused_and_an_upgrade_to_h2c_is_ignored_with_it_too():
    plain = shared()
    check_equal(plain.ask(h2.PREFACE).status // 100, 5)
    asks = b"GET / HTTP/1.1\r\nHost: t\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n" \
           b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
    for each in (plain, server()):
        check_equal(each.ask(asks).status, 200)


@test
def what_is_neither_http_1_nor_http_2_is_closed_without_an_answer_on_a_port_with_h2c():
    with server().connect() as client:
        client.send(b"INVALID CONNECTION PREFACE\r\n\r\n")
        check_equal(client.rest(), b"")
    check_equal(server().get("/").status, 200, "HTTP/1.1 on the same port")


@test
def a_preface_that_goes_wrong_after_its_first_line_is_an_error():
    with connect(greets=False) as client:
        client.send(b"PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n" + settings())
        check_failure(client, h2.PROTOCOL_ERROR)


@test
def a_hundred_requests_at_once_are_answered_on_their_streams():
    with connect() as client:
        streams = list(range(1, 201, 2))
        client.send(*[request(s, f"/users/{s}") for s in streams])
        replies = client.replies(*streams)
        check_equal([replies[s].body for s in streams], [f"id {s}".encode() for s in streams])


@test
def requests_that_wait_do_not_keep_those_after_them_waiting():
    with connect() as client:
        client.send(request(1, "/sleep?ms=300"), request(3, "/"))
        check_equal(client.until(h2.DATA).stream, 3, "first reply")
        check_equal(client.until(h2.DATA).stream, 1, "second reply")


@test
def cookies_in_crumbs_are_one_cookie_field_to_the_handler():
    with connect() as client:
        for name, value in (("a", b"1"), ("b", b"2"), ("c", b"3")):
            reply = client.get(f"/cookie?name={name}", ("cookie", "a=1"), ("x", "y"), ("cookie", "b=2; c=3"))
            check_equal(reply.body, value)
        check_equal(client.get("/header?name=Cookie", ("cookie", "a=1"), ("cookie", "b=2")).body, b"a=1; b=2")


@test
def bodies_of_every_size_about_the_windows_come_back_whole():
    with connect() as client:
        for size in (0, 1, 100, 16383, 16384):
            check_equal(client.post("/echo", b"e" * size).body, b"e" * size, f"{size} bytes")


@test
def an_upload_of_many_windows_is_read_as_the_handler_reads():
    size, sent, stream = 3_000_000, 0, 1
    with connect() as client:
        client.send(request(stream, "/count", method="POST", ends=False))
        credit = {0: 65535, stream: 65535}
        client.until(h2.SETTINGS)
        credit[stream] = client.settings[4]
        while sent < size:
            room = min(16384, credit[0], credit[stream], size - sent)
            if room > 0:
                client.send(frame(h2.DATA, h2.END_STREAM if sent + room == size else 0, stream, b"u" * room))
                sent, credit[0], credit[stream] = sent + room, credit[0] - room, credit[stream] - room
                continue
            update = client.until(h2.WINDOW_UPDATE)
            credit[update.stream] += struct.unpack(">I", update.payload)[0]
        check_equal(client.reply(stream).body, b"3000000 bytes")


@test
def a_body_larger_than_its_route_takes_is_a_413_and_others_are_served():
    with connect() as client:
        check_equal(client.post("/small", b"x" * 11).status, 413)
        check_equal(client.post("/small", b"x" * 11, ("content-length", "11")).status, 413)
        check_equal(client.post("/small", b"x" * 10).body, b"x" * 10)


@test
def a_head_beyond_its_limits_is_a_431_or_414_and_others_are_served():
    with connect() as client:
        client.send(frame(h2.HEADERS, h2.END_STREAM, 1, head("/", ("x", "y" * 17000))[:16384]),
                    frame(h2.CONTINUATION, h2.END_HEADERS, 1, head("/", ("x", "y" * 17000))[16384:]))
        check_equal(client.reply(1).status, 431)
        client.last = 1
        many = [(f"x-{i}", "y") for i in range(101)]
        check_equal(client.get("/", *many).status, 431)
        check_equal(client.get("/" + "a" * 9000).status, 414)
        check_equal(client.get("/").status, 200)


@test
def a_head_in_many_frames_is_read_whole():
    with connect() as client:
        data = head("/header?name=X-Long", ("x-long", "v" * 12000))
        client.send(frame(h2.HEADERS, h2.END_STREAM, 1, data[:5]),
                    frame(h2.CONTINUATION, 0, 1, data[5:5000]), frame(h2.CONTINUATION, 0, 1, b""),
                    frame(h2.CONTINUATION, h2.END_HEADERS, 1, data[5000:]))
        check_equal(client.reply(1).body, b"v" * 12000)


@test
def padding_and_a_priority_before_a_head_are_skipped():
    with connect() as client:
        payload = bytes([7]) + struct.pack(">IB", 0, 15) + head("/") + b"\0" * 7
        client.send(frame(h2.HEADERS, h2.END_STREAM | h2.END_HEADERS | h2.PADDED | h2.HAS_PRIORITY, 1, payload))
        check_equal(client.reply(1).body, b"hello")
        client.send(request(3, "/echo", method="POST", ends=False),
                    frame(h2.DATA, h2.END_STREAM | h2.PADDED, 3, bytes([200]) + b"body" + b"\0" * 200))
        check_equal(client.reply(3).body, b"body")


@test
def trailers_of_a_request_end_its_body_and_are_dropped():
    with connect() as client:
        client.send(request(1, "/echo", method="POST", ends=False), frame(h2.DATA, 0, 1, b"body"),
                    frame(h2.HEADERS, h2.END_STREAM | h2.END_HEADERS, 1, h2.block(("x-sum", "1"))))
        check_equal(client.reply(1).body, b"body")


@test
def a_client_that_waits_for_leave_to_send_its_body_gets_it():
    with connect() as client:
        client.send(request(1, "/echo", ("expect", "100-continue"), method="POST", ends=False))
        check_equal(dict(client.decoder.decode(client.until(h2.HEADERS).payload))[":status"], "100")
        client.send(frame(h2.DATA, h2.END_STREAM, 1, b"body"))
        check_equal(client.reply(1).body, b"body")
        client.last = 1
        check_equal(client.get("/", ("expect", "200-maybe")).status, 417)


@test
def a_reply_before_the_body_lets_the_client_finish_it_and_then_resets_without_an_error():
    with connect() as client:
        client.send(request(1, "/ignore", method="POST", ends=False))
        check_equal(client.reply(1).body, b"not read")
        client.send(frame(h2.DATA, 0, 1, b"rest"), frame(h2.DATA, h2.END_STREAM, 1, b"rest"))
        client.until_ack()
        client.send(request(3, "/ignore", method="POST", ends=False))
        check_equal(client.until(h2.RST_STREAM).error, h2.NO_ERROR)
        client.last = 3
        check_equal(client.get("/").status, 200)


@test
def a_stream_that_breaks_off_is_reset_with_an_error_and_others_are_served():
    with connect() as client:
        client.send(request(1, "/stream/broken"))
        check_reset(client, 1, h2.INTERNAL_ERROR)


@test
def head_and_replies_without_a_body_end_with_their_head():
    with connect() as client:
        client.send(frame(h2.HEADERS, 5, 1, head("/", method="HEAD")))
        reply = client.reply(1)
        check_equal((reply.status, reply.body, reply.fields["content-length"]), (200, b"", "5"))
        client.last = 1
        check_equal(client.get("/status?code=204").status, 204)
        check_equal(client.get("/status?code=304").status, 304)


@test
def early_hints_and_trailers_come_over_http_2():
    with connect() as client:
        reply = client.get("/hints")
        check_equal([dict(fields)[":status"] for fields in reply.heads], ["103", "200"])
        check_equal(len(client.get("/trailer", ("te", "trailers")).trailers), 1)
        check_equal(len(client.get("/trailer").trailers), 0)


@test
def a_file_is_sent_in_frames():
    folder = os.path.join(harness.ROOT, "docs")
    with Server("--h2c", env={"TEST_FILES": folder}) as own, H2(own) as client:
        with open(os.path.join(folder, "data.md"), "rb") as file:
            check_equal(client.get("/files/data.md").body, file.read())


@test
def head_and_body_time_limits_hold_over_http_2():
    with Server("--h2c", "--body-timeout", "300ms", "--head-timeout", "300ms",
                "--request-timeout", "300ms", "--idle-timeout", "300ms") as own:
        with H2(own) as client:
            client.send(request(1, "/echo", method="POST", ends=False))
            check_equal(client.reply(1).status, 408)
            client.last = 1
            check_equal(client.get("/sleep?ms=5000").status, 503)
            client.send(frame(h2.HEADERS, 0, 5, head("/")))
            check_failure(client, h2.ENHANCE_YOUR_CALM)
        with H2(own) as client:
            check_equal(client.get("/").status, 200)
            check_equal(client.goaway(), h2.NO_ERROR, "the end of an idle connection")
            client.wait_closed()
        with H2(own, greets=False) as client:
            client.send(h2.PREFACE)
            client.wait_closed()


@test
def a_connection_ends_gracefully_after_its_number_of_requests():
    with Server("--h2c", "--max-requests", "3") as own, H2(own) as client:
        client.send(*[request(s, "/sleep?ms=50") for s in (1, 3, 5, 7)])
        replies = client.replies(1, 3, 5, 7)
        check(all(reply.status == 200 for reply in replies.values()), "all on the way are answered")
        client.wait_closed()


@test
def idle_connections_of_http_2_are_dropped_to_make_room():
    with Server("--h2c", "--max-connections", "16") as own:
        clients = []
        for _ in range(30):
            clients.append(H2(own))
            check_equal(clients[-1].get("/").status, 200)
        check_equal(clients[0].goaway(), h2.NO_ERROR, "the end of the one idle longest")


@test
def a_stopping_server_announces_it_and_answers_what_is_in_work():
    with Server("--h2c") as own, H2(own) as client, H2(own) as idle:
        check_equal(idle.get("/").status, 200)
        client.send(request(1, "/sleep?ms=500"))
        client.until_ack()
        own.signal(signal.SIGTERM)
        first = client.until(h2.GOAWAY)
        check_equal((first.error, first.last_stream), (h2.NO_ERROR, 0x7fffffff))
        client.send(request(3, "/"))
        client.until(h2.PING)
        last = client.until(h2.GOAWAY)
        check_equal((last.error, last.last_stream), (h2.NO_ERROR, 3))
        check_equal(client.reply(1).status, 200)
        check_equal(idle.goaway(), h2.NO_ERROR)
        client.wait_closed()
        idle.wait_closed()


@test
def a_reload_loses_no_request_of_http_2():
    with Server("--h2c") as own, H2(own) as client:
        client.send(request(1, "/sleep?ms=300"))
        client.until_ack()
        own.signal(signal.SIGHUP)
        client.until(h2.GOAWAY)
        check_equal(client.reply(1).status, 200)
        with H2(own) as after:
            check_equal(after.get("/").status, 200)


class LoadOfStreams(harness.Load):
    """Clients that send requests three at a time, begin no stream after a GOAWAY, and never send a request again."""

    def __init__(self, server, tls):
        self.tls = tls
        super().__init__(server)

    def _run(self):
        client = None
        while not self.is_over:
            try:
                client = client or H2(self.server, tls=self.tls)
                streams = [client.last + 2 * number for number in (1, 2, 3)]
                client.last = streams[-1]
                client.send(*[request(stream, self.target) for stream in streams])
                for reply in client.replies(*streams).values():
                    check_equal((reply.error, reply.status), (None, 200), "a reply under load")
                    self.answers += 1
                    self.bodies.add(reply.body.decode())
            except Exception as error:  # every kind of lost reply counts
                self.lost.append(repr(error))
                client = None
            if client is not None and client.is_leaving:
                client.close()
                client = None
            time.sleep(0.0005)
        if client is not None:
            client.close()


def renew_under_load(own, tls):
    load = LoadOfStreams(own, tls)
    load.wait_answers(20)
    for number in (signal.SIGHUP, signal.SIGUSR2, signal.SIGHUP):
        known = set(load.bodies)
        own.signal(number)
        load.wait_new_body(known)
        wait_for(lambda known=known: not set(map(str, own.worker_pids())) & known, text="the old workers leave")
    load.wait_answers(20)
    load.end()
    check_equal(load.lost, [], f"lost replies of {load.answers}")


def kill_under_load(own, tls):
    load = LoadOfStreams(own, tls)
    load.wait_answers(20)
    for kills in (1, 2, 3):
        before = own.worker_pids()
        os.kill(before[0], signal.SIGKILL)
        wait_for(lambda before=before: len(set(own.worker_pids()) - {before[0]}) == len(before), text="a new worker")
        load.wait_answers(30)
        check(len(load.lost) <= len(load.threads) * kills, f"at most the requests of one time on each connection: {load.lost}")
    lost = len(load.lost)
    load.wait_answers(60)
    load.end()
    check_equal(len(load.lost), lost, "replies lost when nothing was killed")


@test
def threat_116_a_worker_killed_under_load_of_http_2_loses_only_its_requests_in_flight():
    with Server("--h2c", workers=2) as own:
        kill_under_load(own, tls=False)


@test
def threat_116_reloads_and_upgrades_under_load_lose_no_request_of_http_2():
    with Server("--h2c", workers=2) as own:
        renew_under_load(own, tls=False)


# -- priorities ------------------------------------------------------------------------------------------------------

def order_of_bodies(client, count):
    """The streams in the order in which their bodies end."""
    order = []
    while len(order) < count:
        one = client.next()
        if one.kind == h2.HEADERS:
            client.decoder.decode(one.payload)
        if one.kind == h2.DATA and one.payload:
            client.send_while_it_listens(window(0, len(one.payload)))
        if one.kind in (h2.DATA, h2.HEADERS) and one.flags & h2.END_STREAM:
            order.append(one.stream)
    return order


@test
def replies_are_sent_in_the_order_of_their_urgency():
    with connect((4, 10_000_000)) as client:
        client.send(request(1, "/big?bytes=400000", ("priority", "u=5")),
                    request(3, "/big?bytes=400000", ("priority", "u=1")), request(5, "/big?bytes=400000"))
        check_equal(order_of_bodies(client, 3), [3, 5, 1])


@test
def a_priority_update_changes_the_order_before_and_after_its_stream_opens():
    with connect((4, 10_000_000)) as client:
        update = frame(h2.PRIORITY_UPDATE, 0, 0, struct.pack(">I", 5) + b"u=0")
        client.send(update, request(1, "/big?bytes=400000"), request(3, "/big?bytes=400000"),
                    request(5, "/big?bytes=400000"),
                    frame(h2.PRIORITY_UPDATE, 0, 0, struct.pack(">I", 1) + b"u=7"))
        check_equal(order_of_bodies(client, 3), [5, 3, 1])


@test
def incremental_replies_take_turns():
    with connect((4, 10_000_000)) as client:
        client.send(request(1, "/big?bytes=400000", ("priority", "i")),
                    request(3, "/big?bytes=400000", ("priority", "i")))
        seen = []
        while len(set(seen[-20:])) < 2 or len(seen) < 20:
            one = client.next()
            if one.kind == h2.DATA:
                seen.append(one.stream)
                client.send(window(0, len(one.payload)))
        check(1 in seen[-20:] and 3 in seen[-20:], f"both, not {seen}")


# -- floods ----------------------------------------------------------------------------------------------------------

MANY = int(os.environ.get("TERN_TEST_H2_FLOOD", "20000"))  # 1,000,000 by scripts/h2-floods


def flood(own, pieces, before, errors):
    """Sends them all; returns the seconds until the sender was cut off, and the 99th percentiles of another client
    before and meanwhile."""
    pid = own.worker_pids()[0]

    def slowest(count):
        with H2(own) as other:
            times = sorted(h2.seconds_of(lambda: other.get("/")) for _ in range(count))
        return times[int(count * 0.99)]
    slowest(100)
    quiet, kib = slowest(400), memory_kib(pid)
    with H2(own) as attacker:
        attacker.send(before)
        attacker.until_ack()
        loud = []
        other = threading.Thread(target=lambda: loud.append(slowest(400)))
        other.start()
        began = time.monotonic()
        attacker.socket.settimeout(5)
        attacker.send_while_it_listens(pieces)
        error = attacker.goaway()
        attacker.wait_closed(3)
        took = time.monotonic() - began
        other.join()
    check(error is None or error in (errors or (h2.ENHANCE_YOUR_CALM,)), f"GOAWAY {error}")
    check(memory_kib(pid) - kib < 64 * 1024, f"memory grew by {memory_kib(pid) - kib} KiB")
    return took, quiet, loud[0]


def check_flood(pieces, before=b"", *errors):
    """Sends them all to a server that others use; the sender is cut off within a second, the memory does not grow, and
    the other client is served as fast as before. A busy machine has three tries for the times. Returns the tries."""
    own = server()
    for tries in (1, 2, 3):
        took, quiet, loud = flood(own, pieces, before, errors)
        if took < 1 and loud < max(2 * quiet, 0.05):
            return tries
    check(took < 1, f"cut off within a second, not {took:.2f} s")
    check(False, f"p99 of others {quiet * 1000:.1f} ms before, {loud * 1000:.1f} ms during")


@test
def threat_031_rapid_reset_ends_the_connection_and_all_its_work():
    own = server()
    begun, undone = counted(own, "begun"), counted(own, "undone")
    tries = check_flood(b"".join(request(s, "/stream/silent") + reset(s) for s in range(1, MANY, 2)))
    wait_for(lambda: counted(own, "begun") == counted(own, "undone"), text="every handler has ended")
    check(counted(own, "begun") - begun <= 600 * tries, "most of them were never begun")


@test
def threat_032_streams_that_the_client_has_the_server_reset_are_in_the_same_budget():
    check_flood(b"".join(request(s, "/stream/silent") + window(s, 0) for s in range(1, MANY, 2)))
    check_flood(b"".join(request(s, "/stream/silent") + frame(h2.DATA, 0, s, b"x") for s in range(1, MANY, 2)))
    check_flood(b"".join(request(s, "/stream/silent", ends=False) + window(s, 0x7fffffff)
                         for s in range(1, MANY, 2)))
    check_flood(b"".join(frame(h2.HEADERS, 5, s, h2.block(("Bad", "x"))) for s in range(1, MANY, 2)))


@test
def threat_033_a_head_without_an_end_is_cut_off():
    start = frame(h2.HEADERS, h2.END_STREAM, 1, head("/"))
    check_flood(start + frame(h2.CONTINUATION, 0, 1, b"") * MANY)
    check_flood(start + frame(h2.CONTINUATION, 0, 1, h2.block(("x", "y" * 1000)) * 16) * (MANY // 100))
    check_flood(start + frame(h2.CONTINUATION, 0, 1, h2.block(("x", "y"))) * MANY)


@test
def threat_034_hpack_bombs_bad_codes_and_sizes_end_the_connection():
    big = b"\x40" + h2.text("x") + h2.text("y" * 4000)
    with connect() as client:  # 60 KB that decode to 240 MB
        client.send(frame(h2.HEADERS, 0, 1, head("/") + big + b"\xbe" * 12000))
        client.send_while_it_listens(b"".join(frame(h2.CONTINUATION, 0, 1, b"\xbe" * 16000) for _ in range(3)))
        check_failure(client, h2.ENHANCE_YOUR_CALM)
    for bad in (b"\x3f\xe1\xff\x03",             # a table larger than was allowed
                b"\xff\xff\xff\xff\xff\xff\xff",  # an integer that overflows
                b"\x80", b"\xfe",                 # no such entry
                b"\x00\x81\x00\x01a",             # padding of Huffman's code that is not ones
                b"\x00\x84\xff\xff\xff\xff\x01a"):  # EOS in it
        with connect() as client:
            client.send(frame(h2.HEADERS, 5, 1, head("/") + bad))
            check_failure(client, h2.COMPRESSION_ERROR)


@test
def threat_034_tables_are_bounded_both_ways_and_may_shrink():
    with connect((1, 0xffffffff)) as client:
        for _ in range(3):
            check_equal(client.get("/").status, 200)
        check_equal(client.decoder.sizes, [], "a larger table is not used")
        client.send(settings((1, 0)))
        check_equal(client.get("/json").status, 200)
        check_equal(client.decoder.sizes, [0, 0])
        client.send(settings((1, 200)))
        for _ in range(3):
            check_equal(client.get("/json").fields["content-type"], "application/json")
        check_equal(client.decoder.size, 200)


@test
def threat_035_floods_of_small_frames_are_cut_off():
    for pieces in (frame(h2.PING, 0, 0, b"12345678") * MANY, settings() * MANY, settings((4, 65535)) * MANY,
                   frame(h2.PRIORITY, 0, 9, struct.pack(">IB", 0, 1)) * MANY, frame(99, 0, 0, b"") * MANY,
                   frame(h2.PRIORITY_UPDATE, 0, 0, struct.pack(">I", 9) + b"u=1") * MANY, window(0, 1) * MANY):
        check_flood(pieces)
    check_flood(frame(h2.DATA, 0, 1, b"") * MANY, request(1, "/count", method="POST", ends=False))
    check_flood(frame(h2.DATA, h2.PADDED, 1, b"\1\0") * MANY, request(1, "/count", method="POST", ends=False))


@test
def threat_035_a_client_that_reads_nothing_gets_no_queue_of_answers():
    own = server()
    kib = memory_kib(own.worker_pids()[0])
    with H2(own, receive_buffer=4096) as client:
        client.send_while_it_listens(frame(h2.PING, 0, 0, b"12345678") * MANY)
    check(memory_kib(own.worker_pids()[0]) - kib < 16 * 1024, "no queue")


@test
def threat_036_a_window_that_never_opens_ends_the_stream_and_costs_its_block_alone():
    with Server("--h2c", "--min-rate", "1000000") as own:
        kib = memory_kib(own.worker_pids()[0])
        with H2(own, (4, 0)) as none, H2(own, (4, 1)) as dribble:
            for client in (none, dribble):
                client.send(*[request(s, "/stream/endless") for s in range(1, 200, 2)])
            check(memory_kib(own.worker_pids()[0]) - kib < 64 * 1024, "no queue")
            for client in (none, dribble):
                replies = client.replies(*range(1, 200, 2), gives_window=client is dribble)
                check(all(reply.error == h2.CANCEL for reply in replies.values()), "all are reset")
                client.last = 199
                check_equal(client.get("/status?code=204").status, 204)
        wait_for(lambda: counted(own, "begun") == counted(own, "undone"), text="every handler has ended")


@test
def threat_036_a_client_that_stops_reading_is_cut_off():
    with Server("--h2c", "--min-rate", "1000000") as own:
        with H2(own, (4, 0x7fffffff), receive_buffer=4096) as client:
            client.send(window(0, 0x7fff0000 - 65535), request(1, "/stream/endless"))
            wait_for(lambda: counted(own, "begun") == 1 and counted(own, "undone") == 1, 15, "the handler has ended")


# -- what a frame must not be ----------------------------------------------------------------------------------------

@test
def threat_037_a_field_without_a_name_resets_its_stream():
    with connect() as client:
        client.send(frame(h2.HEADERS, 5, 1, head("/", ("", "x"))))
        check_reset(client, 1, h2.PROTOCOL_ERROR)


@test
def threat_038_streams_above_the_limit_are_refused():
    with Server("--h2c", "--h2-streams", "5") as own, H2(own) as client:
        client.send(*[request(s, "/sleep?ms=300") for s in range(1, 17, 2)])
        replies = client.replies(*range(1, 17, 2))
        check_equal([r.error for r in replies.values()], [None] * 5 + [h2.REFUSED_STREAM] * 3)
        check_equal(client.settings[3], 5)


@test
def threat_038_numbers_that_are_even_or_were_used_end_the_connection():
    for streams in ((2,), (5, 3), (1, 1), (0x7fffffff, 1)):
        with connect() as client:
            if len(streams) > 1:
                client.send(request(streams[0], "/"))
                client.reply(streams[0])
            client.send(request(streams[-1], "/"))
            check_failure(client, h2.PROTOCOL_ERROR, h2.STREAM_CLOSED)


@test
def threat_039_heads_that_are_no_requests_reset_their_stream():
    good = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "localhost")]
    bad = [good[:i] + good[i + 1:] for i in range(3)]                      # missing
    bad += [good + [one] for one in good]                                  # repeated
    bad += [[("x", "y")] + good]                                           # late
    bad += [good + [(":status", "200")], good + [(":unknown", "x")], good + [(":protocol", "websocket")]]
    bad += [good + [("X", "y")], good + [("connection", "close")], good + [("te", "gzip")]]
    bad += [good + [(name, "x")] for name in ("keep-alive", "proxy-connection", "upgrade", "transfer-encoding")]
    bad += [good[:2] + [(":path", "")] + good[3:], good[:2] + [(":path", "a")] + good[3:], good[:2] + [(":path", "*")] + good[3:]]
    bad += [good + [("host", "other")], [(":method", "CONNECT")] + good[1:]]
    with connect() as client:
        for stream, fields in enumerate(bad):
            client.send(frame(h2.HEADERS, 5, 2 * stream + 1, h2.block(*fields)))
            reply = client.reply(2 * stream + 1)
            check_equal(reply.error, h2.PROTOCOL_ERROR, f"{fields}")
        client.last = 2 * len(bad) - 1
        check_equal(client.get("/", ("host", "localhost"), ("te", "trailers")).status, 200)


@test
def threat_040_a_length_that_is_not_that_of_the_body_resets_the_stream():
    own = server()
    with connect() as client:
        for stream, (length, parts) in enumerate([("5", [b"1234"]), ("5", [b"123", b"456"]), ("0", [b"1"]),
                                                  ("5", [b""]), ("x", [b""]), ("-1", [b""]), ("", [b""])]):
            client.last += 2
            client.send(request(client.last, "/echo", ("content-length", length), method="POST", ends=False))
            for i, part in enumerate(parts):
                client.send(frame(h2.DATA, h2.END_STREAM if i + 1 == len(parts) else 0, client.last, part))
            check_equal(client.reply(client.last).error, h2.PROTOCOL_ERROR, f"{length} and {parts}")
        client.last += 2
        client.send(request(client.last, "/", ("content-length", "5"), method="POST"))
        check_equal(client.reply(client.last).error, h2.PROTOCOL_ERROR)
        check_equal(client.post("/echo", b"12345", ("content-length", "5")).body, b"12345")
    check_equal(counted(own, "smuggled"), 0)


@test
def threat_041_bytes_that_would_split_a_request_of_http_1_reset_the_stream():
    fields = [("x", "a\r\nb: c"), ("x", "a\nb"), ("x", "a\rb"), ("x", "a\0b"), ("x\r\n", "b"), ("x:y", "b"), ("x y", "b"),
              ("x\0", "b"), ("x", " b"), ("x", "b\t"), ("x", "\x7f")]
    with connect() as client:
        for field in fields:
            client.last += 2
            client.send(request(client.last, "/", field))
            check_equal(client.reply(client.last).error, h2.PROTOCOL_ERROR, f"{field}")
        for path in ("/a b", "/a\r\nb", "/\0", "/#x", "/\xff"):
            client.last += 2
            client.send(request(client.last, path))
            check_equal(client.reply(client.last).error, h2.PROTOCOL_ERROR, f"{path!r}")
        for authority in ("a b", "a\r\nb", "user@host", "a,b", "a/b", "a:99999", ""):
            client.last += 2
            client.send(frame(h2.HEADERS, 5, client.last, head("/", authority=authority)))
            check_equal(client.reply(client.last).error, h2.PROTOCOL_ERROR, f"{authority!r}")
        check_equal(client.get("/").status, 200)


@test
def threat_042_windows_overflow_into_an_error_and_may_become_negative():
    with connect() as client:
        client.send(window(0, 0x7fffffff))
        check_failure(client, h2.FLOW_CONTROL_ERROR)
    with connect() as client:
        client.send(settings((4, 0x80000000)))
        check_failure(client, h2.FLOW_CONTROL_ERROR)
    with connect() as client:
        client.send(window(0, 10_000_000), request(1, "/big?bytes=200000"))
        got = 0
        while got < 65535:
            got += len(client.until(h2.DATA).payload)
        client.send(settings((4, 0)), window(1, 65535))  # -65535 and back to 0
        client.until_ack()
        client.send(window(1, 200000))
        while got < 200000:
            got += len(client.until(h2.DATA).payload)
        check_equal(got, 200000)


@test
def threat_043_frames_too_long_and_padding_longer_than_its_frame_end_the_connection():
    for data, error in ((frame(h2.DATA, 0, 1, b"x" * 16385), h2.FRAME_SIZE_ERROR),
                        (frame(99, 0, 0, b"x" * 16385), h2.FRAME_SIZE_ERROR),
                        (frame(h2.HEADERS, 5 | h2.PADDED, 1, b"\xff" + head("/")), h2.PROTOCOL_ERROR),
                        (frame(h2.PING, 0, 0, b"1234567"), h2.FRAME_SIZE_ERROR),
                        (frame(h2.SETTINGS, 0, 0, b"12345"), h2.FRAME_SIZE_ERROR),
                        (frame(h2.WINDOW_UPDATE, 0, 0, b"123"), h2.FRAME_SIZE_ERROR),
                        (frame(h2.RST_STREAM, 0, 1, b"123"), h2.FRAME_SIZE_ERROR)):
        with connect() as client:
            client.send(data)
            check_failure(client, error)
    with connect() as client:
        client.send(request(1, "/echo", method="POST", ends=False), frame(h2.DATA, h2.PADDED, 1, b"\x05x"))
        check_failure(client, h2.PROTOCOL_ERROR)


@test
def threat_044_every_handler_of_a_lost_connection_is_cancelled_once():
    own = server()
    for leave in (lambda client: client.reset_connection(), lambda client: client.close(),
                  lambda client: client.send(frame(h2.PING, 0, 1, b"12345678"))):
        begun, undone = counted(own, "begun"), counted(own, "undone")
        client = H2(own)
        client.send(*[request(s, "/stream/silent") for s in range(1, 200, 2)])
        wait_for(lambda: counted(own, "begun") == begun + 100, text="100 handlers")
        leave(client)
        wait_for(lambda: counted(own, "undone") == undone + 100, text="all of them are cancelled")
        check_equal(counted(own, "undone"), undone + 100, "cancelled once")
        client.close()
    with connect() as client:  # one of them alone
        undone = counted(own, "undone")
        client.send(request(1, "/stream/silent"), request(3, "/stream/silent"))
        client.until(h2.DATA)
        client.until(h2.DATA)
        client.send(reset(1))
        wait_for(lambda: counted(own, "undone") == undone + 1, text="one is cancelled")
        client.last = 3
        check_equal(client.get("/").status, 200)
        check_equal(counted(own, "undone"), undone + 1, "and no other")


@test
def threat_045_loops_of_dependencies_are_ignored():
    with connect() as client:
        client.send(*[frame(h2.PRIORITY, 0, a, struct.pack(">IB", b, 1)) for a, b in ((1, 3), (3, 5), (5, 1))])
        check_equal(client.get("/").status, 200)
        client.send(frame(h2.PRIORITY, 0, 99, struct.pack(">IB", 99, 1)))
        check_failure(client, h2.PROTOCOL_ERROR)


# -- tools of others -------------------------------------------------------------------------------------------------

def tool(name):
    path = shutil.which(name) or os.path.join(harness.ROOT, "build", "tools", name)
    if not os.path.exists(path):
        raise Skip(f"{name} is not installed")
    return path


def run(*command):
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    check_equal(done.returncode, 0, f"exit code of {command[0]}: {done.stderr.decode()[-400:]}")
    return done.stdout.decode()


def h2spec():
    """Built once by Go into build/tools, where it is not installed."""
    folder = os.path.join(harness.ROOT, "build", "tools")
    path = os.path.join(folder, "h2spec")
    go = shutil.which("go") or "/usr/local/go/bin/go"
    if not os.path.exists(path) and not shutil.which("h2spec") and os.path.exists(go):
        subprocess.run([go, "install", "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible"], check=False,
                       capture_output=True, timeout=300, env={**os.environ, "GOBIN": folder})
    return tool("h2spec")


def check_h2spec(own, *flags):
    out = subprocess.run([h2spec(), "-h", "127.0.0.1", "-p", str(own.port), "-S", "-o", "5", *flags],
                         capture_output=True, timeout=120, check=False).stdout.decode()
    found = re.search(r"(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed", out)
    check(found is not None, out[-500:])
    check_equal(found.groups(), ("146", "146", "0", "0"), out[out.find("Failures"):][:1500])


@test
def h2spec_passes_all_its_tests():
    check_h2spec(server())


# -- over TLS --------------------------------------------------------------------------------------------------------

@contextlib.contextmanager
def tls_server(*flags, env=None):
    with tempfile.TemporaryDirectory() as folder, \
            Server("--listen", "https://127.0.0.1:0", "--tls-dev", *flags,
                   env={"XDG_STATE_HOME": folder, **(env or {})}) as own:
        yield own


@test
def threat_116_a_worker_killed_under_load_of_http_2_over_tls_loses_only_its_requests_in_flight():
    with tls_server() as own:
        kill_under_load(own, tls=True)


@test
def threat_116_reloads_and_upgrades_under_load_lose_no_request_of_http_2_over_tls():
    with tls_server() as own:
        renew_under_load(own, tls=True)


@test
def http_2_over_tls_is_agreed_on_by_alpn_and_can_be_switched_off():
    for flags, agreed in (((), "h2"), (("--http2=off",), "http/1.1")):
        with tls_server(*flags) as own:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_alpn_protocols(["h2", "http/1.1"])
            with context.wrap_socket(socket.create_connection((own.host, own.port)),
                                     server_hostname="localhost") as client:
                check_equal(client.selected_alpn_protocol(), agreed)


@test
def requests_bodies_and_large_replies_go_over_tls():
    with tls_server() as own, H2(own, (4, 1 << 20), tls=True) as client:
        check_equal(client.get("/").body, b"hello")
        check_equal(client.post("/echo", b"e" * 16000).body, b"e" * 16000)
        check_equal(len(client.get("/big?bytes=3000000").body), 3000000)
        client.last += 2
        streams = list(range(client.last, client.last + 200, 2))
        client.send(*[request(s, f"/users/{s}") for s in streams])
        replies = client.replies(*streams)
        check_equal([replies[s].body for s in streams], [f"id {s}".encode() for s in streams])
        client.last = streams[-1]


@test
def a_lost_connection_of_tls_cancels_its_handlers():
    with tls_server() as own:
        client = H2(own, tls=True)
        client.send(*[request(s, "/stream/silent") for s in range(1, 100, 2)])
        with H2(own, tls=True) as other:
            wait_for(lambda: b"begun=50" in other.get("/counters").body, text="50 handlers")
            client.reset_connection()
            wait_for(lambda: b"undone=50" in other.get("/counters").body, text="all of them are cancelled")


@test
def h2spec_passes_all_its_tests_over_tls():
    with tls_server() as own:
        check_h2spec(own, "-t", "-k")


@test
def curl_and_gos_client_speak_http_2_over_tls():
    with tls_server() as own:
        url = f"https://127.0.0.1:{own.port}"
        out = run(tool("curl"), "-sk", url + "/echo", "-d", "a=1", "-w", "|%{http_version}")
        check_equal(out, "a=1|2")
        out = run(tool("curl"), "-sk", url + "/count", "--data-binary", "@" + sys.executable)
        check_equal(out, f"{os.path.getsize(sys.executable)} bytes")
        go = shutil.which("go") or "/usr/local/go/bin/go"
        if os.path.exists(go):
            with tempfile.TemporaryDirectory() as folder:
                with open(os.path.join(folder, "main.go"), "w", encoding="ascii") as file:
                    file.write(GO)
                check_equal(run(go, "run", os.path.join(folder, "main.go"), url), "HTTP/2.0 50 500000\n")


GO = """package main
import ("crypto/tls"; "fmt"; "io"; "net/http"; "os"; "strings"; "sync")
func main() {
    client := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true,
        TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
    var all sync.WaitGroup
    var lock sync.Mutex
    count, bytes, proto := 0, 0, ""
    for i := 0; i < 50; i++ {
        all.Add(1)
        go func() {
            defer all.Done()
            reply, err := client.Post(os.Args[1]+"/echo", "text/plain", strings.NewReader(strings.Repeat("x", 10000)))
            if err != nil { fmt.Println(err); return }
            body, _ := io.ReadAll(reply.Body)
            lock.Lock(); defer lock.Unlock()
            count++; bytes += len(body); proto = reply.Proto
        }()
    }
    all.Wait()
    reply, err := client.Get(os.Args[1] + "/big?bytes=15000000")
    if err != nil { fmt.Println(err); return }
    if n, err := io.Copy(io.Discard, reply.Body); n != 15000000 { fmt.Println(n, err); return }
    reply, err = client.Get(os.Args[1] + "/big?bytes=15000000")
    if err != nil { fmt.Println(err); return }
    if n, err := io.Copy(io.Discard, reply.Body); n != 15000000 { fmt.Println(n, err); return }
    fmt.Println(proto, count, bytes)
}
"""


@test
def curl_gets_posts_and_uploads_over_http_2():
    url = f"http://127.0.0.1:{server().port}"
    out = run(tool("curl"), "-s", "--http2-prior-knowledge", url + "/", "-w", "|%{http_version}")
    check_equal(out, "hello|2")
    out = run(tool("curl"), "-s", "--http2-prior-knowledge", url + "/echo", "-d", "a=1", "-w", "|%{http_version}")
    check_equal(out, "a=1|2")
    out = run(tool("curl"), "-s", "--http2-prior-knowledge", "-H", "Expect: 100-continue", url + "/count",
              "--data-binary", "@" + sys.executable)
    check_equal(out, f"{os.path.getsize(sys.executable)} bytes")
    out = run(tool("curl"), "-s", "--http2-prior-knowledge", url + "/big?bytes=3000000")
    check_equal(len(out), 3000000)


@test
def nghttp_and_h2load_are_served():
    url = f"http://127.0.0.1:{server().port}/json"
    check("200" in run(tool("nghttp"), "-nv", url), "nghttp")
    out = run(tool("h2load"), "-n2000", "-c10", "-m50", url)
    check("2000 succeeded, 0 failed, 0 errored" in out, out)


@test
def nodes_client_of_http_2_is_served():
    script = """
        const client = require("http2").connect(process.argv[1]);
        let left = 50, seen = 0;
        for (let i = 0; i < 50; i++) {
            const request = client.request({":path": "/echo", ":method": "POST"});
            request.setEncoding("utf8");
            request.on("data", chunk => seen += chunk.length);
            request.on("end", () => { if (--left === 0) { console.log(seen); client.close(); } });
            request.end("x".repeat(10000));
        }"""
    check_equal(run(tool("node"), "-e", script, f"http://127.0.0.1:{server().port}").strip(), "500000")


if __name__ == "__main__":
    sys.exit(harness.main())
