"""A mail server that keeps what it is given: run in the environment of mail.requirements.txt, with a JSON object of
options. It prints its port, and a line of JSON for each message.

    tls         "starttls", "always" or absent; cert and key are files
    login       true: only ada with the password sec:ret may send
    refuse      an address that is no recipient
    stall       true: never answers a recipient
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

OPTIONS = json.loads(sys.argv[1])


class Sink:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if OPTIONS.get("stall"):
            await asyncio.sleep(60)
        if address == OPTIONS.get("refuse"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        print(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None,
                          "user": str(session.auth_data or ""), "data": envelope.content.decode("latin-1")}), flush=True)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    is_right = data.login == b"ada" and data.password == b"sec:ret"
    return AuthResult(success=is_right, handled=is_right, auth_data="ada")


class Place(Controller):
    def factory(self):
        context = None
        if "tls" in OPTIONS:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(OPTIONS["cert"], OPTIONS["key"])
        is_late = OPTIONS.get("tls") == "starttls"
        return SMTP(self.handler, hostname="localhost", tls_context=context if is_late else None,
                    require_starttls=is_late and OPTIONS.get("login", False), auth_required=OPTIONS.get("login", False),
                    authenticator=authenticate, auth_require_tls=is_late)


def main():
    context = None
    if OPTIONS.get("tls") == "always":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(OPTIONS["cert"], OPTIONS["key"])
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    place = Place(Sink(), hostname="127.0.0.1", port=0)
    server = loop.run_until_complete(loop.create_server(place.factory, "127.0.0.1", 0, ssl=context))
    print(server.sockets[0].getsockname()[1], flush=True)
    loop.run_forever()


if __name__ == "__main__":
    main()
