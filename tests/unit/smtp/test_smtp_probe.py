# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probe against servers that answer from a script, over real sockets: what a well-behaved server would never do."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from ansible_collections.sharepoint.mail.plugins.plugin_utils.common.errors import AddressError
from ansible_collections.sharepoint.mail.plugins.plugin_utils.smtp.envelope import Envelope
from ansible_collections.sharepoint.mail.plugins.plugin_utils.smtp.logon import Logon
from ansible_collections.sharepoint.mail.plugins.plugin_utils.smtp.probe import Probe, ProbeResult

HELLO = ["220 there", "250-there Hello [192.0.2.7]\r\n250-SIZE 1000\r\n250 AUTH NTLM LOGIN"]


@contextmanager
def _server(replies: Sequence[str | None]) -> Iterator[tuple[int, list[str]]]:
    """Says the first reply at once and the others one per command; None hangs up. Yields its port and the commands it heard."""
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _unused = listener.accept()
            with connection, connection.makefile("rb") as lines:
                for reply in replies:
                    if reply is None:
                        return
                    connection.sendall(f"{reply}\r\n".encode())
                    if reply.startswith("354"):
                        while lines.readline() not in (b".\r\n", b""):
                            pass
                    else:
                        heard.append(lines.readline().decode().strip())
                connection.sendall(b"221 bye\r\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], heard
        thread.join(10)


def _probe(replies: Sequence[str | None], *, send: bool = False, timeout: float = 20.0) -> tuple[ProbeResult, list[str]]:
    with _server(replies) as (port, heard):
        result = Probe("127.0.0.1", port, ehlo="controller", timeout=timeout).run(
            Envelope("a@corp.example", "b@outside.example", send=send)
        )
    return result, heard


@pytest.mark.parametrize(
    ("replies", "outcome", "stage", "reply"),
    [
        (["421 4.3.2 Service not available"], "refused", "greeting", "421 4.3.2 Service not available"),
        ([None], "refused", "greeting", "connection closed by the server"),
        (["HTTP/1.1 400 Bad Request"], "not_connected", "greeting", ""),
        (["220 there", "501 5.5.4 Invalid domain name"], "refused", "ehlo", "501 5.5.4 Invalid domain name"),
        ([*HELLO, "530 5.7.57 Client was not authenticated"], "refused", "mail", "530 5.7.57 Client was not authenticated"),
        ([*HELLO, "250 ok", None], "refused", "rcpt", "connection closed by the server"),
        ([*HELLO, "250 ok", "550 5.7.54 no relay"], "refused", "rcpt", "550 5.7.54 no relay"),
        ([*HELLO, "250 ok", "250 2.1.5 Recipient OK", "250 reset"], "accepted", "done", "250 2.1.5 Recipient OK"),
    ],
)
def test_how_a_session_ends(replies: list[str | None], outcome: str, stage: str, reply: str) -> None:
    result, heard = _probe(replies)
    assert (result.outcome, result.stage, result.reply) == (outcome, stage, reply)
    assert not result.sent and not any(command.lower().startswith("data") for command in heard)


def test_an_accepted_recipient_is_withdrawn() -> None:
    _unused, heard = _probe([*HELLO, "250 ok", "250 ok", "250 reset"])
    assert [command.split()[0].lower() for command in heard] == ["ehlo", "mail", "rcpt", "rset", "quit"]


@pytest.mark.parametrize(
    ("replies", "outcome", "stage", "reply"),
    [
        (["354 go on", "250 2.6.0 queued"], "accepted", "done", "250 2.6.0 queued"),
        (["354 go on", "550 5.7.60 not as this sender"], "refused", "data", "550 5.7.60 not as this sender"),
        (["554 5.6.0 not today"], "refused", "data", "554 5.6.0 not today"),
    ],
)
def test_sending(replies: list[str], outcome: str, stage: str, reply: str) -> None:
    result, heard = _probe([*HELLO, "250 ok", "250 ok", *replies], send=True)
    assert (result.outcome, result.stage, result.reply, result.sent) == (outcome, stage, reply, outcome == "accepted")
    assert heard[-1].lower() == "quit"


def test_silence_is_no_refusal() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:  # the kernel takes the connection, nobody speaks
        result = Probe("127.0.0.1", listener.getsockname()[1], ehlo="controller", timeout=0.3).run(Envelope("a@b.example", "c@d.example"))
    assert (result.outcome, result.stage, result.reply) == ("not_connected", "greeting", "no answer in time")


def test_no_listener_is_no_refusal() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    result = Probe("127.0.0.1", port, ehlo="controller").run(Envelope("a@b.example", "c@d.example"))
    assert (result.outcome, result.stage) == ("not_connected", "connect")


def test_what_the_server_says_of_itself_and_of_the_client() -> None:
    result, _unused = _probe([*HELLO, "550 no"])
    assert (result.seen_as, result.auth_before_tls, result.auth_after_tls) == ("192.0.2.7", ["NTLM", "LOGIN"], None)
    assert result.keywords == ["SIZE 1000", "AUTH NTLM LOGIN"]


def test_hostile_replies_stay_on_their_line() -> None:
    result, _unused = _probe(["220 there\x1b[2J\x07", *HELLO[1:], "550 no\x1b]0;title\x07\x0bmore"])
    assert result.reply == "550 no\\x1b]0;title\\x07\\x0bmore"
    assert all(line.isprintable() for line in [*result.transcript, *result.keywords, result.banner])


@pytest.mark.parametrize(
    "address",
    ["a@b.example\r\nRCPT TO:<c@d.example>", "a@b.example>", "<a@b.example", "a b@c.example", "nobody", "é@b.example", "a@b.example\x00"],
)
def test_no_address_can_end_its_command(address: str) -> None:
    for arguments in ((address, "c@d.example"), ("c@d.example", address)):
        with pytest.raises(AddressError, match="Nothing was sent"):
            Envelope(*arguments)


def test_subject_and_name_are_checked_too() -> None:
    with pytest.raises(AddressError):
        Envelope("a@b.example", "c@d.example", subject="x\r\nBcc: everybody@corp.example")
    with pytest.raises(AddressError):
        Probe("127.0.0.1", 25, ehlo="controller\r\nMAIL FROM:<a@b.example>")


@pytest.mark.parametrize(
    ("replies", "policy"),
    [
        ([*HELLO, "250 ok", "550 no"], (1000, False, False, False)),
        ([*HELLO, "451 5.7.3 STARTTLS is required to send mail"], (1000, False, True, None)),
        ([*HELLO, "530 5.7.0 Must issue a STARTTLS command first"], (1000, False, True, None)),
        ([*HELLO, "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail"], (1000, False, None, True)),
        (["220 there", "250-there\r\n250-SIZE many\r\n250 SIZE", "550 no"], (None, False, None, None)),
        (["421 4.3.2 Service not available"], (None, False, None, None)),
    ],
)
def test_the_rules_that_a_session_lets_guess(replies: list[str], policy: tuple[object, ...]) -> None:
    result, _unused = _probe(replies)
    assert tuple(result.policy.values()) == policy


def _log_on(replies: Sequence[str | None], *, in_clear_text: bool = True) -> tuple[ProbeResult, list[str]]:
    with _server(replies) as (port, heard):
        probe = Probe("127.0.0.1", port, ehlo="controller", logon=Logon("CORP\\svc_relay", "pass word", in_clear_text))
        return probe.run(Envelope("a@corp.example", "b@corp.example")), heard


def test_a_password_does_not_leave_in_clear_text_unless_told_to() -> None:
    result, heard = _log_on(HELLO, in_clear_text=False)
    assert (result.outcome, result.stage, result.authenticated, result.reply) == ("not_connected", "auth", False, "")
    assert "not encrypted" in result.auth_error
    assert [command.split()[0].lower() for command in heard] == ["ehlo", "quit"]


def test_a_logon_by_login_and_a_transcript_without_it() -> None:
    asked = ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 2.7.0 Authentication successful"]
    result, heard = _log_on([*HELLO, *asked, "250 ok", "250 ok", "250 reset"])
    assert (result.outcome, result.authenticated, result.auth_reply) == ("accepted", True, "235 2.7.0 Authentication successful")
    assert heard[1:4] == ["AUTH LOGIN", *(base64.b64encode(text).decode() for text in (b"CORP\\svc_relay", b"pass word"))]
    assert not [line for line in result.transcript if any(secret in line for secret in (*heard[2:4], "VXNl", "pass word"))]
    assert result.policy["requires_authentication"] is None


@pytest.mark.parametrize(
    ("replies", "stage", "reply", "error"),
    [
        ([*HELLO, "334 VXNl", "334 UGFz", "535 5.7.3 Authentication unsuccessful"], "auth", "535 5.7.3 Authentication unsuccessful", ""),
        ([*HELLO, "504 5.7.4 Unrecognized authentication type"], "auth", "504 5.7.4 Unrecognized authentication type", ""),
        ([*HELLO, "334 VXNl", None], "auth", "connection closed by the server", ""),
        (["220 there", "250-there\r\n250 AUTH GSSAPI"], "auth", "", "offers GSSAPI, and neither LOGIN nor NTLM"),
        (["220 there", "250 there"], "auth", "", "offers no authentication"),
        (["220 there", "250-there\r\n250 AUTH NTLM", "334 NTLM supported", "334 bm9uc2Vuc2U=", "501 ok"], "auth", "", "not valid"),
    ],
)
def test_a_logon_that_fails_is_a_result(replies: list[str | None], stage: str, reply: str, error: str) -> None:
    result, heard = _log_on(replies)
    assert (result.outcome, result.stage, result.reply) == ("not_connected" if error else "refused", stage, reply)
    assert not result.authenticated and error in result.auth_error
    assert not [command for command in heard if command.lower().startswith("mail")]
