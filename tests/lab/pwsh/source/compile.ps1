# Compiles C# to assemblies, one after another. -Jobs is a JSON file: a list of {source, library, reference}, where a reference is an
# assembly beyond those of PowerShell itself, or null.
param([string] $Jobs)
$ErrorActionPreference = 'Stop'
foreach ($job in Get-Content -Raw -LiteralPath $Jobs | ConvertFrom-Json) {
    $more = @{}
    if ($job.reference) {
        $more.ReferencedAssemblies = @(Get-ChildItem -LiteralPath (Join-Path $PSHOME ref) -Filter *.dll | ForEach-Object FullName) +
            [PSObject].Assembly.Location + $job.reference
    }
    Add-Type -Path $job.source -OutputAssembly $job.library -OutputType Library -IgnoreWarnings @more
}
