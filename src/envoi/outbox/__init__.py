"""The durable queue: mail is on disk before `submit` returns, and leaves only with a server's word.

`model` has the values, `store` the port behind which an engine keeps them, `account_rules` and
`account_state` what an account may do now, `policy` what follows from an attempt, and the flows are
`submitting`, `steering` and `worker`. All of it is pure: time, disks, databases and sockets are in
`envoi.drivers`; the faces are `envoi.client.outbox` and `envoi.client.worker`.
"""
