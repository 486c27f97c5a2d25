"""Values as a real engine serialised them, read by what reads them in earnest."""

from __future__ import annotations

import datetime
import pathlib
import re
import uuid
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.clixml import HostSerializer
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.pipeline import CimInstance, Credential, SecureText, cmdlet
from ansible_collections.sharepoint.mail.plugins.plugin_utils.remoting.values import (
    UNLIMITED,
    EnumText,
    HostObject,
    names,
    needs_key,
    parse_byte_size,
    plain,
    wire,
)

MEASUREMENTS = pathlib.Path(__file__).parents[2] / "lab" / "measurements"
LONGEST = datetime.timedelta(days=10675199, hours=2, minutes=48, seconds=5, microseconds=477581)  # TimeSpan.MaxValue


def outputs(name: str) -> list[object]:
    """The PIPELINE_OUTPUT messages of a measured conversation, deserialised and made plain."""
    text = (MEASUREMENTS / f"{name}.clixml").read_text(encoding="utf-8")
    messages = re.findall(r"<!-- (\w+) -->\n(.*?)(?=\n<!-- |\Z)", text, flags=re.DOTALL)
    return [plain(HostSerializer().deserialize(body.strip())) for kind, body in messages if kind == "PIPELINE_OUTPUT"]


def test_an_object_is_its_properties() -> None:
    (connector,) = outputs("02-receive-connector")
    assert isinstance(connector, HostObject)
    assert str(connector) == r"EX01\SharePoint"
    assert connector.type_name == "Sample.ReceiveConnector"
    assert connector["AuthMechanism"] == "Tls, ExternalAuthoritative"
    assert connector["Bindings"] == ["0.0.0.0:25"]
    assert connector["RemoteIPRanges"] == ["10.0.0.21", "10.0.0.22"]
    assert connector["Empty"] == []
    assert connector["ConnectionTimeout"] == datetime.timedelta(minutes=10)
    assert connector["Banner"] is None
    assert connector["Enabled"] is True
    assert connector["WhenChanged"] == "2026-01-02T03:04:05"
    assert connector["Guid"] == "bbbbbbbb-2222-3333-4444-555555555555"
    assert connector["Ip"] == "10.0.0.1"
    assert connector["Link"] == "https://ex.example/"
    assert connector["Ver"] == "15.2.1118.7"
    assert connector["Blob"] == b"\x01\x02\x03"
    assert connector["Hash"] == {"a": 1, "b": "EX01"}


def test_a_cim_instance_brings_its_class_along() -> None:
    binding = CimInstance("root/MicrosoftIISv2", "ServerBinding", {"IP": "", "Port": "25"})
    (sent,) = wire({"Bindings": [binding]})["Bindings"]
    element = HostSerializer().serialize(sent)
    assert element is not None
    types = [entry.text for entry in element.findall("TN/T")]
    base = "Microsoft.Management.Infrastructure.CimInstance"
    assert types == [f"{base}#root/MicrosoftIISv2/ServerBinding", base, "System.Object"]
    assert {entry.get("N"): entry.text or "" for entry in element.findall("Props/S")} == {"IP": "", "Port": "25"}
    declared = {entry.get("N"): entry.text for entry in element.findall("MS/Obj[@N='__ClassMetadata']/LST/Obj/MS/*")}
    assert declared == {
        "ClassName": "ServerBinding",
        "Namespace": "root/MicrosoftIISv2",
        "ServerName": "localhost",
        "Hash": "0",
        "MiXml": '<CLASS NAME="ServerBinding"><PROPERTY NAME="IP" TYPE="string"></PROPERTY>'
        '<PROPERTY NAME="Port" TYPE="string"></PROPERTY></CLASS>',
    }


def test_an_array_of_no_bytes_is_neither_null_nor_an_error() -> None:
    assert HostSerializer().deserialize("<BA />") == b""
    found = plain(HostSerializer().deserialize('<Obj RefId="0"><Props><BA N="List"></BA><Nil N="Other" /></Props></Obj>'))
    assert dict(found) == {"List": b"", "Other": None}


def test_null_is_not_empty_text() -> None:
    assert outputs("04-nested-with-null") == ["mx1.corp.example", None, "mx2.corp.example"]


def test_an_enumeration_has_text_and_number() -> None:
    (value,) = outputs("05-enum")
    assert isinstance(value, EnumText)
    assert (value, value.number) == ("Tls, ExternalAuthoritative", 33)
    assert names(value) == ["Tls", "ExternalAuthoritative"]


