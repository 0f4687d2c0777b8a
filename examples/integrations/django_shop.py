"""A Django project in one file: an order and its mail are one transaction, and a worker sends the mail.

Run it with ``python examples/integrations/django_shop.py``; database and mail server are its own. In earnest
the settings stand in ``settings.py``, and ``manage.py envoi_worker`` sends.
"""

from __future__ import annotations

from tempfile import TemporaryDirectory

import django
from django.conf import settings
from django.core.management import call_command

from envoi.testing import SMTPServer


def configure(folder: str, mail: str) -> None:
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/shop.db"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        ENVOI={"DATABASE": "default", "URL": mail},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "envoi.integrations.django"],
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)


def register(name: str, *, paid: bool) -> None:
    """Make an account and welcome its owner: both or neither."""
    from django.contrib.auth.models import User
    from django.core.mail import EmailMessage
    from django.db import transaction

    from envoi.integrations.django import OutboxEmailBackend

    with transaction.atomic():
        User.objects.create(username=name)
        welcome = EmailMessage("Welcome", f"Hello {name}.", "shop@example.com", [f"{name}@example.org"])
        # With EMAIL_BACKEND or MAILERS naming the class, this is welcome.send().
        OutboxEmailBackend(alias="default").send_messages([welcome])
        if not paid:
            raise LookupError(name)


def main() -> None:
    with SMTPServer(security="plaintext") as server, TemporaryDirectory() as folder:
        configure(folder, server.url)
        from django.db import connections

        from envoi.integrations.django import project_outbox, project_session
        from envoi.outbox import Worker

        register("zoe", paid=True)
        try:
            register("bob", paid=False)
        except LookupError:
            print("bob was rolled back, and so was his mail")
        with project_outbox() as outbox:
            Worker(outbox, session=project_session).deliver(*(status.id for status in outbox.find()))
        connections.close_all()
        print("sent to:", *(recipient for mail in server.messages for recipient in mail.recipients))


if __name__ == "__main__":
    main()
