# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong in the mail layer itself, as sentences. The action plugins hand them on as the collection's errors."""

from __future__ import annotations


class DeliveryError(Exception):
    """Base: the message is one or more whole sentences for the person at the keyboard."""


class FactError(DeliveryError):
    """A fact is missing or cannot be understood."""


class AddressError(DeliveryError):
    """An address or a token cannot stand in an SMTP or IMAP command."""


class MailboxError(DeliveryError):
    """A mailbox cannot be read; the message names the mailbox and its host."""
