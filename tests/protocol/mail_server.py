"""tests/protocol/mail_server.py: a real mail server on loopback, python3-aiosmtpd of Debian, run by
Debian's own Python: it wants TLS and a password, and says on its output what it took.

    mail_server.py CERTIFICATE KEY USER PASSWORD     prints "ports STARTTLS TLS", then a JSON object a line

Who writes to gone@... is told 550, to later@... 451 twice and then taken, to slow@... never answered.
"""
import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self):
        self.later = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        if name == "gone":
            return "550 no such mailbox"
        if name == "later" and self.later < 2:
            self.later += 1
            say({"refused": address})
            return "451 try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        say({"from": envelope.mail_from, "to": envelope.rcpt_tos,
             "tls": server.transport.get_extra_info("ssl_object") is not None, "user": session.authenticated, "text": envelope.content.decode()})
        return "250 OK"


def say(what):
    print(json.dumps(what), flush=True)


async def serve():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    handler, user, password = Handler(), sys.argv[3].encode(), sys.argv[4].encode()

    def sign_in(server, session, envelope, mechanism, data):
        return AuthResult(success=(data.login, data.password) == (user, password))

    def starttls():
        return SMTP(handler, hostname="localhost", tls_context=context, require_starttls=True,
                    auth_required=True, authenticator=sign_in, loop=asyncio.get_running_loop())

    def implicit():
        return SMTP(handler, hostname="localhost", auth_required=True, auth_require_tls=False,
                    authenticator=sign_in, loop=asyncio.get_running_loop())

    loop = asyncio.get_running_loop()
    one = await loop.create_server(starttls, "127.0.0.1", 0)
    two = await loop.create_server(implicit, "127.0.0.1", 0, ssl=context)
    print("ports", one.sockets[0].getsockname()[1], two.sockets[0].getsockname()[1], flush=True)
    await asyncio.gather(one.serve_forever(), two.serve_forever())


asyncio.run(serve())
