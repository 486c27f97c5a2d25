# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server's certificate in words: whose it is, whether it bears a name, and if not, why not."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Sequence
from typing import Any

from ..common.errors import BadInput
from ..common.libraries import x509
from ..common.printable import visible


def authorities(path: str | None) -> ssl.SSLContext:
    """What trusts the certificate authorities in the file at ``path``, or the system's own. Raises BadInput."""
    try:
        return ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise BadInput(f"ca_path: {path} cannot be read as certificate authorities: {error}. Nothing was sent.") from error


def describe(der: bytes, name: str, trust_error: str) -> dict[str, Any]:
    """A certificate (DER) shown for ``name``. ``trust_error`` is why its chain is not trusted, empty where it is.

    Returns ``subject``, ``names`` (DNS names and addresses), ``issuer``, ``not_after`` (ISO 8601, UTC), ``name``, ``name_matches``,
    ``name_error``, ``trusted`` and ``trust_error``.
    """
    certificate = x509.load_der_x509_certificate(der)
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        dns = alternative.get_values_for_type(x509.DNSName)
        addresses = [str(address) for address in alternative.get_values_for_type(x509.IPAddress)]
    except x509.ExtensionNotFound:
        dns, addresses = [], []
    error = name_error(name, dns, addresses)
    return {
        "subject": visible(certificate.subject.rfc4514_string()),
        "names": [visible(one) for one in (*dns, *addresses)],
        "issuer": visible(certificate.issuer.rfc4514_string()),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "name": visible(name),
        "name_matches": not error,
        "name_error": visible(error),
        "trusted": not trust_error,
        "trust_error": visible(trust_error),
    }


def name_error(name: str, dns: Sequence[str], addresses: Sequence[str]) -> str:
    """Why a certificate with these names is none for ``name``; empty when it is one.

    RFC 9525, section 6.3: only subject alternative names count, and a wildcard stands for one whole leftmost label.

    Not service-identity: one unusual name refuses the whole certificate there (an address written as a DNS name, ``*.local``, or the
    URI with several colons that carries a SID, Microsoft's KB5014754). Not ssl: it judges the name together with the chain.
    """
    borne = ", ".join((*dns, *addresses)) or "no subject alternative name at all"
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        wanted = name.rstrip(".").encode("idna").decode("ascii").casefold()  # the form that certificates have, and that ssl has sent
        rest = wanted.partition(".")[2]
        if any(one.rstrip(".").casefold() in (wanted, f"*.{rest}" if "." in rest else wanted) for one in dns):
            return ""
        return f"{name} is not among its names ({borne})"
    if any(ipaddress.ip_address(one) == address for one in addresses):
        return ""
    return f"the address {name} is not in it ({borne}); connect by a name that is"
