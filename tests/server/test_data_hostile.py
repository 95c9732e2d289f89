#!/usr/bin/env python3
"""SQL injection: values that would be SQL if they were inserted into a statement's text, on every input of an
application with a database."""

import json
import sys
import urllib.parse

import ledger
from harness import check, check_equal
from ledger import answer_of, on_both, post

INJECTIONS = (
    "'", "''", "\"", "`", "\\", "\\'", "';--", "' --", "')--", "'))--", "' #", "'/*", "*/", ";", "%", "_", "%%%", "$1",
    "?", "?1", ":a", "@a", "$$", "$x$", "' or '1'='1", "' or 1=1--", "1 or 1=1", "1) or (1=1", "1;drop table note",
    "1; drop table note--", "'; delete from note; --", "'; update account set balance = 0; --",
    "\"; drop table \"note\"; --",
    "' union select id, id, id, id, id, id, id from account --", "1 union all select null,null,null--",
    "' and (select 1 from (select pg_sleep(9)) as x)--", "1 and randomblob(900000000) is not null--",
    "'||(select sql from sqlite_master)||'", "'||(select current_user)||'", "cast((select version()) as int)",
    "'; copy note to program 'id'; --", "'; attach database '/nowhere/x' as y; --", "' having 1=1--", "1 order by 99--",
    "title, (select 1)", "title; drop table note", "title desc nulls last", "(case when 1=1 then id else title end)",
    "0x27206f7220", "char(39)", "chr(39)", "e'\\047'", "U&'\\0027'", "N'x'", "1e999", "-1", "99999999999999999999",
    "nan", "\u02b9 or 1=1", "\uff07 or 1=1", "\u2019;--", "{\"$gt\": \"\"}", "[1,2]", "true", "null", "../../etc/passwd",
    "\x01\x1f",
)
ILL_FORMED = (b"%FF", b"%C0%27", b"%C0%A7", b"%ED%A0%80", b"%F5%80%80%80", b"%E2%82", b"%00", b"a%00b",
              b"%BF%27%20or%201=1--", b"%83%27")
TABLES = ("account", "entry", "note")


class Watched:
    """The rows of every table, which only requests answered with 201 may change."""

    def __init__(self, place, client):
        self.place, self.client = place, client
        self.before = self._state()

    def _state(self):
        order = {"account": "id, balance", "entry": "id, account_id, amount, note", "note": "id, title, text, stars"}
        tables = ("select name from sqlite_master where type = 'table' order by name"
                  if self.place.engine == "sqlite" else
                  "select tablename from pg_tables where schemaname = 'public' order by tablename")
        return [self.place.rows(f"select {order[table]} from {table} order by 1") for table in TABLES] + [
            self.place.rows(tables)]

    def check_same(self, what):
        check_equal(self._state(), self.before, f"rows after {what}")

    def get(self, target, method="GET"):
        reply = answer_of(self.client.get(target, method=method))
        check(reply[0] < 500, f"{method} {target}: {reply}")
        return reply

    def send(self, method, target, body, statuses):
        status, reply = post(self.client, target, body, method)
        check(status in statuses, f"{method} {target} {json.dumps(body)}: {status} {reply}")
        return status, reply


def quoted(text):
    return urllib.parse.quote(text, safe="")


@on_both
def threat_100_no_value_in_a_path_or_query_becomes_sql(place):
    with place.serve() as app, app.connect() as client:
        for number in range(3):
            check_equal(post(client, "/notes", {"title": f"note {number}", "text": "kept"})[0], 201)
        watched = Watched(place, client)
        for text in INJECTIONS:
            value = quoted(text)
            for path in ("/notes/", "/entries/", "/accounts/"):
                check(watched.get(path + value)[0] in (400, 404, 422), f"{path}{text}")
            check(watched.get("/notes/" + value, "DELETE")[0] in (400, 404, 422), f"DELETE {text}")
            check_equal(watched.get(f"/accounts/1?nonce={value}"), (200, {"nonce": text, "count": 1, "total": 1000}))
            check_equal(watched.get(f"/total?nonce={value}"), (200, {"nonce": text, "count": 6, "total": 6000}))
            check_equal(watched.get(f"/entries?nonce={value}"), (200, []))
            check_equal(watched.get(f"/notes?title={value}"), (200, {"items": [], "total": 0}))
            check(watched.get(f"/notes?text={value}")[1] == {"items": [], "total": 0}, f"a filter by {text}")
            for name in ("stars", "price", "is_open", "made", "id", "page", "size"):
                check(watched.get(f"/notes?{name}={value}")[0] in (200, 422), f"{name}={text}")
            for name in ("order", "fields"):
                check_equal(watched.get(f"/notes?{name}={value}")[0], 422, f"{name}={text}")
                check_equal(watched.get(f"/notes?{name}=title,{value}")[0], 422, f"{name}=title,{text}")
            check(watched.get(f"/notes?{value}=1")[0] in (200, 422), f"a filter named {text}")
        watched.check_same("hostile paths and queries")


