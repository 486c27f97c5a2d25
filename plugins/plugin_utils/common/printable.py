# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text that somebody else wrote, made safe to print."""

from __future__ import annotations


def sentence(text: object) -> str:
    """Text in one line that ends like a sentence, so that another one may follow."""
    line = " ".join(str(text).split())
    return line if line.endswith((".", "!", "?")) or not line else f"{line}."


def visible(text: object) -> str:
    """Text with control characters written out, so that a server's reply cannot move a terminal's cursor or add lines to a report."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in str(text))
