"""The farm servers' own Windows, and the IIS SMTP server that can be installed on it."""
