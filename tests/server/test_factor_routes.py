"""The routes of second factors: who may do what, and what it changes (factor_site.c)."""

import json
import secrets
import sys
import tempfile
import time

import harness
import test_passkeys
from harness import Server, check, check_equal, test, wait_for

ORIGIN = "http://localhost:8000"
ROUTES = [("GET", "/account/two-factor"), ("POST", "/account/two-factor/app"), ("POST", "/account/two-factor/app/confirm"),
          ("DELETE", "/account/two-factor/app"), ("POST", "/account/two-factor/codes"), ("POST", "/account/two-factor/prove"),
          ("GET", "/account/passkeys"), ("POST", "/account/passkeys/options"), ("POST", "/account/passkeys"),
          ("PATCH", "/account/passkeys/1"), ("DELETE", "/account/passkeys/1")]


class Site:
    def __init__(self, **env):
        test_passkeys.tools()
        self.server = Server("--database-url", f"sqlite:{tempfile.mkdtemp()}/site.db", name="factor_site", workers=2,
                             env={"TERN_SECRET_KEYS": secrets.token_urlsafe(32), **env})

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *why):
        return self.server.__exit__(*why)


class Visitor(test_passkeys.Browser):
    """A browser on the site."""

    def send(self, method, path, body=None, accept="application/json"):
        lines = [f"Accept: {accept}"]
        if body is not None:
            lines.append("Content-Type: application/json")
        if self.cookies:
            lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        text = json.dumps(body).encode() if body is not None else None
        reply = self.service.server.get(path, *lines, method=method, body=text)
        for name, value in reply.headers:
            if name.lower() == "set-cookie":
                self.cookies.update([value.split(";")[0].split("=", 1)])
        return reply

    def ask(self, method, path, body=None, status=200):
        reply = self.send(method, path, body)
        check_equal(reply.status, status, f"{method} {path}: {reply.text}")
        return json.loads(reply.text) if reply.text else None

    def log_in(self, user="ann", ago=0):
        self.ask("POST", "/log-in", {"user": user, "ago": ago}, 204)
        return self


def code_of(setup, step=0):
    """What an app shows, by the code of RFC 6238."""
    import base64, hashlib, hmac, struct  # pylint: disable=import-outside-toplevel,multiple-imports
    wait_for(lambda: time.time() % 30 < 26, 30, "the next step")
    key = base64.b32decode(setup["secret"].replace(" ", ""))
    mac = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + step), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1000000:06}"


def set_up(visitor):
    setup = visitor.ask("POST", "/account/two-factor/app")
    return setup, visitor.ask("POST", "/account/two-factor/app/confirm", {"code": code_of(setup, -1)})["codes"]


@test
def nobody_uses_the_routes_without_a_login():
    with Site() as site:
        for method, path in ROUTES:
            check_equal(Visitor(site).send(method, path, {} if method != "GET" else None).status, 401, f"{method} {path}")


@test
def a_login_of_long_ago_may_look_and_change_nothing():
    with Site() as site:
        visitor = Visitor(site).log_in(ago=3600)
        for method, path in ROUTES:
            reply = visitor.send(method, path, {"code": "123456", "name": "x"} if method != "GET" else None)
            may = method == "GET" or path.endswith("/prove") or method == "PATCH"
            check_equal(reply.status == 401, not may, f"{method} {path}: {reply.status}")
            check_equal(reply.header("Cache-Control"), "no-store" if may else None, path)


@test
def an_app_is_set_up_and_its_codes_open_what_needs_two_factors():
    with Site() as site:
        visitor = Visitor(site).log_in()
        check_equal(visitor.send("GET", "/vault").status, 401)
        setup, codes = set_up(visitor)
        check_equal(len(codes), 10)
        check_equal(visitor.send("GET", "/vault").text, "gold", "the app was proved just now")
        check_equal(visitor.ask("GET", "/account/two-factor"), {"app": True, "recovery_codes_left": 10, "passkeys": 0})
        other = Visitor(site).log_in(ago=3600)
        check_equal(other.send("GET", "/vault").status, 401)
        other.ask("POST", "/account/two-factor/prove", {"code": "000000"}, 422)
        check_equal(other.send("GET", "/vault").status, 401)
        other.ask("POST", "/account/two-factor/prove", {"code": code_of(setup)})
        check_equal(other.send("GET", "/vault").text, "gold")
        third = Visitor(site).log_in()
        third.ask("POST", "/account/two-factor/prove", {"code": codes[0]})
        check_equal(third.send("GET", "/vault").text, "gold", "by a recovery code")
        Visitor(site).log_in().ask("POST", "/account/two-factor/prove", {"code": codes[0]}, 422)


@test
def who_knows_the_password_alone_cannot_take_the_second_factor_away():
    with Site() as site:
        set_up(Visitor(site).log_in())
        thief = Visitor(site).log_in()
        for method, path in (("DELETE", "/account/two-factor/app"), ("POST", "/account/two-factor/codes"),
                             ("POST", "/account/passkeys/options"), ("DELETE", "/account/passkeys/1")):
            check_equal(thief.send(method, path).status, 401, f"{method} {path}")
        thief.ask("POST", "/account/two-factor/app", None, 409)


