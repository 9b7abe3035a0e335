"""The Management API through the vendor's SDKs and tools, unmodified, over TLS."""

import json
import os
import pathlib
import re
import subprocess
import sys

import jwt
import pytest
import recordings
from auth0.management import ManagementClient
from auth0.management.core.api_error import ApiError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from harness import BINARY, NODE, NODE_PATH, ROOT, run_node, wait_until


def manager(server):
    """The credentials of the application that the first start made."""
    found = json.loads((server.data_dir / "management-client.json").read_text())
    return found["client_id"], found["client_secret"]


@pytest.fixture(scope="module")
def pem():
    """A public key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


@pytest.fixture
def api(server, monkeypatch):
    """The Python SDK's management client, with credentials as its documentation shows."""
    monkeypatch.setenv("SSL_CERT_FILE", server.authority)
    client_id, client_secret = manager(server)
    return ManagementClient(
        domain=server.domain, client_id=client_id, client_secret=client_secret
    )


def test_the_node_sdk_does_every_operation_of_the_first_resources(fresh, pem):
    server = fresh().start()
    client_id, client_secret = manager(server)
    identifier = "https://node.test"
    arguments = {
        "domain": server.domain,
        "clientId": client_id,
        "clientSecret": client_secret,
        "identifier": identifier,
        "pem": pem,
    }

    seen = run_node("management.cjs", arguments, server)

    assert re.fullmatch("[0-9a-f]{24}", seen["api"]["id"])
    assert seen["apiByIdentifier"] == seen["api"]
    assert seen["apiUpdated"]["token_lifetime"] == 300
    assert identifier in seen["apis"] and len(set(seen["apis"])) == len(seen["apis"])
    assert seen["clientUpdated"]["description"] == "changed"
    assert seen["rotated"]["client_secret"] != seen["client"]["client_secret"]
    assert set(seen["clientFound"]) == {"client_id", "name"}
    assert seen["client"]["client_id"] in seen["clients"]
    assert seen["credential"]["id"].startswith("cred_")
    assert seen["credentialFound"]["kid"] == seen["credential"]["kid"]
    assert (seen["credentials"], seen["credentialsAfter"]) == (1, 0)
    assert seen["grant"]["id"].startswith("cgr_")
    assert seen["grantFound"] == seen["grant"]
    assert seen["grantUpdated"]["scope"] == ["read:x", "write:x"]
    assert len(seen["grants"]) == 1 and seen["grantsAfter"] == []
    assert seen["key"]["kid"] == seen["rotatedKid"]
    assert seen["ownToken"] == 401
    assert seen["settingsFound"]["friendly_name"] == "Orchard"
    assert seen["logs"] > 0
    assert seen["log"]["log_id"]
    assert seen["domainFound"]["status"] == "pending_verification"
    assert seen["domains"] == ["login.node.test"] and seen["domainsAfter"] == []
    assert seen["domainUpdated"]["domain_metadata"] == {"kind": "test"}
    assert seen["domainTested"]["success"] is False
    assert seen["domainVerified"]["verification"]["status"] == "failed"
    assert seen["firstDefault"]["domain"] == server.domain.split(":")[0]
    assert seen["defaultSet"]["is_default"] and seen["defaultFound"]["is_default"]
    assert seen["consents"] == []
    assert seen["refused"]["status"] == 404


def test_t20_1_t20_5_python_does_every_operation_on_apis(api, name):
    scopes = [{"value": "read:x", "description": "Read"}]
    made = api.resource_servers.create(identifier=name, name="From Python", scopes=scopes)

    assert re.fullmatch("[0-9a-f]{24}", made.id)
    encoded = name.replace("/", "%2F").replace(":", "%3A")
    assert api.resource_servers.get(encoded).id == made.id
    updated = api.resource_servers.update(made.id, token_lifetime=300)
    assert (updated.token_lifetime, updated.scopes[0].value) == (300, "read:x")
    assert [one.id for one in api.resource_servers.list(identifiers=[name])] == [made.id]
    api.resource_servers.delete(made.id)
    with pytest.raises(ApiError) as gone:
        api.resource_servers.get(made.id)
    assert gone.value.status_code == 404


