# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why no session could be opened, as a sentence. Nothing has been changed at that point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..common.errors import AuthenticationRefused, BadInput, EndpointMissing, MailError, Unreachable
from ..common.libraries import AuthenticationError, SpnegoError, WinRMError, WinRMTransportError, WSManFaultError, requests
from .faults import CREDSSP_ERRORS, EXCHANGE, find, reason

if TYPE_CHECKING:
    from .session import Endpoint

_ACCESS_DENIED: Final = 5  # Win32 ERROR_ACCESS_DENIED, which WinRM passes on as the fault's code
_BROKEN: Final = "Received a broken RunspacePoolState message: "  # pypsrp's words before the host's
_OTHER_PROTOCOL: Final = "incompatible with the specified auth_provider"  # pypsrp's ValueError when the host answers so


def refused(error: BaseException, endpoint: Endpoint) -> MailError:
    """From what pypsrp, or Ansible's psrp connection around it, raised while opening."""
    if find(error, AuthenticationError, SpnegoError, *CREDSSP_ERRORS) is not None or _OTHER_PROTOCOL in str(error):
        return AuthenticationRefused(_refusal(error, endpoint))
    if find(error, WSManFaultError) is not None:
        return _fault(find(error, WSManFaultError), endpoint)
    answer = find(error, WinRMTransportError)
    if answer is not None and answer.code == 404:
        return EndpointMissing(
            f"{endpoint.host} answers on {endpoint.url}, but there is no PowerShell remoting (404). Nothing was changed. "
            f"Check the path (wsman on a Windows host, PowerShell on an Exchange server) and the port."
        )
    if find(error, requests.exceptions.SSLError) is not None:
        return _no_tls(error, endpoint)
    if find(error, ImportError) is not None:
        return BadInput(
            f"The controller has no library for {endpoint.authentication} authentication, so {endpoint.host} was not contacted: "
            f"{reason(error)}. Nothing was changed. Install pypsrp with its extra for it (pypsrp[kerberos], pypsrp[credssp]), or use "
            f"another authentication."
        )
    if find(error, requests.RequestException) is None and find(error, ValueError, OSError) is not None:
        return BadInput(f"The connection settings of {endpoint.host} are not valid: {reason(error)}. Nothing was changed.")
    if find(error, requests.RequestException, OSError) is not None:
        return Unreachable(
            f"{endpoint.host} cannot be reached at {endpoint.url}: {reason(error)}. Nothing was changed. "
            f"Check that the host is up, that the controller can resolve its name, and that the port is open."
        )
    return _no_start(error, endpoint)


def _no_start(error: BaseException, endpoint: Endpoint) -> MailError:
    """Something answered, and no session came of it."""
    if find(error, NotImplementedError) is not None:  # pypsrp's host, when it is asked
        text = "its startup script asks a question, which a task cannot answer"
    elif find(error, WinRMError) is not None:
        text = reason(error).removeprefix(_BROKEN)
    else:
        return Unreachable(
            f"What answers at {endpoint.url} is not PowerShell remoting on {endpoint.host}; it may be a proxy's page ({reason(error)}). "
            f"Nothing was changed. Check the URL, and whether a proxy stands in between."
        )
    return Unreachable(
        f"{endpoint.host} answers at {endpoint.url}, but its endpoint {endpoint.configuration} starts no session: {text}. Nothing was "
        f"changed. Check the endpoint's session configuration and startup script on the host (Get-PSSessionConfiguration)."
    )


def clear_text(endpoint: Endpoint, remedy: str) -> MailError:
    """Basic authentication without TLS is not even tried."""
    return BadInput(
        f"Basic authentication over http would send the password of {endpoint.account} to {endpoint.host} in clear "
        f"text. Nothing was sent or changed. Use https ({remedy}) or another authentication."
    )


def _fault(fault: WSManFaultError, endpoint: Endpoint) -> MailError:
    text = reason(fault)
    lower = text.lower()
    if fault.code == _ACCESS_DENIED or "access is denied" in lower:
        return AuthenticationRefused(
            f"{endpoint.host} does not allow {endpoint.account} to use the endpoint {endpoint.configuration} ({text}). "
            f"Nothing was changed. Add the account to Remote Management Users there, or to the endpoint's permissions."
        )
    if "resource uri" in lower or "session configuration" in lower or endpoint.configuration.lower() in lower:
        return EndpointMissing(
            f"{endpoint.host} has no PowerShell endpoint named {endpoint.configuration} ({text}). Nothing was changed. "
            f"Check ansible_psrp_configuration_name and ansible_psrp_path against Get-PSSessionConfiguration on the host."
        )
    return Unreachable(f"{endpoint.host} opened no session at {endpoint.url}: {text}. Nothing was changed.")


def _no_tls(error: BaseException, endpoint: Endpoint) -> MailError:
    text = reason(error)
    if "certificate" in text.lower():
        return Unreachable(
            f"The certificate of {endpoint.host} ({endpoint.url}) is not trusted on the controller: {text}. Nothing was sent or changed. "
            f"Set the file of the issuing CA (ansible_psrp_ca_cert, or ansible_winrm_ca_trust_path)."
        )
    return Unreachable(
        f"{endpoint.host} does not accept TLS at {endpoint.url} ({text}). Nothing was sent or changed. "
        f"Check the port, and whether it is one for http (ansible_psrp_protocol, or ansible_winrm_scheme)."
    )


def _refusal(error: BaseException, endpoint: Endpoint) -> str:
    account = endpoint.account or "the account of the Kerberos ticket"
    text = f"{endpoint.host} refused {account} over {endpoint.authentication} at {endpoint.url}. Nothing was changed. "
    if endpoint.configuration == EXCHANGE and endpoint.authentication in ("ntlm", "negotiate", "credssp"):
        return text + (
            f"Exchange's endpoint accepts Kerberos over http or Basic over https, not {endpoint.authentication.upper()}: "
            f"set ansible_psrp_auth to kerberos (with ansible_psrp_protocol http) or to basic (with https)."
        )
    detail = find(error, SpnegoError, *CREDSSP_ERRORS)
    if detail is not None:
        text += f"The authentication library says: {reason(detail)}. "
    return text + "Check the account's name and password, and that the host offers this authentication."
