"""`OutboxEmailBackend`: Django's mail into an outbox, with the transaction that is open.

What sends it is a worker: ``manage.py envoi_worker``. Where the outbox is, is `outboxes`; how mail is sent
at once, `backend`.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias

from django.core.mail.backends.base import BaseEmailBackend

from envoi.errors import EnvoiError, OutboxError
from envoi.integrations.django.mail import as_mail, submit_options
from envoi.integrations.django.outboxes import outbox_at, place_of_project, transaction_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from django.core.mail import EmailMessage

    from envoi.message.raw import RawEmail
    from envoi.outbox.model import Ticket

    _Mail: TypeAlias = tuple[EmailMessage, RawEmail]

__all__ = ["OutboxEmailBackend"]


class OutboxEmailBackend(BaseEmailBackend):
    """Submit Django's mail to an outbox: it is on disk when `send` returns, and leaves when a worker has it.

    With Django 6.1::

        MAILERS = {
            "default": {
                "BACKEND": "envoi.integrations.django.OutboxEmailBackend",
                "OPTIONS": {"database": "default", "account": "relay"},
            },
            "relay": {
                "BACKEND": "envoi.integrations.django.EmailBackend",
                "OPTIONS": {"url": "smtps://app@mail.example.com", "password": os.environ["SMTP_PASSWORD"]},
            },
        }

    Without ``MAILERS``::

        EMAIL_BACKEND = "envoi.integrations.django.OutboxEmailBackend"
        ENVOI = {"DATABASE": "default", "URL": "smtps://app@mail.example.com"}

    ``database`` is the alias of a database of the project, PostgreSQL or SQLite: what is sent inside
    ``transaction.atomic()`` commits or rolls back with it. ``outbox`` is the URL of an outbox elsewhere, on
    its own. With the app in ``INSTALLED_APPS``, ``manage.py migrate`` makes the tables.

    A message may say more in its attribute ``envoi_options``, a dict of arguments of `Outbox.submit`:
    ``key``, ``account``, ``send_at``, ``priority``, ``expires_at``, ``options``. Afterwards it has its ticket
    as ``envoi_ticket``.

    Args:
        outbox: see above.
        database: see above; what the setting ``ENVOI`` says when neither is given.
        account: which account sends it, unless the message says so itself.
        fail_silently: do not raise when the outbox is away or does not take a message.
        alias: of the mailer, given by Django.
        options: none; unknown ones are Django's to complain of.
    """

    def __init__(
        self,
        *,
        outbox: str | Path | None = None,
        database: str | None = None,
        account: str = "",
        fail_silently: bool = False,
        alias: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(alias=alias, **options)
        self.fail_silently = fail_silently
        self._place: dict[str, Any] = {"outbox": outbox, "database": database}
        self._account = account

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Submit messages; return how many were accepted.

        One that is not taken keeps no other from being accepted: the first error is raised at the end, and
        what was accepted has its ticket.

        Raises:
            ConfigError: the settings name no outbox.
            UsageError: a message must change; when it is for one of its addresses, none was accepted.
            OutboxError: the outbox did not take one, or is away.
        """
        mails = [(message, as_mail(message)) for message in email_messages if message.recipients()]
        accepted, failed = 0, None
        try:
            for message, answer in self._submitted(mails):
                if isinstance(answer, EnvoiError):
                    failed = failed or answer
                    continue
                message.envoi_ticket = answer  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
                accepted += 1
        except OutboxError as error:  # the outbox itself
            failed = error
        if failed is not None and not (self.fail_silently and isinstance(failed, OutboxError)):
            raise failed
        return accepted

    def _submitted(self, mails: Iterable[_Mail]) -> Iterator[tuple[EmailMessage, Ticket | EnvoiError]]:
        """Submit together what says the same of itself: a hundred in a commit."""
        for options, alike in groupby(mails, key=self._options):
            group = list(alike)
            answers = self._submit(group, options)
            yield from zip((message for message, _ in group), answers, strict=True)

    def _submit(self, group: list[_Mail], options: dict[str, Any]) -> Iterator[Ticket | EnvoiError]:
        place = self._place if any(self._place.values()) else place_of_project()
        keys = {id(mail): submit_options(message).get("key", "") for message, mail in group}
        return outbox_at(**place).submit_all(
            (mail for _, mail in group),
            key=lambda mail: keys[id(mail)],
            connection=transaction_of(place.get("database")),
            **options,
        )

    def _options(self, mail: _Mail) -> dict[str, Any]:
        options = {"account": self._account, **submit_options(mail[0])}
        options.pop("key", None)
        return options
