"""The classes that users hold: a flow of `session`, a driver, and a lock, put together.

Each pair `X` and `AsyncX` stands side by side in one file and has the same methods; the
difference is `await`. No logic lives here: what a session does is in `envoi.session`.
"""
