"""The identity matrix: which tokens are believed, and what follows from them."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from bot.channel.guard import keys
from bot.channel.guard.identity import Identity
from bot.channel.guard.keys import Keys
from bot.channel.guard.problems import Problem
from tests.channel.conftest import KEY, token
from xiaoer.errors import NotReady, SettingError
from xiaoer.principal import Principal, Role, Source

SESSION = b"s" * 40


@pytest.fixture
def identity() -> Identity:
    return Identity(Keys("HS256", KEY, SESSION), "xiaoer")


def pem(private: Any) -> tuple[str, str]:
    """(private key, public key)."""
    return (
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    )


@pytest.fixture(scope="module")
def rsa_pair() -> tuple[str, str]:
    return pem(rsa.generate_private_key(65537, 2048))


@pytest.fixture(scope="module")
def ec_pair() -> tuple[str, str]:
    return pem(ec.generate_private_key(ec.SECP256R1()))


def by_hand(header: dict[str, Any], claims: dict[str, Any], key: bytes = b"") -> str:
    """A token that no honest library makes."""

    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    signed = f"{part(json.dumps(header).encode())}.{part(json.dumps(claims).encode())}"
    return f"{signed}.{part(hmac.new(key, signed.encode(), hashlib.sha256).digest()) if key else ''}"


def claims(**more: Any) -> dict[str, Any]:
    return {"sub": "amy", "role": "buyer", "aud": "xiaoer", "exp": int(time.time()) + 600, **more}


def test_a_good_token(identity: Identity) -> None:
    speaker = identity.signed_in(token(order="2837465012345678901", name="艾米"))
    assert speaker.principal == Principal(Role.BUYER, "amy", "", "2837465012345678901", Source.TOKEN)
    assert speaker.conversation.startswith("buyer-")
    assert "amy" not in speaker.conversation + speaker.session


def test_a_sellers_shop(identity: Identity) -> None:
    assert identity.signed_in(token(role="seller", shop="s-1")).principal.shop == "s-1"
    assert identity.signed_in(token(role="buyer", shop="s-1")).principal.shop == ""


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(lambda: by_hand({"alg": "none", "typ": "JWT"}, claims()), id="alg none"),
        pytest.param(lambda: by_hand({"alg": "None"}, claims()), id="alg None"),
        pytest.param(lambda: by_hand({"alg": ""}, claims(), KEY.encode()), id="alg empty"),
        pytest.param(lambda: by_hand({"alg": "HS384"}, claims(), KEY.encode()), id="another algorithm"),
        pytest.param(lambda: token(algorithm="HS512", key=KEY * 2), id="HS512"),
        pytest.param(lambda: token(key="x" * 40), id="wrong key"),
        pytest.param(lambda: token()[:-4] + "AAAA", id="wrong signature"),
        pytest.param(lambda: token().rpartition(".")[0] + ".", id="no signature"),
        pytest.param(lambda: token(aud="another"), id="other audience"),
        pytest.param(lambda: token(aud=None), id="no audience"),
        pytest.param(lambda: token(exp=None), id="no exp"),
        pytest.param(lambda: by_hand({"alg": "HS256"}, claims(exp="soon"), KEY.encode()), id="exp a word"),
        pytest.param(lambda: by_hand({"alg": "HS256"}, claims(exp=1e400), KEY.encode()), id="exp endless"),
        pytest.param(lambda: by_hand({"alg": "HS256"}, claims(exp={}), KEY.encode()), id="exp an object"),
        pytest.param(lambda: token(nbf=int(time.time()) + 600), id="not yet"),
        pytest.param(lambda: token(sub=None), id="no sub"),
        pytest.param(lambda: by_hand({"alg": "HS256"}, claims(sub=7), KEY.encode()), id="sub a number"),
        pytest.param(lambda: by_hand({"alg": "HS256"}, claims(sub=["amy"]), KEY.encode()), id="sub a list"),
        *(
            pytest.param(lambda sub=sub: token(sub), id=f"sub {sub[:12]!r}")
            for sub in ["", " ", "amy ", " amy", "amy\n", "a:b", "a/b", "../x", "a b", "艾米", "a\x00b", "'; --", "a" * 65, "-a"]
        ),
        *(
            pytest.param(lambda role=role: by_hand({"alg": "HS256"}, claims(role=role), KEY.encode()), id=f"role {role!r}")
            for role in ["", "visitor", "admin", "BUYER", "buyer ", None, 1, ["buyer"], {"buyer": 1}]
        ),
        pytest.param(lambda: token(shop=["x"]), id="shop a list"),
        pytest.param(lambda: token(role="seller", shop="a b"), id="odd shop"),
        pytest.param(lambda: token(order="1; DROP"), id="odd order"),
        pytest.param(lambda: token(name="n" * 5000), id="oversized"),
        pytest.param(lambda: "x" * 100_000, id="oversized nonsense"),
        pytest.param(lambda: by_hand({"alg": "HS256", "crit": ["exp"]}, claims(), KEY.encode()), id="crit"),
        pytest.param(lambda: "a.b", id="two parts"),
        pytest.param(lambda: "....", id="dots"),
        pytest.param(lambda: "☃.☃.☃", id="not ASCII"),
        pytest.param(lambda: 5, id="a number"),
        pytest.param(lambda: {"token": "x"}, id="an object"),
        pytest.param(lambda: b"abc", id="bytes"),
    ],
)  # fmt: skip
def test_bad_tokens(identity: Identity, bad: Any) -> None:
    with pytest.raises(Problem) as refused:
        identity.speaker(bad())
    assert refused.value.code == "token_invalid"


@pytest.mark.parametrize("ago", [0, 1, 20, 3600])
def test_an_expired_token(identity: Identity, ago: int) -> None:
    with pytest.raises(Problem) as refused:
        identity.speaker(token(exp=int(time.time()) - ago))
    assert refused.value.code == "token_expired"


def test_a_token_expires_later(identity: Identity) -> None:
    speaker = identity.speaker(token(exp=int(time.time()) + 2))
    speaker.check()
    time.sleep(2.1)
    with pytest.raises(Problem, match="过期"):
        speaker.check()


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_public_keys(algorithm: str, rsa_pair: tuple[str, str], ec_pair: tuple[str, str]) -> None:
    private, public = rsa_pair if algorithm == "RS256" else ec_pair
    identity = Identity(Keys(algorithm, public, SESSION), "xiaoer")
    assert identity.signed_in(token(key=private, algorithm=algorithm)).principal.account == "amy"
    # The classic: the public key, which everybody has, used as an HS256 secret.
    for forged in (by_hand({"alg": "HS256"}, claims(), public.encode()), by_hand({"alg": "none"}, claims())):
        with pytest.raises(Problem):
            identity.signed_in(forged)


def test_conversations_neither_collide_nor_change(identity: Identity) -> None:
    def conversation(*args: Any, **more: Any) -> str:
        return identity.signed_in(token(*args, **more)).conversation

    ids = [
        conversation("ab", "buyer"),
        conversation("ab", "seller"),
        conversation("ab", "seller", shop="c"),
        conversation("a", "seller", shop="bc"),
        conversation("abc", "seller"),
    ]
    assert len(set(ids)) == len(ids)
    assert conversation("ab", "buyer", order="123456789012345") == ids[0]
    another = Identity(Keys("HS256", KEY, b"t" * 40), "xiaoer")
    assert another.signed_in(token("ab", "buyer")).conversation != ids[0]


def test_visitors(identity: Identity) -> None:
    first, second = identity.visitor(), identity.visitor()
    assert first.principal.is_visitor
    assert first.conversation != second.conversation
    assert identity.visitor(first.session) == first
    assert identity.speaker(None, first.session) == identity.speaker("", first.session) == first


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "x",
        "buyer-123",
        "v1.aaaaaaaaaaaaaaaaaaaaaaaa." + "0" * 32,
        None,
        5,
        [],
        {},
        b"v1",
        "v1..",
        "v1." + "a" * 9999,
    ],
)
def test_forged_visitor_ids_start_anew(identity: Identity, forged: Any) -> None:
    assert identity.visitor(forged).session != forged


def test_a_visitor_cannot_take_an_accounts_place(identity: Identity) -> None:
    amy = identity.signed_in(token())
    for session in (amy.session, amy.conversation):
        assert identity.visitor(session).conversation != amy.conversation


@given(st.text(max_size=80))
def test_any_sub_is_itself_or_refused(sub: str) -> None:
    identity = Identity(Keys("HS256", KEY, SESSION), "xiaoer")
    with contextlib.suppress(Problem, UnicodeEncodeError):
        assert identity.signed_in(token(sub)).principal.account == sub


# ---------------------------------------------------------------------- keys


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in ("XIAOER_DEMO", "XIAOER_JWT_KEY", "XIAOER_JWT_KEY_FILE", "XIAOER_JWT_ALGORITHM", "XIAOER_SESSION_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XIAOER_VAR", str(tmp_path / "var"))
    return monkeypatch


def test_no_key_no_start(bare: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotReady, match="XIAOER_JWT_KEY"):
        keys.load()


def test_no_key_no_channel(bare: pytest.MonkeyPatch) -> None:
    from rasa.shared.exceptions import RasaException

    from bot.channel.input import WidgetInput

    with pytest.raises(RasaException, match="XIAOER_DEMO=1"):
        WidgetInput.from_credentials({})


def test_demo_keys_are_made_once(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare.setenv("XIAOER_DEMO", "1")
    first, second = keys.load(), keys.load()
    assert first == second
    assert first.key != first.session.decode()
    for name in ("demo-jwt.key", "session.key"):
        file = tmp_path / "var" / name
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {path.name for path in (tmp_path / "var").iterdir()} == {"demo-jwt.key", "session.key"}
    assert first.key not in repr(first)


def test_a_key_file(bare: pytest.MonkeyPatch, tmp_path: Path, rsa_pair: tuple[str, str]) -> None:
    file = tmp_path / "key.pem"
    file.write_text(rsa_pair[1])
    bare.setenv("XIAOER_JWT_ALGORITHM", "RS256")
    bare.setenv("XIAOER_JWT_KEY_FILE", str(file))
    assert keys.load().algorithm == "RS256"
    assert not keys.load().signs


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("HS256", "short"),
        ("HS256", "rsa public"),
        ("RS256", "rsa private"),
        ("RS256", "ec public"),
        ("ES256", "rsa public"),
        ("RS256", "x" * 64),
        ("none", "x" * 64),
        ("HS512", "x" * 64),
    ],
)
def test_keys_that_cannot_be_used(
    bare: pytest.MonkeyPatch, algorithm: str, key: str, rsa_pair: tuple[str, str], ec_pair: tuple[str, str]
) -> None:
    value = {"rsa public": rsa_pair[1], "rsa private": rsa_pair[0], "ec public": ec_pair[1]}.get(key, key)
    bare.setenv("XIAOER_JWT_ALGORITHM", algorithm)
    bare.setenv("XIAOER_JWT_KEY", value)
    with pytest.raises(SettingError) as refused:
        keys.load()
    assert value not in str(refused.value)


def test_demo_mode_needs_a_key_it_can_sign_with(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("XIAOER_DEMO", "1")
    bare.setenv("XIAOER_JWT_ALGORITHM", "RS256")
    with pytest.raises(SettingError, match="HS256"):
        keys.load()
