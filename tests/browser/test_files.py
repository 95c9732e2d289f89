"""A long recording played from a file: headless Chromium seeks by asking for ranges."""

import json
import os
import struct
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "server"))

import chromium  # noqa: E402
import harness  # noqa: E402
from harness import Server, Skip, check, check_equal, test  # noqa: E402

RATE, SECONDS = 44100, 900
PAGE = b"<!doctype html><title>t</title><audio preload=metadata muted src=recording.wav></audio>"


def write_recording(path):
    """Fifteen minutes of silence: 79 MB, which takes no space on the disk."""
    size = RATE * SECONDS * 2
    with open(path, "wb") as file:
        file.write(b"RIFF" + struct.pack("<I", size + 36) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, RATE * 2, 2, 16)
                   + b"data" + struct.pack("<I", size))
        file.truncate(size + 44)
    os.utime(path, (784111777, 784111777))


@test
def a_browser_seeks_in_a_recording_without_loading_it():
    if chromium.find() is None:
        raise Skip("no Chromium on this machine (Debian: chromium)")
    with tempfile.TemporaryDirectory() as folder:
        write_recording(os.path.join(folder, "recording.wav"))
        with open(os.path.join(folder, "page.html"), "wb") as file:
            file.write(PAGE)
        with Server(env={"TEST_FILES": folder}) as server, chromium.Browser() as browser:
            tab = browser.tab()
            tab.open(f"http://127.0.0.1:{server.port}/files/page.html")
            tab.wait("document.querySelector('audio').readyState >= 1")
            check_equal(tab.run("Math.round(document.querySelector('audio').seekable.end(0))"), SECONDS, "seekable seconds")
            check_equal(tab.run("new Promise(done => { const audio = document.querySelector('audio');"
                                "audio.onseeked = () => done(Math.round(audio.currentTime)); audio.onerror = () => done(-1);"
                                "audio.currentTime = 800; })"), 800, "place")
        replies = [json.loads(line) for line in server.lines if "recording.wav" in line]
        check_equal({reply["status"] for reply in replies}, {206}, "statuses")
        check(sum(reply["bytes"] for reply in replies) < RATE * SECONDS, "less than half of it was sent")


if __name__ == "__main__":
    sys.exit(harness.main())