def test_t20_1_t20_6_python_does_every_operation_on_clients_and_grants(api, server, name):
    api.resource_servers.create(identifier=name, name="n", scopes=[{"value": "read:x"}])
    client = api.clients.create(name="From Python", app_type="non_interactive")
    found = api.clients.get(client.client_id)
    assert (found.name, found.client_secret) == ("From Python", client.client_secret)
    assert api.clients.update(client.client_id, description="d").description == "d"
    assert client.client_id in [one.client_id for one in api.clients.list(per_page=3)]
    grant = api.client_grants.create(client_id=client.client_id, audience=name, scope=["read:x"])
    assert grant.id.startswith("cgr_")
    assert api.client_grants.get(grant.id).audience == name

    with pytest.raises(ApiError) as twice:
        api.client_grants.create(client_id=client.client_id, audience=name, scope=["read:x"])

    assert twice.value.status_code == 409
    assert len(list(api.client_grants.list(client_id=client.client_id))) == 1
    app = {"client_id": client.client_id, "client_secret": client.client_secret}
    assert server.token(app, name)
    rotated = api.clients.rotate_secret(client.client_id)
    assert rotated.client_secret != client.client_secret
    assert api.client_grants.update(grant.id, scope=[]).scope == []
    api.client_grants.delete(grant.id)
    assert list(api.client_grants.list(client_id=client.client_id)) == []
    api.clients.delete(client.client_id)
    with pytest.raises(ApiError) as gone:
        api.clients.get(client.client_id)
    assert gone.value.status_code == 404


def test_python_does_every_operation_on_credentials(api, pem):
    client = api.clients.create(name="Keys", app_type="non_interactive").client_id
    credentials = api.clients.credentials
    made = credentials.create(
        client, credential_type="public_key", name="n", pem=pem, alg="RS256"
    )

    assert credentials.get(client, made.id).kid == made.kid
    assert [one.id for one in credentials.list(client)] == [made.id]
    changed = credentials.update(client, made.id, expires_at="2040-01-01T00:00:00.000Z")
    assert changed.expires_at.year == 2040
    credentials.delete(client, made.id)
    assert credentials.list(client) == []


def test_python_reads_and_writes_settings_logs_and_statistics(api):
    api.tenants.settings.update(friendly_name="From Python")

    assert api.tenants.settings.get().friendly_name == "From Python"
    entries = api.logs.list(per_page=1).items
    assert api.logs.get(entries[0].log_id).log_id == entries[0].log_id
    assert isinstance(api.stats.get_daily(from_="20260101", to="20260102"), list)
    assert api.stats.get_active_users_count() >= 0
    assert list(api.user_grants.list(user_id="auth0|nobody")) == []
    api.user_grants.delete_by_user_id(user_id="auth0|1")
    api.user_grants.delete("0123456789abcdef01234567")


def test_python_does_every_operation_on_custom_domains(api):
    domains = api.custom_domains
    made = domains.create(domain="login.python.test", type="auth0_managed_certs")

    identifier = made.custom_domain_id
    assert domains.get(identifier).domain == "login.python.test"
    assert identifier in [one.custom_domain_id for one in domains.list()]
    assert domains.update(identifier, tls_policy="recommended").tls_policy == "recommended"
    assert domains.test(identifier).success is False
    assert domains.verify(identifier).status == "pending_verification"
    first = domains.get_default()
    assert domains.set_default(domain="login.python.test").is_default
    domains.set_default(domain=first.domain)
    domains.delete(identifier)
    assert identifier not in [one.custom_domain_id for one in domains.list()]


def test_j10_4_python_does_every_operation_on_signing_keys(fresh, monkeypatch):
    server = fresh().start()
    monkeypatch.setenv("SSL_CERT_FILE", server.authority)
    client_id, client_secret = manager(server)
    api = ManagementClient(
        domain=server.domain, client_id=client_id, client_secret=client_secret
    )
    current = next(key for key in api.keys.signing.list() if key.current)

    rotated = api.keys.signing.rotate()

    assert rotated.kid != current.kid
    assert api.keys.signing.get(current.kid).previous
    assert api.keys.signing.revoke(current.kid).kid == current.kid


def token_for_own_api(server, *scopes):
    """A token for the Management API with some scopes, and the headers to use it with."""
    host = server.host_of(server.management_token())
    audience = f"https://{host}/api/v2/"
    app = server.app()
    server.grant(app, audience, *scopes)
    token = server.token(app, audience, headers={"Host": host})
    return {"Host": host, "Authorization": f"Bearer {token}"}


