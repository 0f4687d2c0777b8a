"""What to say: addresses, headers, bodies, attachments, and the bytes they become.

`email` has the value a program builds, `compose` turns it into bytes without ever holding an attachment
whole, `raw` carries messages that were composed elsewhere, `content` is the one protocol behind both, and
`envelope` says who sends to whom. Nothing here knows SMTP: how the bytes travel is `envoi.smtp`.
"""
