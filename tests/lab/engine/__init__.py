"""A PowerShell remoting host in Python: WSMan and PSRP over HTTP, and an engine that answers as a real one was measured to."""