@test
def the_owner_makes_new_codes_and_removes_the_app():
    with Site() as site:
        visitor = Visitor(site).log_in()
        _, codes = set_up(visitor)
        again = visitor.ask("POST", "/account/two-factor/codes")["codes"]
        check(not set(codes) & set(again), "a code is the same")
        visitor.ask("DELETE", "/account/two-factor/app", None, 204)
        check_equal(visitor.ask("GET", "/account/two-factor"), {"app": False, "recovery_codes_left": 0, "passkeys": 0})
        visitor.ask("DELETE", "/account/two-factor/app", None, 404)
        visitor.ask("POST", "/account/two-factor/codes", None, 409)


@test
def a_passkey_signs_in_and_counts_as_the_factors_that_it_proves():
    test_passkeys.ORIGIN = ORIGIN
    with Site() as site:
        visitor, device = Visitor(site).log_in(), test_passkeys.Device()
        made = visitor.ask("POST", "/account/passkeys?name=Phone", device.create(visitor.ask("POST", "/account/passkeys/options")), 201)
        check_equal(made["name"], "Phone")
        fresh = Visitor(site)
        said = fresh.ask("POST", "/account/login/passkey", device.get(fresh.ask("POST", "/account/login/passkey/options")))
        check_equal(said, {"user": "ann", "factors": 2})
        check_equal(fresh.send("GET", "/vault").text, "gold")
        weak = Visitor(site)
        said = weak.ask("POST", "/account/login/passkey",
                        device.get(weak.ask("POST", "/account/login/passkey/options"), flags=test_passkeys.PRESENT))
        check_equal((said["factors"], weak.send("GET", "/vault").status), (1, 401), "without the device's check")
        visitor.ask("PATCH", f"/account/passkeys/{made['id']}", {"name": "My phone"}, 204)
        check_equal([one["name"] for one in fresh.ask("GET", "/account/passkeys")], ["My phone"])
        Visitor(site).log_in("eve").ask("DELETE", f"/account/passkeys/{made['id']}", None, 404)
        fresh.ask("DELETE", f"/account/passkeys/{made['id']}", None, 204)
        refused = Visitor(site)
        refused.ask("POST", "/account/login/passkey", device.get(refused.ask("POST", "/account/login/passkey/options")), 401)


@test
def a_proof_raises_the_session_and_gives_it_a_new_id():
    test_passkeys.ORIGIN = ORIGIN
    with Site(SESSIONS="1") as site:
        visitor = Visitor(site).log_in()
        before = visitor.cookies["session"]
        setup, _ = set_up(visitor)
        check(visitor.cookies["session"] != before, "the id is the same")
        check_equal(visitor.send("GET", "/vault").text, "gold")
        thief = Visitor(site)
        thief.cookies["session"] = before
        check_equal(thief.send("GET", "/account/two-factor").status, 401, "the old id")
        second = Visitor(site).log_in()
        check_equal(second.send("GET", "/vault").status, 401)
        second.ask("POST", "/account/two-factor/prove", {"code": code_of(setup)})
        check_equal(second.send("GET", "/vault").text, "gold")
        device = test_passkeys.Device()
        second.ask("POST", "/account/passkeys", device.create(second.ask("POST", "/account/passkeys/options")), 201)
        third = Visitor(site)
        third.ask("POST", "/account/login/passkey", device.get(third.ask("POST", "/account/login/passkey/options")))
        check_equal((third.send("GET", "/vault").text, third.send("GET", "/account/two-factor").status), ("gold", 200))


@test
def a_closed_account_is_not_opened_by_a_passkey():
    test_passkeys.ORIGIN = ORIGIN
    with Site() as site:
        visitor, device = Visitor(site).log_in("closed"), test_passkeys.Device()
        visitor.ask("POST", "/account/passkeys", device.create(visitor.ask("POST", "/account/passkeys/options")), 201)
        visitor = Visitor(site)
        visitor.ask("POST", "/account/login/passkey", device.get(visitor.ask("POST", "/account/login/passkey/options")), 403)
        check("session" not in visitor.cookies, f"{visitor.cookies}")


@test
def the_page_is_for_browsers_and_its_policy_allows_its_script_alone():
    with Site() as site:
        visitor = Visitor(site).log_in()
        page = visitor.send("GET", "/account/two-factor", accept="text/html")
        check_equal((page.status, page.header("Content-Type")), (200, "text/html; charset=utf-8"))
        check("script-src 'self'" in page.header("Content-Security-Policy"), page.header("Content-Security-Policy"))
        check_equal(visitor.send("GET", "/account/two-factor.js").status, 200)


if __name__ == "__main__":
    tests = [function for function in harness._tests if function.__module__ == "__main__"]  # not those of the imported files
    harness._tests[:] = tests
    sys.exit(harness.main(programs=("factor_site",)))
