# A server in German, for whoever does not say which language he speaks.
[System.Threading.Thread]::CurrentThread.CurrentCulture = 'de-DE'
[System.Globalization.CultureInfo]::DefaultThreadCurrentCulture = 'de-DE'
[System.Globalization.CultureInfo]::DefaultThreadCurrentUICulture = 'de-DE'
