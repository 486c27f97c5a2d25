"""Tests of the mailboxes: EWS and IMAP, as real clients see them."""
