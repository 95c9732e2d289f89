"""The interactive documentation as a reader uses it: headless Chromium on the pages of running programs."""

import contextlib
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "server"))

import chromium  # noqa: E402
import harness  # noqa: E402
from harness import Server, Skip, check, check_equal, test  # noqa: E402
from looks import CONTRAST, PHONE, UNNAMED, take_picture  # noqa: E402

_open = contextlib.ExitStack()
_kept = {}


def browser():
    if chromium.find() is None:
        raise Skip("no Chromium on this machine (Debian: chromium)")
    if "browser" not in _kept:
        _kept["browser"] = _open.enter_context(chromium.Browser())
    return _kept["browser"]


def server(name="todo"):
    if name not in _kept:
        env = {"TERN_DATABASE_URL": "sqlite::memory:"} if name == "todo" else None
        _kept[name] = _open.enter_context(Server(name=name, env=env))
    return _kept[name]


def has_swagger():
    return b"swagger-ui" in server().get("/docs", "Accept-Encoding: gzip").body


def address(running, path):
    return f"http://127.0.0.1:{running.port}{path}"


@contextlib.contextmanager
def page(name="todo", path=None, **settings):
    """The rendered built-in page; checks at the end that there were no errors and no requests to other hosts."""
    chrome = browser()
    if path is None:
        path = "/docs/plain" if has_swagger() else "/docs"
    with chrome.tab(**settings) as tab:
        tab.open(address(server(name), path))
        tab.wait("document.querySelector('details.operation, .opblock')")
        yield tab
        tab.run("1")
        check_equal(tab.problems, [], "what went wrong in the page")
        here = address(server(name), "/")
        check_equal([url for url in tab.requests if not url.startswith((here, "data:"))], [], "requests elsewhere")


def open_all(tab):
    tab.run("document.querySelectorAll('details.operation').forEach((box) => { box.open = true; })")
    tab.wait("[...document.querySelectorAll('details.operation')].every((box) => box.children.length > 1)")


def operations(name):
    paths = json.loads(server(name).get("/openapi.json").body)["paths"]
    return sorted(f"{method.upper()} {path}" for path, item in paths.items() for method in item)


@test
def page_draws_every_operation():
    for name in ("todo", "openapi"):
        with page(name) as tab:
            drawn = tab.run("[...document.querySelectorAll('summary')].filter((line) => line.querySelector('.method'))"
                            ".map((line) => [...line.children].slice(0, 2).map((part) => part.textContent).join(' '))")
            check_equal(sorted(drawn), operations(name), f"operations of {name}")


@test
def request_filled_in_and_sent_shows_its_answer_and_curl_line():
    with page() as tab:
        tab.click("#create_todo > summary")
        tab.wait("document.querySelector('#create_todo textarea')")
        tab.type_into("#create_todo textarea", '{"title": "Isn\'t it late?"}')
        tab.click("#create_todo .inside button")
        tab.wait("document.querySelector('#create_todo [aria-live] .status')")
        check_equal(tab.run("document.querySelector('#create_todo [aria-live] .status').textContent"), "201 Created")
        shown = tab.run("[...document.querySelectorAll('#create_todo [aria-live] pre')].map((box) => box.textContent)")
        check_equal(shown[0], "curl -X POST -H 'Content-Type: application/json' -d '{\"title\": \"Isn'\\''t it late?\"}' "
                              f"'{address(server(), '/todos')}'")
        check("location: /todos/" in shown[1], f"headers: {shown[1]}")
        made = json.loads(shown[2])
        check_equal(made["title"], "Isn't it late?")
        tab.click("#get_todo > summary")
        tab.wait("document.querySelector('#get_todo input')")
        tab.type_into("#get_todo input", str(made["id"]))
        tab.click("#get_todo .inside button")
        tab.wait("document.querySelector('#get_todo [aria-live] .status')")
        check_equal(tab.run("document.querySelector('#get_todo [aria-live] .status').textContent"), "200 OK")
        take_picture(tab, "answer")


