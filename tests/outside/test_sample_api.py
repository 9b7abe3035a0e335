"""The sample API that the verify crate ships, against a real server: a service gets a token and calls it."""

import os
import pathlib
import subprocess

import jwt
import pytest
import requests

from harness import BINARY, TARGET, wait_until

AUDIENCE = "https://timesheets.abc.test"
SAMPLE = pathlib.Path(os.environ.get("OUTSIDE_SAMPLE", pathlib.Path(BINARY).parent / "examples" / "timesheets"))


@pytest.fixture
def sample():
    """Starts sample APIs and takes them away afterwards."""
    running = []

    def start(server, **settings):
        arguments = {"issuer": server.issuer, "audience": AUDIENCE, "ca": server.authority, **settings}
        flags = [part for name, value in arguments.items() for part in (f"--{name}", value)]
        process = subprocess.Popen([SAMPLE, *flags], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        running.append(process)
        line = process.stdout.readline()
        assert line.startswith("listening on "), line
        return line.removeprefix("listening on ").strip()

    yield start
    for process in running:
        process.kill()
        process.wait()


def upload(base, token):
    """Status and challenge of an upload."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    entry = {"user_id": "ada", "date": "2026-11-25", "project": "Harvest", "hours": 7}
    answer = requests.post(f"{base}/timesheets/upload", json=entry, headers=headers, timeout=10)
    return answer.status_code, answer.headers.get("WWW-Authenticate", "")


def test_t23_1_t23_2_t23_3_a_job_uploads_and_others_do_not(fresh, sample):
    server = fresh().start()
    job = server.machine(AUDIENCE, "batch:upload")
    server.run("api", "update", AUDIENCE, "--scope", "batch:upload", "--scope", "read:timesheets")
    reader = server.app("Reader")
    server.grant(reader, AUDIENCE, "read:timesheets")
    base = sample(server)

    token = server.token(job, AUDIENCE)
    assert jwt.decode(token, options={"verify_signature": False})["scope"] == "batch:upload"
    assert upload(base, token)[0] == 201
    status, challenge = upload(base, None)
    assert (status, challenge.split(" ")[0]) == (401, "Bearer")
    status, challenge = upload(base, server.token(reader, AUDIENCE))
    assert status == 403 and 'error="insufficient_scope"' in challenge and "batch:upload" in challenge
    status, challenge = upload(base, token[:-6] + "AAAAAA")
    assert status == 401 and 'error="invalid_token"' in challenge


def test_t23_5_rotating_the_signing_key_does_not_break_the_sample(fresh, sample):
    server = fresh().start()
    job = server.machine(AUDIENCE, "batch:upload")
    # The next key is made in the background of a first start; from then on the sample sees it in time.
    wait_until(lambda: len(server.key_set()) >= 2, "the next key is shown")
    base = sample(server)
    old = server.token(job, AUDIENCE)
    assert upload(base, old)[0] == 201

    # A revoked key forces the next one into use at once: the sample has never seen it.
    kid = jwt.get_unverified_header(old)["kid"]
    server.make("keys", "rotate")
    server.make("keys", "revoke", kid)
    new = wait_until(
        lambda: (token := server.token(job, AUDIENCE)) and jwt.get_unverified_header(token)["kid"] != kid and token,
        "a token under the new key",
        seconds=2,
    )
    assert upload(base, new)[0] == 201


def test_t32_2_the_sample_refuses_a_blacklisted_token(fresh, sample):
    server = fresh().start()
    job = server.machine(AUDIENCE, "batch:upload")
    token, other = server.token(job, AUDIENCE), server.token(job, AUDIENCE)
    jti = jwt.decode(token, options={"verify_signature": False})["jti"]
    pair = {"aud": AUDIENCE, "jti": jti}
    server.management("POST", "blacklists/tokens", pair)
    server.management("POST", "blacklists/tokens", pair)
    assert server.management("GET", f"blacklists/tokens?aud={AUDIENCE}") == [pair]

    # The sample asks under the name that the token is good for.
    settings = {"management-token": server.management_token()}
    settings["issuer"] = f"https://{server.host_of(server.management_token())}/"
    base = sample(server, **settings)
    token_there = token_of(server, job, settings["issuer"])
    blacklisted = jwt.decode(token_there, options={"verify_signature": False})["jti"]
    server.management("POST", "blacklists/tokens", {"aud": AUDIENCE, "jti": blacklisted})
    wait_until(lambda: upload(base, token_there)[0] == 401, "the blacklist is read again", seconds=30)
    assert upload(base, token_of(server, job, settings["issuer"]))[0] == 201
    assert other != token


def token_of(server, app, issuer):
    """A token issued under another of the server's own names."""
    form = {
        "grant_type": "client_credentials",
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "audience": AUDIENCE,
    }
    answer = requests.post(f"{issuer}oauth/token", data=form, verify=server.authority, timeout=10)
    return answer.json()["access_token"]