@on_both
def threat_100_every_value_in_a_body_is_kept_as_it_is(place):
    with place.serve() as app, app.connect() as client:
        kept = post(client, "/notes", {"title": "kept", "text": "kept"})[1]
        watched = Watched(place, client)
        for text in INJECTIONS:
            status, note = watched.send("POST", "/notes", {"title": text, "text": text}, (201,))
            target = f"/notes/{note['id']}"
            check_equal((note["title"], note["text"]), (text, text), "what was inserted")
            note = watched.get(target)[1]
            check_equal((note["title"], note["text"]), (text, text), "what is read")
            found = watched.get(f"/notes?title={quoted(text)}&fields=id")[1]
            check_equal(found, {"items": [{"id": note["id"]}], "total": 1}, f"what a filter by {text} finds")
            watched.send("PATCH", target, {"text": f"{text}{text}"}, (200,))
            watched.send("PUT", target, {"title": f"{text}x", "text": text}, (200,))
            check_equal(watched.get(target)[1]["title"], f"{text}x", "what was replaced")
            check_equal(watched.get(target, "DELETE")[0], 204)
            for name in ("stars", "price", "is_open"):
                watched.send("PATCH", f"/notes/{kept['id']}", {name: text}, (422, 200) if name == "price" else (422,))
            watched.send("PATCH", f"/notes/{kept['id']}", {"price": 0}, (200,))
            watched.send("PATCH", f"/notes/{kept['id']}", {text: 1}, (200, 422))
            entry = {"id": text[:60], "account_id": 1, "amount": 0, "note": text}
            entry = watched.send("POST", "/entries", entry, (201,))[1]
            check_equal(entry["id"], text[:60])
            if not set(text) & set("\\/\x01"):  # which a path must not contain
                check_equal(watched.get(f"/entries/{quoted(text[:60])}")[1], entry, "the row of a hostile key")
            check_equal(watched.send("POST", "/entries", entry, (409,))[1]["errors"][0]["location"], ["body", "id"])
            place.rows("delete from entry")
            watched.send("POST", "/transfers", {"id": text[:50], "from": text, "to": 2, "amount": 1}, (422,))
        watched.check_same("hostile bodies")


@on_both
def threat_101_text_that_is_not_utf_8_is_refused_before_it_is_sent(place):
    with place.serve() as app:
        with app.connect() as client:
            watched = Watched(place, client)
        for bad in ILL_FORMED:
            for target in (b"/entries/" + bad, b"/accounts/1?nonce=" + bad, b"/notes?title=" + bad,
                           b"/notes?order=" + bad, b"/notes?" + bad + b"=1"):
                reply = app.ask(b"GET " + target + b" HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
                is_name = b"?" + bad in target  # of a parameter that no handler reads
                check(reply.status in (400, 404, 422) or (reply.status == 200 and is_name), f"{target}: {reply.raw}")
            raw = urllib.parse.unquote_to_bytes(bad)
            for body in (b'{"title":"' + raw + b'"}', b'{"title":"ok","text":"' + raw + b'"}',
                         b'{"' + raw + b'":1,"title":""}'):
                reply = app.get("/notes", "Content-Type: application/json", method="POST", body=body)
                check(reply.status in (400, 422), f"{body}: {reply.status} {reply.body}")
        for body in (b'{"title":"a\\u0000b"}', b'{"title":"\\ud800"}', b'{"title":"\\udc00\\ud800"}'):
            reply = app.get("/notes", "Content-Type: application/json", method="POST", body=body)
            check(reply.status in (400, 422), f"{body}: {reply.status} {reply.body}")
        watched.check_same("ill-formed texts")


if __name__ == "__main__":
    sys.exit(ledger.main())
