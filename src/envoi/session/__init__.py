"""The procedures of an SMTP session, as flows over ports.

Here: connecting and greeting, TLS, authentication, submitting a message, and the runner that
drives a flow without an event loop. Not here: sockets, clocks, threads (see `envoi.drivers`), the
wording of commands (see `envoi.smtp`), the classes users hold (see `envoi.client`).
"""
