"""WebSockets over HTTP/1.1 and HTTP/2: bytes that no client sends, limits, slow readers, drains, and clients of others."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

import h2_client as h2
import harness
import pypi
from h2_client import H2
from harness import ROOT, Server, Skip, check, check_equal, shared, test, wait_for
from ws_client import BINARY, CLOSE, PING, PONG, RSV1, TEXT, Socket, Stream, connect_block, frame, handshake

WANTED = os.path.join(ROOT, "tests", "server", "websocket.requirements.txt")
TOOLS = os.path.join(ROOT, "build", "tools", "websocket")
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"


def server():
    return shared("--h2c", name="talking")


def memory_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))


@contextlib.contextmanager
def both(path, *headers):
    """One over HTTP/1.1, and one over HTTP/2."""
    lower = [tuple(line.split(": ", 1)) for line in headers]
    with Socket(server(), path, *headers) as first, H2(server()) as own:
        with Stream(own, path, *[(name.lower(), value) for name, value in lower]) as second:
            yield first, second


def check_closed(path, data, *codes, headers=()):
    """After these bytes the server says Close with one of these codes, and ends; over both versions."""
    with both(path, *headers) as pair:
        for talk in pair:
            talk.send(data)
            code = talk.closing()
            check(code in codes, f"Close {code}, not {codes}, over {type(talk).__name__}")
            talk.wait_end()
    with Socket(server(), "/echo") as after:
        check_equal(after.ask("still here"), "still here")


# -- messages --------------------------------------------------------------------------------------------------------

@test
def messages_are_echoed_over_both_versions_at_every_size():
    with both("/echo") as pair:
        for talk in pair:
            for size in (0, 1, 125, 126, 127, 65535, 65536, 65537, 300000):
                talk.send(frame(BINARY, b"ab" * (size // 2) + b"c" * (size % 2)))
                check_equal(len(talk.next().payload), size)
            check_equal(talk.ask("grüße 🙂"), "grüße 🙂")
            check_equal(talk.leave(), 1000)


@test
def a_message_is_read_however_its_bytes_are_split():
    data = frame(TEXT, "Hel", fin=False) + frame(PING, "p") + frame(0, "lo ü", fin=True) + frame(BINARY, b"x" * 300)
    with both("/echo") as pair:
        for talk in pair:
            for at in range(len(data)):
                talk.send(data[at:at + 1])
            check_equal((talk.next().opcode, talk.text(), len(talk.next().payload)), (PONG, "Hello ü", 300))


@test
def frames_that_come_with_the_handshake_are_read():
    with Socket(server(), "/echo", extra=frame(TEXT, "early") + frame(TEXT, "bird")) as talk:
        check_equal((talk.text(), talk.text()), ("early", "bird"))


@test
def a_message_of_any_size_is_received_and_sent_in_parts():
    with both("/parts") as pair:
        for talk in pair:
            sent = "aü🙂" * 60000
            data = sent.encode()
            thread = threading.Thread(target=lambda talk=talk, data=data: talk.send(
                frame(TEXT, data[:100001], fin=False), frame(0, data[100001:])))
            thread.start()
            check_equal(talk.text(), sent)
            thread.join()


@test
def typed_messages_are_checked_and_a_faulty_one_gets_a_problem():
    with both("/typed/blue", "Sec-WebSocket-Protocol: c, a, b") as pair:
        for talk in pair:
            check_equal(talk.headers["sec-websocket-protocol"], "b")
            check_equal(talk.text(), "blue b /typed/blue")
            check_equal(talk.ask('{"text":"x","times":2}'), '{"text":"x","times":2}')
            problem = json.loads(talk.ask('{"text":"","times":9,"more":1}'))
            check_equal((problem["status"], len(problem["errors"])), (422, 3))
            check_equal(problem["errors"][0]["location"][0], "message")
            check_equal(json.loads(talk.ask("{"))["status"], 400)
            talk.send(frame(BINARY, b"{}"))
            check_equal(json.loads(talk.text())["status"], 415)
            check_equal(talk.ask('{"text":"y","times":1}'), '{"text":"y","times":1}')


@test
def an_input_that_is_wrong_is_refused_before_the_websocket_begins():
    reply = server().ask(handshake("/typed/" + "x" * 30))
    check_equal(reply.status, 422)


@test
def middleware_stands_around_the_handshake():
    check_equal(server().ask(handshake("/guarded")).status, 401)
    with Socket(server(), "/guarded", "X-Key: k") as talk:
        check_equal((talk.headers["x-seen"], talk.ask("in")), ("yes", "in"))


@test
def others_of_the_worker_send_and_a_member_that_leaves_is_off_the_list():
    with Server(name="talking") as own:
        with Socket(own, "/room") as one, Socket(own, "/room") as other:
            check_equal((one.text(), other.text()), ("welcome", "welcome"))
            one.send(frame(TEXT, "hi"))
            check_equal((one.text(), other.text()), ("hi", "hi"))
            check_equal(own.get("/announce", method="POST").body, b"2")
            check_equal((one.text(), other.text()), ("announced", "announced"))
            other.leave()
            check_equal(one.text(), "left")
            check_equal(own.get("/announce", method="POST").body, b"1")


@test
def memory_of_messages_is_freed_with_the_next_one():
    with Server(name="talking") as own, Socket(own, "/wasteful") as talk:
        for _ in range(400):  # 40 MiB, and a request may have 16
            check_equal(talk.ask("w"), "kept w")


@test
def what_is_deferred_or_runs_keeps_its_memory():
    with Socket(server(), "/keeping") as talk:
        check_equal(talk.ask("go"), "ok")
        for _ in range(10):
            check_equal(talk.ask("x"), "ok")
        check_equal(talk.text(), "from a task")
        check_equal((talk.ask("defer"), talk.ask("x")), ("ok", "ok"))
        talk.say_close()
        check_equal(talk.closing(), 1000)


@test
def a_body_that_waits_with_a_limit_goes_on_after_it():
    with both("/patient") as pair:
        for talk in pair:
            check_equal((talk.text(), talk.text(), talk.text()), ("hello", "late", "late"))
            talk.send(frame(TEXT, "now"))
            while True:
                message = talk.next()
                if message.opcode == CLOSE:
                    break
            check_equal(message.code, 1000)


# -- the end ---------------------------------------------------------------------------------------------------------

@test
def a_close_is_answered_with_its_code():
    for code in (1000, 1001, 1003, 1011, 3000, 4999):
        with both("/echo") as pair:
            for talk in pair:
                talk.say_close(code, "bye")
                check_equal(talk.closing(), code)
                talk.wait_end()
    with both("/echo") as pair:
        for talk in pair:
            talk.send(frame(CLOSE))
            message = talk.next()
            check_equal((message.opcode, message.payload), (CLOSE, b""))


@test
def a_body_closes_with_a_code_and_one_that_may_not_be_sent_becomes_1011():
    for asked, sent in (("4000", 4000), ("1006", 1011), ("999", 1011), ("1000", 1000)):
        with Socket(server(), "/closes") as talk:
            talk.send(frame(TEXT, asked))
            message = talk.next()
            check_equal((message.code, message.reason), (sent, "by request"))
            talk.say_close(sent)
            talk.wait_end()


@test
def a_body_that_fails_closes_with_1011():
    with Server(name="talking") as own, Socket(own, "/fails") as talk:
        talk.send(frame(TEXT, "x"))
        check_equal(talk.closing(), 1011)
        own.wait_logged("the WebSocket fails failed: it fails")


@test
def a_client_that_vanishes_ends_the_body():
    with Server("--h2c", name="talking") as own:
        with Socket(own, "/room") as stays:
            check_equal(stays.text(), "welcome")
            for _ in range(20):
                with Socket(own, "/room") as talk:
                    talk.text()
                    talk.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                check_equal(stays.text(), "left")
            for _ in range(20):
                with H2(own) as connection:
                    Stream(connection, "/room").text()
                    connection.reset_connection()
                check_equal(stays.text(), "left")


@test
def a_peer_that_answers_no_ping_is_closed():
    with Socket(server(), "/pinging") as talk:
        check_equal(talk.next().opcode, PING)
        check_equal(talk.closing(), None)


@test
def a_peer_that_answers_pings_stays():
    with Socket(server(), "/pinging") as talk:
        for _ in range(2):
            check_equal(talk.next().opcode, PING)
            talk.send(frame(PONG))
        check_equal(talk.ask("here"), "here")


# -- threats ---------------------------------------------------------------------------------------------------------

@test
def threat_046_a_frame_without_a_mask_is_refused_and_a_mask_of_zeros_is_not():
    check_closed("/echo", frame(TEXT, "x", mask=None), 1002)
    with both("/echo") as pair:
        for talk in pair:
            talk.send(frame(TEXT, "zeros", mask=b"\0\0\0\0"))
            check_equal(talk.text(), "zeros")


@test
def threat_047_a_length_that_is_huge_or_not_shortest_is_refused_without_memory_for_it():
    before = memory_kib(server().worker_pids()[0])
    check_closed("/echo", frame(BINARY, b"", length=1 << 63, form=8), 1002)
    check_closed("/echo", frame(BINARY, b"", length=(1 << 64) - 1, form=8), 1002)
    check_closed("/echo", frame(BINARY, b"", length=1 << 62, form=8), 1009)
    check_closed("/small", frame(BINARY, b"", length=1001, form=2), 1009)
    check_closed("/echo", frame(TEXT, b"", length=5, form=2), 1002)
    check_closed("/echo", frame(TEXT, b"", length=65535, form=8), 1002)
    with Socket(server(), "/echo") as talk:
        talk.send(frame(BINARY, b"x" * 10, length=30 << 20, form=8))
        talk.send(b"y" * 100)
        check(memory_kib(server().worker_pids()[0]) - before < 20000, "memory by what has arrived")


@test
def threat_048_endless_fragments_are_limited_by_bytes_and_by_number():
    check_closed("/small", frame(TEXT, "x" * 600, fin=False) + frame(0, "x" * 600, fin=False), 1009)
    check_closed("/echo", frame(TEXT, "", fin=False) + frame(0, "x", fin=False) * 10300, 1009)
    check_closed("/echo", frame(TEXT, "", fin=False) + frame(0, "", fin=False) * 1000, 1008)


def deflated(data, keeps_end=False, final=False):
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    out = machine.compress(data) + machine.flush(zlib.Z_FINISH if final else zlib.Z_SYNC_FLUSH)
    return out if keeps_end or final else out[:-4]


@test
def threat_049_a_deflate_bomb_is_stopped_while_it_inflates():
    bomb = deflated(b"\0" * (50 << 20))
    check(len(bomb) < 100000, "a bomb")
    pid = server().worker_pids()[0]
    before = memory_kib(pid)
    check_closed("/deflated", frame(BINARY, bomb, rsv=RSV1), 1009, headers=[DEFLATE])
    check(memory_kib(pid) - before < 30000, "no memory for the whole of it")
    check_closed("/deflated", frame(BINARY, b"\xff\xff\xff\xff", rsv=RSV1), 1007, headers=[DEFLATE])
    check_closed("/deflated", frame(TEXT, deflated(b"\xff\xfe"), rsv=RSV1), 1007, headers=[DEFLATE])
    check_closed("/deflated", frame(TEXT, "x", rsv=RSV1), 1002)  # nothing was agreed on
    check_closed("/deflated", frame(TEXT, "x", fin=False) + frame(0, "y", rsv=RSV1), 1002, headers=[DEFLATE])
    check_closed("/deflated", frame(PING, "y", rsv=RSV1), 1002, headers=[DEFLATE])


@test
def compressed_messages_go_both_ways_without_context_takeover():
    with both("/deflated", DEFLATE + "; client_max_window_bits; server_max_window_bits=9") as pair:
        for talk in pair:
            agreed = talk.headers["sec-websocket-extensions"]
            check_equal(agreed, "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
                        "server_max_window_bits=9")
            for text in ("x" * 512, "y" * 400, "", "z" * 5000):
                data = deflated(text.encode())
                talk.send(frame(TEXT, data[:3], fin=False, rsv=RSV1), frame(PING), frame(0, data[3:]))
                check_equal(talk.next().opcode, PONG)
                message = talk.next()
                check_equal(message.rsv1, len(text) == 512)  # others are too short, or longer than the window
                payload = message.payload
                if message.rsv1:
                    check(len(payload) < 60, "shorter")
                    payload = zlib.decompressobj(-9).decompress(payload + b"\0\0\xff\xff")
                check_equal(payload.decode(), text)
            talk.send(frame(TEXT, deflated(b"final block", final=True), rsv=RSV1))
            check_equal(talk.text(), "final block")


@test
def offers_of_compression_are_declined_one_by_one_and_malformed_ones_refused():
    for offer, agreed in (("permessage-deflate; server_max_window_bits=16, permessage-deflate", True),
                          ("permessage-deflate; server_max_window_bits=08", False),
                          ("permessage-deflate; server_max_window_bits", False),
                          ("permessage-deflate; client_max_window_bits=7", False),
                          ("permessage-deflate; server_no_context_takeover=1", False),
                          ("permessage-deflate; what", False), ("x-webkit-deflate-frame", False),
                          ("permessage-deflate; client_max_window_bits; client_max_window_bits", False),
                          ("PERMESSAGE-DEFLATE; client_max_window_bits=\"10\"", True), ("", False)):
        with Socket(server(), "/deflated", f"Sec-WebSocket-Extensions: {offer}") as talk:
            check_equal("sec-websocket-extensions" in talk.headers, agreed, offer)
            check_equal(talk.ask("x" * 600) == "x" * 600 if not agreed else "", "" if agreed else True)
    check_equal(server().ask(handshake("/deflated", "Sec-WebSocket-Extensions: ;;")).status, 400)


@test
def threat_050_control_frames_opcodes_and_reserved_bits_are_strict():
    check_closed("/echo", frame(PING, "x", fin=False), 1002)
    check_closed("/echo", frame(PING, "x" * 126), 1002)
    check_closed("/echo", frame(CLOSE, "xx" * 100), 1002)
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        check_closed("/echo", frame(opcode, "x"), 1002)
    for bits in (0x10, 0x20, 0x40, 0x70):
        check_closed("/echo", frame(TEXT, "x", rsv=bits), 1002)
    check_closed("/echo", frame(0, "x"), 1002)
    check_closed("/echo", frame(TEXT, "x", fin=False) + frame(TEXT, "y"), 1002)


@test
def threat_051_text_that_is_not_utf_8_and_codes_that_may_not_be_sent_are_refused():
    for text in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe0\x80\x80", b"a" * 100 + b"\x80"):
        check_closed("/echo", frame(TEXT, text), 1007)
        check_closed("/echo", frame(TEXT, text[:1], fin=False) + frame(0, text[1:] or b"\x80"), 1007)
    check_closed("/parts", frame(TEXT, b"fine, and then not: \xff\xff\xff\xff\xff\xff", fin=False), 1007)
    check_closed("/echo", frame(TEXT, b"\xc3"), 1007)  # ends within a character
    check_closed("/echo", frame(TEXT, b"\xf4\x90", fin=False), 1007)  # at once, not at its end
    for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):
        check_closed("/echo", frame(CLOSE, struct.pack(">H", code)), 1002)
    check_closed("/echo", frame(CLOSE, b"x"), 1002)
    check_closed("/echo", frame(CLOSE, struct.pack(">H", 1000) + b"\xff"), 1007)


@test
def threat_052_pings_are_limited_and_only_the_last_of_many_is_answered():
    check_closed("/echo", frame(PING, "x") * 600, 1008)
    with Server(name="talking") as own, Socket(own, "/wait?bytes=50000", receive_buffer=4096) as talk:
        wait_for(lambda: memory_kib(own.worker_pids()[0]) > 0, text="a worker")
        for at in range(50):
            talk.send(frame(PING, f"{at}"))
        pongs = []
        while not pongs or pongs[-1] != b"49":
            message = talk.next()
            if message.opcode == PONG:
                pongs.append(message.payload)
        check(len(pongs) <= 50, "no more answers than pings")


@test
def threat_052_a_reader_that_is_slow_is_waited_for_skipped_or_closed():
    with Server(name="talking") as own:
        pid = own.worker_pids()[0]
        with Socket(own, "/wait?bytes=50000", receive_buffer=4096), \
                Socket(own, "/skip?bytes=50000", receive_buffer=4096) as skipped, \
                Socket(own, "/close?bytes=50000", receive_buffer=4096) as closed:
            check_equal(skipped.closing(), 1000)  # its body has seen that enough was left out
            check_equal(closed.closing(), 1013)
            check(memory_kib(pid) < 600000, "a bounded queue")
            check_equal(own.get("/hello").status, 200)


@test
def threat_053_a_page_of_another_origin_may_not_connect():
    for origin, path, status in (("http://evil.example", "/echo", 403), ("null", "/echo", 403),
                                 ("http://test.evil.example", "/echo", 403), ("https://friend.example", "/echo", 403),
                                 ("http://evil.example", "/room", 403), ("http://friend.example", "/room", 403),
                                 ("https://x.friend.example", "/room", 403), ("http://test:81", "/echo", 403)):
        check_equal(server().ask(handshake(path, f"Origin: {origin}", "Cookie: a=b")).status, status, origin)
    check_equal(server().ask(handshake("/echo", "Origin: http://test", "Origin: http://evil.example")).status, 400)
    for origin, path in (("http://test", "/echo"), ("https://test", "/echo"), ("https://friend.example", "/room"),
                         ("https://a.friends.example", "/room"), ("http://evil.example", "/anybody"),
                         ("null", "/anybody")):
        with Socket(server(), path, f"Origin: {origin}"):
            pass
    with H2(server()) as own:
        own.send(h2.frame(h2.HEADERS, h2.END_HEADERS, 1, connect_block("/echo", ("origin", "http://evil.example"))))
        check_equal(own.reply(1).status, 403)


@test
def threat_054_handshakes_that_are_wrong_are_refused():
    for how, status in (({"version": "8"}, 426), ({"version": ""}, 426), ({"version": "013"}, 426),
                        ({"key": "short"}, 400), ({"key": "x" * 24}, 400), ({"key": "A" * 22 + "=A"}, 400),
                        ({"upgrade": "h2c"}, 426), ({"upgrade": ""}, 426), ({"connection": "close"}, 426),
                        ({"connection": ""}, 426), ({"protocol": "HTTP/1.0"}, 426), ({"method": "POST"}, 405)):
        reply = server().ask(handshake("/echo", **how))
        check_equal(reply.status, status, how)
        if status == 426:
            check_equal((reply.header("upgrade"), reply.header("sec-websocket-version")), ("websocket", "13"))
    begin = time.monotonic()
    reply = server().ask(handshake("/typed/a", "Sec-WebSocket-Protocol: " + ", " * 500000 + "a"))
    check_equal(reply.status, 431)
    with Socket(server(), "/typed/a", "Sec-WebSocket-Protocol: " + "x," * 7000 + "b") as talk:
        check_equal(talk.text(), "a b /typed/a")
    check(time.monotonic() - begin < 3, "in linear time")
    check_equal(server().ask(handshake("/echo", "Content-Length: 3") + b"abc").status, 426)
    with Socket(server(), "/echo", host="TEST") as talk:
        check_equal(talk.ask("x"), "x")


@test
def a_peer_that_sends_too_many_messages_is_closed():
    check_closed("/slow", frame(TEXT, "x") * 60, 1008)


# -- HTTP/2 ----------------------------------------------------------------------------------------------------------

@test
def an_extended_connect_is_announced_and_strict():
    with H2(server()) as own:
        own.until(h2.SETTINGS)
        check_equal(own.settings.get(8), 1)
    for block in (connect_block("/echo", method="GET"), connect_block("/echo", scheme=None), connect_block(None),
                  connect_block("/echo", authority=None), connect_block("*"),
                  connect_block("/echo", (":protocol", "websocket"))):
        with H2(server()) as own:
            own.send(h2.frame(h2.HEADERS, h2.END_HEADERS, 1, block))
            check_equal(own.reply(1).error, h2.PROTOCOL_ERROR)
    with H2(server()) as own:
        own.send(h2.frame(h2.HEADERS, h2.END_HEADERS, 1, connect_block("/echo", protocol="connect-udp")))
        check_equal(own.reply(1).status, 501)
        own.send(h2.frame(h2.HEADERS, h2.END_HEADERS, 3, connect_block("/hello")))
        check_equal(own.reply(3).status, 501)  # a 200 would say that it is a tunnel
        own.send(h2.frame(h2.HEADERS, h2.END_HEADERS, 5, connect_block("/nowhere")))
        check_equal(own.reply(5).status, 404)
        own.last = 5
        check_equal(own.get("/hello").status, 200)


@test
def many_websockets_share_a_connection_of_http_2_with_requests():
    with H2(server()) as own:
        talks = [Stream(own, "/echo") for _ in range(20)]
        for at, talk in enumerate(talks):
            check_equal(talk.ask(f"message {at}"), f"message {at}")
        check_equal(own.get("/hello").status, 200)
        for talk in talks[::2]:
            talk.close()
        for at, talk in enumerate(talks[1::2]):
            check_equal(talk.ask(f"again {at}"), f"again {at}")


@test
def a_stream_whose_window_is_closed_holds_a_bounded_queue_and_the_others_go_on():
    with Server("--h2c", name="talking") as own, H2(own) as connection:
        connection.send(h2.window(0, 1 << 24))
        slow = Stream(connection, "/wait?bytes=50000", gives_window=False)
        for number in range(3):
            talk = Stream(connection, "/echo")
            check_equal(talk.ask(f"quick {number}"), f"quick {number}")
        check(memory_kib(own.worker_pids()[0]) < 600000, "a bounded queue")
        connection.send(h2.window(slow.stream, 1 << 20))
        slow.gives_window = True
        connection.buffer = connection.buffer
        check_equal(len(Stream(connection, "/wait?bytes=70000").next().payload), 70000)


@test
def a_half_closed_stream_is_lost_and_a_reset_one_too():
    with Server("--h2c", name="talking") as own, Socket(own, "/room") as stays, H2(own) as connection:
        stays.text()
        half = Stream(connection, "/room")
        half.text()
        connection.send(h2.frame(h2.DATA, h2.END_STREAM, half.stream))
        check_equal(stays.text(), "left")
        gone = Stream(connection, "/room")
        gone.text()
        gone.close()
        check_equal(stays.text(), "left")


# -- drain -----------------------------------------------------------------------------------------------------------

@test
def threat_116_websockets_that_are_open_hear_1001_when_the_server_stops_or_reloads():
    for number in (signal.SIGTERM, signal.SIGHUP):
        with Server("--h2c", name="talking") as own:
            with Socket(own, "/echo") as one, Socket(own, "/ticks") as other, H2(own) as connection, \
                    Socket(own, "/sleeps") as asleep:
                stream = Stream(connection, "/room")
                stream.text()
                asleep.text()
                check_equal(one.ask("x"), "x")
                own.signal(number)
                check_equal((one.closing(), other.closing(), stream.closing(), asleep.closing()), (1001,) * 4)
                for talk in (one, other, stream, asleep):
                    talk.say_close(1001)
                    talk.wait_end()
            if number == signal.SIGHUP:
                own.wait_logged("reload")
                with Socket(own, "/echo") as after:
                    check_equal(after.ask("new"), "new")


@test
def threat_119_clients_that_leave_at_any_moment_leave_nothing():
    data = frame(TEXT, "Hello") + frame(BINARY, b"x" * 70000) + frame(TEXT, "y", fin=False)
    with Server(name="talking") as own:
        for at in range(0, 120, 3):
            with Socket(own, "/echo") as talk:
                talk.send(data[:at])
                talk.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", at & 1, 0))
        check_equal(own.get("/hello").status, 200)


# -- clients of others -----------------------------------------------------------------------------------------------

def tools():
    folder, why = pypi.programs(TOOLS, WANTED)
    if folder is None:
        raise Skip(f"websocket.requirements.txt cannot be installed: {why}")
    return folder


@test
def the_cases_of_autobahn_pass():
    # 9 measures speed; 12 and 13, compression, need a Python that kosoku's cases do not know yet
    words = ["-x", "9.*", "-x", "12.*", "-x", "13.*"]
    url = f"ws://{server().host}:{server().port}/conform"
    with tempfile.TemporaryDirectory() as place:
        command = [os.path.join(tools(), "kosoku"), "-p", "2", *words, "-o", place, url]
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=200, check=False)
        check(re.search(r"\d+ cases passed", run.stdout) and run.returncode == 0, run.stdout[-600:] + run.stderr[-300:])
        with open(os.path.join(place, "index.json"), encoding="utf-8") as file:
            for cases in json.load(file).values():
                bad = {case: one["behavior"] for case, one in cases.items()
                       if one["behavior"] not in ("OK", "INFORMATIONAL")}
                check_equal(bad, {}, "cases that are not strict")


PYTHON_CLIENT = """
import asyncio, sys, websockets
async def main(url):
    async with websockets.connect(url, max_size=None) as talk:
        for message in ("hello", "", "x" * 90000, b"\\0" * 50, "ü" * 500):
            await talk.send(message)
            assert await talk.recv() == message
        await talk.send(["in ", "three ", "fragments"])
        assert await talk.recv() == "in three fragments"
        await (await talk.ping())
    assert talk.close_code == 1000, talk.close_code
    print("fine")
