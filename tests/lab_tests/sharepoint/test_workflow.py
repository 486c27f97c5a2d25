"""A workflow that starts by itself, and the mail about its task."""

from __future__ import annotations

from tests.lab.sharepoint.farm import Farm
from tests.lab_tests.sharepoint.clients import Browser, run
from tests.lab_tests.sharepoint.conftest import NETWORK, PATCHED, UNPATCHED, MakeFarm, MakeSink

LIST = "/_api/web/lists/getbytitle('Workflow%20test')"


def add_item(farm: Farm, title: str = "a request") -> int:
    with Browser(farm, "sp01", "CORP\\bob", "Bob-Pa55") as browser:
        return int(browser.add_item(title, "Workflow test").json["d"]["Id"])


def run_workflows(farm: Farm) -> None:
    [job] = run(farm, "Get-SPTimerJob", Identity="job-workflow", WebApplication="portal").outputs
    run(farm, "Start-SPTimerJob", Identity=job)
    farm.timer.wait()


def test_association(make_farm: MakeFarm) -> None:
    farm = make_farm()
    with Browser(farm, "sp01", "CORP\\bob", "Bob-Pa55") as browser:
        [association] = browser.request("GET", f"{LIST}/WorkflowAssociations").json["d"]["results"]
        assert (association["Name"], association["AutoStartCreate"], association["TaskListTitle"]) == ("Approval", True, "Tasks")
        assert association["__metadata"]["type"] == "SP.Workflow.WorkflowAssociation"
        none = browser.request("GET", "/_api/web/lists/getbytitle('Mail%20test')/WorkflowAssociations").json["d"]["results"]
        assert none == []
    [web] = run(farm, "Get-SPWeb", Identity="https://portal.corp.example:8443/").outputs
    by_title = {entry.title: entry.properties()["WorkflowAssociations"] for entry in web.properties()["Lists"]}
    assert [found.properties()["AutoStartCreate"] for found in by_title["Workflow test"]] == [True]


def test_task_mail_is_sent_by_the_timer(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm, sink = make_farm(build=PATCHED, timer_server="sp02"), make_sink()
    before = farm.snapshot()
    number = add_item(farm)
    assert sink.mails == []
    run_workflows(farm)
    run_workflows(farm)
    [mail] = sink.mails
    assert (mail.client, mail.sender, mail.recipients) == (NETWORK.addresses["sp02"], "sharepoint@corp.example", ["alice@corp.example"])
    assert mail.message["Subject"] == "Tasks - a request"
    assert farm.snapshot()["lists"]["https://portal.corp.example:8443/Tasks"] == ["a request"]
    with Browser(farm, "sp01", "CORP\\bob", "Bob-Pa55") as browser:
        [task] = browser.request("GET", "/_api/web/lists/getbytitle('Tasks')/items?$orderby=Id%20desc&$top=5").json["d"]["results"]
        user = browser.request("GET", f"/_api/web/getuserbyid({task['AssignedToId']})").json["d"]
        assert (task["Title"], user["Email"]) == ("a request", "alice@corp.example")
        assert browser.request("GET", "/_api/web/lists/getbytitle('Tasks')/items?$orderby=Title").status == 400
        assert browser.delete(f"{LIST}/items({number})").status == 200
    run_workflows(farm)
    assert (len(sink.mails), farm.snapshot()) == (1, before)


def test_unpatched_task_mail_is_lost(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm, sink = make_farm(build=UNPATCHED), make_sink(ntlm="refuse")
    add_item(farm)
    run_workflows(farm)
    assert sink.mails == []
    assert sink.principals == [(NETWORK.addresses["sp01"], "CORP\\sp_farm")]


def test_what_does_not_start(make_farm: MakeFarm, make_sink: MakeSink) -> None:
    farm, sink = make_farm(build=PATCHED), make_sink()
    number = add_item(farm)
    with Browser(farm, "sp01", "CORP\\bob", "Bob-Pa55") as browser:
        browser.delete(f"{LIST}/items({number})")
    run_workflows(farm)
    [association] = next(entry for entry in farm.sites[0].web.lists if entry.title == "Workflow test").workflows
    association.set_property("Enabled", False)
    add_item(farm)
    run_workflows(farm)
    association.set_property("Enabled", True)
    [job] = run(farm, "Get-SPTimerJob", Identity="job-workflow", WebApplication="portal").outputs
    job.set_property("IsDisabled", True)
    add_item(farm)
    run_workflows(farm)
    assert sink.mails == []
