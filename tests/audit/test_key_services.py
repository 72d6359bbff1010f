"""What is said to a key service, and which of its answers are none."""

import base64
import json
import socket
import threading
import time

import pytest

from audit.vault.providers import KeyUnavailable, google_kms, http
from audit.vault.providers.google_kms import GoogleKeyProvider
from audit.vault.providers.transit import TransitKeyProvider
from tests.audit import key_services
from tests.audit.key_services import KEY, TOKEN, saying

UNREADABLE = "^The key service's answer cannot be read.$"


def b64(data):
    return base64.b64encode(data).decode()


def as_json(**value):
    return 200, json.dumps(value).encode()


def transit(url, **values):
    return TransitKeyProvider(**{"url": url, "token": TOKEN, "key": "doctolib"} | values)


def google(url):
    return GoogleKeyProvider(url=url, key=KEY, metadata_url=url)


def test_a_call_says_its_method_its_headers_and_its_body():
    with saying(as_json(a=1)) as (met, url):
        assert http.call("GET", f"{url}/x?y=z", headers={"X-Own": "v"}) == {"a": 1}
        assert http.call("PATCH", f"{url}/x", headers={}, body={"b": "é"}) == {"a": 1}
        assert http.call("POST", f"{url}/x", headers={}, body={}) == {"a": 1}
    (get, patch, post) = met
    assert (get[:2], get[3], get[2]["X-Own"]) == (("GET", "/x?y=z"), b"", "v")
    assert (patch[:2], json.loads(patch[3])) == (("PATCH", "/x"), {"b": "é"})
    assert (post[:2], post[3]) == (("POST", "/x"), b"{}")
    assert {each[2]["Content-Type"] for each in met} == {"application/json"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, b"[1]"), UNREADABLE),
        ((200, b'"a"'), UNREADABLE),
        ((200, b"null"), UNREADABLE),
        ((200, b"{"), r"^The key service does not answer \(JSONDecodeError\).$"),
        ((200, b"\xff\xfe\xfa"), r"does not answer \(UnicodeDecodeError\)"),
        ((200, b"[" * 100_000), r"does not answer \(RecursionError\)"),
        ((404, b"{}"), "^The key service answered 404.$"),
        ((500, b""), "^The key service answered 500.$"),
        # The token goes nowhere else.
        ((307, b""), "^The key service answered 307.$"),
    ],
)
def test_an_answer_that_is_none_is_no_key(answer, said):
    with saying(answer) as (met, url), pytest.raises(KeyUnavailable, match=said):
        http.call("GET", url, headers={"X-Vault-Token": TOKEN})
    assert len(met) == 1


def test_an_empty_answer_is_one():
    with saying((204, b"")) as (_met, url):
        assert http.call("POST", url, headers={}, body={}) == {}


def test_an_answer_that_is_cut_off_is_none():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def answer():
            connection, _address = server.accept()
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(KeyUnavailable, match="does not answer"):
            http.call("GET", url, headers={})
        thread.join()


