"""Documents, permissions and invitations over REST, and the mail that goes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.header import decode_header, make_header
from typing import Any

import pytest

from tests.lab.sharepoint.farm import Farm
from tests.lab_tests.sharepoint.clients import Browser, run
from tests.lab_tests.sharepoint.conftest import NETWORK, PATCHED, UNPATCHED, MakeFarm, MakeSink

FILE = "/_api/web/GetFileByServerRelativeUrl('/Shared%20Documents/offer%20it''s.txt')"
ADDRESS = "https://portal.corp.example:8443/Shared%20Documents/offer%20it's.txt"
ROLES = f"{FILE}/ListItemAllFields/RoleAssignments?$expand=Member,RoleDefinitionBindings"

Open = Callable[..., Browser]


@pytest.fixture
def open_browser() -> Iterator[Open]:
    browsers = []

    def make(farm: Farm, user: str = "alice", password: str = "Alice-Pa55") -> Browser:
        browsers.append(Browser(farm, "sp01", f"CORP\\{user}", password))
        return browsers[-1]

    yield make
    for browser in browsers:
        browser.close()


def granted(browser: Browser) -> dict[str, list[str]]:
    """Permission levels by address."""
    return {
        entry["Member"]["Email"]: [role["Name"] for role in entry["RoleDefinitionBindings"]["results"]]
        for entry in browser.request("GET", ROLES).json["d"]["results"]
    }


def override(farm: Farm, value: bool) -> None:
    """As an administrator sets it: on the object, which is then saved."""
    [portal] = run(farm, "Get-SPWebApplication", Identity="portal").outputs
    portal.set_property("OutboundMailOverrideEnvelopeSender", value)
    portal.methods()["Update"][0]()


def test_a_document_comes_and_goes_in_silence(make_farm: MakeFarm, open_browser: Open) -> None:
    farm = make_farm()
    before = farm.snapshot()
    browser = open_browser(farm)
    created = browser.add_file("offer it's.txt")
    assert created.status == 200
    assert created.json["d"]["ServerRelativeUrl"] == "/Shared Documents/offer it's.txt"
    assert browser.request("GET", FILE).json["d"]["Length"] == "5"
    item = browser.request("GET", f"{FILE}/ListItemAllFields?$select=Id,HasUniqueRoleAssignments,FileRef").json["d"]
    assert (item["FileRef"], item["HasUniqueRoleAssignments"]) == ("/Shared Documents/offer it's.txt", False)
    assert item["__metadata"]["type"] == "SP.Data.Shared_x0020_DocumentsItem"
    folder = browser.request("GET", "/_api/web/lists/getbytitle('Documents')/RootFolder").json["d"]
    assert folder["ServerRelativeUrl"] == "/Shared Documents"
    assert farm.snapshot() != before
    assert browser.post(FILE, None, {"X-HTTP-Method": "DELETE"}).status == 412
    assert browser.delete(FILE).status == 200
    assert browser.request("GET", FILE).status == 404
    assert (farm.snapshot(), farm.sites[0].web.waiting) == (before, 0)


def test_what_no_file_can_be(make_farm: MakeFarm, open_browser: Open) -> None:
    browser = open_browser(make_farm())
    assert browser.add_file("a.txt").status == 200
    assert browser.add_file("a.txt", b"again", overwrite="false").json["error"]["code"].startswith("-2130575257")
    assert browser.add_file("a.txt", b"again").json["d"]["Length"] == "5"
    assert browser.add_file("a:b.txt").status == 400
    add = "/_api/web/GetFolderByServerRelativeUrl('/Lists/Mail%20test')/Files/add(url='a.txt',overwrite=true)"
    assert browser.post(add, b"x").status == 404


@pytest.mark.parametrize("build", [PATCHED, UNPATCHED])
def test_an_invitation_comes_from_the_person(make_farm: MakeFarm, make_sink: MakeSink, open_browser: Open, build: str) -> None:
    farm, sink = make_farm(build=build), make_sink(ntlm="refuse")
    browser = open_browser(farm)
    browser.add_file("offer it's.txt")
    answer = browser.share(ADDRESS, "i:0#.w|corp\\bob", message="Look <here> & there")
    [result] = answer.json["d"]["UpdateDocumentSharingInfo"]["results"]
    assert (answer.status, result["Status"], result["User"], result["CurrentRole"]) == (200, True, "i:0#.w|corp\\bob", 1)
    [mail] = sink.mails
    assert (mail.client, mail.sender, mail.recipients) == (NETWORK.addresses["sp01"], "alice@corp.example", ["bob@corp.example"])
    assert mail.message["From"] == "alice <alice@corp.example>"
    assert mail.message["Reply-To"] is None
    assert str(make_header(decode_header(mail.message["Subject"]))) == "alice has shared 'offer it's.txt' with you"
    body: Any = mail.message.get_payload(decode=True)
    assert b"Look &lt;here&gt; &amp; there" in body
    assert b"/Shared%20Documents/offer%20it%27s.txt" in body
    assert sink.principals == ([(NETWORK.addresses["sp01"], "CORP\\sp_pool")] if build == UNPATCHED else [])


@pytest.mark.parametrize(
    ("value", "mutants", "sender"),
    [(True, frozenset(), "sharepoint"), (False, frozenset(), "alice"), (True, frozenset({"override-ignored"}), "alice")],
)
def test_override_of_the_envelope_sender(
    make_farm: MakeFarm, make_sink: MakeSink, open_browser: Open, value: bool, mutants: frozenset[str], sender: str
) -> None:
    farm, sink = make_farm(build=PATCHED, mutants=mutants), make_sink()
    override(farm, value)
    browser = open_browser(farm)
    browser.add_file("offer it's.txt")
    browser.share(ADDRESS, "bob@corp.example")
    [mail] = sink.mails
    assert mail.sender == f"{sender}@corp.example"
    assert mail.message["From"].endswith(f"<{sender}@corp.example>")


def test_what_is_granted_can_be_taken_back(make_farm: MakeFarm, open_browser: Open) -> None:
    farm = make_farm()
    browser = open_browser(farm)
    browser.add_file("offer it's.txt")
    before, inherited = farm.snapshot(), granted(browser)
    assert browser.delete(f"{FILE}/ListItemAllFields/RoleAssignments/GetByPrincipalId(3)").status == 400
    browser.share(ADDRESS, "bob", notify=False)
    assert granted(browser)["bob@corp.example"] == ["Contribute", "Read"]
    assert farm.snapshot()["role_assignments"].keys() == {"https://portal.corp.example:8443/Shared Documents/offer it's.txt"}
    bob = browser.request("GET", "/_api/web/siteusers/getbyemail('bob@corp.example')").json["d"]["Id"]
    assert browser.delete(f"{FILE}/ListItemAllFields/RoleAssignments/GetByPrincipalId({bob})").status == 200
    assert "bob@corp.example" not in granted(browser)
    assert browser.request("GET", f"{FILE}/ListItemAllFields/HasUniqueRoleAssignments").json["d"]["HasUniqueRoleAssignments"] is True
    reset = browser.post(f"{FILE}/ListItemAllFields/ResetRoleInheritance", None)
    assert (reset.status, reset.json) == (200, {"d": {"ResetRoleInheritance": None}})
    assert (granted(browser), farm.snapshot()) == (inherited, before)
    browser.share(ADDRESS, "bob", role=3, notify=False)
    browser.share(ADDRESS, "bob", role=0)
    assert "bob@corp.example" not in granted(browser)


def test_items_can_be_shared_too(make_farm: MakeFarm, make_sink: MakeSink, open_browser: Open) -> None:
    farm, sink = make_farm(build=PATCHED), make_sink()
    browser = open_browser(farm)
    number = browser.add_item("an item").json["d"]["Id"]
    browser.share(f"https://portal.corp.example:8443/Lists/Mail%20test/DispForm.aspx?ID={number}", "partner@outside.example")
    assert [(mail.sender, mail.recipients) for mail in sink.mails] == [("alice@corp.example", ["partner@outside.example"])]
    items = "/_api/web/lists/getbytitle('Mail%20test')/items"
    plain = {"Accept": "application/json;odata=nometadata"}
    answer = browser.request("GET", f"{items}({number})/roleassignments?$expand=RoleDefinitionBindings", headers=plain)
    assert answer.json["value"][3]["RoleDefinitionBindings"][1]["Name"] == "Read"


def test_nobody_is_invited(make_farm: MakeFarm, make_sink: MakeSink, open_browser: Open) -> None:
    farm, sink = make_farm(build=PATCHED), make_sink()
    browser = open_browser(farm)
    browser.add_file("offer it's.txt")
    before = farm.snapshot()
    [result] = browser.share(ADDRESS, "nobody@corp.example").json["d"]["UpdateDocumentSharingInfo"]["results"]
    assert (result["IsUserKnown"], result["Status"]) == (False, False)
    assert open_browser(farm, "bob", "Bob-Pa55").share(ADDRESS, "partner").status == 403
    assert browser.share(ADDRESS.replace("offer", "other"), "bob").status == 404
    assert browser.share(ADDRESS, "bob", role=9).status == 400
    assert (sink.mails, farm.snapshot()) == ([], before)


def test_groups_are_users_of_the_site(make_farm: MakeFarm, make_sink: MakeSink, open_browser: Open) -> None:
    farm, sink = make_farm(build=PATCHED), make_sink()
    browser = open_browser(farm)
    users = {user["Email"]: user for user in browser.request("GET", "/_api/web/siteusers").json["d"]["results"]}
    group = users["everyone@corp.example"]
    assert (group["PrincipalType"], group["Title"], group["LoginName"][:7]) == (4, "CORP\\everyone", "c:0+.w|")
    assert browser.request("GET", "/_api/web/siteusers/getbyemail('absent@corp.example')").status == 404
    assert browser.request("GET", f"/_api/web/getuserbyid({group['Id']})").json["d"]["Email"] == "everyone@corp.example"
    # Mail of SendEmail goes to people only.
    assert browser.send_email("everyone@corp.example").status == 200
    assert sink.mails == []


@pytest.mark.parametrize("build", ["15.0.4805.1000", PATCHED, "16.0.10337.12109"])
def test_alerts_are_not_there_over_the_web(make_farm: MakeFarm, open_browser: Open, build: str) -> None:
    browser = open_browser(make_farm(build=build))
    assert browser.post("/_api/web/alerts", {}).status == 404
