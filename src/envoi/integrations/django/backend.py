"""`EmailBackend`: Django's mail over an `SMTPSession`.

The contract is that of Django's own backend for SMTP: `open`, `close`, `send_messages` and what they return.
Where the settings are read is `sessions`; what is sent, `mail`.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from django.core.mail.backends.base import BaseEmailBackend

from envoi.errors import DeliveryError, MessageTooLarge, NotSupportedByServer
from envoi.integrations.django.mail import as_mail
from envoi.integrations.django.sessions import OPTIONS, make_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.core.mail import EmailMessage

    from envoi.client.session import SMTPSession

__all__ = ["EmailBackend"]

_logger = logging.getLogger("envoi.integrations.django")
_REFUSALS = (DeliveryError, MessageTooLarge, NotSupportedByServer)


class EmailBackend(BaseEmailBackend):
    """Send Django's mail at once, over a session that stays open between `open` and `close`.

    With Django 6.1::

        MAILERS = {
            "default": {
                "BACKEND": "envoi.integrations.django.EmailBackend",
                "OPTIONS": {"url": "smtps://app@mail.example.com", "password": os.environ["SMTP_PASSWORD"]},
            },
        }

    ``OPTIONS`` says where mail goes by one of ``url``, ``account`` (of envoi's configuration file) and
    ``host``; beside it may stand every argument of `SMTPSession`, and Django's ``use_tls`` (STARTTLS),
    ``use_ssl``, ``ssl_certfile`` and ``ssl_keyfile``. Without any word on TLS it is STARTTLS, required.

    Without ``MAILERS``::

        EMAIL_BACKEND = "envoi.integrations.django.EmailBackend"
        ENVOI = {"URL": "smtps://app@mail.example.com", "OPTIONS": {"password": os.environ["SMTP_PASSWORD"]}}

    with ``ACCOUNT`` instead of ``URL``, or with Django's ``EMAIL_HOST`` and its kin instead of ``ENVOI``.
    Passwords never leave in clear: with them belongs ``EMAIL_USE_TLS`` or ``EMAIL_USE_SSL``.

    Each message that was sent has its `Receipt` as the attribute ``envoi_receipt``. A message of which some
    recipients were refused counts as sent, and is logged with their replies.

    Args:
        fail_silently: neither raise nor send when the server cannot be reached or refuses.
        alias: of the mailer, given by Django.
        options: see above.
    """

    def __init__(self, *, fail_silently: bool = False, alias: str | None = None, **options: Any) -> None:
        unknown = {name: value for name, value in options.items() if name not in OPTIONS}
        super().__init__(alias=alias, **unknown)
        self.fail_silently = fail_silently
        self.connection: SMTPSession | None = None
        self._options = {name: value for name, value in options.items() if name in OPTIONS}
        self._lock = threading.RLock()

    def open(self) -> bool | None:
        """Return whether a connection had to be made for this; None when it silently failed.

        Raises:
            ConfigError: the settings do not say where to, or contradict themselves.
            DeliveryError: there is no connection to be had.
        """
        with self._lock:
            if self.connection is not None:
                return False
            session = make_session(self._options)
            try:
                self.connection = session.open()
            except DeliveryError:
                if not self.fail_silently:
                    raise
                return None
            return True

    def close(self) -> None:
        """Close the connection, if there is one."""
        with self._lock:
            session, self.connection = self.connection, None
            if session is not None:
                session.close()

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send messages, over one connection; return how many of them were sent.

        Raises:
            ConfigError: the settings do not say where to, or contradict themselves.
            UsageError: a message must change; those after it were not sent.
            DeliveryError: the server refused one, or went away; those after it were not sent.
        """
        if not email_messages:
            return 0
        with self._lock:
            opened = self.open()
            if self.connection is None:
                return 0
            try:
                return sum(self._send(self.connection, message) for message in email_messages)
            finally:
                if opened:
                    self.close()

    def _send(self, session: SMTPSession, message: EmailMessage) -> bool:
        if not message.recipients():
            return False
        try:
            receipt = session.send(as_mail(message))
        except _REFUSALS:
            if not self.fail_silently:
                raise
            return False
        message.envoi_receipt = receipt  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
        for address, reply in receipt.refused.items():
            _logger.warning("%s was refused: %s", address, reply)
        return True
