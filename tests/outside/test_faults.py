"""What goes wrong around a server: disks, databases, keys, configuration. Errors are clear and nothing is lost."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading

import pytest
import requests

from harness import CommandFailed, wait_until

NOBODY = 65534


def statuses(server, app, audience):
    """The status of one token request; 0 if there was no answer at all."""
    try:
        return server.ask(app, audience).status_code
    except requests.RequestException:
        return 0


# Configuration.


def test_an_unknown_configuration_key_stops_the_start_and_names_the_nearest(fresh):
    server = fresh(tls=False)
    server.data_dir.mkdir()
    (server.data_dir / "grantor.toml").write_text('[server]\nlisten_on = "127.0.0.1:1"\n')

    server.start(ready=False)

    assert server.ends() != 0
    assert "server.listen_on" in server.log_text()
    assert "did you mean `server.listen`" in server.log_text()


def test_an_unknown_variable_stops_the_start_and_names_the_nearest(fresh):
    server = fresh(tls=False, environment={"GRANTOR_STORAGE_URI": "postgres://127.0.0.1/x"})

    server.start(ready=False)

    assert server.ends() != 0
    assert "GRANTOR_STORAGE_URI" in server.log_text()
    assert "GRANTOR_STORAGE_URL" in server.log_text()


def test_a_port_that_is_taken_is_named(fresh):
    server = fresh(tls=False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server.port))
        taken.listen()
        server.start(ready=False)
        assert server.ends() != 0
    assert f"127.0.0.1:{server.port}" in server.log_text()


# The master key.


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_master_key_that_does_not_fit_is_refused_and_changes_nothing(fresh, request, engine):
    environment = {}
    if engine == "postgres":
        environment["GRANTOR_STORAGE_URL"] = request.getfixturevalue("cluster").database()
    server = fresh(tls=False, environment=environment).start()
    app = server.machine("https://api.test", "read:x")
    key_id = server.key_set()[0]["kid"]
    assert server.stop() == 0
    right = (server.data_dir / "master.key").read_bytes()
    (server.data_dir / "master.key").unlink()
    server.environment["GRANTOR_KEYS_MASTER_KEY"] = "A" * 43 + "="

    server.start(ready=False)

    assert server.ends() != 0
    assert "master key" in server.log_text()
    with pytest.raises(CommandFailed) as refused:
        server.run("api", "list")
    assert "master key" in refused.value.text

    del server.environment["GRANTOR_KEYS_MASTER_KEY"]
    (server.data_dir / "master.key").write_bytes(right)
    (server.data_dir / "master.key").chmod(0o600)
    server.start()
    assert server.token(app, "https://api.test")
    assert server.key_set()[0]["kid"] == key_id


def test_a_master_key_that_others_can_read_is_refused(fresh):
    server = fresh(tls=False).start()
    assert server.stop() == 0
    key = server.data_dir / "master.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o644)

    server.start(ready=False)

    assert server.ends() != 0
    assert "master.key" in server.log_text()
    key.chmod(0o600)
    server.start()


# Disks.


def test_a_read_only_data_directory_is_named(fresh, tmp_path):
    """As a user without rights: the superuser may write everywhere."""
    server = fresh(tls=False)
    server.data_dir.mkdir()
    server.data_dir.chmod(0o555)

    def become_nobody():
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)

    superuser = os.geteuid() == 0
    if superuser:
        # Folders of pytest are the owner's alone; nobody must get as far as the data directory.
        for folder in [tmp_path, *tmp_path.parents][:3]:
            folder.chmod(folder.stat().st_mode | 0o055)

    server.start(ready=False, preexec=become_nobody if superuser else None)

    assert server.ends() != 0
    assert str(server.data_dir) in server.log_text()
    assert "panicked" not in server.log_text()
    assert list(server.data_dir.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 48 MB of its own; where nobody may mount, a loud failure rather than no test."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.fail("a small disk cannot be mounted here; run as the superuser")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_refuses_writes_keeps_tokens_and_recovers(fresh, small_disk):
    server = fresh(tls=False)
    server.data_dir = small_disk / "data"
    server.start()
    app = server.machine("https://api.test", "read:x")
    server.token(app, "https://api.test")
    # The log on the full disk must not be what fails.
    filler = small_disk / "filler"
    # Unbuffered, or closing the file would try to write once more.
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(b"0" * 65536)

    acknowledged, refused = [], None
    for number in range(2000):
        done = server.run("api", "create", "--name", "n", "--identifier", f"urn:{number}", check=False)
        if done.returncode != 0:
            refused = done.stdout + done.stderr
            break
        acknowledged.append(f"urn:{number}")

    assert refused, "2000 writes went to a full disk"
    assert "panicked" not in refused
    assert any(word in refused for word in ("full", "disk", "space")), refused
    # What needs no write goes on.
    assert server.token(app, "https://api.test")

    filler.unlink()
    wait_until(
        lambda: server.run(
            "api", "create", "--name", "n", "--identifier", "urn:after", check=False
        ).returncode == 0,
        "writes succeed again",
    )
    listed = {api["identifier"] for api in server.make("api", "list")}
    assert {*acknowledged, "urn:after", "https://api.test"} <= listed
    assert "panicked" not in server.log_text()
    assert server.stop() == 0
    server.start()
    assert server.token(app, "https://api.test")


# The database.


def test_a_database_that_goes_away_and_comes_back(fresh, own_cluster):
    """Rule::Unavailable"""
    server = fresh(tls=False, environment={"GRANTOR_STORAGE_URL": own_cluster.database()}).start()
    app = server.machine("https://api.test", "read:x")
    server.token(app, "https://api.test")

    own_cluster.stop()

    wait_until(lambda: not server.is_ready(), "the probe says that the store is gone", seconds=15)
    # A cached fact is not believed past a second, so a refusal is what a client gets; never a hang.
    wait_until(lambda: statuses(server, app, "https://api.test") == 503, "503", seconds=15)
    answer = server.ask(app, "https://api.test")
    assert answer.json()["error"] == "temporarily_unavailable"
    assert int(answer.headers["retry-after"]) >= 1
    assert server.http.get(server.base + "/health/live", timeout=5).status_code == 200
    failed = server.run("api", "create", "--name", "n", "--identifier", "urn:lost", check=False)
    assert failed.returncode != 0
    assert "panicked" not in failed.stderr

    own_cluster.start()

    wait_until(server.is_ready, "ready again", seconds=15)
    wait_until(lambda: statuses(server, app, "https://api.test") == 200, "200", seconds=15)
    identifiers = {api["identifier"] for api in server.make("api", "list")}
    assert "https://api.test" in identifiers and "urn:lost" not in identifiers
    assert "panicked" not in server.log_text()


def test_a_database_that_is_not_there_is_named_without_its_password(fresh):
    url = "postgres://grantor:hunter2secret@127.0.0.1:9/none"
    server = fresh(tls=False, environment={"GRANTOR_STORAGE_URL": url})

    server.start(ready=False)

    assert server.ends(60) != 0
    assert "hunter2secret" not in server.log_text()
    assert "panicked" not in server.log_text()


def test_a_document_that_does_not_decode_is_named_in_the_log_and_not_to_the_client(fresh):
    """Rule::Internal"""
    server = fresh(tls=False)
    app = server.machine("https://api.test", "read:x")
    database = sqlite3.connect(server.data_dir / "grantor.db")
    with database:
        spoilt = database.execute(
            "UPDATE documents SET body = '{\"half' WHERE id = ?", (app["client_id"],)
        )
        assert spoilt.rowcount == 1
    database.close()
    server.start()

    answer = server.ask(app, "https://api.test")

    assert answer.status_code == 500
    assert answer.json() == {"error": "server_error", "error_description": "Internal error"}
    assert app["client_id"] in server.log_text()
    assert server.is_ready()


# Load.


def test_more_requests_than_allowed_are_told_when_to_come_back(fresh):
    """Rule::RateLimited"""
    server = fresh(tls=False, environment={"GRANTOR_LIMITS_TOKEN_PER_SECOND": "2"}).start()
    app = server.machine("https://api.test", "read:x")

    answers = [server.ask(app, "https://api.test") for _ in range(20)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused, "twenty requests in a moment, two a second allowed"
    assert refused[0].json()["error"] == "too_many_requests"
    assert int(refused[0].headers["retry-after"]) >= 1
    assert refused[0].headers["x-ratelimit-limit"] == "2"
    assert refused[0].headers["x-ratelimit-remaining"] == "0"
    wait_until(lambda: statuses(server, app, "https://api.test") == 200, "allowed again", 5)


# Stopping.


def test_a_polite_stop_finishes_the_request_in_flight(fresh):
    server = fresh(tls=False).start()
    app = server.machine("https://api.test", "read:x")
    body = (
        f"grant_type=client_credentials&client_id={app['client_id']}"
        f"&client_secret={app['client_secret']}&audience=https://api.test"
    ).encode()
    head = (
        "POST /oauth/token HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Length: {len(body)}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as stream:
        # The request is half sent when the signal comes.
        stream.sendall(head + body[:10])
        # Connections are accepted in order: once a later one was served, this one is there.
        wait_until(server.is_ready, "the server has accepted", seconds=5)
        server.http.close()
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: refuses_connections(server.port), "no new connections", seconds=5)
        stream.sendall(body[10:])
        answer = stream.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200"), answer
    assert server.ends() == 0


def refuses_connections(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return False
    except ConnectionRefusedError:
        return True
    except OSError:
        return False


def test_idle_connections_do_not_hold_a_stop_up(fresh):
    server = fresh(tls=False).start()
    idle = [requests.Session() for _ in range(5)]
    for session in idle:
        session.get(server.base + "/health/live", timeout=5)

    server.process.send_signal(signal.SIGTERM)

    assert server.ends(seconds=5) == 0


def test_events_of_the_last_moment_are_in_the_log(fresh):
    server = fresh(tls=False).start()
    app = server.machine("https://api.test", "read:x")
    threads = [
        threading.Thread(target=server.token, args=(app, "https://api.test")) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.stop() == 0

    server.start()
    logs = server.management("GET", f"logs?q=client_id:{app['client_id']}&per_page=100")
    assert [entry["type"] for entry in logs].count("seccft") == 20


def test_a_data_directory_that_was_copied_is_a_backup(fresh, tmp_path):
    server = fresh(tls=False).start()
    app = server.machine("https://api.test", "read:x")
    assert server.stop() == 0
    copy = fresh(tls=False)
    shutil.copytree(server.data_dir, copy.data_dir)

    copy.start()

    assert copy.token(app, "https://api.test")
