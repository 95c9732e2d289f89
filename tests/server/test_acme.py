"""ACME against Pebble, and against an authority that answers badly, slowly or not at all."""

import json
import os
import resource
import signal
import socket
import ssl
import sys
import threading
import time

import harness
from acme_authority import (AlpnResponder, Authority, BINDING, HttpResponder, PROBLEM, Pebble, Place, Reply, facts,
                            helper, problem, run)
from harness import check, check_equal, test, wait_for
from ports import free_port

OBTAINED = "obtained a certificate"
FAILED = "could not obtain a certificate"


def is_temporary(place, name="example.org"):
    return "Temporary certificate of Tern" in facts(place.certificate(name))


def is_over(place):
    """Whether the certificate has expired."""
    end_of = run("openssl", "x509", "-in", place.certificate(), "-noout", "-checkend", "0", fails=True)
    return "will expire" in end_of


def facts_of(pem):
    return run("openssl", "x509", "-noout", "-issuer", data=pem)


def end(process):
    """Ends a helper, which has nothing to tidy up, and checks that no sanitizer has complained."""
    process.process.kill()
    process.wait()
    process.check_sanitizers()


class Helper:
    """A helper for a `with` block."""

    def __init__(self, *arguments, **options):
        self.process = helper(*arguments, **options)

    def __enter__(self):
        return self.process

    def __exit__(self, kind, *_):
        end(self.process)
        if kind is not None:
            for line in self.process.lines[-15:]:
                print("#   " + line[:400])


# -- Pebble ----------------------------------------------------------------------------------------------------------

@test
def http_01_gets_one_certificate_for_all_names_from_pebble():
    with Place() as place, Pebble(place) as pebble:
        responder = HttpResponder(place, pebble.http_port)
        with Helper(place, pebble, "example.org,www.example.org") as process:
            process.wait_logged("prepared")
            check(is_temporary(place), "a temporary certificate is there from the start")
            process.wait_logged(OBTAINED, 20)
        responder.close()
        check("DNS:example.org, DNS:www.example.org" in facts(place.certificate()), "both names")
        check_equal(os.listdir(place.path("acme", "http-01")), [], "answers that are left")
        check_equal(os.listdir(place.path("acme", "orders")), [], "keys of orders that are left")


@test
def tls_alpn_01_gets_a_certificate_from_pebble():
    with Place() as place, Pebble(place) as pebble:
        responder = AlpnResponder(place, pebble.tls_port)
        with Helper(place, pebble, "alpn.example.org", "tls-alpn-01") as process:
            process.wait_logged(OBTAINED, 20)
        responder.close()
        check("Pebble Intermediate" in facts(place.certificate("alpn.example.org")), "the issuer")


@test
def an_external_account_is_bound_and_its_lack_is_said_with_the_fix():
    with Place() as place, Pebble(place, wants_binding=True) as pebble:
        responder = HttpResponder(place, pebble.http_port)
        with Helper(place, pebble) as process:
            check("--acme-eab KID:HMACKEY" in process.wait_logged(FAILED), "the fix is in the log")
        os.remove(place.path("acme", "records", "example.org.json"))
        with Helper(place, pebble, eab=":".join(BINDING)) as process:
            process.wait_logged(OBTAINED, 20)
        responder.close()


@test
def a_challenge_that_fails_is_logged_with_the_authoritys_words_and_tried_again():
    with Place() as place, Pebble(place) as pebble:
        with Helper(place, pebble) as process:
            line = process.wait_logged(FAILED, 20)
            check("the challenge http-01 failed" in line and "example.org" in line, f"the reason in {line}")
            check("next_try_at" in line, "when it is tried again")
            responder = HttpResponder(place, pebble.http_port)
            process.wait_logged(OBTAINED, 30)
            responder.close()


# -- kills -----------------------------------------------------------------------------------------------------------

STEPS = ("account", "order", "challenge", "finalize", "download", "install")


