"""How fast mail is accepted, claimed and settled by an outbox, against what else keeps mail until it is sent.

Each contestant is a process of its own (`turns`) and takes its turn in every round; what is compared is the
ratio within a round. `sqlite_figures` has the questions, `report` the page.
"""
