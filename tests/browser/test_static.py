"""A single-page application in headless Chromium: its pages open at any address, and its missing scripts are errors."""

import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "server"))

import chromium  # noqa: E402
import harness  # noqa: E402
from harness import Server, Skip, check, check_equal, test  # noqa: E402

PAGE = """<!doctype html><title>t</title><div id=app></div>
<script type=module src=/assets/app.3f2a9c1b.js></script>
<script>document.addEventListener('click', event => { event.preventDefault(); history.pushState({}, '', '/clicked'); });</script>"""
SCRIPT = "document.getElementById('app').textContent = 'page ' + location.pathname;"
ODD = ("<img src=x onerror=document.title='run'>.txt", "\" onclick=\"document.title='run'.txt", "javascript:document.title='run'",
       "invoice_\u202efdp.exe", "\u05e9\u05dc\u05d5\u05dd.txt", "a&b #1?.txt", "a" * 180 + ".txt")


def write(folder, name, text):
    os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
    with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
        file.write(text)


def folder_of_files(folder):
    write(folder, "dist/index.html", PAGE)
    write(folder, "dist/assets/app.3f2a9c1b.js", SCRIPT)
    write(folder, "assets/missing.html", "missing")
    write(folder, "assets/docs/index.html", "docs")
    for name in ODD:
        write(folder, "assets/" + name.replace("/", "_"), name)


def open_browser():
    if chromium.find() is None:
        raise Skip("no Chromium on this machine (Debian: chromium)")
    return chromium.Browser()


@test
def a_page_of_a_front_end_opens_at_any_address():
    with tempfile.TemporaryDirectory() as folder:
        folder_of_files(folder)
        with Server(name="served", env={"SERVED": folder, "SERVED_HOST": "spa.localhost"}) as server, open_browser() as browser:
            tab = browser.tab()
            tab.open(f"http://spa.localhost:{server.port}/users/7")
            tab.wait("document.querySelector('#app').textContent != ''")
            check_equal(tab.run("document.querySelector('#app').textContent"), "page /users/7")
            check_equal(tab.run("fetch('/users/7').then(reply => reply.status)"), 404, "a call is no page")
            check_equal(tab.run("import('/assets/gone.js').then(() => 'loaded', error => 'refused')"), "refused")
            check_equal(tab.run("fetch('/assets/app.3f2a9c1b.js').then(reply => reply.headers.get('cache-control'))"),
                        "public, max-age=31536000, immutable")
            tab.open(f"http://spa.localhost:{server.port}/users/8?again")
            tab.wait("document.querySelector('#app').textContent == 'page /users/8'")


@test
def a_listing_runs_nothing_and_links_what_it_shows():
    with tempfile.TemporaryDirectory() as folder:
        folder_of_files(folder)
        with Server(name="served", env={"SERVED": folder, "SERVED_HOST": "spa.localhost"}) as server, open_browser() as browser:
            tab = browser.tab()
            tab.open(f"http://127.0.0.1:{server.port}/browse/")
            check_equal(tab.run("document.title"), "/browse/")
            shown = tab.run("[...document.querySelectorAll('td a bdi')].map(name => name.textContent)")
            check_equal(set(shown), {*(name.replace("\u202e", "\ufffd") for name in ODD), "docs", "missing.html"}, "names")
            statuses = tab.run("Promise.all([...document.querySelectorAll('td a')].map(link => link.href.startsWith(location.href)))")
            check(all(statuses), "every link stays in the folder")
            check_equal(tab.run("document.title"), "/browse/", "nothing ran")


if __name__ == "__main__":
    sys.exit(harness.main(programs=("served",)))