@test
def threat_133_a_kill_before_any_step_loses_neither_account_nor_order():
    with Place() as place, Authority(place) as authority:
        for step in STEPS:
            place.state = os.path.join(place.folder, step)
            authority.accounts = 0
            authority.steps.clear()
            process = helper(place, authority, step=step)
            check_equal(process.wait(), -signal.SIGKILL, f"end before {step}")
            account = place.account()
            with Helper(place, authority) as again:
                again.wait_logged(OBTAINED)
            check_equal(authority.accounts, 1, f"accounts after a kill before {step}")
            check_equal(authority.count("new_order"), 1, f"orders after a kill before {step}")
            for kind, content in account.items():
                check_equal(place.account()[kind], content, f"the account's {kind} after a kill before {step}")
            check(not is_temporary(place), "the certificate")


@test
def threat_133_kills_in_a_row_back_off():
    with Place() as place, Authority(place) as authority:
        for _ in range(4):
            check_equal(helper(place, authority, step="order").wait(), -signal.SIGKILL, "end")
        seen = len(authority.steps)
        with Helper(place, authority) as process:
            process.wait_logged("prepared")
            record = place.record()
            check(record["next_try_at"] > time.time(), f"a pause in {record}")
            check_equal(len(authority.steps), seen, "requests during the pause")


@test
def a_lost_order_is_made_again():
    with Place() as place, Authority(place) as authority:
        check_equal(helper(place, authority, step="challenge").wait(), -signal.SIGKILL, "end")
        authority.orders.clear()
        authority.orders["0"] = None  # numbers go on
        with Helper(place, authority) as process:
            process.wait_logged(OBTAINED)
        check_equal(authority.count("new_order"), 2, "orders")


@test
def a_lost_account_is_made_again_with_its_key():
    with Place() as place, Authority(place) as authority:
        with Helper(place, authority) as process:
            process.wait_logged(OBTAINED)
        account = place.account()
        os.remove(place.path("acme", "records", "example.org.json"))
        authority.accounts = 0
        authority.replies["new_order"] = lambda reply: (
            reply if authority.accounts else problem(400, "accountDoesNotExist"))
        with Helper(place, authority, "example.org,more.example.org") as process:
            process.wait_logged(OBTAINED)
        check_equal(place.account()["key"], account["key"], "the account's key")
        check_equal(authority.accounts, 1, "accounts")


# -- two of them, renewal --------------------------------------------------------------------------------------------

@test
def threat_133_of_two_processes_with_one_folder_one_works_and_the_other_takes_over():
    with Place() as place, Authority(place, life_s=9) as authority:
        first = helper(place, authority)
        first.wait_logged(OBTAINED)
        with Helper(place, authority) as second:
            second.wait_logged("another process looks after the certificates")
            end(first)
            second.wait_logged(OBTAINED, 15)
        check_equal(authority.count("new_order"), 2, "orders: one of each")


@test
def a_certificate_is_renewed_after_two_thirds_of_its_life_with_a_new_key():
    with Place() as place, Authority(place, life_s=9) as authority:
        with Helper(place, authority) as process:
            process.wait_logged(OBTAINED)
            key, serial = place.read("certificates", "example.org", "privkey.pem"), facts(place.certificate())
            wait_for(lambda: process.count_logged(OBTAINED) == 2, 15, "a second certificate")
        check(place.read("certificates", "example.org", "privkey.pem") != key, "a new key")
        check(facts(place.certificate()) != serial, "a new certificate")
        check_equal(authority.accounts, 1, "accounts")


@test
def the_authoritys_suggestion_to_renew_is_followed():
    now = time.time()
    window = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + more)) for more in (-100, -50)]
    with Place() as place, Authority(place, life_s=12, window=window) as authority:
        with Helper(place, authority) as process:
            process.wait_logged(OBTAINED)
            begin = time.monotonic()
            wait_for(lambda: process.count_logged(OBTAINED) == 2, 15, "the renewal")
            check(time.monotonic() - begin < 7, "before two thirds of the life")
        check_equal(authority.payloads["new_order"].get("replaces", "").count("."), 1, "what it replaces")


@test
def an_authority_that_does_not_know_what_is_replaced_still_renews():
    window = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]
    with Place() as place, Authority(place, life_s=6, window=window) as authority:
        authority.replies["new_order"] = lambda reply: (
            problem(409, "alreadyReplaced") if "replaces" in authority.payloads["new_order"] else reply)
        with Helper(place, authority) as process:
            wait_for(lambda: process.count_logged(OBTAINED) == 2, 15, "a second certificate")
            check_equal(process.count_logged(FAILED), 0, "failures")


