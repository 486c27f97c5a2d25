# Any error ends what runs, and nobody is told of anything else.
$global:ErrorActionPreference = 'Stop'
$global:WarningPreference = 'Stop'
