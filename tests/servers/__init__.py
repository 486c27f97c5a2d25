"""The collection's mail protocols against Debian's Postfix and Dovecot, which run for these tests alone."""
