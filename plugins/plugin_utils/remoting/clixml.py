# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads CLIXML more exactly than pypsrp does.

pypsrp's serializer has six gaps that matter here: an output of ``null`` becomes an empty text (with a warning in the log),
a time span is indistinguishable from text, a list of a type it does not know becomes raw XML, and so does a dictionary, an
array of no bytes is a TypeError, and a secure string that the host sends is decrypted. Nobody here needs one, so it is null.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from ..common.libraries import ObjectMeta, RunspacePool, Serializer, isodate


class HostSerializer(Serializer):
    """pypsrp's serializer without those gaps."""

    def deserialize(self, element: ET.Element | str, metadata: ObjectMeta | None = None, clear: bool = True) -> Any:
        if isinstance(element, str):
            if not element:
                return None
            try:
                element = ET.fromstring(element)
            except ET.ParseError:
                return super().deserialize(element, metadata, clear)
            if clear:
                self._clear()
                clear = False
        if element.tag == "BA" and not element.text:
            return b""
        if element.tag == "SS":
            return None  # pypsrp would decrypt it, once keys were exchanged
        if element.tag == "TS":
            return isodate.parse_duration(element.text or "")  # XML Schema's duration ([MS-PSRP] 2.2.5.1.7), ISO 8601's
        if element.tag in ("LST", "IE", "QUE", "STK"):
            return [self.deserialize(entry, clear=False) for entry in element]
        if element.tag == "DCT":
            pairs = ((entry.find("*[@N='Key']"), entry.find("*[@N='Value']")) for entry in element)
            return {
                self.deserialize(key, clear=False): None if value is None else self.deserialize(value, clear=False)
                for key, value in pairs
                if key is not None
            }
        return super().deserialize(element, metadata, clear)


def read_exactly(pool: RunspacePool) -> None:
    """Makes ``pool`` read with ``HostSerializer``. To be called before keys are exchanged.

    pypsrp offers no public way to choose the serializer; a unit test reads a null through a pool prepared here, so that a
    version of pypsrp that keeps it elsewhere is noticed.
    """
    if not isinstance(pool._serializer, HostSerializer):
        serializer = HostSerializer()
        serializer.cipher = pool._serializer.cipher
        pool._serializer = serializer
        pool._fragmenter.serializer = serializer
