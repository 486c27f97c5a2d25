# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test mail that the timer service (OWSTIMER) sends: an alert, and the mail of a workflow's task."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from ...common.errors import MailError
from ...common.moments import now
from ...remoting.session import Session
from ..timer_job import ALERTS, WORKFLOW, TimerJob
from . import list_items
from .alerts import alerted_list
from .not_run import NotRun
from .test_message import Sent, subject_of
from .web import Web

Progress = Callable[[str], None]


def send_alert(
    session: Session, web: Web, title: str | None, token: str, timeout: float, progress: Progress
) -> tuple[Sent, dict[str, Any] | None]:
    """Adds an item to a list with immediate alerts, runs the job that sends them, removes the item.

    Returns the message and the job's run, None when none was seen within ``timeout`` seconds. Raises NotRun when the job is disabled,
    else MailError; the item is removed in any case, and where that fails the error says which one is left.
    """
    web.get("web?$select=Title")  # who may not even look at the site is told so before any host is asked
    if title is not None:
        list_items.entity_type(web, list_items.by_title(title), title)  # an unknown list is told apart from one without alerts
    target = alerted_list(session, web.url, title)
    job = TimerJob(session, web.url, ALERTS)
    job.check()
    sent = Sent(token, subject_of(token), now(), session.host, target.recipients, "owstimer")
    known = {run["started"] for run in job.history()}
    with list_items.added_item(web, list_items.by_id(target.id), target.title, sent.subject):
        sent = dataclasses.replace(sent, time=now())
        job.start()
        run = job.wait(known, sent.time, timeout, progress)
    return dataclasses.replace(sent, server=run["server"] if run else session.host), run


def send_workflow_task(
    session: Session, web: Web, title: str | None, recipients: Sequence[str], token: str, timeout: float, progress: Progress
) -> tuple[Sent, dict[str, Any] | None]:
    """Adds an item to a list whose workflow starts by itself, runs the job that goes on with workflows, removes item and task.

    ``recipients`` are those whom the workflow is known to mail; when there are none, they are read from its task. Returns and raises
    as ``send_alert``; NotRun also when no such list is there.
    """
    web.get("web?$select=Title")
    path, list_title, task_list = _automatic(web, title)
    job = TimerJob(session, web.url, WORKFLOW)
    job.check()
    known = {run["started"] for run in job.history()}
    sent = Sent(token, subject_of(token), now(), session.host, tuple(recipients), "owstimer")
    with (
        list_items.removed_afterwards(lambda: _remove_tasks(web, task_list, token)),
        list_items.added_item(web, path, list_title, sent.subject),
    ):
        sent = dataclasses.replace(sent, time=now())
        job.start()
        run = job.wait(known, sent.time, timeout, progress)
        found = sent.recipients or _assigned(web, _tasks(web, task_list, token))
    return dataclasses.replace(sent, recipients=found, server=run["server"] if run else session.host), run


def _automatic(web: Web, title: str | None) -> tuple[str, str, str]:
    """Path and title of the list named, or of the first one, whose workflow starts with a new item, and the title of its task list."""
    lists = list_items.all_lists(web) if title is None else [list_items.described(web, list_items.by_title(title), title)]
    for entry in lists:
        path = list_items.by_id(str(entry.get("Id")))
        for workflow in list_items.results(web.get(f"{path}/workflowassociations")):
            if workflow.get("Enabled") and workflow.get("AutoStartCreate"):
                return path, str(entry.get("Title")), str(workflow.get("TaskListTitle") or "")
    which = f"No list of {web.url}" if title is None else f"The list {title!r} of {web.url}"
    verb = "has a workflow that starts" if title is None else "has no workflow that starts"
    raise NotRun(
        "workflow_not_automatic",
        f"{which} {verb} by itself when an item is added (SharePoint's own workflows; those of Workflow Manager are not seen). Nothing was "
        f"sent. Add one in the list's settings, Workflow Settings: an approval that starts when a new item is created and gives "
        f"its task to the mailbox to test.",
    )


def _tasks(web: Web, task_list: str, token: str) -> list[dict[str, Any]]:
    """The newest tasks with the token in their title."""
    if not task_list:
        return []
    answer = web.get(f"{list_items.by_title(task_list)}/items?$orderby=Id%20desc&$top=100")
    return [task for task in list_items.results(answer) if token.lower() in str(task.get("Title") or "").lower()]


def _assigned(web: Web, tasks: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Addresses of those who have the tasks. The column holds one user, or several in task lists made since SharePoint 2013."""
    numbers = set()
    for task in tasks:
        value = task.get("AssignedToId")
        numbers |= {*value.get("results", [])} if isinstance(value, dict) else {value}
    users = [web.get(f"web/getuserbyid({number})") for number in sorted(number for number in numbers if isinstance(number, int))]
    return tuple(sorted({str(user["Email"]) for user in users if user.get("Email")}))


def _remove_tasks(web: Web, task_list: str, token: str) -> str:
    """Tasks outlive their item where its workflow could not be ended. Empty, or a sentence about what is left."""
    path = list_items.by_title(task_list)
    try:
        return "".join(list_items.remove_item(web, path, task_list, task) for task in _tasks(web, task_list, token))
    except MailError as error:
        return (
            f" Tasks with {token} in their title may be left in the list {task_list!r} of {web.url}: it could not be read. {error.message}"
        )
