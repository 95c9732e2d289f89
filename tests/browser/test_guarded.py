"""What Chromium makes of safe headers, policies with nonces, CORS, CSRF and cookies.

127.0.0.1 and localhost are two sites; two ports of one of them are two origins of one site.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "server"))

import chromium  # noqa: E402
import harness  # noqa: E402
from harness import Server, Skip, check, check_equal, test  # noqa: E402

SCREENSHOTS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "build", "browser")


def serve(*flags, origins="", **env):
    if chromium.find() is None:
        raise Skip("no Chromium on this machine (Debian: chromium)")
    return Server(*flags, name="guarded", env={"TEST_ORIGINS": origins, **env})


def at(server, host="127.0.0.1"):
    return f"http://{host}:{server.port}"


def fetched(tab, url, options="{}"):
    """What a script of the page gets: status, X-Total and the body; or the name of the error."""
    return tab.run(f"fetch({url!r}, {options}).then(async r => [r.status, r.headers.get('X-Total'), await r.text()], "
                   "error => error.name)")


@test
def scripts_of_listed_origins_read_replies_and_those_of_others_do_not():
    with serve() as site, serve(origins=at(site)) as api, chromium.Browser() as browser:
        with browser.tab() as tab:
            tab.open(f"{at(site)}/form")
            url = f"{at(api)}/json"
            check_equal(fetched(tab, url), [200, "3", '{"a":1}'], "GET")
            check_equal(fetched(tab, url, "{credentials: 'include'}"), [200, "3", '{"a":1}'], "GET with cookies")
            status, _, body = fetched(tab, f"{at(api)}/none")
            check_equal((status, "Not Found" in body), (404, True), "an error")
            check_equal(fetched(tab, f"{at(api)}/failing")[0], 500, "a failure")
        with browser.tab() as tab:
            tab.open(f"{at(site, 'localhost')}/form")
            check_equal(fetched(tab, url), "TypeError", "another origin")
            check_equal(fetched(tab, f"{at(api)}/json", "{mode: 'no-cors'}"), "TypeError", "an opaque reply, by its CORP")


@test
def preflights_let_listed_origins_send_what_they_ask_for():
    put = "{method: 'PUT', headers: {'Content-Type': 'application/json', 'X-Own': '1'}, body: '{\"amount\":%s}'}"
    with serve() as site, serve(origins=at(site)) as api, chromium.Browser() as browser:
        for host, amount, wanted in (("127.0.0.1", "3", 403), ("localhost", "3", None)):
            with browser.tab() as tab:
                tab.open(f"{at(site, host)}/form")
                got = fetched(tab, f"{at(api)}/json", put % amount)
                # the preflight passes; that the origin may also change something is for .trusted_origins to say
                check_equal(got if wanted is None else got[0], "TypeError" if wanted is None else wanted, f"PUT from {host}")
        with browser.tab() as tab:
            tab.open(f"{at(api)}/form")
            check_equal(fetched(tab, "/json", put % "3")[0], 200, "PUT from the same origin")
            check_equal(fetched(tab, "/json", put % "99")[0], 422, "an input that is wrong")


@test
def threat_088_forms_and_scripts_of_other_sites_change_nothing():
    with serve() as evil, serve() as bank, chromium.Browser() as browser:
        for host in ("127.0.0.1", "localhost"):  # another origin of the same site, and another site
            with browser.tab() as tab:
                tab.open(f"{at(evil, host)}/form?to={at(bank)}/change")
                tab.click("button")
                tab.wait("location.pathname === '/change' && document.readyState === 'complete'")
                check("another origin" in tab.run("document.body.textContent"), "why it is refused")
                tab.open(f"{at(evil, host)}/form")
                tab.run(f"fetch('{at(bank)}/change', {{method: 'POST', mode: 'no-cors', credentials: 'include', "
                        "headers: {'Content-Type': 'text/plain'}, body: '{\"a\":1}'}).catch(() => 0)")
        with browser.tab() as tab:
            tab.open(f"{at(bank)}/changes")
            check_equal(tab.run("document.body.textContent"), "0", "changes")
            tab.open(f"{at(bank)}/form")
            tab.click("button")
            tab.wait("document.body && document.body.textContent === 'changed'")
            tab.open(f"{at(bank)}/changes")
            check_equal(tab.run("document.body.textContent"), "1", "changes by the service's own form")


@test
def scripts_with_the_nonce_run_and_others_do_not():
    with serve() as server, chromium.Browser() as browser, browser.tab() as tab:
        tab.open(f"{at(server)}/page")
        check_equal(tab.run("[window.nonced, window.inlined, getComputedStyle(document.body).color]"),
                    [True, None, "rgb(1, 2, 3)"], "what ran")
        check(any("script-src" in problem for problem in tab.problems), f"the violation is reported: {tab.problems}")
        tab.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.injected = true\">')")
        tab.run("new Promise(done => setTimeout(done, 50))")
        check_equal(tab.run("window.injected"), None, "an injected handler")


@test
def threat_096_pages_and_images_cannot_be_embedded_by_other_origins():
    with serve() as evil, serve() as server, chromium.Browser() as browser:
        with browser.tab() as tab:
            tab.open(f"{at(evil)}/embedding?other={at(server)}")
            tab.wait("document.readyState === 'complete'")
            check(any("frame" in problem.lower() for problem in tab.problems), f"the frame is refused: {tab.problems}")
        with browser.tab() as tab:
            tab.open(f"{at(evil, 'localhost')}/embedding?other={at(server)}")
            tab.wait("window.image !== undefined")
            check_equal(tab.run("window.image"), "refused", "an image of another site")
        with browser.tab() as tab:
            tab.open(f"{at(server)}/embedding?other={at(server)}")
            tab.wait("window.image !== undefined")
            check_equal(tab.run("[window.image, frames[0].document.title]"), ["shown", "plain"], "its own page and image")


@test
def threat_089_the_tokens_cookie_has_its_prefix_and_scripts_cannot_read_it():
    with serve("--listen", "https://127.0.0.1:0", "--tls-dev", TEST_TOKENS="1", HOME=SCREENSHOTS) as server, \
            chromium.Browser() as browser, browser.tab() as tab:
        tab.call("Security.setIgnoreCertificateErrors", ignore=True)
        tab.open(f"https://127.0.0.1:{server.port}/form")
        cookies = tab.call("Network.getCookies")["cookies"]
        check_equal([(c["name"], c["secure"], c["httpOnly"], c["sameSite"]) for c in cookies],
                    [("__Host-csrf", True, True, "Lax")], "cookies")
        check_equal(tab.run("document.cookie"), "", "what scripts see")


@test
def the_documentation_and_problem_pages_work_with_the_safe_headers():
    os.makedirs(SCREENSHOTS, exist_ok=True)
    with serve() as server, chromium.Browser() as browser:
        for name, path in (("docs", "/docs"), ("plain-docs", "/docs/plain"), ("problem", "/none")):
            with browser.tab() as tab:
                tab.open(f"{at(server)}{path}")
                tab.wait("document.querySelector('h1, h2')")
                tab.screenshot(os.path.join(SCREENSHOTS, f"guarded-{name}.png"))
                check_equal([p for p in tab.problems if "404" not in p], [], f"problems of {path}")


if __name__ == "__main__":
    sys.exit(harness.main())