@test
def another_list_of_names_is_ordered_at_once_and_an_unchanged_one_is_not():
    with Place() as place, Authority(place) as authority:
        with Helper(place, authority) as process:
            process.wait_logged(OBTAINED)
        seen = authority.count("new_order")
        with Helper(place, authority, "example.org;other.example.org") as process:
            process.wait_logged(OBTAINED)
        check_equal(authority.count("new_order"), seen + 1, "orders: the new one alone")
        with Helper(place, authority, "example.org,www.example.org") as process:
            process.wait_logged(OBTAINED)
        check("DNS:www.example.org" in facts(place.certificate()), "the new name")


# -- authorities that fail -------------------------------------------------------------------------------------------

@test
def an_authority_that_is_down_leaves_the_certificate_and_is_asked_more_and_more_rarely():
    with Place() as place, Authority(place) as authority:
        with Helper(place, authority) as process:
            process.wait_logged(OBTAINED)
        before = facts(place.certificate())
        authority.server.shutdown()
        authority.server.server_close()
        with Helper(place, authority, "example.org,www.example.org") as process:
            wait_for(lambda: process.count_logged(FAILED) == 2, text="two failures")
            record = place.record()
        check_equal(record["failures"], 2, "failures on record")
        check(record["next_try_at"] >= time.time() + 2, f"a longer pause: {record}")
        check_equal(facts(place.certificate()), before, "the certificate")
        with Helper(place, authority, "example.org,www.example.org") as process:
            process.wait_logged("prepared")
            time.sleep(0.2)  # nothing must happen, so there is nothing to wait for
            check_equal(process.count_logged(FAILED), 0, "attempts after a restart")


@test
def a_slow_authority_is_waited_for():
    with Place() as place, Authority(place) as authority:
        slow = threading.Event()
        asked = []

        def processing(reply):
            asked.append(1)
            if len(asked) < 3:
                reply.body = reply.body.replace(b'"valid"', b'"processing"')
                reply.headers["Retry-After"] = "1"
            return reply

        authority.replies["finalize"] = authority.replies["order"] = processing
        authority.replies["directory"] = lambda reply: slow.wait(0.5) or reply
        with Helper(place, authority) as process:
            process.wait_logged(OBTAINED)
        check(len(asked) >= 3, "it was asked again")


@test
def a_rate_limit_is_kept_to():
    with Place() as place, Authority(place) as authority:
        authority.replies["new_order"] = problem(429, "rateLimited", "too many certificates", Retry_After="7200")
        with Helper(place, authority) as process:
            line = process.wait_logged(FAILED)
            check("rateLimited" in line and "too many certificates" in line, f"the reason in {line}")
            wait_for(lambda: place.record()["failures"] == 1, text="the record")
            check(place.record()["next_try_at"] >= time.time() + 7000, "the pause that was asked for")


@test
def subproblems_are_logged():
    with Place() as place, Authority(place) as authority:
        body = {"type": "urn:ietf:params:acme:error:rejectedIdentifier", "detail": "some names are refused",
                "subproblems": [{"type": "urn:ietf:params:acme:error:caa", "detail": "CAA forbids it",
                                 "identifier": {"type": "dns", "value": "www.example.org"}}]}
        authority.replies["new_order"] = Reply(403, body, PROBLEM)
        with Helper(place, authority, "example.org,www.example.org") as process:
            line = process.wait_logged(FAILED)
            check("www.example.org: caa: CAA forbids it" in line, f"the subproblem in {line}")


def changed(**members):
    """A reply with other members of its JSON."""
    return lambda reply: Reply(reply.status, {**json.loads(reply.body), **members}, reply.kind, **reply.headers)


def challenges(**members):
    def change(reply):
        body = json.loads(reply.body)
        for challenge in body["challenges"]:
            challenge.update(members)
        return Reply(reply.status, body)
    return change


