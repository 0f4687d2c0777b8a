"""The only place where envoi touches the outside world.

Each driver implements Protocols of `envoi.ports` for one colour (`blocking`, `aio`) or for
both. What has no colour is written once and shared: TLS as bytes in and bytes out
(`tls_engine`), the stream over a connection (`stream`), the order in which addresses are tried
(`happy_eyeballs`), the way from a host name to a socket (`dial`), and what the operating system's
errors mean (`failures`, `tls_failures`). Nothing here knows SMTP.
"""
