"""Nothing of an invitation is left behind, whatever the site answers. The server is a real one, the answers are SharePoint's."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import MailError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.sharepoint.messages.invitation import send_invitation
from ansible_collections.sharepoint.mail.plugins.plugin_utils.sharepoint.messages.not_run import NotRun
from ansible_collections.sharepoint.mail.plugins.plugin_utils.sharepoint.messages.web import SiteAddress, Web

PATH = "/Shared Documents/SharePoint mail test token1.txt"
FILE = f"web/getfilebyserverrelativeurl('{PATH}')"
UPLOAD = "web/lists(guid'2')/rootfolder/files/add(url='SharePoint mail test token1.txt',overwrite=false)"
SHARE = "SP.Sharing.DocumentSharingManager.UpdateDocumentSharingInfo"
RESET, UNIQUE = f"{FILE}/listitemallfields/resetroleinheritance", f"{FILE}/listitemallfields/hasuniqueroleassignments"

Answer = tuple[int, Any]


def refused(status: int, code: str, text: str) -> Answer:
    return status, {"error": {"code": code, "message": {"lang": "en-US", "value": text}}}


GOOD: dict[str, Answer] = {
    "contextinfo": (200, {"d": {"GetContextWebInformation": {"FormDigestValue": "0x1,now"}}}),
    "web/currentuser": (200, {"d": {"LoginName": "i:0#.w|corp\\alice", "Email": "alice@x.example"}}),
    "web/lists": (
        200,
        {
            "d": {
                "results": [
                    {"Id": "1", "Title": "Style Library", "BaseTemplate": 101, "IsCatalog": True},
                    {"Id": "3", "Title": "Other", "BaseTemplate": 101},
                    {
                        "Id": "2",
                        "Title": "Dokumente",
                        "BaseTemplate": 101,
                        "ListItemEntityTypeFullName": "SP.Data.Shared_x0020_DocumentsItem",
                    },
                    {"Id": "4", "Title": "Hidden", "BaseTemplate": 101, "Hidden": True},
                ]
            }
        },
    ),
    UPLOAD: (200, {"d": {"ServerRelativeUrl": PATH}}),
    SHARE: (200, {"d": {"UpdateDocumentSharingInfo": {"results": [{"Status": True, "Email": "bob@x.example"}]}}}),
    RESET: (200, {"d": {"ResetRoleInheritance": None}}),
    UNIQUE: (200, {"d": {"HasUniqueRoleAssignments": False}}),
    FILE: (200, {}),
}


class Server(http.server.ThreadingHTTPServer):
    """Answers each path under ``_api`` from ``answers``, and keeps the paths that were asked for."""

    answers: dict[str, Answer]
    asked: list[str]


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(self.path.partition("/_api/")[2].partition("?")[0])
        self.server.asked.append(path)
        status, content = self.server.answers[path]
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        running.answers, running.asked = dict(GOOD), []
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def invite(server: Server) -> tuple[Any, Any]:
    with Web(SiteAddress(f"http://portal.example:{server.server_port}/", "CORP\\alice", "secret", address="127.0.0.1")) as web:
        return send_invitation(web, None, "bob", "token1")


def test_the_library_for_shared_documents_is_found_in_any_language(server: Server) -> None:
    sent, shared = invite(server)
    assert (sent.recipients, sent.sender, sent.process) == (("bob@x.example",), "alice@x.example", "w3wp")
    assert shared.taken_back and shared.url.endswith("/Shared%20Documents/SharePoint%20mail%20test%20token1.txt")
    assert server.asked[-4:] == [SHARE, RESET, UNIQUE, FILE]


NO_RESOURCE = refused(404, "-1, Microsoft.SharePoint.Client.ResourceNotFoundException", "Cannot find resource for the request.")
DENIED = refused(403, "-2147024891, System.UnauthorizedAccessException", "Access denied.")
LOCKED = refused(500, "-2147018894, Microsoft.SharePoint.SPFileLockException", "The file is locked.")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (NO_RESOURCE, "cannot share over REST"),
        (DENIED, "needs the permission Manage Permissions"),
        ((200, {"d": {"UpdateDocumentSharingInfo": {"results": [{"Status": False, "Message": "No such user."}]}}}), "No such user"),
        ((200, {"d": {"UpdateDocumentSharingInfo": {"results": []}}}), "gave no reason"),
        (LOCKED, "The file is locked"),
    ],
)
def test_sharing_that_is_refused_is_a_sentence_and_the_document_goes(server: Server, answer: Answer, words: str) -> None:
    server.answers[SHARE] = answer
    with pytest.raises(MailError) as caught:
        invite(server)
    assert words in caught.value.message and "othing was sent" in caught.value.message
    assert isinstance(caught.value, NotRun) == (answer is NO_RESOURCE)
    assert server.asked[-1] == FILE and not caught.value.changed


def test_a_document_that_stays_is_told_and_whether_it_may_still_be_read(server: Server) -> None:
    server.answers[FILE] = LOCKED
    with pytest.raises(MailError) as caught:
        invite(server)
    assert caught.value.changed and PATH in caught.value.message and "Remove it by hand" in caught.value.message
    assert "may still read" not in caught.value.message
    server.answers[RESET] = DENIED
    with pytest.raises(MailError) as caught:
        invite(server)
    assert "bob may still read" in caught.value.message


def test_a_permission_goes_with_its_document(server: Server) -> None:
    server.answers[RESET] = DENIED
    _sent, shared = invite(server)
    assert shared.taken_back


def test_a_site_without_a_library_cannot_be_tried(server: Server) -> None:
    server.answers["web/lists"] = (200, {"d": {"results": []}})
    with pytest.raises(NotRun) as caught:
        invite(server)
    assert caught.value.reason_id == "no_document_library"
    assert UPLOAD not in server.asked
