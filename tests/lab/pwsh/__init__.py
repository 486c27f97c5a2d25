"""A real PowerShell behind the lab's WSMan front: a child process for each shell, whose cmdlets ask the lab's world what they do."""