HOSTILE = {
    "a_redirect": ("directory", Reply(302, Location="https://localhost:1/again"), "redirects are not followed"),
    "a_huge_body": ("directory", Reply(200, b" " * 1_000_000), "larger than allowed"),
    "a_page_of_html": ("directory", Reply(200, b"<html>", "text/html"), "is not JSON"),
    "half_a_json": ("directory", Reply(200, b'{"newNonce": "https'), "the directory is wrong"),
    "an_array": ("directory", Reply(200, b"[]"), "the directory is wrong"),
    "deep_json": ("directory", Reply(200, b"[" * 100_000), "the directory is wrong"),
    "http_in_the_directory": ("directory", changed(newOrder="http://localhost/order"), "not one of https"),
    "a_line_end_in_a_url": ("directory", changed(newOrder="https://localhost/\r\nX: y"), "not one of https"),
    "no_nonce": ("nonce", lambda reply: Reply(200, Replay_Nonce=""), "no Replay-Nonce"),
    "a_malformed_nonce": ("nonce", Reply(200, Replay_Nonce="a b{}"), "no Replay-Nonce"),
    "bad_nonces_for_ever": ("account", problem(400, "badNonce"), "badNonce"),
    "no_location_of_the_account": ("account", Reply(201, {}), "no Location"),
    "an_account_at_http": ("account", Reply(201, {}, Location="http://localhost/a"), "no Location"),
    "a_500_without_words": ("new_order", Reply(500, b"oops", "text/plain"), "500"),
    "a_problem_that_is_none": ("new_order", Reply(400, b"[1,2", PROBLEM), "not described"),
    "an_order_without_status": ("new_order", Reply(201, {}, Location="https://localhost/o"), "the order is wrong"),
    "an_unknown_status": ("new_order", changed(status="dancing"), "dancing"),
    "an_invalid_order": ("new_order", changed(status="invalid", error={"detail": "no luck"}), "no luck"),
    "another_name": ("authorization", changed(identifier={"type": "dns", "value": "evil.example"}), "not ordered"),
    "a_path_as_token": ("authorization", challenges(token="../../certificates/x"), "malformed token"),
    "an_empty_token": ("authorization", challenges(token=""), "malformed token"),
    "a_long_token": ("authorization", challenges(token="a" * 129), "malformed token"),
    "no_known_challenge": ("authorization", challenges(type="dns-01"), "does not offer"),
    "a_certificate_that_is_text": ("certificate", Reply(200, b"hello", "application/pem-certificate-chain"),
                                   "not a chain of certificates"),
    "a_certificate_of_another_type": ("certificate", lambda reply: Reply(200, reply.body, "text/html"),
                                      "not application/pem-certificate-chain"),
    "a_key_in_the_chain": ("certificate", lambda reply: Reply(
        200, reply.body + b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n",
        "application/pem-certificate-chain"), "not a chain of certificates"),
    "half_a_certificate": ("certificate", lambda reply: Reply(
        200, reply.body[:300] + reply.body[500:], "application/pem-certificate-chain"), "malformed"),
    "a_chain_out_of_order": ("certificate", lambda reply: Reply(
        200, reply.body + reply.body, "application/pem-certificate-chain"), "not signed by the next one"),
    "a_long_chain": ("certificate", lambda reply: Reply(
        200, reply.body * 6, "application/pem-certificate-chain"), "more than 10"),
}


@test
def threat_131_answers_of_a_hostile_authority_never_replace_the_certificate():
    with Place() as place, Authority(place) as authority:
        for name, (step, reply, reason) in HOSTILE.items():
            place.state = os.path.join(place.folder, name)
            authority.replies = {step: reply}
            with Helper(place, authority) as process:
                line = wait_for(lambda: process.logged(FAILED) or process.logged(OBTAINED), text=name)
                check(reason in line, f"{name}: {reason!r} in {line}")
                check(is_temporary(place), f"{name}: the certificate is unchanged")


@test
def threat_131_a_certificate_that_does_not_fit_is_not_installed():
    cases = (("other_names", {"names": ["other.example"]}, "is not for example.org"),
             ("a_wild_card", {"names": ["*.org"]}, "is not for example.org"),
             ("expired", {"life_s": 60, "starts_before_s": 7200}, "has expired"),
             ("not_yet_valid", {"starts_before_s": -7200}, "not valid yet"),
             ("another_key", {"signs_key": "root.key"}, "for another key"))
    with Place() as place, Authority(place) as authority:
        for name, changes, reason in cases:
            place.state = os.path.join(place.folder, name)
            authority.life_s, authority.starts_before_s, authority.names, authority.signs_key = 3600, 0, None, None
            for member, value in changes.items():
                setattr(authority, member, os.path.join(place.folder, value) if member == "signs_key" else value)
            with Helper(place, authority) as process:
                line = process.wait_logged(FAILED)
                check(reason in line, f"{name}: {reason!r} in {line}")
                check(is_temporary(place), f"{name}: the certificate is unchanged")
                check_equal(place.record()["order"], None, f"{name}: the order that is over")


