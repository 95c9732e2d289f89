"""account_site.c as a server, with its mails in a folder."""

import email
import email.policy
import glob
import os
import re
import secrets
import tempfile

from harness import Server, check_equal, wait_for
from json_caller import Caller

ANN = {"email": "ann@example.org", "password": "correct horse 42"}
LOG_IN = {"login": "ann@example.org", "password": "correct horse 42"}


class Site(Server):
    def __init__(self):
        self.folder = tempfile.mkdtemp()
        super().__init__("--database-url", f"sqlite:{self.folder}/site.db", name="account_site", workers=2,
                         env={"TERN_SECRET_KEYS": secrets.token_urlsafe(32), "TERN_MAIL_URL": f"file:{self.folder}/mails"})

    def mails(self):
        return sorted(glob.glob(f"{self.folder}/mails/**/*.eml", recursive=True), key=os.path.getmtime)

    def token(self):
        wait_for(self.mails, text="a mail")
        with open(self.mails()[-1], "rb") as file:
            text = email.message_from_binary_file(file, policy=email.policy.default).get_content()
        return re.search(r"token=(\S+)", text).group(1)

    def sign_up(self):
        check_equal(Caller(self).send("POST", "/account/sign-up", ANN)[0], 202)
        check_equal(Caller(self).send("POST", "/account/verify", {"token": self.token()})[0], 200)

    def log_in(self):
        """The Cookie header of a browser that has logged in."""
        status, user, headers = Caller(self).send("POST", "/account/login", LOG_IN)
        check_equal(status, 200, user)
        return "; ".join(line.split(";")[0] for line in headers.get_all("Set-Cookie"))
