"""kill -9 in the middle of writes: what was acknowledged is there, and nothing is there by half."""

import random
import threading
import time

import pytest
import requests

from harness import wait_until

ROUNDS = 100
WRITERS = 4


@pytest.mark.timeout(400)
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_every_acknowledged_write_survives_kill_9(fresh, request, engine):
    environment = {}
    if engine == "postgres":
        environment["GRANTOR_STORAGE_URL"] = request.getfixturevalue("cluster").database()
    server = fresh(tls=False, environment=environment)
    chance = random.Random(engine)
    acknowledged = {}
    server.start()
    for number in range(ROUNDS):
        acknowledged |= write_until_killed(server, number, chance.uniform(0.005, 0.15))
        server.start()
        recent = list(acknowledged)[-3:]
        for identifier in recent:
            found = server.management("GET", f"resource-servers/{acknowledged[identifier]}")
            assert found["identifier"] == identifier
    assert len(acknowledged) > ROUNDS, "too few writes to prove anything"

    listed = {api["identifier"]: api for api in server.make("api", "list")}
    lost = set(acknowledged) - set(listed)
    assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged writes are gone"
    for identifier, api_id in acknowledged.items():
        assert listed[identifier]["id"] == api_id
        assert [scope["value"] for scope in listed[identifier]["scopes"]] == ["a", "b"]
    # Written but not acknowledged: whole, and found by its identifier as well as in the list.
    for identifier in chance.sample(sorted(set(listed) - set(acknowledged)), 3):
        assert server.run("api", "show", identifier).returncode == 0
    assert "panicked" not in server.log_text()


def write_until_killed(server, number, seconds):
    """Writes from several threads until the server is killed; identifiers and ids that it acknowledged."""
    acknowledged = {}
    gone = threading.Event()
    first = threading.Event()
    token = server.management_token()
    host = server.host_of(token)

    def write(writer):
        with requests.Session() as http:
            http.trust_env = False
            http.headers.update({"Authorization": f"Bearer {token}", "Host": host})
            for count in range(100_000):
                identifier = f"urn:{number}:{writer}:{count}"
                scopes = [{"value": "a"}, {"value": "b"}]
                body = {"identifier": identifier, "name": identifier, "scopes": scopes}
                try:
                    url = server.base + "/api/v2/resource-servers"
                    answer = http.post(url, json=body, timeout=10)
                except requests.RequestException:
                    return
                if gone.is_set() and answer.status_code != 201:
                    return
                assert answer.status_code == 201, answer.text
                acknowledged[identifier] = answer.json()["id"]
                first.set()

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for writer in writers:
        writer.start()
    assert first.wait(20), f"no write was acknowledged:\n{server.log_text()[-2000:]}"
    # The moment of the kill is the test's chance, not a wait for something.
    time.sleep(seconds)
    gone.set()
    server.kill()
    for writer in writers:
        writer.join()
    return acknowledged


@pytest.mark.parametrize("rounds", [20])
def test_a_command_that_is_killed_leaves_nothing_by_half(fresh, rounds):
    """The command line writes the same database as the running server."""
    import subprocess

    from harness import BINARY

    server = fresh(tls=False).start()
    chance = random.Random(7)
    for number in range(rounds):
        flags = ["--name", "n", "--identifier", f"urn:{number}", "--scope", "a", "--json"]
        command = [BINARY, "api", "create", *flags, "--data-dir", str(server.data_dir)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, 0.1))
        process.kill()
        printed = process.communicate()[0]
        found = server.run("api", "show", f"urn:{number}", "--json", check=False)
        if printed.strip():
            assert found.returncode == 0, "it was printed and is not there"
        if found.returncode == 0:
            assert '"a"' in found.stdout
    wait_until(server.is_ready, "the server lives")