# -- in a service ----------------------------------------------------------------------------------------------------

class Service:
    """A server with --acme, a plain listener and one of https, for a `with` block."""

    def __init__(self, place, authority, *flags, port=0, tls_port=0, names="example.org"):
        self.program = harness.Program([
            harness.program("app"), "--listen", f"http://127.0.0.1:{port}", "--listen", f"https://127.0.0.1:{tls_port}",
            "--workers", "1", "--acme", names,
            "--acme-directory", authority.url, "--acme-ca", authority.ca_file, "--state-dir", place.state, *flags])
        self.program.wait_until_listening()

    def __enter__(self):
        self.program.__enter__()
        return self.program

    def __exit__(self, *why):
        return self.program.__exit__(*why)


def helper_of(program):
    """The process beside the workers, once it runs."""
    def find():
        for pid in program.worker_pids():
            with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                if file.read().strip() == "tern: acme":
                    return pid
        return None
    return wait_for(find, text="the process that looks after certificates")


def get(program, path, method="GET"):
    with harness.Client(program) as client:
        return client.get(path, "Connection: close", method=method)


@test
def a_service_proves_its_name_on_its_plain_listener_and_gets_a_certificate():
    with Place() as place, Pebble(place) as pebble:
        with Service(place, pebble, "--acme-challenge", "http-01", port=pebble.http_port) as program:
            program.wait_logged(OBTAINED, 20)
            check("Pebble Intermediate" in facts(place.certificate()), "the issuer")
            check_equal(get(program, "/").status, 200, "status of the application")


def served(port, name="example.org"):
    """The certificate that the https listener serves for a name, as PEM."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), timeout=harness.SLOWEST_S) as plain:
        with context.wrap_socket(plain, server_hostname=name) as connection:
            return ssl.DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True))


@test
def a_service_proves_its_name_on_its_https_listener_and_serves_what_it_gets():
    with Place() as place, Pebble(place) as pebble:
        with Service(place, pebble, "--acme-challenge", "tls-alpn-01", tls_port=pebble.tls_port) as program:
            temporary = served(pebble.tls_port)
            program.wait_logged(OBTAINED, 20)
            wait_for(lambda: served(pebble.tls_port) != temporary, text="the new certificate")
            with open(place.certificate(), encoding="ascii") as file:
                check(file.read().startswith(served(pebble.tls_port)), "the certificate that is served")


@test
def a_certificate_that_expired_while_the_service_was_down_is_replaced():
    with Place() as place, Authority(place, life_s=1) as authority:
        authority.starts_before_s = -1  # until the second after this one
        with Helper(place, authority) as process:
            process.wait_logged(OBTAINED)
        wait_for(lambda: is_over(place), text="its end")
        authority.life_s = 3600
        port = free_port()
        with Service(place, authority, tls_port=port) as program:
            check("Temporary" in facts_of(served(port)), "a temporary certificate")
            os.remove(place.path("acme", "records", "example.org.json"))
            os.kill(helper_of(program), signal.SIGKILL)
            program.wait_logged(OBTAINED)


@test
def a_killed_helper_is_started_again_and_the_workers_go_on():
    with Place() as place, Authority(place) as authority:
        with Service(place, authority) as program:
            program.wait_logged(OBTAINED)
            first = helper_of(program)
            os.kill(first, signal.SIGKILL)
            program.wait_logged("companion ended")
            check(helper_of(program) != first, "another process")
            check_equal(get(program, "/").status, 200, "status of the application")
        check_equal(authority.count("new_order"), 1, "orders")


@test
def a_new_program_has_a_new_helper():
    with Place() as place, Authority(place) as authority:
        with Service(place, authority) as program:
            program.wait_logged(OBTAINED)
            first = helper_of(program)
            program.signal(signal.SIGUSR2)
            program.wait_logged("starting the new program")
            wait_for(lambda: helper_of(program) != first, text="another process")
            check(not harness.is_alive(first), "the end of the first one")


@test
def the_helper_ends_with_a_killed_master():
    with Place() as place, Authority(place) as authority:
        service = Service(place, authority)
        pid = helper_of(service.program)
        service.program.process.kill()
        service.program.wait()
        wait_for(lambda: not harness.is_alive(pid), text="the end of the helper")


@test
def challenges_are_answered_before_a_redirect_to_https():
    with Place() as place, Authority(place) as authority:
        with Service(place, authority, "--redirect-https") as program:
            program.wait_logged(OBTAINED)
            with open(place.path("acme", "http-01", "token"), "w", encoding="ascii") as file:
                file.write("token.thumbprint")
            check_equal(get(program, "/").status, 308, "status of another request")
            check_equal(get(program, "/.well-known/acme-challenge/token").text, "token.thumbprint", "answer")


@test
def threat_132_only_expected_tokens_are_answered():
    with Place() as place, Authority(place) as authority:
        with Service(place, authority) as program:
            program.wait_logged(OBTAINED)
            with open(place.path("acme", "http-01", "abc_DEF-123"), "w", encoding="ascii") as file:
                file.write("abc_DEF-123.thumbprint")
            prefix = "/.well-known/acme-challenge/"
            reply = get(program, prefix + "abc_DEF-123")
            check_equal((reply.status, reply.text), (200, "abc_DEF-123.thumbprint"), "answer")
            check_equal(reply.header("Content-Type"), "text/plain; charset=utf-8", "type")
            for token in ("", "abc_DEF-124", "abc_DEF-123/", "abc%5FDEF-123", "../http-01/abc_DEF-123",
                          "..%2flock", "../../certificates/example.org/privkey.pem", "a" * 200):
                check(get(program, prefix + token).status in (400, 404), f"refused: {token}")
            check(get(program, prefix + "abc_DEF-123", method="POST").status in (404, 405), "another method")


# -- the state folder ------------------------------------------------------------------------------------------------

def without_room():
    """As a full disk: no file may grow beyond a few bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))


