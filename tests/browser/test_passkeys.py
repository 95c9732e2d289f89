"""Chromium's own passkeys: its virtual authenticator makes one and signs in by it."""

import base64
import hashlib
import hmac
import json
import os
import secrets
import struct
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "server"))

import chromium  # noqa: E402
import harness  # noqa: E402
from harness import Server, Skip, check, check_equal, test, wait_for  # noqa: E402
from ports import free_port  # noqa: E402


def code_of(setup):
    """What an app shows (RFC 6238)."""
    wait_for(lambda: time.time() % 30 < 26, 30, "the next step")
    key = base64.b32decode(setup["secret"].replace(" ", ""))
    mac = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1000000:06}"

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


@test
def a_user_sets_up_an_app_and_a_passkey_on_the_page():
    port = free_port()
    if chromium.find() is None:
        raise Skip("no Chromium on this machine (Debian: chromium)")
    server = Server("--listen", f"http://127.0.0.1:{port}", "--database-url", f"sqlite:{tempfile.mkdtemp()}/site.db", name="factor_site",
                    env={"TERN_SECRET_KEYS": secrets.token_urlsafe(32), "ORIGINS": f"http://localhost:{port}"})
    with server, chromium.Browser() as browser, browser.tab() as tab:
        with_authenticator(tab)
        tab.open(f"http://localhost:{port}/account/two-factor.js")
        tab.run('fetch("/log-in", {method: "POST", headers: {"Content-Type": "application/json"}, body: \'{"user":"ann"}\'})')
        tab.open(f"http://localhost:{port}/account/two-factor")
        tab.wait("!document.querySelector('#app-begin').hidden")
        tab.click("#app-begin")
        tab.wait("document.querySelector('#app-secret').textContent")
        check(tab.run("!document.querySelector('#app-qr').childElementCount || document.querySelector('#app-qr svg path').getBBox().width > 20"),
              "the QR code is not drawn")
        secret = tab.run("document.querySelector('#app-secret').textContent")
        tab.type_into("#app-code", "000000")
        tab.click("#app-form button")
        tab.wait("document.querySelector('#said').textContent")
        check_equal(tab.run("document.querySelector('#said').textContent"), "The code is not the code that the app shows now.")
        tab.problems.clear()  # the console has the refusal
        tab.type_into("#app-code", code_of({"secret": secret}))
        tab.click("#app-form button")
        tab.wait("!document.querySelector('#codes-shown').hidden && document.querySelectorAll('#codes li').length === 10")
        tab.wait("document.querySelector('#app-state').textContent === 'An app is set up.'")
        tab.type_into("#passkey-name", "Laptop")
        tab.click("#passkey-form button")
        tab.wait("document.querySelector('#passkeys').textContent.includes('Laptop')")
        tab.click("#passkeys button")
        tab.wait("document.querySelectorAll('#passkeys li').length === 0")
        tab.click("#app-remove")
        tab.wait("document.querySelector('#app-state').textContent === 'No app is set up.'")
        check_equal(tab.problems, [], "problems of the page")


if __name__ == "__main__":
    sys.exit(harness.main(programs=("passkeys", "factor_site")))