def test_t20_4_a_token_without_the_scope_is_told_which_is_needed(server):
    headers = token_for_own_api(server, "read:clients")

    answer = server.http.get(server.base + "/api/v2/resource-servers", headers=headers, timeout=10)

    assert answer.status_code == 403
    body = answer.json()
    assert body["errorCode"] == "insufficient_scope"
    assert "read:resource_servers" in body["message"]
    allowed = server.http.get(server.base + "/api/v2/clients", headers=headers, timeout=10)
    assert allowed.status_code == 200


def test_j10_4_rotating_needs_both_scopes(server):
    for scopes, status in (
        (["create:signing_keys"], 403),
        (["update:signing_keys"], 403),
        (["create:signing_keys", "update:signing_keys"], 201),
    ):
        headers = token_for_own_api(server, *scopes)
        url = server.base + "/api/v2/keys/signing/rotate"
        answer = server.http.post(url, headers=headers, timeout=10)
        assert answer.status_code == status, (scopes, answer.text)


def test_j9_4_deleting_the_application_ends_new_tokens(server):
    host = server.host_of(server.management_token())
    audience = f"https://{host}/api/v2/"
    app = server.app()
    server.grant(app, audience, "read:clients")
    server.token(app, audience, headers={"Host": host})

    server.run("app", "delete", app["client_id"])

    def status():
        return server.ask(app, audience, headers={"Host": host}).status_code

    assert wait_until(lambda: status() == 401, "refused", seconds=1)


def test_t19_2_t19_3_a_changed_grant_changes_the_next_token(server, name):
    app = server.machine(name, "read:x", "write:x")
    (grant,) = server.management("GET", f"client-grants?client_id={app['client_id']}")

    def scope():
        return jwt.decode(server.token(app, name), options={"verify_signature": False})["scope"]

    assert scope() == "read:x write:x"
    server.management("PATCH", f"client-grants/{grant['id']}", {"scope": ["write:x"]})
    assert wait_until(lambda: scope() == "write:x", "narrowed", seconds=1)

    server.management("DELETE", f"client-grants/{grant['id']}", status=204)

    refused = wait_until(lambda: server.ask(app, name).status_code == 403, "refused", seconds=1)
    assert refused
    for query in (f"client_id={app['client_id']}", f"audience={name}"):
        assert server.management("GET", f"client-grants?{query}") == []


def test_the_defaults_of_the_tenant_survive_a_restart(fresh):
    server = fresh(tls=False).start()
    server.api("https://default.test", "read:x")
    defaults = {
        "default_audience": "https://default.test",
        "default_directory": "Username-Password-Authentication",
    }
    server.management("PATCH", "tenants/settings", defaults)

    server.stop()
    server.start()

    settings = server.management("GET", "tenants/settings")
    assert {member: settings[member] for member in defaults} == defaults


def test_t32_2_t32_3_the_blacklist_lists_a_token_once(server, name):
    app = server.machine(name, "read:x")
    jti = jwt.decode(server.token(app, name), options={"verify_signature": False})["jti"]
    for _ in range(2):
        server.management("POST", "blacklists/tokens", {"aud": name, "jti": jti}, status=204)

    listed = server.management("GET", f"blacklists/tokens?aud={name}")

    assert [entry["jti"] for entry in listed] == [jti]


def test_the_management_api_refuses_tokens_of_other_kinds(server, name):
    app = server.machine(name, "read:x")
    for token, status in ((server.token(app, name), 401), ("x.y.z", 401), ("", 401)):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = server.http.get(server.base + "/api/v2/clients", headers=headers, timeout=10)
        assert answer.status_code == status, answer.text


# Configuration as code.


