# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opens a session with the task's own connection: psrp's runspace, or what a winrm connection's options mean to pypsrp.

A session belongs to who opened it. ansible-core closes a task's last connection only: in a loop over hosts whose inventory name is not
their address it makes a new connection for each item, and the others' shells would stay open on the host until its quota is used up.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ..common.errors import BadInput
from ..common.libraries import RunspacePool, RunspacePoolState, WSMan
from ..common.native import native
from ..remoting import opening
from .session import Endpoint, Session

_DEFAULT_CONFIGURATION = "Microsoft.PowerShell"
_FAREWELL = 5
"""Most seconds to wait for a host to close a session that broke."""

# winrm's name of a transport -> pypsrp's name of an authentication.
_AUTHENTICATIONS = {
    "plaintext": "basic",
    "basic": "basic",
    "ssl": "basic",
    "certificate": "certificate",
    "kerberos": "kerberos",
    "ntlm": "ntlm",
    "credssp": "credssp",
}


@dataclasses.dataclass(frozen=True)
class Opened:
    """An open session, and how to close it; that raises nothing. A runspace that somebody else opened stays open, unless it broke."""

    session: Session
    close: Callable[[], None]


def open_session(connection: Any, host: str, locale: str = "") -> Opened:
    """A session for ``connection``, an Ansible connection plugin; ``host`` is the name to use in messages.

    ``locale`` is the language in which the host is asked for its texts, where it is not pypsrp's own (en-US).

    Raises BadInput for a connection that speaks no PowerShell remoting, and Unreachable, AuthenticationRefused or
    EndpointMissing when no session comes about.
    """
    if connection.transport == "psrp":
        return _from_psrp(connection, host, locale)
    if connection.transport == "winrm":
        return _from_winrm(connection, host, locale)
    raise BadInput(
        f"{host} is reached with the connection plugin {connection.transport}, which does not support PowerShell remoting. Nothing was "
        f"changed. Set ansible_connection to psrp (or winrm) for this host or this task."
    )


def _options_of(connection: Any) -> Callable[[str], Any]:
    """The connection's options by name, as plain values."""
    return lambda name: native(connection.get_option(name))


def _from_psrp(connection: Any, host: str, locale: str) -> Opened:
    option = _options_of(connection)
    port = option("port")
    protocol = option("protocol") or ("http" if port is not None and int(port) == 5985 else "https")
    port = port or (5986 if protocol == "https" else 5985)
    endpoint = Endpoint(
        host=host,
        account=option("remote_user"),
        authentication=option("auth"),
        url=f"{protocol}://{option('remote_addr')}:{port}/{str(option('path')).lstrip('/')}",
        configuration=option("configuration_name"),
        transport="psrp",
    )
    if endpoint.authentication == "basic" and protocol == "http" and option("message_encryption") != "never":
        raise opening.clear_text(endpoint, "ansible_psrp_protocol: https")
    borrowed = connection.runspace is not None and connection.runspace.state == RunspacePoolState.OPENED

    def connect() -> RunspacePool:
        try:
            connection.runspace = None  # it never opened, or is closed
            connection._connect()
        except Exception as error:  # what stands behind a URL may answer anything
            _give_up(connection, broken=True)
            raise opening.refused(error, endpoint) from error
        pool: RunspacePool = connection.runspace
        _in(pool.connection, locale)
        return pool

    def renew() -> RunspacePool:
        nonlocal borrowed
        _give_up(connection, broken=True)
        borrowed = False
        return connect()

    session = Session(connection.runspace if borrowed else connect(), endpoint, renew)

    def close() -> None:
        if not borrowed or session.broken:
            _give_up(connection, session.broken)

    return Opened(session, close)


def _in(wsman: WSMan, locale: str) -> WSMan:
    """The same, with the language that each of its messages names (DSP0226, wsman:Locale)."""
    if locale:
        wsman.locale = locale
    return wsman


def _give_up(connection: Any, broken: bool) -> None:
    """Closes psrp's runspace. The connection is then as new, in every ansible-core: whoever uses it next makes it connect again."""
    pool, connection.runspace, connection._connected = connection.runspace, None, False
    if pool is not None:
        _close(pool, broken)


def _close(pool: Any, broken: bool) -> None:
    """Closes a shell and the connection that it used. A host drops a shell that nobody closes only after hours."""
    transport = pool.connection.transport
    if broken:
        transport.connection_timeout = transport.read_timeout = _FAREWELL
    # Whatever goes wrong here must not hide what the task did.
    with contextlib.suppress(Exception):
        pool.close()
    with contextlib.suppress(Exception):
        transport.close()


