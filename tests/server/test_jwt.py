"""Tokens between services: keys that one publishes and another fetches, and what PyJWT makes and checks."""

import http.server
import json
import subprocess
import sys
import threading
import time

import harness
from harness import check, check_equal, test

SECRET = "0123456789abcdef0123456789abcdef"


def private_key(*options):
    """A new private key as PEM, by the openssl command."""
    return subprocess.run(["openssl", "genpkey", *options], check=True, capture_output=True, text=True).stdout


def ec_key():
    return private_key("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")


def service(**env):
    return harness.Server(name="jwt", env=env)


def me(running, token):
    reply = running.get("/me", f"Authorization: Bearer {token}")
    return reply.status, reply.text


class Publisher:
    """Serves a key set, which can change, and counts how often it was asked for."""

    def __init__(self):
        self.document, self.status, self.asked = b"{}", 200, 0
        publisher = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                publisher.asked += 1
                self.send_response(publisher.status)
                self.send_header("Content-Length", str(len(publisher.document)))
                self.end_headers()
                self.wfile.write(publisher.document)

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


@test
def published_keys_are_fetched_once_and_check_tokens_of_the_publisher():
    with Publisher() as publisher, service(JWT_KEYS=ec_key()) as issuer, service(JWT_URL=publisher.url) as consumer:
        publisher.document = issuer.get("/jwks").text.encode()
        token = issuer.get("/sign").text
        for _ in range(5):
            check_equal(me(consumer, token), (200, "42 a b"), "the token's user")
        check_equal(publisher.asked, 1, "fetches")


@test
def many_tokens_with_unknown_kids_do_not_make_many_fetches():
    with Publisher() as publisher, service(JWT_KEYS=ec_key()) as issuer, service(JWT_KEYS=ec_key()) as stranger, \
            service(JWT_URL=publisher.url) as consumer:
        publisher.document = issuer.get("/jwks").text.encode()
        check_equal(me(consumer, issuer.get("/sign").text)[0], 200, "status of a known key")
        for _ in range(20):
            check_equal(me(consumer, stranger.get("/sign").text)[0], 401, "status of an unknown key")
        check(publisher.asked <= 2, f"{publisher.asked} fetches")


@test
def a_publisher_without_keys_is_503_and_no_secret_is_taken_from_it():
    with Publisher() as publisher, service(JWT_KEYS=SECRET) as issuer, service(JWT_URL=publisher.url) as consumer:
        token = issuer.get("/sign").text
        check_equal(me(consumer, token)[0], 503, "status without keys")
        publisher.document = json.dumps({"keys": [
            {"kty": "oct", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}]}).encode()
        harness.wait_for(lambda: publisher.asked >= 2 or me(consumer, token)[0] == 200, text="another fetch")
        check_equal(me(consumer, token)[0], 503, "status with a published secret")


def pyjwt():
    try:
        import jwt  # pylint: disable=import-outside-toplevel
        import cryptography  # pylint: disable=import-outside-toplevel,unused-import
    except ImportError as missing:
        raise harness.Skip("PyJWT is not installed: apt-get install python3-jwt python3-cryptography") from missing
    return jwt


@test
def pyjwt_checks_what_tern_makes_and_the_other_way_round():
    jwt = pyjwt()
    for algorithm, key in (("HS256", SECRET), ("ES256", ec_key()), ("EdDSA", private_key("-algorithm", "ED25519")),
                           ("RS256", private_key("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"))):
        with service(JWT_KEYS=key) as running:
            token = running.get("/sign").text
            if algorithm == "HS256":
                public = key
            else:
                public = jwt.PyJWKSet.from_json(running.get("/jwks").text).keys[0].key
            claims = jwt.decode(token, public, algorithms=[algorithm])
            check_equal((claims["sub"], claims["scope"]), ("42", "a b"), f"claims of {algorithm}")
            foreign = jwt.encode({"sub": "7", "scope": "x", "exp": int(time.time()) + 60}, key, algorithm=algorithm)
            check_equal(me(running, foreign), (200, "7 x"), f"a token of PyJWT by {algorithm}")
            late = jwt.encode({"sub": "7", "exp": int(time.time()) - 1}, key, algorithm=algorithm)
            check_equal(me(running, late)[0], 401, f"an expired token of PyJWT by {algorithm}")


if __name__ == "__main__":
    sys.exit(harness.main(programs=("jwt",)))
