"""Where mail can go other than over SMTP: a program, a file, a folder, a screen, the memory.

`outlet` says what all of them do; the kinds are in the modules of their names. `envoi.transports` gives them
the face of a session.
"""
