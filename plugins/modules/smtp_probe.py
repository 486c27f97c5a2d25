#!/usr/bin/python
# Copyright: (c) 2026, sharepoint.mail contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the module; it runs as an action plugin on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_probe
short_description: Tests over SMTP what mail servers offer and accept
version_added: 0.1.0
description:
  - Connects from the controller as an unlisted host would, asks for the server's extensions before and after STARTTLS, reads
    its certificate, and offers a sender and a recipient. Unless O(send=true), it stops there and nothing is sent.
  - With O(username) it logs on before it offers the sender, as a relay or a person's mail program does. Else it stays anonymous.
  - The result is for the controller's address; another host may meet another receive connector.
author:
  - sharepoint.mail contributors (@sharepoint-mail)
extends_documentation_fragment:
  - sharepoint.mail.attributes
  - sharepoint.mail.attributes.controller
  - sharepoint.mail.attributes.report
options:
  host:
    description:
      - Name or address of the mail server. Needed unless O(probes) is given.
    type: str
  port:
    description:
      - Its port.
    type: int
    default: 25
  source_address:
    description:
      - Address of the controller to connect from.
    type: str
  ehlo:
    description:
      - Name for EHLO. The controller's host name by default.
    type: str
  mail_from:
    description:
      - Sender in the envelope; empty for the null sender. Needed, here or in each of O(probes).
    type: str
  rcpt_to:
    description:
      - Recipient in the envelope. Needed, here or in each of O(probes).
    type: str
  send:
    description:
      - Send a message, instead of withdrawing after the recipient was accepted. Skipped in check mode.
    type: bool
    default: false
  token:
    description:
      - Word in the subject of a message that is sent, by which M(sharepoint.mail.mailbox_message) finds it.
    type: str
  starttls:
    description:
      - Use STARTTLS where the server offers it. When it fails, the return value RV(tls_error) says why, and the rest is tried in
        clear text. Never used in the scenario V(tls_missing).
    type: bool
    default: true
  validate_certs:
    description:
      - Whether the server's certificate must be trusted and contain the name. Without it, RV(certificate)
        still reports both, and the session continues under TLS.
    type: bool
    default: true
  ca_path:
    description:
      - File on the controller with the trusted certificate authorities; the controller's own by default.
    type: path
  tls_name:
    description:
      - Name that the certificate must contain, as when O(host) is an address. O(host) by default.
    type: str
  username:
    description:
      - Account to log on as, C(DOMAIN\name) or a user principal name, by C(AUTH LOGIN) or, where the server does not offer it, by
        C(AUTH NTLM). Needs O(password).
      - A logon that is refused ends the session; RV(stage) is then V(auth), and RV(reply) says why.
    type: str
  password:
    description:
      - The account's password. It is only sent under TLS, unless O(allow_plain_text_logon=true); O(validate_certs=false) sends it to any
        server that answers.
    type: str
  allow_plain_text_logon:
    description:
      - Log on even where the connection is not encrypted and the password can be read on the network.
    type: bool
    default: false
  timeout:
    description:
      - Seconds to wait for each answer. Exchange delays a refusal by 5 seconds (C(TarpitInterval)).
    type: float
    default: 30
  scenario:
    description:
      - A name, returned as it is. M(sharepoint.mail.delivery_report) takes it as the id of a scenario.
    type: str
  server:
    description:
      - The server's name in Exchange, returned as it is.
    type: str
  probes:
    description:
      - Several probes, tried in parallel; their results are in RV(probes). What a probe does not set is taken from the options above.
    type: list
    elements: dict
    suboptions:
      host:
        description:
          - The mail server of this probe.
        type: str
      port:
        description:
          - As O(port), for this probe.
        type: int
      source_address:
        description:
          - As O(source_address), for this probe.
        type: str
      ehlo:
        description:
          - As O(ehlo), for this probe.
        type: str
      mail_from:
        description:
          - As O(mail_from), for this probe.
        type: str
      rcpt_to:
        description:
          - As O(rcpt_to), for this probe.
        type: str
      send:
        description:
          - As O(send), for this probe.
        type: bool
      token:
        description:
          - As O(token), for this probe.
        type: str
      starttls:
        description:
          - As O(starttls), for this probe.
        type: bool
      validate_certs:
        description:
          - As O(validate_certs), for this probe.
        type: bool
      ca_path:
        description:
          - As O(ca_path), for this probe.
        type: path
      tls_name:
        description:
          - As O(tls_name), for this probe.
        type: str
      username:
        description:
          - As O(username), for this probe.
        type: str
      password:
        description:
          - As O(password), for this probe.
        type: str
      allow_plain_text_logon:
        description:
          - As O(allow_plain_text_logon), for this probe.
        type: bool
      timeout:
        description:
          - As O(timeout), for this probe.
        type: float
      scenario:
        description:
          - As O(scenario), for this probe.
        type: str
      server:
        description:
          - As O(server), for this probe.
        type: str