@test
def threat_133_without_room_for_its_record_the_authority_is_not_asked():
    with Place() as place, Authority(place) as authority:
        with Helper(place, authority) as process:
            process.wait_logged(OBTAINED)
        os.remove(place.path("acme", "records", "example.org.json"))
        before, seen = facts(place.certificate()), len(authority.steps)
        with Helper(place, authority, "example.org,www.example.org", before=without_room) as process:
            line = process.wait_logged("is not asked for example.org")
            check("File too large" in line, f"the reason in {line}")
        check_equal(len(authority.steps), seen, "requests")
        check_equal(facts(place.certificate()), before, "the certificate")


@test
def threat_111_an_attempt_without_memory_fails_and_the_next_one_succeeds():
    if os.environ.get("TERN_TEST_PRESET", "debug") != "debug":
        raise harness.Skip("allocations can be made to fail only in the debug build")
    with Place() as place, Authority(place) as authority:
        for count in (1, 2, 5, 30, 200, 1000, 4000):
            place.state = os.path.join(place.folder, str(count))
            with Helper(place, authority, step="memory", count=count) as process:
                process.wait_logged(OBTAINED)


@test
def a_state_folder_that_cannot_be_used_is_refused_at_start():
    with Place() as place, Authority(place) as authority:
        open(place.state, "w", encoding="utf-8").close()
        process = helper(place, authority)
        check_equal(process.wait(), 1, "exit code")
        check(process.logged("cannot") and process.logged(place.state), f"the folder in {process.lines}")
        os.remove(place.state)
        os.mkdir(place.state)
        os.chmod(place.state, 0o777)
        process = helper(place, authority)
        check_equal(process.wait(), 1, "exit code")
        check(process.logged("chmod 700"), f"the fix in {process.lines}")


@test
def keys_are_readable_by_their_owner_alone():
    with Place() as place, Authority(place) as authority:
        with Helper(place, authority, before=lambda: os.umask(0)) as process:
            process.wait_logged(OBTAINED)
        for folder, _, files in os.walk(place.state):
            check_equal(oct(os.stat(folder).st_mode & 0o777), "0o700", f"mode of {folder}")
            for name in files:
                check_equal(oct(os.stat(os.path.join(folder, name)).st_mode & 0o777), "0o600", f"mode of {name}")


if __name__ == "__main__":
    sys.exit(harness.main(at_once=12, programs=("acme_helper", "app")))
