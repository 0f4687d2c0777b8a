"""A database for each test, with Django's tables in it, and settings that go with it."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.django_project import configure

configure()

from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.test import override_settings  # noqa: E402

from envoi.integrations.django.outboxes import close_outboxes, project_outbox  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envoi import Outbox
    from envoi.testing import SMTPServer


@contextmanager
def at(path: Path) -> Iterator[None]:
    """Have the project's database in a file."""
    known = connections["default"].settings_dict
    before, known["NAME"] = known["NAME"], str(path)
    yield
    close_outboxes()
    connections.close_all()
    known["NAME"] = before


@pytest.fixture
def options(smtp_server: SMTPServer) -> dict[str, object]:
    """What a mailer's OPTIONS have to say for the test server."""
    return dict(smtp_server.session_options())


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with Django's tables, to be copied."""
    path = tmp_path_factory.mktemp("django") / "empty.db"
    with at(path):
        call_command("migrate", verbosity=0)
    return path


@pytest.fixture
def database(migrated: Path, tmp_path: Path) -> Iterator[Path]:
    """The project's database: of this test alone."""
    path = tmp_path / "project.db"
    shutil.copy(migrated, path)
    with at(path):
        yield path


@pytest.fixture
def outbox(database: Path, options: dict[str, object]) -> Iterator[Outbox]:
    """The project's outbox, in its database; sent by the test server."""
    host = options.pop("host")
    with override_settings(ENVOI={"DATABASE": "default", "HOST": host, "OPTIONS": options}):
        opened = project_outbox()
        opened.migrate()
        yield opened
