"""Fixtures: one server for the tests that only ask, and fresh ones for those that break things."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import harness
from chromium import Certificate, Chromium, People
from harness import Grantor
from postgres import Cluster


def pytest_sessionstart(session):
    if not os.access(harness.BINARY, os.X_OK):
        pytest.exit(f"{harness.BINARY} is not there: run `cargo build` first", returncode=2)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A server over TLS on the embedded database, shared; every test makes its own objects."""
    hosts = {"GRANTOR_SERVER_HOSTS": "login.orchard.test"}
    server = Grantor(tmp_path_factory.mktemp("shared") / "data", environment=hosts)
    server.start()
    yield server
    assert server.stop() == 0, server.log_text()


@pytest.fixture(scope="module")
def browser(server, certificate):
    """A real browser."""
    browser = Chromium(server, certificate)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A server of a module's own, on this machine alone: it shows the mails that it would send, and its pages may change."""
    limits = {"GRANTOR_LIMITS_SIGN_IN_PER_SECOND": "100000"}
    server = Grantor(tmp_path_factory.mktemp("house") / "data", environment=limits)
    yield server.start()
    server.kill()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """What the applications show to the browser."""
    return Certificate(tmp_path_factory.mktemp("applications"))


@pytest.fixture(scope="session")
def people(server):
    """The users of the shared server and their applications."""
    return People(server)


@pytest.fixture(scope="session")
def ada(people):
    """Somebody who can log in."""
    return people.user("ada", name="Ada")


@pytest.fixture
def fresh(tmp_path):
    """Makes servers of the test's own, and takes them away afterwards."""
    made = []

    def make(**options):
        server = Grantor(tmp_path / f"data{len(made)}", **options)
        made.append(server)
        return server

    yield make
    for server in made:
        server.kill()


@pytest.fixture(scope="session")
def cluster():
    """A PostgreSQL cluster that stays up."""
    cluster = Cluster().start()
    yield cluster
    cluster.remove()


@pytest.fixture
def own_cluster():
    """A PostgreSQL cluster that the test may take away."""
    cluster = Cluster().start()
    yield cluster
    cluster.remove()


@pytest.fixture
def name(request):
    """An identifier of an API that no other test uses."""
    return f"https://{request.node.name.split('[')[0].replace('_', '-')}.test"
