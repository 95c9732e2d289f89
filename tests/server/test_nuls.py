"""U+0000 in every input that becomes a C string, where it would truncate the value: it is refused, or the whole value
is kept."""

import sys

import harness
from harness import Server, check, check_equal, test

JSON, FORM = "Content-Type: application/json", "Content-Type: application/x-www-form-urlencoded"
PARTS = "Content-Type: multipart/form-data; boundary=B"


def post(server, path, kind, body):
    head = f"POST {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return server.ask(head.encode() + body, "POST")


def get(server, target, head=b""):
    return server.ask(b"GET " + target + b" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + head + b"\r\n")


def check_refused(reply, what):
    check(400 <= reply.status < 500, f"{what} is refused: {reply.status} {reply.body}")


@test
def threat_130_texts_and_keys_of_a_json_model_are_refused():
    with Server(name="nuls") as server:
        for body in (rb'{"text":"ab\u0000cd"}', rb'{"list":["x","ab\u0000cd"]}', rb'{"map":{"a":"ab\u0000cd"}}',
                     rb'{"map":{"ab\u0000cd":"x"}}', rb'{"text\u0000":"x"}', rb'{"\u0000text":"x"}'):
            check_refused(post(server, "/say", JSON, body), body)
        reply = post(server, "/say-loosely", JSON, rb'{"text\u0000x":"other","text":"own"}')
        check_equal((reply.status, reply.body), (200, b'{"text":"own"}'), "a key that only begins like a field")


@test
def threat_130_map_keys_that_differ_after_it_are_not_equal():
    with Server(name="nuls") as server:
        reply = post(server, "/say", JSON, rb'{"map":{"a\u0000b":"1","a\u0000c":"2","a":"3"}}')
        check_equal(reply.status, 422, "status")
        check_equal((reply.body.count(b"nul_in_text"), reply.body.count(b"duplicate")), (2, 0), f"faults in {reply.body}")


@test
def threat_130_a_refusal_does_not_name_another_key_than_was_sent():
    with Server(name="nuls") as server:
        reply = post(server, "/say", JSON, rb'{"text\u0000x":1}')
        check('"location":["body","text\ufffdx"]'.encode() in reply.body, f"the key as it was sent: {reply.body}")


@test
def threat_130_free_json_is_kept_whole():
    with Server(name="nuls") as server:
        body = rb'{"any":{"ab\u0000cd":"x\u0000y","ab\u0000ce":1}}'
        reply = post(server, "/say", JSON, body)
        check_equal((reply.status, reply.body), (200, body), "reply")


@test
def threat_130_a_value_tree_has_whole_texts_and_no_keys_with_it():
    with Server(name="nuls") as server:
        check_refused(post(server, "/look", JSON, rb'{"a\u0000x":1}'), "a key")
        check_refused(post(server, "/look", JSON, rb'[{"b":{"a\u0000x":1}}]'), "a key further down")
        reply = post(server, "/look", JSON, rb'{"text":"ab\u0000cd"}')
        check_equal((reply.status, reply.body), (200, rb'["text",null,{"text":"ab\u0000cd"}]'), "reply")


@test
def threat_130_forms_and_queries_are_refused_or_name_another_parameter():
    with Server(name="nuls") as server:
        for body in (b"text=ab%00cd", b"text%00=x", b"te%00xt=x", b"list=a&list=ab%00cd", b"map=%7B%22a%22%3A%22b%5Cu0000%22%7D",
                     b"text=ab\0cd", b"text\0=x"):
            check_refused(post(server, "/say", FORM, body), body)
        for target in (b"/ask?text=ab%00cd", b"/ask?list=a&list=b%00", b"/get?text=ab%00cd", b"/ask?text=ab\0cd"):
            check_refused(get(server, target), target)
        for target, body in ((b"/ask?text%00x=ab", b"{}"), (b"/get?text%00=ab", b"- - -")):
            reply = get(server, target)
            check_equal((reply.status, reply.body), (200, body), target)


@test
def threat_130_paths_headers_and_cookies_are_refused():
    with Server(name="nuls") as server:
        for target in (b"/walk/ab%00cd", b"/rest/ab%00cd", b"/rest/a/%00", b"/walk/ab\0cd", b"/walk%00/ab"):
            check_refused(get(server, target), target)
        for head in (b"X-Text: ab\0cd\r\n", b"X-Text\0: ab\r\n", b"Cookie: crumb=ab\0cd\r\n", b"Cookie: crumb\0=ab\r\n"):
            check_refused(get(server, b"/hear", head), head)
            check_refused(get(server, b"/get", head), head)


@test
def threat_130_names_and_texts_of_multipart_forms_are_refused_or_whole():
    def part(disposition, content, more=b""):
        return b"--B\r\nContent-Disposition: form-data; " + disposition + b"\r\n" + more + b"\r\n" + content + b"\r\n--B--\r\n"

    with Server(name="nuls") as server:
        for body in (part(b'name="te\0xt"', b"x"), part(b'name="text\0"', b"x"), part(b'name="text"', b"ab\0cd"),
                     part(b'name="files"; filename="ab\0cd"', b"x"),
                     part(b'name="files"; filename="a"', b"x", b"Content-Type: image/p\0ng\r\n")):
            check_refused(post(server, "/send", PARTS, body), body)
        for disposition in (b"name=\"files\"; filename*=UTF-8''ab%00cd", b'name="files"; filename="ab%00cd"'):
            reply = post(server, "/send", PARTS, part(disposition, b"x"))
            whole = reply.status == 200 and (b" ab " not in reply.body)
            check(whole or 400 <= reply.status < 500, f"{disposition}: {reply.status} {reply.body}")
        reply = post(server, "/send", PARTS, part(b'name="files"; filename="a"', b"x\0y"))
        check_equal(reply.status, 200, "status of a file that holds it")


if __name__ == "__main__":
    sys.exit(harness.main(programs=("nuls",)))
