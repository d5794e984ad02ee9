"""JSON Web Tokens: the good ones get in, and none of those that attackers make."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import itertools
import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from starlette.testclient import TestClient

from builders import brightness_classifier
from file_server import Files, Served, endless, hang_up, redirect, serving, status
from vistazo.api.app import create_app
from vistazo.errors import NotReadyError, SettingsError, UnauthorizedError
from vistazo.models.fetch import Link
from vistazo.service.access import key_set_link
from vistazo.service.access.claims import TokenPolicy
from vistazo.service.access.key_set_link import fetch_key_set
from vistazo.service.access.public_keys import KeysOfLink
from vistazo.service.access.tokens import Tokens
from vistazo.service.settings import Settings

SECRET = "c2VjcmV0IG9mIHRoZSB0ZXN0cyAwMTIzNDU2Nzg5"  # noqa: S105
ISSUER, AUDIENCE = "https://id.example/", "vistazo"
SIGNERS: dict[str, Any] = {
    "RS256": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505
STRANGER = ec.generate_private_key(ec.SECP256R1())
_AS_JWK = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}


def jwk(algorithm: str, key: Any, **fields: Any) -> dict[str, Any]:
    return {**json.loads(_AS_JWK[algorithm].to_jwk(key)), **fields}


def key_set() -> dict[str, Any]:
    keys = [
        jwk(algorithm, signer.public_key(), kid=f"key-{algorithm}", use="sig", alg=algorithm)
        for algorithm, signer in SIGNERS.items()
    ]
    secret = {"kty": "oct", "k": b64(SECRET.encode()), "kid": "key-oct", "alg": "HS256"}
    weak = jwk("RS256", WEAK.public_key(), kid="key-weak")
    sealed = jwk("RS256", SIGNERS["RS256"].public_key(), kid="key-enc", use="enc")
    return {"keys": [*keys, secret, weak, sealed, {"kty": "?"}, 7]}


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def part(content: Any) -> str:
    text = content if isinstance(content, str) else json.dumps(content)
    return b64(text.encode())


def claims(**changes: Any) -> dict[str, Any]:
    """Of a good token; ``None`` leaves a claim out."""
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ward-7", "scope": "openid predict"}
    good |= {"exp": time.time() + 60, "iat": time.time()}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def hs256(content: Any, header: Any = None, secret: str | bytes = SECRET) -> str:
    """Signed well, whatever is in it."""
    message = f"{part(header or {'alg': 'HS256', 'typ': 'JWT'})}.{part(content)}"
    key = secret.encode() if isinstance(secret, str) else secret
    return f"{message}.{b64(hmac.digest(key, message.encode(), 'sha256'))}"


def signed(algorithm: str, content: Any = None, *, key: Any = None, **header: Any) -> str:
    header = {"kid": f"key-{algorithm}", **header}
    header = {name: value for name, value in header.items() if value is not None}
    return jwt.encode(
        content or claims(), key or SIGNERS[algorithm], algorithm, headers=header or None
    )


def pem(algorithm: str) -> bytes:
    kinds = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    public: bytes = SIGNERS[algorithm].public_key().public_bytes(*kinds)
    return public


def unsigned(algorithm: str, signature: str = "") -> str:
    return f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(claims())}.{signature}"


def ec_signed(header: dict[str, Any], key: Any = None) -> str:
    """As ES256 has it, with any header."""
    message = f"{part({'alg': 'ES256', **header})}.{part(claims())}"
    algorithm = ECAlgorithm(ECAlgorithm.SHA256)
    return f"{message}.{b64(algorithm.sign(message.encode(), key or STRANGER))}"


def swapped(token: str, place: int, content: Any) -> str:
    parts = token.split(".")
    parts[place] = part(content)
    return ".".join(parts)


def _spki(algorithm: str) -> bytes:
    kinds = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    public: bytes = SIGNERS[algorithm].public_key().public_bytes(*kinds)
    return public


def _in_the_header() -> dict[str, Any]:
    return {"jwk": jwk("ES256", STRANGER.public_key()), "kid": "theirs"}


def _nested_twice() -> str:
    return json.dumps(claims())[:-1] + ', "x": {"a": 1, "a": 2}}'


def _utf_16() -> str:
    message = f"{part({'alg': 'HS256'})}.{b64(json.dumps(claims()).encode('utf-16'))}"
    return f"{message}.{b64(hmac.digest(SECRET.encode(), message.encode(), hashlib.sha256))}"


NOW = time.time()
CALLERS = itertools.count()
FORGED: dict[str, Callable[[], str]] = {
    # no signature, or none that is one
    **{
        f"none as {name!r}": lambda name=name: unsigned(name)
        for name in ("none", "None", "NONE", "nOnE", "", "null")
    },
    **{
        f"none with the signature {end!r}": lambda end=end: unsigned("none", end)
        for end in ("e30", "AAAA")
    },
    "no signature": lambda: hs256(claims()).rpartition(".")[0] + ".",
    "no dot before the signature": lambda: hs256(claims()).rpartition(".")[0],
    "alg of null": lambda: hs256(claims(), {"alg": None}),
    "alg of a list": lambda: hs256(claims(), {"alg": ["HS256"]}),
    "alg of a number": lambda: hs256(claims(), {"alg": 256}),
    "no alg": lambda: hs256(claims(), {"typ": "JWT"}),
    "alg in small letters": lambda: hs256(claims(), {"alg": "hs256"}),
    "a signature of zeros": lambda: hs256(claims()).rpartition(".")[0] + "." + b64(bytes(32)),
    "a signature of ES256 of zeros": lambda: (
        f"{part({'alg': 'ES256', 'kid': 'key-ES256'})}.{part(claims())}.{b64(bytes(64))}"
    ),
    "a signature cut short": lambda: hs256(claims())[:-2],
    "a signature in another order": lambda: hs256(claims())[:-4] + "AAAA",
    "a signature of another token": lambda: (
        hs256(claims()).rpartition(".")[0] + "." + hs256(claims(sub="x")).rpartition(".")[2]
    ),
    # another key
    "another secret": lambda: hs256(claims(), secret="x" * 40),
    "an empty secret": lambda: hs256(claims(), secret=b""),
    "the secret in base64": lambda: hs256(claims(), secret=base64.b64decode(SECRET + "==")),
    **{
        f"{name} of a stranger": lambda name=name, key=key: signed(name, key=key)
        for name, key in (
            ("RS256", rsa.generate_private_key(65537, 2048)),
            ("ES256", STRANGER),
            ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
        )
    },
    # confused keys
    **{
        f"HS256 with the public key of {name}": lambda name=name: hs256(
            claims(), {"alg": "HS256", "kid": f"key-{name}"}, pem(name)
        )
        for name in SIGNERS
    },
    "HS256 with the public key, without its last line's end": lambda: hs256(
        claims(), secret=pem("RS256").strip()
    ),
    "HS256 with the public key in DER": lambda: hs256(claims(), secret=_spki("RS256")),
    "HS256 with the key set as it is published": lambda: hs256(
        claims(), secret=json.dumps(jwk("RS256", SIGNERS["RS256"].public_key()))
    ),
    "ES256 that names the RSA key": lambda: signed("ES256", kid="key-RS256"),
    "RS256 that names the EC key": lambda: signed("RS256", kid="key-ES256"),
    "RS256 with the key that is for sealing": lambda: signed("RS256", kid="key-enc"),
    "RS256 with a key of 1024 bits": lambda: signed("RS256", key=WEAK, kid="key-weak"),
    "RS512 with our key": lambda: jwt.encode(
        claims(), SIGNERS["RS256"], "RS512", headers={"kid": "key-RS256"}
    ),
    "PS256 with our key": lambda: jwt.encode(
        claims(), SIGNERS["RS256"], "PS256", headers={"kid": "key-RS256"}
    ),
    "HS512 with our secret": lambda: jwt.encode(claims(), SECRET * 2, "HS512"),
    "HS384 with our secret": lambda: jwt.encode(claims(), SECRET * 2, "HS384"),
    "HS256 under the name of RS256": lambda: hs256(claims(), {"alg": "RS256", "kid": "key-RS256"}),
    # the token brings its key, or says where it is
    "a key in jwk": lambda: ec_signed(_in_the_header()),
    "a key in jwk under our name": lambda: ec_signed({**_in_the_header(), "kid": "key-ES256"}),
    "a key in jku": lambda: ec_signed({"jku": "https://evil.example/keys", "kid": "theirs"}),
    "a key in x5u": lambda: ec_signed({"x5u": "https://evil.example/cert", "kid": "theirs"}),
    "a key in x5c": lambda: ec_signed({"x5c": [base64.b64encode(_spki("ES256")).decode()]}),
    **{
        f"kid of {name!r}": lambda name=name: hs256(claims(), {"alg": "HS256", "kid": name}, b"")
        for name in ("/dev/null", "../../dev/null", "' UNION SELECT ''", "key-oct")
    },
    "kid of a list": lambda: hs256(claims(), {"alg": "HS256", "kid": ["key-oct"]}),
    # headers that have to be understood
    "crit": lambda: hs256(claims(), {"alg": "HS256", "crit": ["exp"], "exp": 1}),
    "crit that is empty": lambda: hs256(claims(), {"alg": "HS256", "crit": []}),
    "b64 of false": lambda: hs256(claims(), {"alg": "HS256", "b64": False, "crit": ["b64"]}),
    "b64 without crit": lambda: hs256(claims(), {"alg": "HS256", "b64": False}),
    "zip": lambda: hs256(claims(), {"alg": "HS256", "zip": "DEF"}),
    "alg twice": lambda: hs256(claims(), '{"alg":"none","alg":"HS256"}'),
    "a token for logging out": lambda: hs256(claims(), {"alg": "HS256", "typ": "logout+jwt"}),
    "a proof of possession": lambda: hs256(claims(), {"alg": "HS256", "typ": "dpop+jwt"}),
    # times
    "expired": lambda: hs256(claims(exp=NOW - 31)),
    "expired in 1970": lambda: hs256(claims(exp=0)),
    "no exp": lambda: hs256(claims(exp=None)),
    "exp of null": lambda: hs256(json.dumps({**claims(), "exp": None})),
    **{
        f"exp of a {type(value).__name__}, {number}": lambda value=value: hs256(claims(exp=value))
        for number, value in enumerate((
            str(NOW + 60), True, [NOW + 60], {}, -1, 10**12, 10**400, "", "never", "9" * 4000,
        ))
    },
    **{
        f"exp written as {text:.12}": lambda text=text: hs256(
            json.dumps({**claims(exp=None), "iat": 1})[:-1] + f', "exp": {text}}}'
        )
        for text in ("NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "0x7fffffff", "01")
    },
    "nbf in the future": lambda: hs256(claims(nbf=NOW + 600)),
    "iat in the future": lambda: hs256(claims(iat=NOW + 600)),
    "nbf as text": lambda: hs256(claims(nbf=str(NOW))),
    "iat of true": lambda: hs256(claims(iat=True)),
    # somebody else's
    "another issuer": lambda: hs256(claims(iss="https://evil.example/")),
    "an issuer without its slash": lambda: hs256(claims(iss=ISSUER.rstrip("/"))),
    "a list of issuers": lambda: hs256(claims(iss=[ISSUER])),
    "no issuer": lambda: hs256(claims(iss=None)),
    "another audience": lambda: hs256(claims(aud="another")),
    "audiences without ours": lambda: hs256(claims(aud=["a", "b"])),
    "audiences with one that is no text": lambda: hs256(claims(aud=[AUDIENCE, 7])),
    "an audience that holds ours": lambda: hs256(claims(aud=f"{AUDIENCE}.evil.example")),
    "an audience that is an object": lambda: hs256(claims(aud={AUDIENCE: 1})),
    "no audience": lambda: hs256(claims(aud=None)),
    "no subject": lambda: hs256(claims(sub=None)),
    "a subject of nothing": lambda: hs256(claims(sub="")),
    "a subject that is a number": lambda: hs256(claims(sub=7)),
    "a subject without end": lambda: hs256(claims(sub="x" * 1000)),
    # what it may
    "a scope that is an object": lambda: hs256(claims(scope={"predict": True})),
    "scopes of which one is no text": lambda: hs256(claims(scope=["predict", 1])),
    "a scope of true": lambda: hs256(claims(scope=True)),
    # broken
    "claims twice": lambda: hs256(f'{json.dumps(claims())[:-1]}, "sub": "boss"}}'),
    "claims twice further in": lambda: hs256(_nested_twice()),
    "claims that are a list": lambda: hs256([claims()]),
    "claims that are text": lambda: hs256('"predict"'),
    "claims that are null": lambda: hs256("null"),
    "claims that are not JSON": lambda: hs256("predict"),
    "claims in UTF-16": _utf_16,
    "claims that lie deep": lambda: hs256("[" * 3000 + "]" * 3000),
    "a header that lies deep": lambda: hs256(claims(), "[" * 2000 + "]" * 2000),
    "a header that is a list": lambda: hs256(claims(), ["HS256"]),
    "a header that is not JSON": lambda: hs256(claims(), "HS256"),
    "other claims under our signature": lambda: swapped(hs256(claims()), 1, claims(sub="boss")),
    "another header under our signature": lambda: swapped(hs256(claims()), 0, {"alg": "HS256"}),
    "too long": lambda: hs256(claims(x="x" * 7000)),
    "four parts": lambda: hs256(claims()) + ".e30",
    "five parts, as if it were sealed": lambda: f"{part({'alg': 'dir', 'enc': 'A128GCM'})}....",
    "padding": lambda: hs256(claims()) + "=",
    "plus and slash": lambda: hs256(claims()).replace("-", "+").replace("_", "/") + "+/",
    "a space within": lambda: hs256(claims()).replace(".", ". ", 1),
    "a comma and another": lambda: f"{unsigned('none')},{hs256(claims())}",
    "in quotes": lambda: f'"{hs256(claims())}"',
    "as JSON": lambda: json.dumps({"payload": part(claims()), "signatures": []}),
    "two dots": lambda: "..",
    "nothing": lambda: ".",
}  # fmt: skip


@dataclass(frozen=True)
class Guarded:
    client: TestClient

    def status(self, token: str) -> int:
        # Each from another address, or they would soon all be refused for their number.
        caller = TestClient(self.client.app, client=(f"caller-{next(CALLERS)}", 1))
        answer = caller.get("/model", headers={"Authorization": f"Bearer {token}"})
        status: int = answer.status_code
        if status == 401:
            assert answer.json()["detail"] == "The key or token that came with this is not valid."
            assert token not in answer.text or len(token) < 4
        return status


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    path = tmp_path_factory.mktemp("keys") / "jwks.json"
    path.write_text(json.dumps(key_set()))
    settings = Settings.model_validate(
        {
            "threads": 1,
            "jwt_secret": SECRET,
            "jwt_jwks": str(path),
            "jwt_issuer": ISSUER,
            "jwt_audience": AUDIENCE,
        }
    )
    app = create_app(settings, load=brightness_classifier)
    with TestClient(app, raise_server_exceptions=False) as client:
        while client.get("/health/ready").status_code == 503:
            pass
        yield Guarded(client)


GOOD: dict[str, Callable[[], str]] = {
    "HS256": lambda: hs256(claims()),
    **{name: lambda name=name: signed(name) for name in SIGNERS},
    "without a kid": lambda: signed("ES256", kid=None),
    "an access token (RFC 9068)": lambda: signed("ES256", typ="at+jwt"),
    "several audiences": lambda: hs256(claims(aud=["another", AUDIENCE])),
    "scopes as a list": lambda: hs256(claims(scope=["predict"])),
    "scopes in scp": lambda: hs256(claims(scope=None, scp=["predict", "x"])),
    "a clock that is behind": lambda: hs256(claims(exp=time.time() - 20)),
    "a clock that is ahead": lambda: hs256(claims(iat=time.time() + 20, nbf=time.time() + 20)),
    "a whole number": lambda: hs256(claims(exp=int(time.time()) + 60)),
    "where its issuer publishes keys": lambda: signed("ES256", jku="https://id.example/keys"),
}


@pytest.mark.parametrize("token", GOOD.values(), ids=GOOD)
def test_a_good_token_gets_in(guarded: Guarded, token: Callable[[], str]) -> None:
    assert guarded.status(token()) == 200


@pytest.mark.filterwarnings("ignore:The RSA key is 1024")
@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED)
def test_no_other_gets_in(guarded: Guarded, token: Callable[[], str]) -> None:
    assert guarded.status(token()) == 401


def test_there_are_many_of_them() -> None:
    assert len(FORGED) >= 60


def test_no_character_of_a_token_can_be_changed(guarded: Guarded) -> None:
    token = signed("ES256")
    for place in range(0, len(token), 13):
        changed = "A" if token[place] != "A" else "B"
        assert guarded.status(f"{token[:place]}{changed}{token[place + 1 :]}") == 401


@pytest.mark.parametrize(
    "scope", [None, "", "openid", "predicts", "PREDICT", "metrics,predict", []]
)
def test_a_good_token_for_something_else_is_forbidden(guarded: Guarded, scope: Any) -> None:
    assert guarded.status(hs256(claims(scope=scope))) == 403


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
_HEADERS = st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "jwk"]), _JSON)
_CLAIMS = st.dictionaries(
    st.sampled_from(["exp", "iat", "nbf", "aud", "iss", "sub", "scope", "scp"]), _JSON
)


@hypothesis.settings(max_examples=60)
@hypothesis.given(_HEADERS, _CLAIMS, st.text(max_size=30))
def test_whatever_is_in_a_token_it_is_somebodys_or_not_valid(
    header: dict[str, Any], changes: dict[str, Any], text: str
) -> None:
    tokens = Tokens(TokenPolicy(ISSUER, AUDIENCE, 30), SECRET.encode(), None)
    well_signed = hs256({**claims(), **changes}, {"alg": "HS256", **header})
    for token in (well_signed, text, f"{part(header)}.{part(changes)}.{part(text)}"):
        with contextlib.suppress(UnauthorizedError):
            asyncio.run(tokens.identify(token))


def test_without_a_setting_nothing_is_signed_by_it(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(key_set()))
    issued = {"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE}
    for settings, good, bad in (
        ({"jwt_secret": SECRET}, hs256(claims(iss=None, aud=None)), signed("ES256")),
        ({"jwt_secret": SECRET}, hs256(claims(iss="any", aud=None)), hs256(claims())),
        ({"jwt_jwks": str(path), **issued}, signed("ES256"), hs256(claims())),
    ):
        app = create_app(
            Settings.model_validate({"threads": 1, **settings}), load=brightness_classifier
        )
        with TestClient(app) as client:
            while client.get("/health/ready").status_code == 503:
                pass
            assert Guarded(client).status(good) == 200
            assert Guarded(client).status(bad) == 401


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"jwt_secret": "short-secret-0123456789"}, "JWT_SECRET: this can be guessed"),
        ({"jwt_secret": "ab" * 40}, "JWT_SECRET: this can be guessed"),
        ({"jwt_secret": pem("RS256").decode()}, "JWT_SECRET: this is a key of another kind"),
        ({"jwt_secret": "-----BEGIN PUBLIC KEY----- 0123456789"}, "another kind"),
        ({"jwt_secret": json.dumps({"kty": "oct", "k": "0123456789" * 4})}, "another kind"),
        ({"jwt_jwks": "https://id.example/jwks"}, "JWT_ISSUER and JWT_AUDIENCE"),
        ({"jwt_jwks": "https://id.example/jwks", "jwt_issuer": "x"}, "JWT_ISSUER and JWT_AUDIENCE"),
        ({"jwt_jwks": "http://id.example/?k", "jwt_issuer": "x", "jwt_audience": "y"}, "encrypted"),
        ({"jwt_jwks": "/missing", "jwt_issuer": "x", "jwt_audience": "y"}, "JWT_JWKS: /missing"),
    ],
)
def test_a_setting_that_would_let_strangers_in_stops_the_start(
    settings: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        create_app(Settings.model_validate(settings))
    assert settings.get("jwt_secret", "?k") not in str(refused.value)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"keys": []},
        {"keys": {}},
        {"keys": [{"kty": "oct", "k": b64(bytes(32))}]},
        {"keys": [jwk("RS256", SIGNERS["RS256"])]},  # the private one
        {"keys": [jwk("ES256", SIGNERS["ES256"].public_key(), key_ops=["encrypt"])]},
        {"keys": [jwk("ES256", SIGNERS["ES256"].public_key(), alg="ES512")]},
        {"keys": [jwk("ES256", SIGNERS["ES256"].public_key(), x="AAAA")]},
        {"keys": [jwk("RS256", SIGNERS["RS256"].public_key(), n=7)]},
        {"keys": [jwk("EdDSA", SIGNERS["EdDSA"].public_key(), crv="X25519")]},
        {"keys": [jwk("ES256", SIGNERS["ES256"].public_key())] * 101},
    ],
)
def test_keys_that_are_not_for_this_are_not_taken(tmp_path: Path, keys: Any) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(keys))
    with pytest.raises(SettingsError, match="JWT_JWKS"):
        create_app(Settings(jwt_jwks=path, jwt_issuer="x", jwt_audience="y"))


def test_a_token_of_ours_gets_in_and_its_name_is_in_the_log(
    guarded: Guarded, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for subject, logged in (("ward-7", "ward-7"), ("ana@hospital.example", None), ("\ud800", None)):
        token = hs256(claims(sub=subject))
        assert guarded.status(token) == 200
        assert vars(caplog.records[-1]).get("caller") == logged
        assert token not in str(vars(caplog.records[-1]))


@pytest.fixture
def provider() -> Iterator[Files]:
    with serving() as files:
        yield files


def one_key(name: str) -> bytes:
    key = jwk("ES256", PROVIDERS[name].public_key(), kid=name)
    return json.dumps({"keys": [key]}).encode()


PROVIDERS = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("old", "new")}


def test_keys_behind_a_link_are_fetched_once_and_again_when_they_were_rotated(
    provider: Files,
) -> None:
    provider["/jwks"] = one_key("old")
    now_s = [0.0]
    keys = KeysOfLink(partial(fetch_key_set, Link(f"{provider.url}/jwks")), lambda: now_s[0])
    tokens = Tokens(TokenPolicy(ISSUER, AUDIENCE, 0), None, keys)

    async def gets_in(name: str, kid: str | None = None) -> bool:
        try:
            token = signed("ES256", key=PROVIDERS[name], kid=kid or name)
            return (await tokens.identify(token)).name == "ward-7"
        except UnauthorizedError:
            return False

    async def rotate() -> None:
        assert await gets_in("old")
        assert await gets_in("old")
        assert len(provider.asked) == 1
        provider["/jwks"] = one_key("new")
        assert not await gets_in("new")  # too early to ask again
        now_s[0] += 31
        assert await gets_in("new")
        assert not await gets_in("old")
        assert len(provider.asked) == 2
        now_s[0] += 31
        guesses = [gets_in("new", f"guess-{n}") for n in range(50)]
        assert not any(await asyncio.gather(*guesses))
        assert len(provider.asked) == 3  # not once for each
        now_s[0] += 31
        provider["/jwks"] = b"{}"
        assert not await gets_in("old")
        assert len(provider.asked) == 4
        assert await gets_in("new")  # what was there stays

    asyncio.run(rotate())


def test_keys_grow_old_and_are_fetched_while_they_serve() -> None:
    asked, now_s = [], [0.0]

    async def fetch() -> str:
        asked.append(now_s[0])
        await asyncio.sleep(0)
        return one_key("old").decode()

    async def grow_old() -> None:
        keys = KeysOfLink(fetch, lambda: now_s[0])
        await keys.current()
        now_s[0] = 599
        await keys.current()
        now_s[0] = 601
        assert len(await keys.current()) == 1
        await asyncio.sleep(0.01)
        await keys.current()

    asyncio.run(grow_old())
    assert asked == [0, 601]


def test_without_any_keys_yet_the_answer_is_not_that_the_token_is_bad(provider: Files) -> None:
    now_s = [0.0]
    provider["/jwks"] = Served(one_key("old"), acts=[status(500), hang_up])
    keys = KeysOfLink(partial(fetch_key_set, Link(f"{provider.url}/jwks")), lambda: now_s[0])

    async def wait() -> None:
        for _ in range(3):
            with pytest.raises(NotReadyError):
                await keys.current()
        assert len(provider.asked) == 1
        now_s[0] += 6
        with pytest.raises(NotReadyError):
            await keys.current()
        now_s[0] += 6
        assert len(await keys.current()) == 1

    asyncio.run(wait())


@pytest.mark.parametrize(
    "served",
    [
        Served(b"x" * 300_000),
        Served(b"\xff"),
        Served(b"", acts=[redirect("/elsewhere")]),
        Served(b"", acts=[status(404)]),
        Served(b"", acts=[hang_up]),
        Served(b"x" * 50_000, acts=[endless()]),
        Served(b"x", acts=[endless(0.01)]),
    ],
    ids=["large", "no text", "redirect", "404", "hangs up", "endless", "endless and slow"],
)
def test_a_provider_that_answers_anything_else_gives_no_keys(
    provider: Files, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_set_link, "_LONGEST_S", 0.3)
    provider["/jwks?key=s3cret"] = served
    provider["/elsewhere"] = one_key("old")
    with pytest.raises(SettingsError, match="JWT_JWKS: http://127") as refused:
        asyncio.run(fetch_key_set(Link(f"{provider.url}/jwks?key=s3cret")))
    assert "s3cret" not in str(refused.value)
    assert provider.paths() == ["/jwks?key=s3cret"]


@pytest.mark.parametrize("certificates", ["missing", "garbage"])
def test_certificates_that_cannot_be_read_are_told_in_words(
    certificates: str, provider: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "garbage").write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / certificates))
    with pytest.raises(SettingsError, match="certificates of this machine"):
        asyncio.run(fetch_key_set(Link(f"{provider.url}/jwks")))