@test
def refused_request_shows_what_is_wrong():
    with page() as tab:
        tab.click("#create_todo > summary")
        tab.wait("document.querySelector('#create_todo textarea')")
        tab.type_into("#create_todo textarea", '{"title": ""}')
        tab.click("#create_todo .inside button")
        tab.wait("document.querySelector('#create_todo [aria-live] .status')")
        text = tab.run("document.querySelector('#create_todo [aria-live]').textContent")
        check("422 Unprocessable" in text and '"title"' in text, text)
        check(len(tab.problems) == 1 and "422" in tab.problems[0], f"one line of the 422: {tab.problems}")
        tab.problems.clear()


@test
def credentials_go_with_the_requests_that_need_them():
    with page("openapi") as tab:
        tab.click("#authorize")
        tab.wait("document.getElementById('credentials').open")
        take_picture(tab, "authorize")
        tab.type_into("#schemes label:first-child input", "abc.def")
        tab.press("Escape")
        for operation, expected in (("delete_todo", True), ("get_todo", False)):
            tab.click(f"#{operation} > summary")
            tab.wait(f"document.querySelector('#{operation} button.plain')")
            tab.click(f"#{operation} button.plain")
            line = tab.run(f"document.querySelector('#{operation} [aria-live] pre').textContent")
            check_equal("'Authorization: Bearer abc.def'" in line, expected, f"credentials of {operation}: {line}")


@test
def chosen_file_is_uploaded():
    with page("openapi") as tab, tempfile.NamedTemporaryFile(suffix=".txt") as file:
        file.write(b"seventeen bytes..")
        file.flush()
        tab.click("#add_picture > summary")
        tab.wait("document.querySelector('#add_picture input[type=file]')")
        check_equal(tab.run("document.querySelector('#add_picture textarea').value"), "caption=text", "what is written")
        tab.choose_file("#add_picture input[type=file]", file.name)
        tab.click("#add_picture .inside button")
        tab.wait("document.querySelector('#add_picture [aria-live] .status')")
        shown = tab.run("[...document.querySelectorAll('#add_picture [aria-live] pre')].map((box) => box.textContent)")
        check_equal(json.loads(shown[2]), {"caption": "text", "size": 17})
        check(f"-F 'caption=text' -F 'file=@{os.path.basename(file.name)}'" in shown[0], shown[0])


@test
def keyboard_alone_opens_an_operation():
    with page() as tab:
        for _ in range(8):
            tab.press("Tab")
            if tab.run("document.activeElement.tagName") == "SUMMARY":
                break
        check_equal(tab.run("document.activeElement.tagName"), "SUMMARY", "what has the focus")
        check_equal(tab.run("getComputedStyle(document.activeElement).outlineStyle"), "solid", "its outline")
        tab.press("Enter")
        tab.wait("document.activeElement.parentElement.open")


@test
def filter_leaves_what_it_names():
    with page() as tab:
        tab.type_into("#filter", "delete")
        shown = tab.run("[...document.querySelectorAll('details.operation:not([hidden])')].map((box) => box.id)")
        check_equal(shown, ["delete_todo"])


@test
def page_fits_a_phone_in_light_and_dark():
    for name in ("todo", "openapi"):
        for scheme in ("light", "dark"):
            with page(name, scheme=scheme, **PHONE) as tab:
                take_picture(tab, f"{name}-phone-{scheme}-closed")
                open_all(tab)
                take_picture(tab, f"{name}-phone-{scheme}")
                check_equal(tab.run("document.documentElement.scrollWidth"), 390, f"width of {name}, {scheme}")


@test
def every_text_has_contrast_and_every_control_a_name():
    for scheme in ("light", "dark"):
        with page("openapi", scheme=scheme) as tab:
            open_all(tab)
            take_picture(tab, f"openapi-{scheme}")
            check_equal(tab.run(CONTRAST), [], f"texts below 4.5:1, {scheme}")
            check_equal(tab.run(UNNAMED), [], "controls without a name")


@test
def hostile_texts_of_the_document_stay_text():
    path = "/manual/plain" if has_swagger() else "/manual"
    with page("hostile_docs", path) as tab:
        open_all(tab)
        tab.click("button.plain")
        hostile = "</script><script>hit()</script><img src=x onerror='hit()'>"
        check(tab.run("document.getElementById('title').textContent").startswith(hostile), "the title as text")
        check(hostile in tab.run("document.querySelector('summary').textContent"), "the summary as text")
        check_equal(tab.run("document.querySelectorAll('img, body script').length"), 0, "nodes made of text")
        take_picture(tab, "hostile")


