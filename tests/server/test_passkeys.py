"""Passkeys: registration and login by authenticators of PyPI, and every way in which a reply can be wrong (passkeys.c)."""

import base64
import glob
import hashlib
import json
import os
import secrets
import struct
import sys
import tempfile

import harness
import pypi
import shared_postgres
from harness import PRESET, ROOT, Server, Skip, check, check_equal, test

TOOLS = os.path.join(ROOT, "build", PRESET, "tests", "pypi", "passkeys")
WANTED = os.path.join(ROOT, "tests", "server", "passkeys.requirements.txt")
ORIGIN = "https://shop.example"
PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, CREDENTIAL, EXTENSIONS = 1, 4, 8, 16, 64, 128


def tools():
    """Makes the packages importable here."""
    folder, why = pypi.programs(TOOLS, WANTED)
    if why is not None:
        raise Skip(f"the packages of {WANTED} cannot be installed: {why}")
    for path in glob.glob(os.path.join(os.path.dirname(folder), "lib", "python*", "site-packages")):
        if path not in sys.path:
            sys.path.insert(0, path)


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


_engine = {"postgres": False}


def database():
    """The URL of an empty database."""
    if not _engine["postgres"]:
        return f"sqlite:{tempfile.mkdtemp()}/passkeys.db"
    server = shared_postgres.server()
    name = f"passkeys_{secrets.token_hex(4)}"
    server.psql(f"create database {name}")
    return server.url(name)


class Device:
    """An authenticator and the browser around it. Every part of a reply can be replaced."""

    def __init__(self, algorithm=-7, flags=PRESENT | VERIFIED, counter=0):
        tools()
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # pylint: disable=import-outside-toplevel
        self.algorithm, self.flags, self.counter = algorithm, flags, counter
        self.id = secrets.token_bytes(32)
        self.user = None
        self.key = {-7: lambda: ec.generate_private_key(ec.SECP256R1()), -8: ed25519.Ed25519PrivateKey.generate,
                    -257: lambda: rsa.generate_private_key(65537, 2048)}[algorithm]()

    def cose(self):
        from fido2 import cbor, cose  # pylint: disable=import-outside-toplevel
        kind = {-7: cose.ES256, -8: cose.EdDSA, -257: cose.RS256}[self.algorithm]
        return cbor.encode(kind.from_cryptography_key(self.key.public_key()))

    def sign(self, data):
        from cryptography.hazmat.primitives import hashes  # pylint: disable=import-outside-toplevel
        from cryptography.hazmat.primitives.asymmetric import ec, padding  # pylint: disable=import-outside-toplevel
        if self.algorithm == -7:
            return self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        if self.algorithm == -8:
            return self.key.sign(data)
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def client_data(self, kind, options, change):
        data = {"type": kind, "challenge": options["challenge"], "origin": ORIGIN, "crossOrigin": False}
        data.update(change.get("client", {}))
        return change.get("client_text", json.dumps(data).encode())

    def head(self, rp_id, flags):
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + struct.pack(">I", self.counter)

    def create(self, options, **change):
        from fido2 import cbor  # pylint: disable=import-outside-toplevel
        self.user = unb64(options["user"]["id"])
        client = self.client_data("webauthn.create", options, change)
        credential_id = change.get("credential_id", self.id)
        data = change.get("data", self.head(change.get("rp_id", options["rp"]["id"]), change.get("flags", self.flags | CREDENTIAL))
                          + change.get("aaguid", bytes(range(16))) + struct.pack(">H", change.get("id_length", len(credential_id)))
                          + credential_id + change.get("cose", self.cose()) + change.get("tail", b""))
        statement = {"fmt": change.get("format", "none"), "attStmt": change.get("statement", {}), "authData": data}
        sent_id = b64(change.get("sent_id", credential_id))
        return {"id": sent_id, "rawId": change.get("raw_id", sent_id), "type": change.get("type", "public-key"),
                "authenticatorAttachment": "platform", "clientExtensionResults": {"credProps": {"rk": True}},
                "response": {"clientDataJSON": b64(client), "transports": ["internal", "hybrid", "future"],
                             "publicKeyAlgorithm": self.algorithm,
                             "attestationObject": b64(change.get("object", cbor.encode(statement)))}}

    def get(self, options, **change):
        client = self.client_data("webauthn.get", options, change)
        self.counter += change.get("step", 1 if self.counter else 0)
        data = self.head(change.get("rp_id", options["rpId"]), change.get("flags", self.flags)) + change.get("tail", b"")
        signed = data + hashlib.sha256(change.get("signed_client", client)).digest()
        signature = change.get("signature", self.sign(change.get("signed", signed)))
        handle = change.get("handle", self.user)
        return {"id": b64(change.get("id", self.id)), "rawId": b64(change.get("id", self.id)), "type": "public-key",
                "clientExtensionResults": {},
                "response": {"clientDataJSON": b64(client), "authenticatorData": b64(change.get("data", data)),
                             "signature": b64(signature), "userHandle": b64(handle) if handle is not None else None}}


