# What a session begins with. PowerShell has set the variable already, to what it knows, and made it read-only.
Set-Variable -Name PSSenderInfo -Value (Lab\Get-LabSender) -Scope Global -Force
