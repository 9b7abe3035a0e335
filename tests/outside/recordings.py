"""Recorded traffic of the compatible service, played against Grantor.

The recordings and the tool that plays them are not part of this project; `OUTSIDE_RECORDINGS`
names the folder of the recordings, beside which the tool lies in `tools/replay.py`. Recordings were
made on tenants that people had used before and were edited before they were published, so some
answers cannot be given by a fresh tenant or by any server at all: `prepare` gives the tenant the
state it had where the API can, and `excuse` names the reason for what is left. Nothing here changes
what the server does, and what has no excuse counts as a difference. docs/recordings.md tells the
reasons in words.
"""

import collections
import importlib.util
import json
import os
import pathlib
import re
import shutil
import signal

from harness import BINARY

SETTINGS = "/api/v2/tenants/settings"
BRANDING = "/api/v2/branding"
TEMPLATES = "/api/v2/email-templates"
PAGE = "<html>{%- auth0:head -%}{%- auth0:widget -%}</html>"

# Members of the settings that tell other resources or the service itself, and that no request may send.
READ_ONLY = {"universal_login", "sandbox_versions_available"}
READ_ONLY_FLAGS = {"cannot_change_enforce_client_authentication_on_passwordless_start"}


def load_tool(folder):
    """The tool that plays recordings, as a module; nothing if there is none."""
    path = pathlib.Path(folder).parent / "tools/replay.py"
    if not path.exists():
        return None
    spec = importlib.util.spec_from_file_location("replay", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


def earlier_settings(recording):
    """The settings that the tenant had before the recording, as far as the answers tell."""
    for step in recording:
        if step["path"] != SETTINGS or step["status"] != 200:
            continue
        sent = step["request"] or {} if step["method"] == "PATCH" else {}
        state = {k: v for k, v in step["response"].items() if k not in READ_ONLY and k not in sent}
        if "flags" in step["response"]:
            state["flags"] = {
                name: value
                for name, value in step["response"]["flags"].items()
                if name not in READ_ONLY_FLAGS and name not in sent.get("flags", {})
            }
        # What the service tells here is a flag of ours.
        links = step["response"].get("universal_login", {}).get("passwordless", {})
        if links.get("allow_magiclink_verify_without_session"):
            state.setdefault("flags", {})["grantor_login_link_in_any_browser"] = True
        return state
    return {}


def allow_usernames(server):
    """Users of the first database had usernames on the recorded tenants."""
    status, found = server.call(
        "GET", "/api/v2/connections?name=Username-Password-Authentication", None
    )
    assert status == 200 and len(found) == 1, found
    options = dict(found[0]["options"], requires_username=True)
    options["validation"] = {"username": {"min": 1, "max": 128}}
    path = f"/api/v2/connections/{found[0]['id']}"
    status, answer = server.call("PATCH", path, {"options": options})
    assert status == 200, answer


def first_answer(recording, method, path):
    """What the first success at this path answered."""
    for step in recording:
        if step["path"] == path and step["method"] == method and step["status"] in (200, 201):
            return step["response"]
    return None


def earlier_look(recording):
    """What the settings tell of branding, page template and prompts before the recording."""
    look = {}
    for step in recording:
        if step["path"] == SETTINGS and step["status"] == 200:
            look = step["response"].get("universal_login", {}) | look
    return look


def prepare_look(recording, server):
    """Gives the tenant the branding, the prompts and the mail templates that the recorded one had."""
    look = earlier_look(recording)
    branding = {"colors": look["colors"]} if "colors" in look else {}
    if recording[0]["path"] == BRANDING and recording[0]["method"] == "GET":
        branding = recording[0]["response"]
    prompts = {n: look[n] for n in ("identifier_first", "webauthn_platform_first_factor") if n in look}
    writes = [("PATCH", BRANDING, branding), ("PATCH", "/api/v2/prompts", prompts)]
    if look.get("is_custom_template_set"):
        writes.append(("PUT", f"{BRANDING}/templates/universal-login", {"template": PAGE}))
    # A template that a recording did not make was there before.
    for path in sorted({s["path"] for s in recording if s["path"].startswith(TEMPLATES + "/")}):
        known = first_answer(recording, "GET", path) or first_answer(recording, "PATCH", path)
        writes.append(("POST", TEMPLATES, known))
    for method, path, body in writes:
        if body:
            status, answer = server.call(method, path, body)
            assert status in (200, 201), answer


def prepare(recording, server):
    """Gives the fresh tenant what the recorded one had, where the API can."""
    state = earlier_settings(recording)
    if state:
        status, answer = server.call("PATCH", SETTINGS, state)
        assert status == 200, answer
    prepare_look(recording, server)
    if any(step["path"].startswith("/api/v2/users") for step in recording):
        allow_usernames(server)
    made = [step for step in recording if step["path"] == "/api/v2/custom-domains"]
    if any(
        step["method"] == "POST" and step["response"].get("primary") is False for step in made
    ):
        domain = {"domain": "earlier.example.org", "type": "auth0_managed_certs"}
        status, answer = server.call("POST", "/api/v2/custom-domains", domain)
        assert status == 201, answer


FETCHED = {"oidc_metadata", "userinfo_endpoint", "token_endpoint", "authorization_endpoint"}
OF_A_CERTIFICATE = {"cert", "expires", "subject", "thumbprints"}
OF_A_DIRECTORY = {
    "app_domain",
    "identity_api",
    "should_trust_email_verified_connection",
    "use_wsfed",
    "useCommonEndpoint",
    "waad_protocol",
}


def excuse_option(option, name):
    """Why an option of a connection differs; nothing if it should not."""
    if name.endswith("provisioning_ticket_url"):
        return "leads to a page for administrators of others, which there is not yet"
    if option in FETCHED:
        return "fetched from the other provider when the connection is made"
    if option in OF_A_CERTIFICATE:
        return "read from the other provider's certificate, for SAML to come"
    if option in OF_A_DIRECTORY:
        return "defaults of another vendor's directory, to come"
    if option == "configuration":
        return "sealed by the service under a key of its own"
    if option == "password_options" or name.endswith(("email_otp", "phone_otp")):
        return "newer tenants of the service have other defaults"
    return None


def excuse(step, outcome, leaf, made):
    """Why this difference cannot be mended; nothing if it can. `made` is what was made before."""
    path, refused = step["path"], 400 <= step["status"]
    name = leaf[0] if leaf else ""
    if leaf and step.get("edited") and leaf[1] == "missing" and "/clients/" in path:
        if name == "signing_keys" and (refused or "fields=" in path):
            return "the recorder put certificates into every answer about a client"
        if name == "client_secret" and step["response"]["client_secret"] == "[REDACTED]":
            return "the recorder put a secret into every answer about a client"
    if name.split(".")[-1] == "is_custom_theme_set":
        return "tells of themes, which are to come"
    if re.search(r"verification\.methods\[\d+\]\.(record|domain)$", name):
        return "names the service's own edge"
    if name.split(".")[0] == "certificate" or name == "verification.status":
        return "the service fetches a certificate by itself"
    if name == "custom_domain_id" and "xYz123" in json.dumps(step["response"]):
        return "an identifier written by hand"
    if "/connections" in path and leaf:
        reason = excuse_option(name.split("options.")[-1].split(".")[0], name)
        if reason:
            return reason
    if name == "description" and path == "/api/v2/roles" and not step["response"].get(name, 1):
        return "told as null by some tenants of the service and not at all by others"
    if name == "sandbox_versions_available":
        return "the versions of Node of that day"
    if name == "next" or leaf and leaf[1] == "element missing" and "take=" in path:
        return "more objects were there before the recording"
    if not leaf:
        if step["method"] == "DELETE" and "/connections/" in path and outcome["got"] == 204:
            return "the service was still deleting it"
        if path == "/api/v2/users" and 409 in (step["status"], outcome["got"]):
            return "the tenant had several custom domains, of which a header names one"
        if "/keys/signing/1111" in path:
            return "an identifier written by hand"
        if (outcome["answer"] or {}).get("errorCode") == "inexistent_credential":
            return "the tool does not learn identifiers inside a list"
        if path.startswith("/api/v2/device-credentials") and "test_" in json.dumps(step):
            return "an identifier written by hand"
        last = path.split("?")[0].rstrip("/").split("/")[-1]
        known = made + json.dumps([step.get("request"), step["response"]])
        if outcome["got"] == 404 and path.startswith("/api/v2/roles") and (
            last == "roles" or re.search(rf'"id": "{last}"[^}}]*"owner_id"', known)
        ):
            return "a role of an organization, which are to come"
        if outcome["got"] == 404 and last not in made:
            return "the object was there before the recording"
    return None


def play(folder, tool, wanted):
    """Plays every recording that has a step whose path is `wanted`. Answers with the numbers of
    exact and of all such steps, the excused ones by reason, and the differences without excuse."""
    serve = f"exec {BINARY} serve --data-dir {{dir}}/data --listen 127.0.0.1:{{port}} --http"
    token = f"{BINARY} token --management --data-dir {{dir}}/data"
    exact, total, excused, differences = 0, 0, collections.Counter(), []
    for file in sorted(pathlib.Path(folder).glob("*/*.json")):
        recording = json.loads(file.read_text())
        if not any(re.match(wanted, step["path"]) for step in recording):
            continue
        process, port, bearer, data = tool.serve(serve, token)
        try:
            server = tool.Server(f"http://127.0.0.1:{port}")
            server.token = bearer
            prepare(recording, server)
            for step in recording:
                # The placeholder of the recorder, where it is sent.
                request = json.dumps(step.get("request")).replace("{{host}}", "127.0.0.1")
                step["request"] = json.loads(request)
                if isinstance(step["request"], str):
                    # A body that is one JSON string, which the tool would send without its quotes.
                    step["request"] = request
            outcomes = tool.replay(recording, server)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(10)
            shutil.rmtree(data, ignore_errors=True)
        made = ""
        for step, outcome in zip(recording, outcomes):
            if re.match(wanted, step["path"]):
                total += 1
                exact += outcome["ok"]
                leaves = outcome["bad"] or ([] if outcome["ok"] else [None])
                reasons = [excuse(step, outcome, leaf, made) for leaf in leaves]
                if reasons and all(reasons):
                    excused[reasons[0]] += 1
                elif reasons:
                    left = [leaf for leaf, reason in zip(leaves, reasons) if not reason]
                    differences.append(
                        f"{file.name}: {step['method']} {step['path']} "
                        f"{outcome['want']} {outcome['got']} {left} {outcome['answer']}"
                    )
            if step["method"] == "POST":
                made += json.dumps(step.get("response"))
    return exact, total, excused, differences