class Browser:
    """Cookies of one browser."""

    def __init__(self, service):
        self.service, self.cookies = service, {}

    def post(self, path, body=None, **headers):
        lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
        if self.cookies:
            lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        text = json.dumps(body).encode() if body is not None else b""
        reply = self.service.server.get(path, "Content-Type: application/json", *lines, method="POST", body=text)
        for name, value in reply.headers:
            if name.lower() == "set-cookie":
                self.cookies.update([value.split(";")[0].split("=", 1)])
        return reply

    def begin_adding(self, user="ann"):
        return json.loads(self.post("/begin-adding?user=" + user).text)

    def add(self, reply, user="ann", name=None):
        return self.post("/add", reply, **{"X-User": user, "X-Name": name})

    def begin_login(self, user=None):
        return json.loads(self.post("/begin-login" + (f"?user={user}" if user else "")).text)

    def login(self, reply, user=None):
        return self.post("/login", reply, **{"X-User": user})


class Service:
    def __init__(self, workers=1, **env):
        tools()
        self.server = Server("--database-url", database(), name="passkeys", workers=workers,
                             env={"TERN_SECRET_KEYS": secrets.token_urlsafe(32), **env})

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *why):
        return self.server.__exit__(*why)

    def registered(self, user="ann", **device):
        """A device of that user."""
        browser, made = Browser(self), Device(**device)
        reply = browser.add(made.create(browser.begin_adding(user)), user)
        check_equal(reply.status, 201, reply.text)
        return made


def detail(reply):
    return json.loads(reply.text).get("detail", reply.text)


@test
def keys_of_every_kind_register_and_log_in():
    with Service() as service:
        for algorithm in (-7, -8, -257):
            user = f"ann{-algorithm}"
            device, browser = service.registered(user, algorithm=algorithm), Browser(service)
            reply = browser.login(device.get(browser.begin_login()))
            check_equal(reply.status, 200, reply.text)
            said = json.loads(reply.text)
            check_equal((said["user"], said["verified"], said["factors"]), (user, True, 2))


@test
def the_authenticator_of_soft_webauthn_registers_and_logs_in():
    with Service() as service:
        import soft_webauthn  # pylint: disable=import-outside-toplevel
        device, browser = soft_webauthn.SoftWebauthnDevice(), Browser(service)
        options = browser.begin_adding()
        decoded = {**options, "challenge": unb64(options["challenge"]), "user": {**options["user"], "id": unb64(options["user"]["id"])}}
        made = device.create({"publicKey": decoded}, ORIGIN)
        reply = browser.add({"id": b64(made["rawId"]), "rawId": b64(made["rawId"]), "type": made["type"],
                             "response": {name: b64(value) for name, value in made["response"].items()}})
        check_equal(reply.status, 201, reply.text)
        for _ in range(3):
            options = browser.begin_login()
            proof = device.get({"publicKey": {**options, "challenge": unb64(options["challenge"])}}, ORIGIN)
            reply = browser.login({"id": b64(proof["rawId"]), "rawId": b64(proof["rawId"]), "type": proof["type"],
                                   "response": {name: b64(value) for name, value in proof["response"].items()}})
            check_equal((reply.status, json.loads(reply.text)["factors"]), (200, 1), reply.text)


