"""What the lab does with a real PowerShell. Skipped where there is none."""
