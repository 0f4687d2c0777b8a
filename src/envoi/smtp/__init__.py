"""How to say it: SMTP and LMTP as bytes in and bytes out, without any I/O.

`replies`, `commands`, `parameters`, `capabilities` and `data` are the vocabulary; `tables` says
what may follow what; `client` and `server` are the two roles of one dialogue; `sasl` logs in;
`redact` and `explain` make what was said fit for people. Not here: sockets, time, threads
(`envoi.drivers`), nor the order in which a session says things (`envoi.session`).
"""
