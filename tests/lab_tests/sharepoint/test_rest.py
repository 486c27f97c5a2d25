"""The REST interface over HTTPS."""

from __future__ import annotations

import pytest

from tests.lab_tests.sharepoint.clients import Browser
from tests.lab_tests.sharepoint.conftest import MakeFarm, MakeSink

ITEMS = "/_api/web/lists/getbytitle('Mail%20test')/items"


@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate"])
@pytest.mark.parametrize("user", ["CORP\\alice", "alice@corp.example"])
def test_logon(make_farm: MakeFarm, scheme: str, user: str) -> None:
    farm = make_farm()
    with Browser(farm, "sp01", user, "Alice-Pa55", scheme=scheme) as browser:
        answer = browser.request("GET", "/_api/web/currentuser")
        assert answer.json["d"]["LoginName"] == "i:0#.w|corp\\alice"
        assert answer.headers["microsoftsharepointteamservices"] == "16.0.0.4522"
        # The connection is alice's now: no further logon.
        assert browser.raw("GET", "/_api/web").json["d"]["Title"] == "Portal"
    with Browser(farm, "sp01", user, "Alice-Pa55") as browser:
        assert browser.raw("GET", "/_api/web").status == 401


def test_wrong_password_and_no_access(make_farm: MakeFarm) -> None:
    farm = make_farm()
    with Browser(farm, "sp01", "CORP\\alice", "wrong") as browser:
        assert browser.request("GET", "/_api/web").status == 401
    with Browser(farm, "sp01", "CORP\\sp_reader", "Reader-Pa55") as browser:
        answer = browser.request("GET", "/_api/web")
        assert answer.status == 403
        assert answer.json["error"]["code"] == "-2147024891, System.UnauthorizedAccessException"


def test_host_header_picks_the_web_application(make_farm: MakeFarm) -> None:
    farm = make_farm()
    with Browser(farm, "sp02", "CORP\\alice", "Alice-Pa55", "teams.corp.example:8443") as browser:
        assert browser.request("GET", "/_api/web").json["d"]["Title"] == "Teams"
        assert browser.raw("GET", "/_api/web", headers={"Host": "other.corp.example:8443"}).status == 400
    with Browser(farm, "sp01", "CORP\\sp_install", "Install-Pa55 word", "sp01.corp.example:8444") as browser:
        assert browser.request("GET", "/_api/web").status == 200


def test_claims_only_site_never_challenges(make_farm: MakeFarm) -> None:
    with Browser(make_farm(), "sp01", "CORP\\alice", "Alice-Pa55", "saml.corp.example:8443") as browser:
        answer = browser.request("GET", "/_api/web")
    assert answer.status == 403
    assert "www-authenticate" not in answer.headers
    assert "x-forms_based_auth_required" in answer.headers


def test_item_comes_and_goes(make_farm: MakeFarm) -> None:
    farm = make_farm()
    with Browser(farm, "sp02", "CORP\\alice", "Alice-Pa55") as browser:
        created = browser.add_item("it's here")
        assert created.status == 201
        assert created.json["d"]["__metadata"]["etag"] == '"1"'
        number = created.json["d"]["Id"]
        assert farm.sites[0].web.waiting == 4
        plain = browser.request(
            "GET", f"{ITEMS}?$filter=Title%20eq%20'it''s%20here'", headers={"Accept": "application/json;odata=nometadata"}
        )
        assert [item["Id"] for item in plain.json["value"]] == [number]
        delete = {"X-HTTP-Method": "DELETE"}
        assert browser.post(f"{ITEMS}({number})", None, {**delete, "IF-MATCH": '"7"'}).status == 412
        assert browser.post(f"{ITEMS}({number})", None, {**delete, "IF-MATCH": "*"}).status == 200
        assert browser.request("GET", f"{ITEMS}({number})").status == 404
    assert farm.snapshot()["lists"]["https://portal.corp.example:8443/Mail test"] == []


def test_digest_is_needed_and_personal(make_farm: MakeFarm) -> None:
    farm = make_farm()
    with Browser(farm, "sp01", "CORP\\bob", "Bob-Pa55") as other:
        bobs = other.digest()
    with Browser(farm, "sp01", "CORP\\alice", "Alice-Pa55") as browser:
        for digest in ("", "0x00,nonsense", bobs):
            answer = browser.request("POST", ITEMS, {"__metadata": {"type": "x"}, "Title": "x"}, {"X-RequestDigest": digest})
            assert answer.status == 400
            assert answer.json["error"]["code"] == "-2130575251, Microsoft.SharePoint.SPException"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"Title": "x"}, "An entry without a type name was found"),
        ({"__metadata": {"type": "SP.Data.OtherListItem"}, "Title": "x"}, "could not be resolved by the model"),
        (["x"], "holds no object"),
    ],
)
def test_bodies_that_are_none(make_farm: MakeFarm, content: object, said: str) -> None:
    with Browser(make_farm(), "sp01", "CORP\\alice", "Alice-Pa55") as browser:
        answer = browser.post(ITEMS, content)
        assert answer.status == 400
        assert said in answer.json["error"]["message"]["value"]


def test_what_is_not_there(make_farm: MakeFarm) -> None:
    with Browser(make_farm(), "sp01", "CORP\\alice", "Alice-Pa55") as browser:
        answer = browser.request("GET", "/_api/web/lists/getbytitle('None')")
        assert (answer.status, answer.json["error"]["code"]) == (404, "-1, System.ArgumentException")
        assert browser.request("GET", "/_api/web/nonsense").status == 404
        assert browser.request("GET", "/_api/web", headers={"Accept": "text/html"}).status == 406
        answer = browser.request("GET", "/_api/web/nonsense", headers={"Accept": "application/json;odata=nometadata"})
        assert answer.json["odata.error"]["code"] == "-1, Microsoft.SharePoint.Client.ResourceNotFoundException"


def test_mail_for_nobody_is_an_error(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm, sink = make_farm(), make_sink()
    with Browser(farm, "sp01", "CORP\\alice", "Alice-Pa55") as browser:
        answer = browser.send_email("nobody@corp.example")
        assert answer.status == 400
        assert answer.json["error"]["message"]["value"].startswith("The e-mail message cannot be sent.")
        body = {"properties": {"To": ["bob@corp.example"], "Subject": "s", "Body": "b"}}
        plain = {"Content-Type": "application/json;odata=nometadata", "Accept": "application/json;odata=nometadata"}
        answer = browser.request("POST", "/_api/SP.Utilities.Utility.SendEmail", body, {"X-RequestDigest": browser.digest(), **plain})
        assert (answer.status, answer.json) == (200, {"odata.null": True})
    assert [mail.recipients for mail in sink.mails] == [["bob@corp.example"]]
