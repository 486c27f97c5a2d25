"""Debian's Dovecot: mailboxes in Maildir format over IMAPS, and the accounts for Postfix's SMTP AUTH."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.servers.daemon import daemon

IMAPS_PORT = 1993
MAIL_ID = 5000
"""User and group that own the mail; they need no name."""

CONFIGURATION = """\
protocols = imap
listen = {address}
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {log}
auth_verbose = yes
mail_debug = yes
ssl = required
ssl_cert = <{certificate}/server.pem
ssl_key = <{certificate}/server.key
disable_plaintext_auth = yes
auth_mechanisms = plain login
mail_location = maildir:{mail}/%d/%n
first_valid_uid = {mail_id}
first_valid_gid = {mail_id}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid={mail_id} gid={mail_id} home={mail}/%d/%n
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service auth {{
  unix_listener {folder}/auth {{
    mode = 0666
  }}
}}
{more}
"""


@dataclasses.dataclass(frozen=True)
class Dovecot:
    """A running Dovecot. ``mail`` holds one Maildir for each address, as DOMAIN/NAME; ``auth`` is the socket for SMTP servers."""

    address: str
    port: int
    mail: Path
    auth: Path
    log: Path

    def raw(self, address: str) -> list[bytes]:
        """The messages in this inbox, byte by byte as they were delivered."""
        name, _at, domain = address.partition("@")
        return [path.read_bytes() for folder in ("new", "cur") for path in sorted((self.mail / domain / name / folder).glob("*"))]


@contextlib.contextmanager
def dovecot(
    folder: Path, log: Path, address: str, certificate: Path, people: Mapping[str, str], mail: Path, more: str = ""
) -> Iterator[Dovecot]:
    """Runs Dovecot for ``people`` (address to password); ``certificate`` is a folder that trustme wrote, ``more`` further settings."""
    folder.mkdir(mode=0o711)
    users = folder / "users"
    users.write_text("".join(f"{name}:{{PLAIN}}{password}\n" for name, password in people.items()), encoding="utf-8")
    users.chmod(0o644)
    configuration = folder / "dovecot.conf"
    configuration.write_text(
        CONFIGURATION.format(
            address=address, folder=folder, log=log, certificate=certificate, mail=mail, mail_id=MAIL_ID, port=IMAPS_PORT, more=more
        ),
        encoding="utf-8",
    )
    with daemon(["/usr/sbin/dovecot", "-F", "-c", str(configuration)], log, [(address, IMAPS_PORT)]):
        yield Dovecot(address, IMAPS_PORT, mail, folder / "auth", log)
