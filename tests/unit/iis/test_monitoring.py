"""The relay's log and counters, as the server writes them."""

from __future__ import annotations

from ansible_collections.sharepoint.mail.plugins.plugin_utils.iis.monitoring import counters
from ansible_collections.sharepoint.mail.plugins.plugin_utils.iis.protocol_log import errors

LOG = """\
#Software: Microsoft Internet Information Services 10.0
#Date: 2026-01-31 13:44:00
#Fields: time c-ip cs-username s-sitename cs-method cs-uri-query sc-status
13:45:00 10.0.0.5 SP02 SMTPSVC1 EHLO +SP02 250
13:45:01 10.0.0.9 evil SMTPSVC1 RCPT +TO:<partner@outside.example> 550
13:45:02 10.0.0.31 OutboundConnectionResponse SMTPSVC1 - 220+ex01.corp.example 0
13:45:02 10.0.0.31 OutboundConnectionCommand SMTPSVC1 AUTH - 0
13:45:03 10.0.0.31 OutboundConnectionResponse SMTPSVC1 - 535+5.7.3+Authentication+unsuccessful 0
""".splitlines()


def test_errors_of_both_sides() -> None:
    assert errors(LOG, 5) == [
        {
            "time": "2026-01-31T13:45:01+00:00",
            "side": "inbound",
            "remote": "10.0.0.9",
            "text": "550 RCPT TO:<partner@outside.example>",
        },
        {
            "time": "2026-01-31T13:45:03+00:00",
            "side": "outbound",
            "remote": "10.0.0.31",
            "text": "535 5.7.3 Authentication unsuccessful",
        },
    ]


def test_only_the_last_ones() -> None:
    assert [entry["side"] for entry in errors(LOG, 1)] == ["outbound"]
    assert errors(LOG, 0) == []


def test_a_stretch_without_its_heading_and_damaged_lines() -> None:
    line = "2026-01-31 13:45:01 10.0.0.9 evil SMTPSVC1 SP01 10.0.0.21 0 RCPT - +TO:<x@y.example> 550 0 49 31 0 SMTP - - - -"
    (found,) = errors([line, "", "13:45", "#Date:", "#Fields"], 5)
    assert (found["time"], found["text"]) == ("2026-01-31T13:45:01+00:00", "550 RCPT TO:<x@y.example>")


def test_counters_have_the_fields_names() -> None:
    found = {
        "Name": "_Total",
        "RemoteRetryQueueLength": 2,
        "BadmailedMessagesNDRofDSN": 1,
        "NDRsGenerated": 3,
        "MessagesReceivedPersec": 0,
        "PercentRecipientsLocal": 5,
        "Timestamp_PerfTime": 99,
        "Frequency_Object": 10,
        "PSComputerName": None,
    }
    assert counters([found]) == {
        "badmailed_messages_ndr_of_dsn": 1,
        "messages_received_persec": 0,
        "ndrs_generated": 3,
        "percent_recipients_local": 5,
        "remote_retry_queue_length": 2,
    }
    assert counters([]) is None
