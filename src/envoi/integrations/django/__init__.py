"""Django: e-mail backends over a session or an outbox, and the outbox in the admin.

``envoi.integrations.django.EmailBackend`` sends at once, ``….OutboxEmailBackend`` writes into an outbox, in
the transaction that is open; both take the settings that are described at `EmailBackend` and
`OutboxEmailBackend`. With ``"envoi.integrations.django"`` in ``INSTALLED_APPS`` the admin shows the outbox,
``manage.py migrate`` keeps its tables and ``manage.py envoi_worker`` sends what is in it.
"""

from __future__ import annotations

from envoi.integrations.django.backend import EmailBackend
from envoi.integrations.django.outbox_backend import OutboxEmailBackend
from envoi.integrations.django.outboxes import project_outbox
from envoi.integrations.django.sessions import project_session

__all__ = ["EmailBackend", "OutboxEmailBackend", "project_outbox", "project_session"]
