"""A login in Chromium, at oidc-provider (npm): through the provider's pages and back, in two tabs at a time, and with safe
headers, cookies and their SameSite as a browser has them. The service is at localhost, the provider at 127.0.0.1: two sites."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "server"))

import chromium  # noqa: E402
import harness  # noqa: E402
from harness import Skip, check, check_equal, test  # noqa: E402
from login_peers import panva, service  # noqa: E402

import ports  # noqa: E402


def begin(**client):
    """(the service's port, the provider, which knows the callback at localhost)"""
    if chromium.find() is None:
        raise Skip("no Chromium on this machine (Debian: chromium)")
    port = ports.free_port()
    return port, panva(port, redirect_uris=[f"http://localhost:{port}/account/login/op/callback"], **client)


def sign_in(tab, user="ann"):
    """Fills in the two pages of the provider, as a user does."""
    tab.wait("document.querySelector('input[name=login]')")
    tab.run(f"document.querySelector('input[name=login]').value = '{user}'")
    tab.run("document.querySelector('input[name=password]').value = 'x'")
    tab.run("document.querySelector('form').submit()")
    tab.wait("document.querySelector('form') && !document.querySelector('input[name=login]')")
    tab.run("document.querySelector('form').submit()")


@test
def a_user_presses_the_button_and_comes_back_signed_in():
    port, provider = begin()
    with provider as peer, service(port, peer), chromium.Browser() as browser, browser.tab() as tab:
        tab.open(f"http://localhost:{port}/home")
        check_equal(tab.run("document.querySelector('#user').textContent"), "nobody", "the user before")
        tab.run("document.querySelector('#login').click()")
        sign_in(tab)
        tab.wait("document.querySelector('#user')?.textContent == 'op-ann'")
        check_equal(tab.run("location.pathname + location.search"), "/home?a=b", "where it ends")
        check("login-" not in tab.run("document.cookie"), "no script sees a cookie of the login")


@test
def an_answer_by_a_form_of_the_other_site_signs_in():
    port, provider = begin()
    with provider as peer, service(port, peer, env={"FORM_POST": "1"}), chromium.Browser() as browser, \
            browser.tab() as tab:
        tab.open(f"http://localhost:{port}/home")
        tab.run("document.querySelector('#login').click()")
        sign_in(tab)
        tab.wait("document.querySelector('#user')?.textContent == 'op-ann'")


@test
def two_tabs_log_in_at_a_time():
    port, provider = begin()
    with provider as peer, service(port, peer), chromium.Browser() as browser, \
            browser.tab() as first, browser.tab() as second:
        first.open(f"http://localhost:{port}/account/login/op?next=/home%3Ftab=1")
        second.open(f"http://localhost:{port}/account/login/op?next=/home%3Ftab=2")
        sign_in(second)
        second.wait("location.search == '?tab=2' && document.querySelector('#user')?.textContent == 'op-ann'")
        sign_in(first)
        first.wait("location.search == '?tab=1' && document.querySelector('#user')?.textContent == 'op-ann'")


@test
def a_page_tells_what_went_wrong_and_begins_again():
    port, provider = begin()
    with provider as peer, service(port, peer), chromium.Browser() as browser, browser.tab() as tab:
        tab.open(f"http://localhost:{port}/account/login/op/callback?code=stolen&state=guessed")
        check("was not begun in this browser" in tab.run("document.body.innerText"), "the reason")
        tab.run("document.querySelector('a').click()")
        sign_in(tab)
        tab.wait("location.pathname == '/'")


if __name__ == "__main__":
    sys.exit(harness.main(programs=("login",)))