def deploy(server, folder, *arguments):
    """Runs the vendor's deploy tool."""
    client_id, client_secret = manager(server)
    tool = pathlib.Path(NODE_PATH) / "auth0-deploy-cli/lib/index.js"
    done = subprocess.run(
        [NODE, str(tool), *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=folder,
        env=os.environ
        | {
            "NODE_EXTRA_CA_CERTS": server.authority,
            "AUTH0_DOMAIN": server.domain,
            "AUTH0_CLIENT_ID": client_id,
            "AUTH0_CLIENT_SECRET": client_secret,
        },
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout + done.stderr


def test_the_deploy_tool_exports_imports_and_changes_nothing_twice(fresh, tmp_path):
    server = fresh().start()
    server.machine("https://orders.test", "read:x", "write:x")
    deploy(server, tmp_path, "export", "--format", "yaml", "--output_folder", "one")
    exported = (tmp_path / "one/tenant.yaml").read_text()
    assert "https://orders.test" in exported

    deploy(server, tmp_path, "import", "--input_file", "one/tenant.yaml")
    snapshot = objects(server)
    deploy(server, tmp_path, "import", "--input_file", "one/tenant.yaml")

    assert objects(server) == snapshot
    deploy(server, tmp_path, "export", "--format", "yaml", "--output_folder", "two")
    assert (tmp_path / "two/tenant.yaml").read_text() == exported


def objects(server):
    """Everything that the tool may have touched, without what changes by being written."""
    paths = ("clients", "resource-servers", "client-grants", "tenants/settings")
    return {path: server.management("GET", path) for path in paths}


# The document of the API.


CHECKS = "not_a_server_error,status_code_conformance,response_schema_conformance"
REVOKE = "/keys/signing/{kid}/revoke"


def explore(server, folder, *choice):
    """Runs schemathesis with a fixed seed against the document that the server serves."""
    token = server.management_token()
    done = subprocess.run(
        [
            str(pathlib.Path(sys.executable).parent / "schemathesis"),
            "run",
            f"{server.base}/api/v2/openapi.json",
            "--url",
            f"{server.base}/api/v2",
            "--header",
            f"Authorization: Bearer {token}",
            "--header",
            f"Host: {server.host_of(token)}",
            "--checks",
            CHECKS,
            "--seed",
            "20261125",
            "--request-timeout",
            "20",
            "--suppress-health-check",
            "all",
            *choice,
        ],
        capture_output=True,
        text=True,
        timeout=380,
        cwd=folder,
    )
    report = done.stdout + done.stderr
    assert done.returncode == 0, report[-14000:]
    assert server.is_ready()
    assert "panicked" not in server.log_text()
    return report


@pytest.mark.timeout(400)
def test_schemathesis_finds_no_fault_against_the_served_document(fresh, tmp_path):
    server = fresh(tls=False).start()

    # Each member of each body at its bounds; then what is wrong, and sequences that use what they made.
    bounds = ("--phases", "coverage", "--mode", "positive")
    chance = ("--phases", "fuzzing,stateful", "--max-examples", "12")
    reports = [
        explore(server, tmp_path, "--exclude-path", REVOKE, *choice) for choice in (bounds, chance)
    ]
    # By itself, because it may end the very token that the other requests need.
    explore(server, tmp_path, "--include-path", REVOKE, *chance)

    paths = json.loads((ROOT / "docs/openapi.json").read_text())["paths"]
    operations = sum(len(methods) for methods in paths.values())
    for report in reports:
        assert f"Tested: {operations - 1}" in report, report[-3000:]


def test_the_document_is_served_to_everyone_as_it_is_checked_in(server):
    answer = server.http.get(server.base + "/api/v2/openapi.json", timeout=10)

    assert answer.status_code == 200
    assert answer.json() == json.loads((ROOT / "docs/openapi.json").read_text())


# Recorded traffic of the compatible service.

PLAYED = re.compile(
    r"/api/v2/(resource-servers|clients|client-grants|grants|tenants|keys/signing|logs|stats"
    r"|blacklists|custom-domains|user-blocks|tickets|jobs|sessions)([/?]|$)"
    r"|/api/v2/connections(/con_[A-Za-z0-9]+)?(/clients)?([?]|$)"
    r"|/api/v2/(roles|refresh-tokens|device-credentials)([/?]|$)"
    r"|/api/v2/users(/[^/]+)?(/(sessions|roles|permissions|refresh-tokens))?([?]|$)"
    r"|/api/v2/(branding|branding/templates/universal-login|prompts|prompts/[^/]+/partials)([?]|$)"
    r"|/api/v2/(prompts/[^/]+/custom-text/[^/]+|emails/provider|email-templates(/[^/]+)?)([?]|$)"
)


@pytest.mark.timeout(600)
def test_recorded_traffic_of_these_resources_replays():
    folder = os.environ.get("OUTSIDE_RECORDINGS", str(ROOT.parent / "shared/recordings"))
    tool = recordings.load_tool(folder)
    if tool is None:
        pytest.skip(f"no recordings at {folder}; set OUTSIDE_RECORDINGS to their folder")

    exact, total, excused, differences = recordings.play(folder, tool, PLAYED)

    print(f"{exact} of {total} interactions are exact")
    for reason, count in excused.most_common():
        print(f"{count:5} {reason}")
    assert 500 < total
    assert not differences, "\n".join(differences[:40])
    assert 0.95 <= exact / (total - sum(excused.values()))