def test_a_service_that_never_answers_is_waited_for_no_longer_than_said(monkeypatch):
    assert http.TIMEOUT_S <= 5
    monkeypatch.setattr(http, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        begun = time.monotonic()
        with pytest.raises(KeyUnavailable, match="does not answer"):
            http.call("GET", f"http://127.0.0.1:{server.getsockname()[1]}", headers={})
        assert time.monotonic() - begun < 3


@pytest.mark.parametrize("url", ["ftp://keys.example", "file:///etc/passwd", "keys.example", ""])
def test_keys_come_by_http_alone(url):
    with pytest.raises(KeyUnavailable, match=r"^The address of the key service must begin with ht"):
        http.call("GET", url, headers={})


@pytest.mark.parametrize("text", ["", None, "a", "!!!!", "aGk=\n!", 5, [], b"aGk="])
def test_what_is_no_base64_is_no_key(text):
    with pytest.raises(KeyUnavailable, match=UNREADABLE):
        http.decoded(text)


def test_bytes_come_as_base64():
    assert http.decoded("aGk=") == b"hi"


@pytest.mark.parametrize("end", ["", "/", "//"])
def test_an_address_may_end_in_a_slash(end):
    with saying(as_json(data={"latest_version": 1})) as (met, url):
        transit(f"{url}/vault{end}").current_key_id()
    with saying(METADATA, as_json(primary={"name": f"{NAME}1"})) as (also, url):
        google(f"{url}/kms{end}").current_key_id()
    assert [each[1] for each in met + also] == [
        "/vault/v1/transit/keys/doctolib",
        "/kms/computeMetadata/v1/instance/service-accounts/default/token",
        f"/kms/v1/{KEY}",
    ]


def test_transit_is_told_its_mount_its_key_and_its_token():
    with saying(
        as_json(data={"ciphertext": "vault:v3:abc="}),
        as_json(data={"plaintext": b64(b"k")}),
        (204, b""),
        as_json(data={"latest_version": 4}),
        as_json(data={"latest_version": 4}),
        (204, b""),
    ) as (met, url):
        provider = transit(url, mount="keys/of/ours", key="own")
        assert provider.wrap(b"k") == ("transit:own:v3", b"vault:v3:abc=")
        assert provider.unwrap("transit:own:v3", b"vault:v3:abc=") == b"k"
        assert provider.introduce() == "transit:own:v4"
        provider.retire("transit:own:v3")
    at = "/v1/keys/of/ours"
    assert [(each[0], each[1], json.loads(each[3] or b"null")) for each in met] == [
        ("POST", f"{at}/encrypt/own", {"plaintext": b64(b"k")}),
        ("POST", f"{at}/decrypt/own", {"ciphertext": "vault:v3:abc="}),
        ("POST", f"{at}/keys/own/rotate", {}),
        ("GET", f"{at}/keys/own", None),
        ("GET", f"{at}/keys/own", None),
        ("POST", f"{at}/keys/own/config", {"min_decryption_version": 4}),
    ]
    assert {each[2]["X-Vault-Token"] for each in met} == {TOKEN}


def test_transit_is_mounted_where_it_usually_is():
    with saying(as_json(data={"latest_version": 1})) as (met, url):
        assert transit(url).current_key_id() == "transit:doctolib:v1"
    assert met[0][1] == "/v1/transit/keys/doctolib"


@pytest.mark.parametrize(
    ("data", "use"),
    [
        ([], "current_key_id"),
        ({}, "current_key_id"),
        ({"latest_version": None}, "current_key_id"),
        ({"latest_version": "1"}, "current_key_id"),
        (None, "wrap"),
        ({}, "wrap"),
        ({"ciphertext": "vault:vx:abc="}, "wrap"),
        ({"ciphertext": "a vault:v1:abc="}, "wrap"),
        ({}, "unwrap"),
        ({"plaintext": "!"}, "unwrap"),
    ],
)
def test_what_transit_does_not_say_is_no_key(data, use):
    given = {"current_key_id": (), "wrap": (b"k",), "unwrap": ("transit:doctolib:v1", b"w")}[use]
    with saying(as_json(data=data)) as (_met, url), pytest.raises(KeyUnavailable, match=UNREADABLE):
        getattr(transit(url), use)(*given)


@pytest.mark.parametrize(
    "key_id",
    ["transit:other:v1", "transit:doctolib:v", "transit:doctolib:v1x", "kms:v1", "v1", "",
     "transit:doctolib:v\u0661", "a transit:doctolib:v1"],
)  # fmt: skip
def test_transit_is_not_asked_about_keys_of_others(key_id):
    """Least of all to retire one: that would retire its own of the same number."""
    with key_services.serve(key_services.transit) as (service, url):
        provider = transit(url)
        said = f"^Root key {key_id} is not one of Transit's doctolib.$"
        with pytest.raises(KeyUnavailable, match=said):
            provider.unwrap(key_id, b"vault:v1:abc=")
        with pytest.raises(KeyUnavailable, match=said):
            provider.retire(key_id)
        assert (service.calls, service.least) == (0, 1)


def test_bytes_that_are_no_text_open_nowhere():
    with (
        key_services.serve(key_services.transit) as (_service, url),
        pytest.raises(KeyUnavailable, match="answered 400"),
    ):
        transit(url).unwrap("transit:doctolib:v1", b"vault:v1:\xff\xfe")


def test_transit_retires_what_is_older_and_never_the_current_key():
    with key_services.serve(key_services.transit) as (service, url):
        provider = transit(url)
        first = provider.wrap(b"k" * 32)
        assert (first[0], provider.introduce()) == ("transit:doctolib:v1", "transit:doctolib:v2")
        second = provider.wrap(b"k" * 32)
        with pytest.raises(KeyUnavailable, match=r"^The current root key cannot be retired.$"):
            provider.retire(second[0])
        assert service.least == 1
        provider.retire(first[0])
        assert service.least == 2
        assert provider.unwrap(*second) == b"k" * 32


METADATA = as_json(access_token=TOKEN, expires_in=3600)
NAME = f"{KEY}/cryptoKeyVersions/"
BOUND = b64(b"doctolib data key")
# As they stand in the tables of keys: digests of the full names of the first two versions.
FIRST, SECOND = "kms:81d1cfd800c81acef7278d733a8f41ee", "kms:108104b7d226ad15d8159e98f0abd9f0"


def test_google_is_told_what_a_key_is_bound_to():
    with saying(
        METADATA,
        as_json(name=f"{NAME}1", ciphertext=b64(b"wrapped")),
        as_json(plaintext=b64(b"k")),
        as_json(name=f"{NAME}2"),
        as_json(name=KEY),
        as_json(primary={"name": f"{NAME}2"}),
        as_json(cryptoKeyVersions=[{"name": f"{NAME}2"}, {"name": f"{NAME}1"}]),
        as_json(name=f"{NAME}1", state="DISABLED"),
    ) as (met, url):
        provider = google(url)
        assert provider.wrap(b"k") == (FIRST, b"wrapped")
        assert provider.unwrap(FIRST, b"wrapped") == b"k"
        assert provider.introduce() == SECOND
        provider.retire(FIRST)
    at = f"/v1/{KEY}"
    assert [(each[0], each[1], json.loads(each[3] or b"null")) for each in met] == [
        ("GET", "/computeMetadata/v1/instance/service-accounts/default/token", None),
        ("POST", f"{at}:encrypt", {"plaintext": b64(b"k"), "additionalAuthenticatedData": BOUND}),
        (
            "POST", f"{at}:decrypt",
            {"ciphertext": b64(b"wrapped"), "additionalAuthenticatedData": BOUND},
        ),
        ("POST", f"{at}/cryptoKeyVersions", {}),
        ("POST", f"{at}:updatePrimaryVersion", {"cryptoKeyVersionId": "2"}),
        ("GET", at, None),
        ("GET", f"{at}/cryptoKeyVersions", None),
        ("PATCH", f"{at}/cryptoKeyVersions/1?updateMask=state", {"state": "DISABLED"}),
    ]  # fmt: skip
    assert met[0][2]["Metadata-Flavor"] == "Google"
    assert {each[2]["Authorization"] for each in met[1:]} == {f"Bearer {TOKEN}"}


def test_a_token_is_asked_for_again_a_minute_before_it_ends(monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(google_kms, "monotonic", lambda: clock[0])
    answer = as_json(primary={"name": f"{NAME}1"})
    renewed = as_json(access_token="renewed", expires_in=3600)
    with saying(METADATA, answer, answer, renewed, answer) as (met, url):
        provider = google(url)
        for seconds in (0, 3539.9, 0.1):
            clock[0] += seconds
            assert provider.current_key_id() == FIRST
    tokens = [each[2].get("Authorization") for each in met]
    assert tokens == [None, f"Bearer {TOKEN}", f"Bearer {TOKEN}", None, "Bearer renewed"]


@pytest.mark.parametrize(
    ("token", "is_one"),
    [
        ({"access_token": "t", "expires_in": 0}, True),
        ({"access_token": "t", "expires_in": 604_800}, True),
        ({"access_token": "t", "expires_in": 604_801}, False),
        ({"access_token": "t", "expires_in": -1}, False),
        ({"access_token": "t", "expires_in": "3600"}, False),
        ({"access_token": "t"}, False),
        ({"access_token": 5, "expires_in": 3600}, False),
        ({"expires_in": 3600}, False),
    ],
)
def test_what_is_no_token_is_not_sent(token, is_one):
    with saying(as_json(**token), as_json(primary={"name": f"{NAME}1"})) as (met, url):
        if is_one:
            assert google(url).current_key_id() == FIRST
        else:
            with pytest.raises(KeyUnavailable, match=r"^The metadata server's answer cannot be re"):
                google(url).current_key_id()
        assert len(met) == 1 + is_one


@pytest.mark.parametrize(
    ("said", "use"),
    [
        ({}, "current_key_id"),
        ({"primary": []}, "current_key_id"),
        ({"primary": {}}, "current_key_id"),
        ({"ciphertext": "aGk="}, "wrap"),
        ({"name": f"{NAME}1"}, "wrap"),
        ({"name": f"{NAME}1", "ciphertext": "!"}, "wrap"),
        ({}, "unwrap"),
        ({"plaintext": "!"}, "unwrap"),
        ({}, "introduce"),
    ],
)
def test_what_google_does_not_say_is_no_key(said, use):
    given = {"wrap": (b"k",), "unwrap": (FIRST, b"w")}.get(use, ())
    answers = saying(METADATA, as_json(**said))
    with answers as (_met, url), pytest.raises(KeyUnavailable, match=UNREADABLE):
        getattr(google(url), use)(*given)


def test_google_is_not_asked_about_keys_of_others():
    with saying(METADATA) as (met, url):
        with pytest.raises(
            KeyUnavailable, match=r"^Root key transit:a:v1 is not one of Google's.$"
        ):
            google(url).unwrap("transit:a:v1", b"w")
        assert met == []


def test_google_retires_a_version_that_it_has_and_never_the_current_one():
    primary = as_json(primary={"name": f"{NAME}2"})
    with saying(METADATA, primary) as (met, url):
        with pytest.raises(KeyUnavailable, match=r"^The current root key cannot be retired.$"):
            google(url).retire(SECOND)
        assert len(met) == 2
    for versions in ({"cryptoKeyVersions": [{"name": f"{NAME}2"}]}, {}):
        with saying(METADATA, primary, as_json(**versions)) as (met, url):
            with pytest.raises(KeyUnavailable, match=f"^Root key {FIRST} is not one of {KEY}.$"):
                google(url).retire(FIRST)
            assert [each[0] for each in met] == ["GET"] * 3
