"""Mail merge: one template, many rows, a mail for each.

`template` has the `Template` that a program makes, `merging` goes through rows with it, `rows` reads them
from CSV and JSON Lines. `sandbox` is all there is of Jinja, `mjml` of mrml; `folder` finds the files. What
recipients share is encoded once: words in `woven`, attachments in `envoi.message.shared`.
"""