@test
def injected_script_and_style_are_refused_by_the_policy():
    with page() as tab:
        for markup, refused in (("<img src='data:,' onerror='document.title = 1'>", "script-src-attr"),
                                ("<style>* { color: red }</style>", "style-src-elem"),
                                ("<img src='https://example.org/x.png'>", "img-src")):
            got = tab.run("new Promise((done) => { document.addEventListener('securitypolicyviolation',"
                          "(event) => done(event.effectiveDirective), {once: true});"
                          f"document.body.insertAdjacentHTML('beforeend', {json.dumps(markup)}); }})")
            check_equal(got, refused, f"what refused {markup}")
        check_equal(tab.run("document.title"), "To-do")
        check(any(problem.startswith("policy") for problem in tab.problems), f"refusals, not {tab.problems}")
        tab.problems.clear()
        tab.requests.clear()  # it includes refused requests


# -- Swagger UI --

@contextlib.contextmanager
def swagger_page(name="todo", path="/docs", **settings):
    browser()
    if not has_swagger():
        raise Skip("this build holds no Swagger UI: scripts/swagger-ui, then configure again")
    with page(name, path, **settings) as tab:
        yield tab


@test
def swagger_ui_draws_every_operation_in_light_and_dark():
    for scheme in ("light", "dark"):
        for name in ("todo", "openapi"):
            with swagger_page(name, scheme=scheme) as tab:
                drawn = tab.run("[...document.querySelectorAll('.opblock')].map((block) => block.querySelector("
                                "'.opblock-summary-method').textContent + ' ' + block.querySelector("
                                "'[data-path]').dataset.path)")
                check_equal(sorted(set(drawn)), operations(name), f"operations of {name}")
                take_picture(tab, f"swagger-{name}-{scheme}")


@test
def swagger_ui_sends_a_request_and_shows_its_answer_and_curl_line():
    with swagger_page() as tab:
        tab.click(".opblock-post .opblock-summary-control")
        tab.wait("document.querySelector('.opblock-post textarea')")
        tab.click(".opblock-post button.execute")
        tab.wait("document.querySelector('.opblock-post .live-responses-table tbody .response-col_status')")
        check_equal(tab.run("document.querySelector('.opblock-post .live-responses-table tbody .response-col_status')"
                            ".firstChild.textContent.trim()"), "201")
        check("curl -X 'POST'" in tab.run("document.querySelector('.opblock-post .curl').textContent"), "the curl line")
        take_picture(tab, "swagger-answer")


@test
def swagger_ui_leaves_hostile_texts_text_and_fits_a_phone():
    with swagger_page("hostile_docs", "/manual", **PHONE) as tab:
        check_equal(tab.run("document.querySelectorAll('main [onerror], main script').length"), 0, "what could run")
        take_picture(tab, "swagger-hostile-phone")
        ran = [problem for problem in tab.problems if problem.startswith("exception")]  # hit does not exist
        check_equal(ran, [], "what ran; refusals by the policy are well")
        tab.problems.clear()
    with swagger_page(**PHONE) as tab:
        take_picture(tab, "swagger-phone")
        check_equal(tab.run("document.documentElement.scrollWidth"), 390, "width")


@test
def client_that_does_not_accept_gzip_gets_the_built_in_page():
    if not has_swagger():
        raise Skip("this build holds no Swagger UI: scripts/swagger-ui, then configure again")
    for accepted, is_swagger in ((None, False), ("br", False), ("gzip;q=0", False), ("x-gzip, gzip2", False),
                                 ("deflate, gzip;q=0.5, br", True), ("GZIP", True)):
        reply = server().get("/docs", *([f"Accept-Encoding: {accepted}"] if accepted else []))
        check_equal(b"swagger-ui" in reply.body, is_swagger, f"Swagger UI for {accepted}")
        check_equal(reply.header("Vary"), "Accept-Encoding")


if __name__ == "__main__":
    with _open:
        sys.exit(harness.main(programs=("todo", "openapi", "hostile_docs")))
