"""An identity provider that a test can bend: it says whatever the test wants."""

import base64
import hmac
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey
from typing_extensions import override

KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"}, private=True)
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"}, private=True)
ACCESS = "an-access-token"
CLIENT = "gatewright"

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class BentProvider:
    """A provider whose parts are replaced by tests."""

    issuer: str = ""
    """Its address."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """Members that replace those of its discovery document; None removes one."""
    keys: list[Any] = field(default_factory=lambda: [KEY])
    """Keys that it publishes."""
    claims: dict[str, Any] = field(default_factory=dict)
    """Claims that replace those of its ID tokens; None removes one."""
    sign: Callable[[dict[str, Any]], str] | None = None
    """Signs an ID token in place of the first key."""
    tokens: dict[str, Any] = field(default_factory=dict)
    """Members that replace those of its token response; None removes one."""
    userinfo: dict[str, Any] = field(default_factory=dict)
    """Members that replace those of its userinfo response."""
    answers: dict[str, Callable[[], Answer]] = field(default_factory=dict)
    """Whole answers by path, in place of its own."""
    nonce: str = ""
    """Nonce for the next ID token."""
    asked: Counter[str] = field(default_factory=Counter)
    """Number of requests by path."""
    sent: list[dict[str, str]] = field(default_factory=list)
    """Forms and ``Authorization`` that its token address received."""

    def straighten(self) -> None:
        """Undo what tests have bent."""
        fresh = BentProvider(self.issuer)
        for name in vars(fresh):
            setattr(self, name, getattr(fresh, name))

    def answer(self, path: str, form: dict[str, str]) -> Answer:
        """Return status, headers and body for a request."""
        self.asked[path] += 1
        if path in self.answers:
            return self.answers[path]()
        if path == "/.well-known/openid-configuration":
            return _json(_changed(self._metadata(), self.metadata))
        if path == "/jwks":
            return _json({"keys": [key.as_dict(private=False) for key in self.keys]})
        if path == "/token":
            self.sent.append(form)
            made = {
                "access_token": ACCESS,
                "token_type": "Bearer",
                "id_token": self.id_token(),
            }
            return _json(_changed(made, self.tokens))
        if path == "/userinfo":
            return _json({"sub": "sub-of-bob", "name": "Bob"} | self.userinfo)
        return 404, {}, b"nothing here"

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def id_token(self) -> str:
        """Return an ID token as the test wants it."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "sub-of-bob",
            "preferred_username": "bob",
            "nonce": self.nonce,
            "iat": now,
            "exp": now + 300,
        }
        sign = self.sign or signed_by(KEY)
        return sign(_changed(claims, self.claims))

    async def come_back(
        self, client: httpx.AsyncClient, name: str = "bent", **changes: str | None
    ) -> httpx.Response:
        """Begin a sign-in, and come back as from this provider.

        ``changes`` replace parameters of the answer; None leaves one out.
        """
        begun = await client.get(f"/sign-in/with/{name}")
        assert begun.status_code == 303, begun.text
        query = parse_qs(urlsplit(begun.headers["Location"]).query)
        self.nonce = query["nonce"][0]
        given = {"code": "a-code", "state": query["state"][0], "iss": self.issuer}
        params = _changed(given, changes)
        return await client.get(f"/sign-in/with/{name}/done", params=params)


def signed_by(key: Any, **header: Any) -> Callable[[dict[str, Any]], str]:
    """Return what signs claims with a key, and a header of the test's."""

    def sign(claims: dict[str, Any]) -> str:
        whole = _changed({"alg": "RS256", "kid": key.kid}, header)
        algorithms = [str(whole["alg"])]
        token: str = jwt.encode(whole, claims, key, algorithms=algorithms)
        return token

    return sign


def unsigned(claims: dict[str, Any]) -> str:
    """Return a token with ``"alg": "none"``, which has no signature."""
    return f"{_part({'alg': 'none', 'kid': KEY.kid})}.{_part(claims)}."


def signed_by_public_key(claims: dict[str, Any]) -> str:
    """Return a token whose HMAC secret is the provider's public key."""
    text = f"{_part({'alg': 'HS256', 'kid': KEY.kid})}.{_part(claims)}"
    made = hmac.digest(KEY.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def _part(document: object) -> str:
    text = base64.urlsafe_b64encode(json.dumps(document).encode())
    return text.rstrip(b"=").decode()


def _changed(members: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    whole = members | changes
    return {name: value for name, value in whole.items() if value is not None}


def _json(document: object) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps(document).encode()


@contextmanager
def bent_provider() -> Iterator[BentProvider]:
    """Run a provider on a free port."""
    bent = BentProvider()

    class Handler(BaseHTTPRequestHandler):
        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            self._send(*bent.answer(urlsplit(self.path).path, {}))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = dict(parse_qsl(body))
            form["authorization"] = self.headers.get("Authorization", "")
            self._send(*bent.answer(self.path, form))

        def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bent.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield bent
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