@test
def options_are_those_that_py_webauthn_reads_and_it_agrees_with_the_server():
    with Service() as service:
        import webauthn  # pylint: disable=import-outside-toplevel
        from webauthn.helpers import parse_authentication_options_json, parse_registration_options_json  # pylint: disable=import-outside-toplevel
        device, browser = Device(), Browser(service)
        options = browser.begin_adding("ann.lee")
        read = parse_registration_options_json(options)
        check_equal((read.rp.id, read.rp.name, read.user.id, read.user.name), ("shop.example", "Shop", b"ann.lee", "ann.lee"))
        check_equal([int(one.alg) for one in read.pub_key_cred_params], [-7, -8, -257])
        check_equal((len(read.challenge), read.attestation.value), (32, "none"))
        made = device.create(options)
        theirs = webauthn.verify_registration_response(credential=made, expected_challenge=read.challenge, expected_rp_id="shop.example",
                                                       expected_origin=ORIGIN)
        kept = json.loads(browser.add(made, "ann.lee").text)
        check_equal((kept["credential_id"], kept["device"]), (b64(theirs.credential_id), theirs.aaguid))
        check_equal(kept["transports"], "internal,hybrid")
        check(not {"public_key", "counter", "user_id"} & set(kept), f"{kept}")
        options = browser.begin_login("ann.lee")
        asked = parse_authentication_options_json(options)
        check_equal([one.id for one in asked.allow_credentials], [device.id])
        proof = device.get(options)
        webauthn.verify_authentication_response(credential=proof, expected_challenge=asked.challenge, expected_rp_id="shop.example",
                                                expected_origin=ORIGIN, credential_public_key=theirs.credential_public_key,
                                                credential_current_sign_count=0)
        check_equal(browser.login(proof, "ann.lee").status, 200)


