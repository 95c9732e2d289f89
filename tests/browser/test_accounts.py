#!/usr/bin/env python3
"""The pages of accounts as a user walks them: headless Chromium on account_site.c."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "server"))

import chromium  # noqa: E402
import harness  # noqa: E402
from account_site import Site  # noqa: E402
from harness import Skip, check_equal, test, wait_for  # noqa: E402
from looks import CONTRAST, PHONE, UNNAMED, take_picture  # noqa: E402


def title(tab, text):
    tab.wait(f"document.readyState === 'complete' && document.querySelector('h1')?.textContent === {text!r}")


def fill(tab, **values):
    for name, text in values.items():
        tab.run(f"document.querySelector('[name={name}]').value = ''")
        tab.type_into(f"[name={name}]", text)
    tab.click("main form button")


@test
def a_user_signs_up_confirms_logs_in_forgets_changes_and_leaves():
    if chromium.find() is None:
        raise Skip("no Chromium on this machine (Debian: chromium)")
    with chromium.Browser() as browser, Site() as site, browser.tab() as tab:
        def open_page(path):
            tab.open(f"http://127.0.0.1:{site.port}/account{path}")

        def next_mail(count):
            wait_for(lambda: len(site.mails()) == count, text=f"mail {count}")
            return site.token()

        open_page("/sign-up")
        fill(tab, email="ann@example.org", password="12345678")
        tab.wait("document.querySelector('[aria-invalid]')")
        take_picture(tab, "account-refused")
        check_equal(tab.run("document.querySelector('[name=email]').value"), "ann@example.org")
        fill(tab, password="correct horse 42")
        title(tab, "Log in")
        tab.wait("document.querySelector('.good')")
        open_page(f"/verify?token={next_mail(1)}")
        tab.click("main form button")
        title(tab, "Log in")
        open_page("/login?next=/account/me")
        fill(tab, login="ann@example.org", password="correct horse 42")
        title(tab, "Your account")
        take_picture(tab, "account-me")
        open_page("/password")
        fill(tab, old_password="correct horse 42", password="another horse 43")
        title(tab, "Your account")
        open_page("/sessions")
        title(tab, "Where you are logged in")
        tab.click("main > form button")
        tab.wait("document.querySelector('.good')")
        take_picture(tab, "account-sessions")
        open_page("/me")
        tab.click("main form button")
        title(tab, "Log in")
        open_page("/forgot")
        fill(tab, email="ann@example.org")
        title(tab, "Log in")
        open_page(f"/reset?token={next_mail(3)}")
        fill(tab, password="a third horse 44")
        title(tab, "Log in")
        open_page("/login?next=/account/me")
        fill(tab, login="ann@example.org", password="a third horse 44")
        title(tab, "Your account")


@test
def pages_are_readable_light_and_dark_narrow_and_wide():
    if chromium.find() is None:
        raise Skip("no Chromium on this machine (Debian: chromium)")
    with chromium.Browser() as browser, Site() as site:
        for path in ("/login", "/sign-up", "/forgot"):
            for scheme in ("light", "dark"):
                for size, how in (("wide", {}), ("narrow", PHONE)):
                    with browser.tab(scheme=scheme, **how) as tab:
                        tab.open(f"http://127.0.0.1:{site.port}/account{path}")
                        where = f"account{path.replace('/', '-')}-{scheme}-{size}"
                        take_picture(tab, where)
                        check_equal(tab.run(CONTRAST), [], where)
                        check_equal(tab.run(UNNAMED), [], where)
                        check_equal(tab.run("document.documentElement.scrollWidth <= innerWidth"), True, where)


if __name__ == "__main__":
    sys.exit(harness.main(programs=("account_site",)))
