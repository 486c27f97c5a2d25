"""A SharePoint farm of two servers: its objects and cmdlets, its timer service, its web sites, and the mail that they send."""