def _from_winrm(connection: Any, host: str, locale: str) -> Opened:
    option = _options_of(connection)
    arguments = winrm_arguments(option, option("_extras") or {})
    scheme = "https" if arguments["ssl"] else "http"
    endpoint = Endpoint(
        host=host,
        account=arguments["username"],
        authentication=arguments["auth"],
        url=f"{scheme}://{arguments['server']}:{arguments['port']}/{arguments['path']}",
        configuration=_DEFAULT_CONFIGURATION,
        transport="winrm",
    )
    if arguments["auth"] == "basic" and scheme == "http" and arguments["encryption"] != "never":
        raise opening.clear_text(endpoint, "ansible_winrm_scheme: https")
    opened: list[RunspacePool] = []

    def connect() -> RunspacePool:
        try:
            opened.append(RunspacePool(_in(WSMan(**arguments), locale), configuration_name=endpoint.configuration))
            opened[0].open()
        except Exception as error:  # what stands behind a URL may answer anything
            close(broken=True)
            raise opening.refused(error, endpoint) from error
        return opened[0]

    def close(broken: bool) -> None:
        while opened:
            _close(opened.pop(), broken)

    def renew() -> RunspacePool:
        close(broken=True)
        return connect()

    session = Session(connect(), endpoint, renew)
    return Opened(session, lambda: close(session.broken))


def winrm_arguments(option: Callable[[str], Any], extras: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of pypsrp's WSMan for the options of Ansible's winrm connection plugin.

    ``option`` is the plugin's ``get_option``; ``extras`` its ``ansible_winrm_*`` variables that are no options of its own
    and go to pywinrm (message_encryption, server_cert_validation, ca_trust_path, cert_pem, cert_key_pem, realm, service,
    send_cbt, credssp_*, operation_timeout_sec, read_timeout_sec). Raises BadInput for a transport that pypsrp has not.
    """

    def extra(name: str, default: Any = None) -> Any:
        value = extras.get(f"ansible_winrm_{name}")
        return default if value is None else value

    port = int(option("port"))
    scheme = option("scheme") or ("http" if port == 5985 else "https")
    user = option("remote_user")
    transports = [name for name in option("transport") or () if name]
    transport = transports[0] if transports else ("kerberos" if user and "@" in user else "ssl" if scheme == "https" else "plaintext")
    if transport not in _AUTHENTICATIONS:
        raise BadInput(
            f"ansible_winrm_transport is {transport}, which is not one of {', '.join(sorted(_AUTHENTICATIONS))}. Nothing was changed."
        )
    authentication = _AUTHENTICATIONS[transport]
    realm = extra("realm")
    if authentication == "kerberos" and realm and user and "@" not in user:
        user = f"{user}@{realm}"
    # A managed ticket is fetched with the password by the Kerberos library; a manual one is in the cache already.
    has_ticket = authentication == "kerberos" and option("kerberos_mode") == "manual"
    arguments: dict[str, Any] = {
        "server": option("remote_addr"),
        "port": port,
        "username": user,
        "password": None if has_ticket else option("remote_password"),
        "ssl": scheme == "https",
        "path": str(option("path")).lstrip("/"),
        "auth": authentication,
        # pywinrm, too, encrypts neither over https nor for Basic unless told to.
        "encryption": extra("message_encryption", "auto"),
        "cert_validation": _certificate_validation(extra),
    }
    if transport == "plaintext" and not arguments["ssl"]:
        arguments["encryption"] = "never"  # what the word asks for
    timeout = option("connection_timeout")
    if timeout:
        arguments.update(operation_timeout=int(timeout), read_timeout=int(timeout) + 10)
    for name, target in (("operation_timeout_sec", "operation_timeout"), ("read_timeout_sec", "read_timeout")):
        if extra(name) is not None:
            arguments[target] = int(extra(name))
    for name, target in (
        ("cert_pem", "certificate_pem"),
        ("cert_key_pem", "certificate_key_pem"),
        ("service", "negotiate_service"),
        ("kerberos_hostname_override", "negotiate_hostname_override"),
        ("credssp_auth_mechanism", "credssp_auth_mechanism"),
        ("proxy", "proxy"),
    ):
        if extra(name) is not None:
            arguments[target] = str(extra(name))
    for name, target in (
        ("kerberos_delegation", "negotiate_delegate"),
        ("send_cbt", "negotiate_send_cbt"),
        ("credssp_disable_tlsv1_2", "credssp_disable_tlsv1_2"),
    ):
        if extra(name) is not None:
            arguments[target] = boolean(extra(name))
    return arguments


def _certificate_validation(extra: Callable[..., Any]) -> bool | str:
    if extra("server_cert_validation") == "ignore":
        return False
    path = extra("ca_trust_path")
    return str(path) if path and path != "legacy_requests" else True