asyncio.run(main(sys.argv[1]))
"""


@test
def the_client_of_pythons_websockets_talks_with_and_without_compression():
    for path in ("/echo", "/deflated"):
        url = f"ws://{server().host}:{server().port}{path}"
        run = subprocess.run([os.path.join(tools(), "python"), "-c", PYTHON_CLIENT, url], stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=60, check=False)
        check_equal((run.stdout, run.stderr[-400:]), ("fine\n", ""))


NODE_CLIENT = """
const talk = new WebSocket(process.argv[1]);
const sent = ["hello", "x".repeat(90000), "ü"];
let at = 0;
talk.onopen = () => talk.send(sent[0]);
talk.onmessage = (event) => {
    if (event.data !== sent[at]) { console.log("differs at", at); process.exit(1); }
    if (++at < sent.length) talk.send(sent[at]); else talk.close(1000, "done");
};
talk.onclose = (event) => console.log("closed", event.code, event.wasClean);
talk.onerror = (event) => console.log("error", event.message);
"""


@test
def the_client_of_node_talks():
    node = shutil.which("node")
    if node is None or subprocess.run([node, "-e", "process.exit(globalThis.WebSocket ? 0 : 1)"], check=False).returncode:
        raise Skip("node is missing, or has no WebSocket")
    url = f"ws://{server().host}:{server().port}/deflated"
    run = subprocess.run([node, "-e", NODE_CLIENT, url], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                         check=False)
    check_equal(run.stdout, "closed 1000 true\n")


NGINX = """daemon off; pid {place}/pid; error_log {place}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {place}/a; proxy_temp_path {place}/b; fastcgi_temp_path {place}/c;
uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;
server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://{host}:{to}; proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; proxy_set_header Host $host; }} }} }}
"""


@test
def websockets_pass_through_nginx():
    if shutil.which("nginx") is None:
        raise Skip("nginx is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as place:
        with open(os.path.join(place, "conf"), "w", encoding="ascii") as file:
            file.write(NGINX.format(place=place, port=port, host=server().host, to=server().port))
        with subprocess.Popen(["nginx", "-c", os.path.join(place, "conf"), "-p", place], stdin=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as proxy:
            def is_up():
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    return True
                except OSError:
                    return False
            try:
                wait_for(is_up, text="nginx")
                with Socket(None, "/echo", address=("127.0.0.1", port)) as talk:
                    check_equal((talk.ask("through"), len(talk.ask("x" * 200000))), ("through", 200000))
                    check_equal(talk.leave(), 1000)
            finally:
                proxy.terminate()
                proxy.wait()


# -- documentation ---------------------------------------------------------------------------------------------------

@test
def the_openapi_document_lists_a_websocket_as_a_get_that_answers_101():
    document = json.loads(server().get("/openapi.json").body)
    operation = document["paths"]["/typed/{name}"]["get"]
    check_equal((operation["summary"], "101" in operation["responses"], "200" in operation["responses"]),
                ("Talk by a model", True, False))
    check("426" in operation["responses"] and "403" in operation["responses"], operation["responses"].keys())


if __name__ == "__main__":
    sys.exit(harness.main(at_once=2, programs=("talking",)))