@test
def a_wrong_registration_is_refused():
    with Service() as service:
        from fido2 import cbor  # pylint: disable=import-outside-toplevel
        good = Device()
        key, head = good.cose(), good.head("shop.example", PRESENT | CREDENTIAL)
        tail = bytes(16) + struct.pack(">H", 32) + good.id + key
        wrong = {
            "the type of a login": ({"client": {"type": "webauthn.get"}}, "not of type"),
            "another challenge": ({"client": {"challenge": b64(secrets.token_bytes(32))}}, "another challenge"),
            "no challenge": ({"client": {"challenge": None}}, "another challenge"),
            "another origin": ({"client": {"origin": "https://evil.example"}}, "another origin"),
            "a subdomain": ({"client": {"origin": "https://a.shop.example"}}, "another origin"),
            "a longer origin": ({"client": {"origin": ORIGIN + ".evil.example"}}, "another origin"),
            "another port": ({"client": {"origin": ORIGIN + ":8443"}}, "another origin"),
            "plain http": ({"client": {"origin": "http://shop.example"}}, "another origin"),
            "an origin in capitals": ({"client": {"origin": "https://SHOP.example"}}, "another origin"),
            "no origin": ({"client": {"origin": ""}}, "another origin"),
            "a frame": ({"client": {"crossOrigin": True}}, "frame"),
            "a frame by its top": ({"client": {"topOrigin": "https://evil.example"}}, "frame"),
            "another domain": ({"rp_id": "evil.example"}, "another domain"),
            "nobody there": ({"flags": CREDENTIAL}, "nobody has confirmed"),
            "backed up and may not be": ({"flags": PRESENT | CREDENTIAL | BACKED_UP}, "backed up"),
            "no credential": ({"flags": PRESENT, "data": good.head("shop.example", PRESENT)}, "has no credential"),
            "an id of no bytes": ({"credential_id": b"", "sent_id": good.id}, "no bytes"),
            "an id of 1024 bytes": ({"credential_id": bytes(1024), "sent_id": good.id}, "1023"),
            "an id longer than the data": ({"id_length": 1000}, "ends within the credential's id"),
            "another id": ({"sent_id": bytes(32)}, "not that of its credential"),
            "two ids": ({"raw_id": b64(bytes(32))}, "differ"),
            "another type": ({"type": "password"}, "not a public-key"),
            "bytes after it": ({"tail": b"\0"}, "more than it says"),
            "extensions that are missing": ({"flags": PRESENT | CREDENTIAL | EXTENSIONS}, "extensions"),
            "extensions that are no map": ({"flags": PRESENT | CREDENTIAL | EXTENSIONS, "tail": b"\x01"}, "extensions"),
            "a key whose map says one less": ({"cose": bytes([key[0] - 1]) + key[1:]}, "more than it says"),
            "a key cut short": ({"cose": key[:-1]}, "key"),
            "a key that is no map": ({"cose": b"\x41\x00"}, "key"),
            "a key with tags": ({"cose": b"\xc1" + key}, "key"),
            "a key of endless length": ({"cose": b"\xbf" + key[1:] + b"\xff"}, "key"),
            "a key of another algorithm": ({"cose": key.replace(b"\x03\x26", b"\x03\x38\x22")}, "not for ES256"),
            "a point that is not on the curve": ({"cose": key[:-32] + bytes(32)}, ""),
            "a statement with none": ({"statement": {"x": 1}}, "has a statement"),
            "more after the object": ({"object": cbor.encode({"fmt": "none", "attStmt": {}, "authData": head + tail}) + b"\0"}, "more"),
            "an object without data": ({"object": cbor.encode({"fmt": "none", "attStmt": {}})}, "not a map"),
            "an object with two formats": ({"object": b"\xa3\x63fmt\x64none\x63fmt\x64none\x67attStmt\xa0"}, "not canonical"),
            "an object nested deep": ({"object": b"\xa3\x63fmt\x64none\x67attStmt" + b"\xa1\x61a" * 40 + b"\xa0"}, "not canonical"),
            "an object of wide lengths": ({"object": b"\xa3\x78\x03fmt\x64none\x67attStmt\xa0\x68authData\x40"}, "not a map"),
            "an object that is empty": ({"object": b""}, ""),
            "an object with a huge length": ({"object": b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x5b" + b"\xff" * 8}, "not canonical"),
        }
        for name, (change, word) in wrong.items():
            browser, device = Browser(service), Device()
            reply = browser.add(device.create(browser.begin_adding(), **change))
            check_equal(reply.status, 422, f"{name}: {reply.text}")
            check(word in reply.text, f"{name}: {reply.text}")
        for text in (b"", b"{", b"[]", b"null", b"\xff", b'{"type":"webauthn.create"}', b"[" * 5000):
            browser = Browser(service)
            reply = browser.add(Device().create(browser.begin_adding(), client_text=text))
            check(reply.status in (400, 422), f"{text[:20]}: {reply.status}")
        check_equal(json.loads(Browser(service).post("/list", {"user": "ann"}).text), [], "nothing was kept")


@test
def other_attestations_are_taken_unless_refused():
    from_tpm = {"ver": "2.0", "alg": -65535, "x5c": [bytes(100)], "sig": bytes(256), "certInfo": bytes(64), "pubArea": bytes(64)}
    with Service() as service:
        for name, statement in (("packed", {"alg": -7, "sig": bytes(70)}), ("tpm", from_tpm), ("apple", {"x5c": [bytes(9), bytes(9)]})):
            browser = Browser(service)
            reply = browser.add(Device().create(browser.begin_adding(), format=name, statement=statement))
            check_equal(reply.status, 201, f"{name}: {reply.text}")
    with Service(ONLY_UNATTESTED="1") as service:
        browser = Browser(service)
        reply = browser.add(Device().create(browser.begin_adding(), format="packed", statement={"alg": -7, "sig": bytes(70)}))
        check_equal(reply.status, 422, reply.text)
        check_equal(browser.add(Device().create(browser.begin_adding())).status, 201)


@test
def a_wrong_login_is_refused():
    with Service() as service:
        device = service.registered()
        other = service.registered("eve")
        forged = secrets.token_bytes(70)
        wrong = {
            "the type of a registration": ({"client": {"type": "webauthn.create"}}, "not of type"),
            "another challenge": ({"client": {"challenge": b64(secrets.token_bytes(32))}}, "another challenge"),
            "another origin": ({"client": {"origin": "https://evil.example"}}, "another origin"),
            "a frame": ({"client": {"crossOrigin": True}}, "frame"),
            "another domain": ({"rp_id": "evil.example"}, "another domain"),
            "nobody there": ({"flags": 0}, "nobody has confirmed"),
            "a random signature": ({"signature": forged}, "signature"),
            "an empty signature": ({"signature": b""}, ""),
            "a signature of zeros": ({"signature": bytes.fromhex("3006020100020100")}, "signature"),
            "a signature of something else": ({"signed": b"x"}, "signature"),
            "a signature of other client data": ({"signed_client": b"{}"}, "signature"),
            "another key's signature": ({"signature": other.sign(b"x")}, "signature"),
            "an unknown id": ({"id": bytes(32)}, "not known"),
            "another user's handle": ({"handle": b"eve"}, "another user"),
            "bytes after it": ({"tail": b"\0"}, "more than it says"),
            "data cut short": ({"data": bytes(36)}, "shorter than 37"),
            "copies that may not be": ({"flags": PRESENT | BACKED_UP}, "backed up"),
            "a device that may be copied now": ({"flags": PRESENT | ELIGIBLE}, "copies"),
        }
        for name, (change, word) in wrong.items():
            browser = Browser(service)
            reply = browser.login(device.get(browser.begin_login(), **change))
            check_equal(reply.status, 401, f"{name}: {reply.text}")
            check(word in reply.text, f"{name}: {reply.text}")
        browser = Browser(service)
        for handle in (None, b""): # as security keys of old send it
            check_equal(browser.login(device.get(browser.begin_login(), handle=handle)).status, 200, f"a handle of {handle}")
        check_equal(browser.login(device.get(browser.begin_login("eve")), "eve").status, 401, "as another user")


@test
def a_challenge_counts_once_and_for_its_browser_alone():
    with Service(workers=2) as service:
        device, browser = service.registered(counter=1), Browser(service)
        proof = device.get(browser.begin_login())
        check_equal([browser.login(proof).status for _ in range(2)], [200, 401], "the same reply twice")
        options = browser.begin_login()
        check_equal(browser.login(device.get(options)).status, 200)
        again = browser.login(device.get(options))
        check_equal((again.status, "used before" in again.text), (401, True), "a new signature of a used challenge")
        stolen = device.get(browser.begin_login())
        stranger = Browser(service)
        check_equal(stranger.login(stolen).status, 401, "a browser without a challenge")
        stranger.begin_login()
        check_equal(stranger.login(stolen).status, 401, "a browser with another challenge")
        for_eve = browser.begin_login("eve")
        check_equal(browser.login(device.get(for_eve)).status, 401, "a challenge for a user, as one for anybody")
        adding = browser.begin_adding("ann")
        check_equal(browser.add(Device().create(adding), "eve").status, 422, "a challenge for another user's new passkey")
        name = next(iter(browser.cookies))
        browser.begin_login()
        browser.cookies[name] = browser.cookies[name][:-2] + "AA"
        check_equal(browser.login(device.get({"challenge": "x", "rpId": "shop.example"})).status, 401, "a changed cookie")


@test
def a_counter_that_does_not_rise_is_refused():
    with Service() as service:
        device = service.registered(counter=5)
        browser = Browser(service)
        check_equal(browser.login(device.get(browser.begin_login())).status, 200)
        for step in (0, -3):
            reply = browser.login(device.get(browser.begin_login(), step=step))
            check_equal((reply.status, "counter" in reply.text), (401, True), reply.text)
        service.server.wait_logged("its key may have been copied")
        check_equal(browser.login(device.get(browser.begin_login(), step=100)).status, 200)
        device.counter = 0
        check_equal(browser.login(device.get(browser.begin_login(), step=0)).status, 401, "back to 0")
        quiet = service.registered("bob")
        for _ in range(3):
            check_equal(browser.login(quiet.get(browser.begin_login())).status, 200, "one that does not count")


@test
def a_device_that_has_to_check_its_holder_must_do_it():
    with Service(REQUIRE_CHECK="1") as service:
        browser = Browser(service)
        options = browser.begin_adding()
        check_equal(options["authenticatorSelection"]["userVerification"], "required")
        check_equal(browser.add(Device(flags=PRESENT).create(options)).status, 422)
        device = service.registered()
        reply = browser.login(device.get(browser.begin_login(), flags=PRESENT))
        check_equal((reply.status, "has not checked" in reply.text), (401, True), reply.text)


@test
def a_passkey_is_registered_once_and_a_user_has_a_few():
    with Service() as service:
        browser, device = Browser(service), service.registered()
        reply = browser.add(device.create(browser.begin_adding("eve")), "eve")
        check_equal((reply.status, "known already" in reply.text), (422, True), reply.text)
        check_equal([one["id"] for one in browser.begin_adding()["excludeCredentials"]], [b64(device.id)])
        for _ in range(2):
            service.registered()
        check_equal(browser.post("/begin-adding?user=ann").status, 409, "a fourth one")


@test
def passkeys_are_listed_renamed_and_removed_by_their_user_alone():
    with Service() as service:
        browser, device = Browser(service), Device(flags=PRESENT | VERIFIED | ELIGIBLE | BACKED_UP)
        made = json.loads(browser.add(device.create(browser.begin_adding()), "ann", "Phone").text)
        check_equal((made["name"], made["can_move"], made["has_copy"]), ("Phone", True, True))
        for user, said in (("eve", "no"), ("ann", "yes")):
            check_equal(browser.post("/rename", {"user": user, "id": made["id"], "name": "My phone"}).text, said)
        check_equal([one["name"] for one in json.loads(browser.post("/list", {"user": "ann"}).text)], ["My phone"])
        check_equal(json.loads(browser.post("/list", {"user": "eve"}).text), [])
        for user, said in (("eve", "no"), ("ann", "yes"), ("ann", "no")):
            check_equal(browser.post("/remove", {"user": user, "id": made["id"]}).text, said)
        check_equal(browser.login(device.get(browser.begin_login())).status, 401, "a removed passkey")


@test
def wrong_settings_are_mistakes_at_start():
    for env, word in (({"RP_ID": "https://shop.example"}, "give the domain"), ({"RP_ID": "Shop.example"}, "give the domain"),
                      ({"ORIGINS": "https://evil.example"}, "of that domain"), ({"ORIGINS": "https://notshop.example"}, "of that domain"),
                      ({"ORIGINS": "http://shop.example"}, "http is for localhost"), ({"ORIGINS": "https://shop.example/"}, "without a path")):
        server = Server(name="passkeys", env={"TERN_SECRET_KEYS": secrets.token_urlsafe(32), **env}, wait=False)
        check_equal(server.wait(), 1, f"{env}")
        server.wait_logged(word)


@test
def counters_use_all_their_32_bits():
    with Service() as service:
        device, browser = service.registered(counter=0x7ffffffe), Browser(service)
        for _ in range(3):
            check_equal(browser.login(device.get(browser.begin_login())).status, 200, f"{device.counter}")
        device.counter = 0xfffffffe
        check_equal(browser.login(device.get(browser.begin_login())).status, 200)
        check_equal(browser.login(device.get(browser.begin_login(), step=0)).status, 401)


@test
def all_of_it_holds_on_postgresql():
    _engine["postgres"] = True
    try:
        for function in (keys_of_every_kind_register_and_log_in,
                         a_challenge_counts_once_and_for_its_browser_alone,
                         a_counter_that_does_not_rise_is_refused,
                         a_passkey_is_registered_once_and_a_user_has_a_few,
                         passkeys_are_listed_renamed_and_removed_by_their_user_alone,
                         counters_use_all_their_32_bits):
            function()
    finally:
        _engine["postgres"] = False


if __name__ == "__main__":
    sys.exit(harness.main(programs=("passkeys",)))
