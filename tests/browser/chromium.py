"""A headless Chromium and one of its tabs, controlled with the DevTools protocol over a pipe. Standard library only.

    with Browser() as browser, browser.tab() as tab:
        tab.open("http://127.0.0.1:8000/docs")
        tab.wait("document.querySelector('h1')")
        tab.run("document.title")

A tab collects its errors (`problems`: console errors, exceptions, violations of the Content-Security-Policy)
and every address that it requested (`requests`).
"""

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

SLOWEST_S = 20
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
         "--force-color-profile=srgb", "--remote-debugging-pipe"]


def find():
    """The program's path; None when there is no Chromium on this machine."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    """A Chromium with its own profile, which is removed with it."""

    def __init__(self):
        self._profile = tempfile.TemporaryDirectory(prefix="tern-browser-", ignore_cleanup_errors=True)
        command_read, self._write = os.pipe()
        self._read, reply_write = os.pipe()
        self._input, self._next_id, self.events = b"", 0, []

        def as_3_and_4():  # of --remote-debugging-pipe; duplicated first, as they may be 3 and 4 swapped
            high = [os.dup2(command_read, 100), os.dup2(reply_write, 101)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self._process = subprocess.Popen([find(), *FLAGS, f"--user-data-dir={self._profile.name}"],
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL, preexec_fn=as_3_and_4, close_fds=False,
                                         start_new_session=True)
        os.close(command_read)
        os.close(reply_write)

    def call(self, method, session=None, **params):
        """Sends one command and returns its result; events that arrive before it are kept for `pump`."""
        self._next_id += 1
        message = {"id": self._next_id, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._write, data):]
        end = time.monotonic() + SLOWEST_S
        while True:
            got = self._receive(end)
            if got is None:
                raise AssertionError(f"Chromium did not answer {method} within {SLOWEST_S} s")
            if got.get("id") == self._next_id:
                if "error" in got:
                    raise AssertionError(f"{method}: {got['error']}")
                return got["result"]
            self.events.append(got)

    def pump(self, seconds):
        """Processes the events of the next moment."""
        end = time.monotonic() + seconds
        while (got := self._receive(end)) is not None:
            self.events.append(got)

    def _receive(self, end):
        while b"\0" not in self._input:
            ready, _, _ = select.select([self._read], [], [], max(0, end - time.monotonic()))
            if not ready:
                return None
            data = os.read(self._read, 1 << 16)
            if not data:
                raise AssertionError("Chromium has ended")
            self._input += data
        message, self._input = self._input.split(b"\0", 1)
        return json.loads(message)

    def tab(self, **settings):
        return Tab(self, **settings)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._write)
        os.close(self._read)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self._process.pid, signal.SIGKILL)  # its children too
        except ProcessLookupError:
            pass
        self._process.wait()
        self._profile.cleanup()


class Tab:
    """A page, `width` by `height` and in a colour scheme, in its own context (without another's cookies or cache)."""

    def __init__(self, browser, width=1280, height=900, scheme="light", is_phone=False):
        self._browser, self.problems, self.requests = browser, [], []
        self._context = browser.call("Target.createBrowserContext")["browserContextId"]
        target = browser.call("Target.createTarget", url="about:blank", browserContextId=self._context)["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=is_phone)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def call(self, method, **params):
        result = self._browser.call(method, self._session, **params)
        self._sort()
        return result

    def _sort(self):
        events, self._browser.events = self._browser.events, []
        for event in events:
            method, params = event.get("method"), event.get("params", {})
            if method == "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            elif method == "Runtime.exceptionThrown":
                self.problems.append(f"exception: {json.dumps(params['exceptionDetails'])[:600]}")
            elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
                self.problems.append(f"console: {json.dumps(params['args'])[:600]}")
            elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
                self.problems.append(f"log: {params['entry']['text']} {params['entry'].get('url', '')}")
            elif method == "Audits.issueAdded" and params["issue"]["code"] == "ContentSecurityPolicyIssue":
                self.problems.append(f"policy: {json.dumps(params['issue']['details'])[:600]}")

    def open(self, url):
        error = self.call("Page.navigate", url=url).get("errorText")
        if error:
            raise AssertionError(f"{url}: {error}")
        self.wait("document.readyState === 'complete'")

    def run(self, expression):
        """The value of a JavaScript expression in the page; a promise is awaited."""
        got = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in got:
            raise AssertionError(f"{expression}: {json.dumps(got['exceptionDetails'])[:600]}")
        return got["result"].get("value")

    def wait(self, condition, seconds=SLOWEST_S):
        """Waits until an expression is true."""
        end = time.monotonic() + seconds
        while not self.run(f"Boolean({condition})"):
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {condition}; {self.problems}")
            self._browser.pump(0.02)

    def click(self, selector):
        """Clicks with the mouse in the middle of the first element that a selector finds."""
        spot = self.run("(() => { const node = document.querySelector(%s); node.scrollIntoView({block: 'center'});"
                        "const box = node.getBoundingClientRect();"
                        "return [box.x + box.width / 2, box.y + box.height / 2]; })()" % json.dumps(selector))
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=spot[0], y=spot[1], button="left", clickCount=1)

    def type_into(self, selector, text):
        """Replaces the text of a field, as if typed."""
        self.run("(() => { const node = document.querySelector(%s); node.focus(); node.select(); })()"
                 % json.dumps(selector))
        self.call("Input.insertText", text=text)

    def choose_file(self, selector, path):
        document = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=document, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[path])

    def press(self, key, code=None):
        """Presses a named key: Tab, Enter, Space."""
        numbers = {"Tab": 9, "Enter": 13, "Space": 32, "Escape": 27}
        texts = {"Enter": "\r", "Space": " "}
        more = {"text": texts[key]} if key in texts else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=" " if key == "Space" else key, code=code or key,
                      windowsVirtualKeyCode=numbers[key], **(more if kind == "keyDown" else {}))

    def screenshot(self, path, is_whole=True):
        """Saves the page as a PNG file: all of it, or the visible part."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=is_whole)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._browser.call("Target.disposeBrowserContext", browserContextId=self._context)
        self._browser.events.clear()
