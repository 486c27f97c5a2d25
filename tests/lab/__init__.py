"""A SharePoint farm, an Exchange organisation and an outside mail domain on loopback: real protocols, simulated products."""