seealso:
  - module: sharepoint.mail.delivery_report
"""

EXAMPLES = r"""
- name: May anybody relay to another domain
  sharepoint.mail.smtp_probe:
    host: ex01.example.com
    mail_from: sharepoint@example.com
    rcpt_to: nobody@example.net
    scenario: unlisted_relay
  register: probe

- name: What do the server's bindings offer, and is TLS really required on the second
  sharepoint.mail.smtp_probe:
    mail_from: sharepoint@example.com
    rcpt_to: mailtest@example.com
    ca_path: /etc/ssl/certs/corp-ca.pem
    probes:
      - {host: ex01.example.com, port: 25}
      - {host: ex01.example.com, port: 1026, scenario: tls_missing, server: EX01}
  register: bindings

- name: May the relay's account send as Alice by now
  sharepoint.mail.smtp_probe:
    host: ex01.example.com
    port: 587
    username: CORP\svc_relay
    password: "{{ relay_password }}"
    mail_from: alice@example.com
    rcpt_to: mailtest@example.com
    send: true
    token: "send-as-{{ 999999 | random }}"
  register: as_alice
"""

RETURN = r"""
probes:
  description: Results of O(probes), in that order, each with the values below. Without O(probes) these are in the result itself.
  returned: with O(probes)
  type: list
  elements: dict
outcome:
  description:
    - V(accepted) - the recipient, and with O(send=true) the message, was accepted.
    - V(refused) - the server rejected it, or closed a connection that it had accepted.
    - V(not_connected) - there was no connection, no answer in time, or no way to log on (RV(auth_error)); nothing is known.
  returned: success
  type: str
stage:
  description: Where the session ended - V(connect), V(greeting), V(ehlo), V(starttls), V(auth), V(mail), V(rcpt), V(data), or V(done).
  returned: success
  type: str
reply:
  description: The server's last reply at that stage, with its code; a reply of several lines as one.
  returned: success
  type: str
  sample: 550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain
client_address:
  description: The controller's end of the connection.
  returned: success
  type: str
seen_as:
  description: The controller's address as the server's greeting gives it (Exchange does); empty where it does not.
  returned: success
  type: str
banner:
  description: The server's greeting.
  returned: success
  type: str
keywords:
  description: Lines of the reply to EHLO in clear text.
  returned: success
  type: list
  elements: str
keywords_after_tls:
  description: Lines of the reply to EHLO under TLS; V(null) where there was no TLS.
  returned: success
  type: list
  elements: str
auth_before_tls:
  description: Authentication mechanisms offered in clear text.
  returned: success
  type: list
  elements: str
auth_after_tls:
  description: Authentication mechanisms offered under TLS; V(null) where there was no TLS.
  returned: success
  type: list
  elements: str
tls_version:
  description: Version of TLS; empty where there was none.
  returned: success
  type: str
certificate:
  description: The server's certificate, trusted or not; V(null) where there was no TLS.
  returned: success
  type: dict
  contains:
    subject:
      description: Subject of the certificate.
      type: str
    names:
      description: DNS names and addresses that it is for.
      type: list
      elements: str
    issuer:
      description: Issuer of the certificate.
      type: str
    not_after:
      description: Until when it is valid, ISO 8601, UTC.
      type: str
    name:
      description: The name that it was checked for, O(tls_name) or O(host).
      type: str
    name_matches:
      description: Whether it is for that name.
      type: bool
    name_error:
      description: Why not.
      type: str
    trusted:
      description: Whether it is trusted now by the authorities in O(ca_path).
      type: bool
    trust_error:
      description: Why not.
      type: str
policy:
  description: What the session suggests about the server's rules; V(null) where it shows nothing.
  returned: success
  type: dict
  contains:
    max_size:
      description: Maximum message size in bytes.
      type: int
    starttls:
      description: Whether STARTTLS is offered.
      type: bool
    requires_tls:
      description: Whether mail in clear text is refused.
      type: bool
    requires_authentication:
      description: Whether mail from clients that have not logged on is refused.
      type: bool
tls_error:
  description: Why STARTTLS failed, or what was wrong with the certificate.
  returned: success
  type: str
authenticated:
  description: Whether the server accepted the logon; V(false) without O(username).
  returned: success
  type: bool
auth_reply:
  description: The server's reply to the logon; empty where there was none.
  returned: success
  type: str
  sample: 235 2.7.0 Authentication successful
auth_error:
  description: Why no logon could be tried, as when there was no TLS; empty otherwise.
  returned: success
  type: str
sent:
  description: Whether a message was sent and accepted.
  returned: success
  type: bool
transcript:
  description:
    - The session, line by line, C(->) from the client, C(<-) from the server, C(~) under TLS, C(**) for a refusal.
    - It does not contain logon data.
  returned: success
  type: list
  elements: str
host:
  description: O(host), as O(port), O(mail_from), O(rcpt_to), O(scenario), O(server) and O(token) as given.
  returned: success
  type: str
"""
