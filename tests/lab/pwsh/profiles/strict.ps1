# What is not there is an error.
Set-StrictMode -Version Latest
