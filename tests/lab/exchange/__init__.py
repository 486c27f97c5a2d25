"""An Exchange 2016 organisation: objects as its cmdlets show them, and the SMTP servers and mail transport that obey them."""
