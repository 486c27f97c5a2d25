"""Debian's Postfix as the mail server of one domain, as strict as it can be made about what it is given."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.servers.daemon import LIFETIME, daemon

DOMAIN = "outside.example"
NAME = f"mx.{DOMAIN}"
SMTP_PORT = 2525
ELSEWHERE = "mx.elsewhere.example"
ELSEWHERE_PORT = 2528
ARCHIVE = f"archive@{DOMAIN}"
"""Gets a copy of every message, which stays when the original is removed."""

MAIN = {
    "compatibility_level": "3.6",
    "command_directory": "/usr/sbin",
    "myhostname": NAME,
    "mydestination": "",
    "mynetworks": "",
    "local_transport": "error:no mail for this machine",
    "alias_maps": "",
    "alias_database": "",
    # Postfix accepts here only what the interface lists; master.cf names the address that it listens on.
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "ipv4",
    "append_dot_mydomain": "no",
    "biff": "no",
    "smtputf8_enable": "yes",
    "virtual_mailbox_domains": DOMAIN,
    "virtual_transport": "virtual",
    "always_bcc": ARCHIVE,
    "smtpd_relay_restrictions": "permit_sasl_authenticated, reject_unauth_destination",
    "smtpd_recipient_restrictions": (
        "reject_non_fqdn_recipient, reject_unlisted_recipient, "
        f"check_recipient_access inline:{{{{later@{DOMAIN} = 450 4.2.0 Greylisted, try again later}}}}"
    ),
    "smtpd_tls_security_level": "may",
    "smtpd_tls_auth_only": "yes",
    "smtpd_sasl_auth_enable": "yes",
    "smtpd_sasl_type": "dovecot",
    # What a careless client sends is refused rather than mended.
    "strict_rfc821_envelopes": "yes",
    "strict_7bit_headers": "yes",
    "strict_8bitmime_body": "yes",
    "strict_mime_encoding_domain": "yes",
    "smtpd_helo_required": "yes",
    "smtpd_helo_restrictions": "reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname",
    "smtpd_sender_restrictions": "reject_non_fqdn_sender",
    "smtpd_forbid_unauth_pipelining": "yes",
    "smtpd_forbid_bare_newline": "reject",
    "smtpd_forbid_bare_newline_exclusions": "",
    "always_add_missing_headers": "no",
    "local_header_rewrite_clients": "",
}

# Port, and what differs there from main.cf.
SERVICES: Mapping[int, Mapping[str, str]] = {
    SMTP_PORT: {},
    # Nothing without TLS.
    2526: {"smtpd_tls_security_level": "encrypt"},
    # AUTH in clear text, announced in today's and yesterday's manner; refusals of several lines; VRFY and ETRN not announced.
    2527: {
        "smtpd_tls_auth_only": "no",
        "broken_sasl_auth_clients": "yes",
        "smtpd_reject_footer": r"\c. For assistance, call 800-555-0101.\nPlease give the time and your address $client_address.",
        "smtpd_discard_ehlo_keywords": "vrfy,etrn",
    },
    # No STARTTLS and no AUTH. It bears another name, for mail that the first passes on to it and that it refuses.
    ELSEWHERE_PORT: {"smtpd_tls_security_level": "none", "smtpd_sasl_auth_enable": "no", "myhostname": ELSEWHERE},
    # Takes no connection of anybody.
    2529: {"smtpd_client_restrictions": "reject", "smtpd_delay_reject": "no"},
    # TLS from the first byte.
    2465: {"smtpd_tls_wrappermode": "yes"},
}

MASTER = """\
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


QUEUE = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace")


@dataclasses.dataclass(frozen=True)
class Postfix:
    """A running Postfix."""

    address: str
    log: Path

    @property
    def port(self) -> int:
        return SMTP_PORT


@contextlib.contextmanager
def postfix(
    folder: Path, log: Path, address: str, certificate: Path, mailboxes: Mapping[str, str], *, mail: Path, mail_id: int, auth: Path
) -> Iterator[Postfix]:
    """Runs Postfix on ``address``. ``mailboxes``: address to Maildir below ``mail``, owned by ``mail_id``; ``auth``: Dovecot's socket."""
    settings = {
        **MAIN,
        "daemon_directory": _default("daemon_directory"),
        "queue_directory": str(folder / "queue"),
        "data_directory": str(folder / "data"),
        "maillog_file": str(log),
        "maillog_file_prefixes": str(log.parent),
        "smtpd_tls_cert_file": str(certificate / "server.pem"),
        "smtpd_tls_key_file": str(certificate / "server.key"),
        "smtpd_sasl_path": str(auth),
        "transport_maps": f"inline:{{{{elsewhere.example = smtp:[{address}]:{ELSEWHERE_PORT}}}}}",
        "virtual_mailbox_base": str(mail),
        "virtual_mailbox_maps": "inline:{" + ", ".join(f"{{{name}={place}}}" for name, place in mailboxes.items()) + "}",
        "virtual_uid_maps": f"static:{mail_id}",
        "virtual_gid_maps": f"static:{mail_id}",
    }
    configuration = folder / "etc"
    for path in (folder, configuration, folder / "queue", folder / "data"):
        path.mkdir(mode=0o755)
    (configuration / "main.cf").write_text("".join(f"{key} = {value}\n" for key, value in settings.items()), encoding="utf-8")
    lines = [
        f"{address}:{port} inet n - n - - smtpd\n" + "".join(f"  -o {{ {key} = {value} }}\n" for key, value in changed.items())
        for port, changed in SERVICES.items()
    ]
    (configuration / "master.cf").write_text("".join(lines) + MASTER, encoding="utf-8")
    _make_queue(folder)
    command = [f"{settings['daemon_directory']}/master", "-s", "-e", str(LIFETIME), "-c", str(configuration)]
    with daemon(command, log, [(address, SMTP_PORT)]):
        yield Postfix(address, log)


def _default(name: str) -> str:
    return subprocess.run(["/usr/sbin/postconf", "-d", "-h", name], check=True, capture_output=True, text=True).stdout.strip()


def _make_queue(folder: Path) -> None:
    """The folders that Postfix expects, with their owners (its own file postfix-files lists them). ``postfix check`` would make them
    too, but not without a configuration in /etc/postfix."""
    shutil.chown(folder / "data", "postfix")
    queue = folder / "queue"
    (queue / "pid").mkdir(mode=0o755)
    for name in (*QUEUE, "public", "maildrop"):
        (queue / name).mkdir(mode=0o700)
        shutil.chown(queue / name, "postfix")
    for name, mode in (("public", 0o2710), ("maildrop", 0o1730)):
        shutil.chown(queue / name, group="postdrop")
        (queue / name).chmod(mode)