def test_objects_of_a_list_keep_their_text() -> None:
    assert [str(entry) for entry in outputs("06-list-of-objects")] == ["10.0.0.21", "10.0.0.22"]


def test_all_measured_outputs_can_be_read() -> None:
    for path in MEASUREMENTS.glob("*.clixml"):
        for value in outputs(path.stem):
            assert "<" not in str(value), path.name  # raw XML


@given(st.timedeltas(min_value=-LONGEST, max_value=LONGEST))
def test_time_spans_survive(span: datetime.timedelta) -> None:
    element = HostSerializer().serialize(wire(span))
    assert element is not None and element.tag == "TS"
    assert HostSerializer().deserialize(element) == span


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("PT0S", datetime.timedelta()),
        ("PT10M", datetime.timedelta(minutes=10)),
        ("P1DT2H", datetime.timedelta(days=1, hours=2)),
        ("-P1DT2H3.5S", -datetime.timedelta(days=1, hours=2, seconds=3, milliseconds=500)),
        ("PT1.2345678S", datetime.timedelta(seconds=1, microseconds=234568)),  # .NET counts in 100 ns
        ("P10675199DT2H48M5.4775807S", LONGEST),
        ("-P10675199DT2H48M5.4775808S", -LONGEST),
    ],
)
def test_time_spans_as_dotnet_writes_them(text: str, span: datetime.timedelta) -> None:
    assert HostSerializer().deserialize(f"<TS>{text}</TS>") == span


@pytest.mark.parametrize("text", ["", "P", "10M", "PT10", "PT1H-3M", "00:10:00"])
def test_no_time_span(text: str) -> None:
    with pytest.raises(ValueError):
        HostSerializer().deserialize(f"<TS>{text}</TS>")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("36 MB (37,748,736 bytes)", 37748736),
        ("36 MB (37.748.736 bytes)", 37748736),
        ("36 MB (37\u00a0748\u00a0736 bytes)", 37748736),
        ("36MB", 37748736),
        ("64 KB", 65536),
        ("37748736", 37748736),
        (37748736, 37748736),
        ("unlimited", UNLIMITED),
    ],
)
def test_byte_sizes(text: str | int, size: int | str) -> None:
    assert parse_byte_size(text) == size


def test_no_byte_size() -> None:
    with pytest.raises(ValueError, match="not a valid size"):
        parse_byte_size("a lot")


class Text(str):
    """A string that is no exact one, as enumerations are."""


def test_what_was_read_can_be_written() -> None:
    sent = wire({Text("a"): [EnumText("Tls", 1), Text("b"), 3, True, None]})
    assert sent == {"a": ["Tls", "b", 3, True, None]}
    assert {type(entry) for entry in (*sent, *sent["a"])} == {str, int, bool, type(None)}


def test_what_has_no_type_on_the_wire_is_refused() -> None:
    with pytest.raises(TypeError):
        wire(object())


@pytest.mark.parametrize(
    ("value", "xml"),
    [
        (True, "<B>true</B>"),
        (25, "<I32>25</I32>"),
        (2**31, "<I64>2147483648</I64>"),
        (1.5, "<Db>1.5</Db>"),
        ('o\'brien "q" <&>', '<S>o\'brien "q" &lt;&amp;&gt;</S>'),
        (datetime.timedelta(minutes=10), "<TS>PT10M</TS>"),
        (datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC), "<DT>2026-01-02T03:04:05Z</DT>"),
        (uuid.UUID(int=1), "<G>00000000-0000-0000-0000-000000000001</G>"),
        (b"\x01\x02\x03", "<BA>AQID</BA>"),
    ],
)
def test_values_keep_their_type_on_the_wire(value: object, xml: str) -> None:
    element = HostSerializer().serialize(wire(value))
    assert element is not None
    assert ET.tostring(element, encoding="unicode") == xml


def test_secrets_need_a_key_and_stay_out_of_texts() -> None:
    secret = SecureText("s3cret")
    credential = Credential("CORP\\u", "s3cret")
    assert needs_key(secret)
    assert needs_key([credential])
    assert not needs_key("s3cret")
    assert "s3cret" not in repr(cmdlet("Set-Thing", Password=secret, Credential=credential, Plain="s3cret"))
    assert "s3cret" not in str(cmdlet("Set-Thing", Plain="s3cret"))
