# What people set for themselves, and forget.
$global:PSDefaultParameterValues = @{ '*:ErrorAction' = 'Stop'; 'Get-Variable:Scope' = '0'; 'Select-Object:First' = 1 }
$global:ConfirmPreference = 'Low'
$global:WhatIfPreference = $true
$global:VerbosePreference = 'Continue'
