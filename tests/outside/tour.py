"""A tour of requests and answers, as a page of the documentation has them: names for what is random, fixed times."""

import base64
import json
import re
import urllib.parse

# What is random on the wire and never named in the text.
HIDDEN = {"jti", "sid", "at_hash", "c_hash", "kid"}
HEADERS = ("Content-Type", "Cache-Control", "Location", "WWW-Authenticate")
BEGINNING = 1_760_000_000
TIMES = ("iat", "exp", "auth_time", "updated_at")


class Tour:
    """Remembers what was sent and answered, step by step."""

    def __init__(self, server, host="login.example.com"):
        self.server = server
        self.host = host
        self.names = {}
        self.blocks = {}

    def name(self, value, name):
        """From now on the value appears as its name."""
        self.names[value] = name
        return value

    def known(self, step, method, path, answer, *, form=None, body=None, only=None, bearer=None):
        """Keeps one exchange as the blocks of a step."""
        lines = [f"{method} {self._hide_in_address(path)} HTTP/1.1", f"Host: {self.host}"]
        if bearer:
            lines.append(f"Authorization: Bearer {self._hide(bearer)}")
        if form is not None:
            lines += ["Content-Type: application/x-www-form-urlencoded", "", self._form(form)]
        if body is not None:
            lines += ["Content-Type: application/json", "", self._json(body)]
        self._add(step, "\n".join(lines))
        self._add(step, self._answer(answer, only))

    def token(self, step, token, name):
        """Keeps the claims of a token, and gives it a name."""
        _, payload, _ = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        shift = claims["iat"] - BEGINNING
        shown = {key: self._claim(key, value, shift) for key, value in claims.items()}
        self._add(step, self._json(shown), "json")
        return self.name(token, name)

    def markdown(self, step):
        """The blocks of a step, as the page has them."""
        return "\n\n".join(f"```{kind}\n{text}\n```" for kind, text in self.blocks[step])

    def _add(self, step, text, kind="http"):
        self.blocks.setdefault(step, []).append((kind, text))

    def _claim(self, key, value, shift):
        if key in HIDDEN:
            return "…"
        if key in TIMES and isinstance(value, int):
            # A login is a moment earlier or later from run to run.
            return BEGINNING if key == "auth_time" else value - shift
        return "…" if key == "updated_at" else value

    def _answer(self, answer, only):
        reason = {200: "OK", 201: "Created", 302: "Found", 401: "Unauthorized", 403: "Forbidden"}
        lines = [f"HTTP/1.1 {answer.status_code} {reason[answer.status_code]}"]
        for header in HEADERS:
            if header in answer.headers:
                value = answer.headers[header]
                shown = self._hide_in_address(value) if header == "Location" else self._hide(value)
                lines.append(f"{header}: {shown}")
        if answer.content and answer.headers.get("Content-Type", "").startswith("application/json"):
            lines += ["", self._json(self._members(answer.json(), only))]
        return "\n".join(lines)

    @staticmethod
    def _members(body, only):
        if only is None:
            return {key: "…" if key == "updated_at" else value for key, value in body.items()}
        return {key: body[key] for key in only} | {"…": "…"}

    def _json(self, value):
        return self._hide(json.dumps(value, indent=2, ensure_ascii=False)).replace('"…": "…"', "…")

    def _form(self, form):
        fields = (f"{key}={self._hide_in_address(urllib.parse.quote(value, safe=''))}" for key, value in form.items())
        return "\n&".join(fields)

    def _hide_in_address(self, text):
        for value, name in self._longest_first():
            text = text.replace(urllib.parse.quote(value, safe=""), name)
        return self._hide(text)

    def _hide(self, text):
        for value, name in self._longest_first():
            text = text.replace(value, name)
        return text.replace(self.server.base, f"https://{self.host}").replace(self.server.domain, self.host)

    def _longest_first(self):
        return sorted(self.names.items(), key=lambda pair: -len(pair[0]))


MARK = re.compile(r"(<!-- (?P<step>[a-z-]+) -->\n).*?(<!-- /(?P=step) -->)", re.DOTALL)


def fill(page, tour):
    """The page with the blocks of the tour between its marks, and the steps that it shows."""
    steps = [found["step"] for found in MARK.finditer(page)]
    filled = MARK.sub(lambda found: f"{found[1]}\n{tour.markdown(found['step'])}\n\n{found[3]}", page)
    return filled, steps
