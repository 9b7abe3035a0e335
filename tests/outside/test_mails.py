"""Mails of the real binary: over SMTP, across kill -9, from several nodes, and in the mailbox."""

import email
import email.policy
import socketserver
import threading

import pytest
import requests

from harness import wait_until


class Conversation(socketserver.StreamRequestHandler):
    """Takes every mail, as far as RFC 5321 is needed for it."""

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        self.say("220 mail.test")
        while line := self.rfile.readline():
            verb = line.split()[0].upper()
            if verb == b"DATA":
                self.say("354 go on")
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line.removeprefix(b"."))
                mail = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
                self.server.mails.append(mail)
            elif verb == b"QUIT":
                return self.say("221 bye")
            self.say("250 ok")


@pytest.fixture
def mail_server():
    """A mail server on loopback; `mails` are those that came."""
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation)
    server.daemon_threads = True
    server.mails = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def settings(mail_server):
    port = mail_server.server_address[1]
    return {
        "GRANTOR_MAIL_SMTP_HOST": "127.0.0.1",
        "GRANTOR_MAIL_SMTP_PORT": str(port),
        "GRANTOR_MAIL_FROM": "Orchard <mail@orchard.test>",
    }


def queue(server, number):
    server.run("mail", "test", "reset_email", "--to", f"user{number}@orchard.test")


def recipients(mail_server):
    return sorted(mail["To"] for mail in mail_server.mails)


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_j17_mails_that_are_queued_survive_kill_9_and_are_sent_once_by_two_nodes(
    fresh, request, mail_server, engine
):
    environment = settings(mail_server)
    if engine == "postgres":
        environment["GRANTOR_STORAGE_URL"] = request.getfixturevalue("cluster").database()
        environment["GRANTOR_KEYS_MASTER_KEY"] = "6d" * 32
    server = fresh(tls=False, environment=environment)
    server.start()
    server.kill()
    # Nobody sends; the process that queued each of them is gone when it is on disk.
    for number in range(5):
        queue(server, number)
    assert mail_server.mails == []

    server.start()
    if engine == "postgres":
        fresh(tls=False, environment=environment).start()
    wait_until(lambda: 5 <= len(mail_server.mails), "the mails arrive")
    for number in range(5, 8):
        queue(server, number)
    wait_until(lambda: 8 <= len(mail_server.mails), "the others arrive")
    assert recipients(mail_server) == [f"user{number}@orchard.test" for number in range(8)]
    mail = mail_server.mails[0]
    assert mail["From"] == "Orchard <mail@orchard.test>"
    assert mail["Subject"] == "Choose a new password"
    link = "/sample?ticket=sample"
    assert link in mail.get_body(("plain",)).get_content()
    assert link in mail.get_body(("html",)).get_content()
    assert len({mail["Message-ID"] for mail in mail_server.mails}) == 8


def test_j17_3_an_edited_template_is_previewed_and_sent_to_an_address_of_choice(
    fresh, mail_server
):
    server = fresh(tls=False, environment=settings(mail_server)).start()
    template = {
        "template": "verify_email",
        "body": "<p>Hi {{ user.given_name }}, <a href='{{ url }}'>this way</a></p>",
        "from": "{{ friendly_name }} <shop@orchard.test>",
        "subject": "Hi {{ user.given_name }}",
        "syntax": "liquid",
        "enabled": True,
    }
    server.management("PUT", "email-templates/verify_email", template)
    shown = server.make("mail", "preview", "verify_email")
    assert shown["subject"] == "Hi Ada" and "<p>Hi Ada, <a href=" in shown["html"]
    server.run("mail", "test", "verify_email", "--to", "me@orchard.test")
    wait_until(lambda: mail_server.mails, "the mail arrives")
    (mail,) = mail_server.mails
    assert (mail["To"], mail["Subject"]) == ("me@orchard.test", "Hi Ada")
    assert mail["From"] == "default <shop@orchard.test>"


def test_j17_without_a_mail_server_a_development_server_shows_its_mails(fresh):
    server = fresh(tls=False).start()
    queue(server, 1)

    def mailbox():
        headers = {"Accept": "application/json"}
        return requests.get(server.base + "/dev/mailbox", headers=headers, timeout=10).json()

    wait_until(mailbox, "the mail is in the mailbox")
    (mail,) = mailbox()
    assert mail["to"] == "user1@orchard.test"
    page = requests.get(f"{server.base}/dev/mailbox/{mail['id']}", timeout=10)
    assert page.status_code == 200 and "Choose a new password" in page.text

    elsewhere = fresh(tls=False, environment={"GRANTOR_SERVER_HOSTS": "login.orchard.test"}).start()
    assert requests.get(elsewhere.base + "/dev/mailbox", timeout=10).status_code == 404
