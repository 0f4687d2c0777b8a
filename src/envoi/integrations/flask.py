"""Flask (extra ``flask``): `Mail`, an extension over a session and an outbox.

A session lasts as long as the application context that first sends, an outbox as long as the process. Where
both are is said by the application's configuration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from flask import current_app, g

from envoi.client.outbox import Outbox
from envoi.client.session import SMTPSession
from envoi.errors import ConfigError

if TYPE_CHECKING:
    from flask import Flask

    from envoi.outbox.model import Ticket
    from envoi.session.outgoing import Mail as Sendable
    from envoi.session.receipt import Receipt

__all__ = ["Mail"]

_NAME = "envoi"
_SESSION = "_envoi_session"


class Mail:
    """Mail for applications of Flask's.

    ::

        mail = Mail()

        def create_app():
            app = Flask(__name__)
            app.config["ENVOI_URL"] = "smtps://app@mail.example.com"
            app.config["ENVOI_OPTIONS"] = {"password": os.environ["SMTP_PASSWORD"]}
            mail.init_app(app)

        @bp.post("/orders")
        def order():
            mail.send(Email(…))

    The configuration: ``ENVOI_URL`` or ``ENVOI_ACCOUNT`` (of envoi's configuration file) say where mail goes,
    ``ENVOI_OPTIONS`` are further arguments of `SMTPSession`, ``ENVOI_OUTBOX`` is the URL of an outbox.

    Args:
        app: the application; leave it out and call `init_app` where a factory makes it.
    """

    def __init__(self, app: Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Make the extension known to an application."""
        app.extensions[_NAME] = {}
        app.teardown_appcontext(_close_session)

    @property
    def session(self) -> SMTPSession:
        """The session of this application context; its connection is made by the first mail.

        Raises:
            ConfigError: the configuration does not say where to.
        """
        if _SESSION not in g:
            setattr(g, _SESSION, _make_session(_config()))
        found: SMTPSession = getattr(g, _SESSION)
        return found

    @property
    def outbox(self) -> Outbox:
        """The outbox of this application.

        Raises:
            ConfigError: the configuration names none.
        """
        kept: dict[str, Outbox] = current_app.extensions[_NAME]
        url: str | None = _config().get("ENVOI_OUTBOX")
        if not url:
            raise ConfigError(
                'there is no outbox: set ENVOI_OUTBOX, such as "sqlite:////var/lib/app/outbox.db"'
            )
        # Of two threads that come first, one's outbox is kept; the other's was never opened.
        return kept.get(url) or kept.setdefault(url, Outbox(url))

    def send(self, mail: Sendable, **options: Any) -> Receipt:
        """Send a mail now; arguments, result and errors as of `SMTPSession.send`."""
        return self.session.send(mail, **options)

    def submit(self, mail: Sendable, **options: Any) -> Ticket:
        """Submit a mail to the outbox; arguments, result and errors as of `Outbox.submit`."""
        return self.outbox.submit(mail, **options)


def _config() -> dict[str, Any]:
    return cast("dict[str, Any]", current_app.config)


def _make_session(config: dict[str, Any]) -> SMTPSession:
    url, account = config.get("ENVOI_URL"), config.get("ENVOI_ACCOUNT")
    options: dict[str, Any] = config.get("ENVOI_OPTIONS", {})
    if url and not account:
        return SMTPSession.from_url(url, **options)
    if account and not url:
        return SMTPSession.from_account(account, **options)
    raise ConfigError("where does mail go? Set either ENVOI_URL or ENVOI_ACCOUNT")


def _close_session(_: BaseException | None) -> None:
    found: SMTPSession | None = g.pop(_SESSION, None)
    if found is not None:
        found.close()
