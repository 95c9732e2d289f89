"""Chromium's own passkeys: its virtual authenticator makes one and signs in by it."""

import json
import os
import secrets
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "server"))

import chromium  # noqa: E402
import harness  # noqa: E402
from harness import Server, Skip, check, check_equal, test  # noqa: E402
from ports import free_port  # noqa: E402

SCRIPT = """(async () => {
    const post = (path, body, headers) => fetch(path, {method: "POST", body: body && JSON.stringify(body),
        headers: {"Content-Type": "application/json", ...headers}}).then(async r => [r.status, await r.json()]);
    try {
        %s
    } catch (error) {
        return [0, error.name + ": " + error.message];
    }
})()"""
ADD = """const [, options] = await post("/begin-adding?user=ann");
         const made = await navigator.credentials.create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options)});
         return await post("/add", made.toJSON(), {"X-User": "ann", "X-Name": "Laptop"});"""
LOGIN = """const [, options] = await post("/begin-login");
           const proof = await navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options)});
           return await post("/login", proof.toJSON());"""


def serve(port, **env):
    if chromium.find() is None:
        raise Skip("no Chromium on this machine (Debian: chromium)")
    folder = tempfile.mkdtemp()
    return Server("--listen", f"http://127.0.0.1:{port}", "--database-url", f"sqlite:{folder}/passkeys.db", name="passkeys",
                  env={"TERN_SECRET_KEYS": secrets.token_urlsafe(32), "RP_ID": "localhost",
                       "ORIGINS": f"http://localhost:{port}", **env})


def with_authenticator(tab, is_verified=True, protocol="ctap2"):
    tab.call("WebAuthn.enable", enableUI=False)
    return tab.call("WebAuthn.addVirtualAuthenticator", options={
        "protocol": protocol, "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": is_verified, "automaticPresenceSimulation": True})["authenticatorId"]


@test
def chromium_makes_a_passkey_and_signs_in_by_it_without_a_name():
    port = free_port()
    with serve(port), chromium.Browser() as browser, browser.tab() as tab:
        with_authenticator(tab)
        tab.open(f"http://localhost:{port}/")
        status, made = tab.run(SCRIPT % ADD)
        check_equal((status, made.get("name")), (201, "Laptop"), f"{made}")
        check("internal" in made["transports"], f"{made}")
        for _ in range(2):
            status, proof = tab.run(SCRIPT % LOGIN)
            check_equal((status, proof), (200, {"user": "ann", "id": made["id"], "verified": True, "factors": 2}))
        status, again = tab.run(SCRIPT % ADD)
        check("InvalidStateError" in json.dumps(again), f"a second one on the same device: {again}")


@test
def chromium_refuses_a_passkey_for_another_domain():
    port = free_port()
    with serve(port, RP_ID="shop.example", ORIGINS="https://shop.example"), chromium.Browser() as browser, browser.tab() as tab:
        with_authenticator(tab)
        tab.open(f"http://localhost:{port}/")
        _, said = tab.run(SCRIPT % ADD)
        check("SecurityError" in json.dumps(said), f"{said}")


if __name__ == "__main__":
    sys.exit(harness.main(programs=("passkeys",)))
