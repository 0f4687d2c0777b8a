"""What is known about refused senders, recipients and messages: data for `explain`.

The first row that applies wins, so the narrow stand before the wide: a provider's own wording,
then an enhanced status code (RFC 3463, RFC 7372), then the bare code (RFC 5321). What
concerns logins is in `login_explanations`.
"""

from __future__ import annotations

from envoi.smtp.explanation import Explanation

__all__ = ["MAIL"]

_NO_SUCH_MAILBOX = (
    "There is no such mailbox. Check the address for typing errors; the recipient may have left."
)
_MAILBOX_FULL = (
    "The recipient's mailbox is full. Only the recipient can make room: try again in a day, or reach them "
    "another way."
)
_TOO_LARGE = (
    "The message is larger than the server takes. Send a smaller one, or a link instead of the attachment."
)
_NOT_YOUR_ADDRESS = (
    "The account may not send as this address. Use its own address as envelope sender and in From, log in "
    "as the owner of the other, or have the permission to send as it granted (at Microsoft SendAs, which "
    "takes up to an hour to work)."
)
_NO_PROOF_OF_ORIGIN = (
    "The receiving side takes no mail from this domain without proof of origin. Publish SPF for the server "
    "that sends, sign with DKIM, and align both with the domain of the From header (DMARC)."
)
_TOO_MUCH_AT_ONCE = "Too many connections or messages from here. Wait, then send more slowly."

MAIL = (
    Explanation(_NOT_YOUR_ADDRESS, enhanced=("5.7.60", "5.2.252")),
    Explanation(
        _NOT_YOUR_ADDRESS,
        words=("sendasdenied", "send as this sender", "not owned by user", "not allowed to send as"),
    ),
    Explanation(
        "The provider has blocked the account from sending, or its quota for the day is used up. Read its "
        "notices, and change the password in case somebody else sends with it.",
        words=("bad outbound sender", "sending limit", "sending quota"),
    ),
    Explanation(
        _NO_PROOF_OF_ORIGIN, enhanced=("5.7.20", "5.7.21", "5.7.22", "5.7.23", "5.7.24", "5.7.26", "5.7.515")
    ),
    Explanation(
        _NO_PROOF_OF_ORIGIN, codes=(550, 554), words=("unauthenticated", "dmarc", "spf check", "spf fail")
    ),
    Explanation(
        "The network address the connection comes from has no name that leads back to it. Give it a PTR "
        "record, or send through a relay that has one.",
        enhanced=("4.7.25", "5.7.25"),
    ),
    Explanation(
        "The network address the connection comes from is on a block list. Find out there why, or send "
        "through the provider's submission server with a login.",
        words=("spamhaus", "spamcop", "blocklist", "blacklist", "block list"),
    ),
    Explanation(
        "This server delivers to its own domains only, unless the sender logs in. Give credentials, or use "
        "the submission server of the sender's provider.",
        words=(
            "relay access denied",
            "relaying denied",
            "relay not permitted",
            "unable to relay",
            "relay denied",
        ),
    ),
    Explanation(
        "The server lets unknown senders wait before it takes their first message (greylisting). Try again "
        "in some minutes, from the same network address.",
        codes=(421, 450, 451, 452),
        words=("greylist", "graylist", "grey list", "grey-list"),
    ),
    Explanation(_NO_SUCH_MAILBOX, enhanced=("5.1.1", "5.1.6")),
    Explanation(
        _NO_SUCH_MAILBOX,
        codes=(550, 553),
        words=("user unknown", "unknown user", "no such user", "recipientnotfound", "recipient not found"),
    ),
    Explanation(
        "The domain takes no mail at all, and says so in the DNS (RFC 7505). Check it for typing errors.",
        enhanced=("5.1.10",),
    ),
    Explanation(
        "The domain behind the @ does not exist, or nothing there takes mail. Check it for typing errors.",
        enhanced=("5.1.2", "5.4.4"),
    ),
    Explanation(
        "The server does not read this as an address. Check it for typing errors.", enhanced=("5.1.3",)
    ),
    Explanation(
        "The server does not accept the envelope sender: its domain does not exist as far as it can see, or "
        "it is no address at all.",
        enhanced=("4.1.8", "5.1.7", "5.1.8"),
    ),
    Explanation("The mailbox exists but is disabled. Reach the recipient another way.", enhanced=("5.2.1",)),
    Explanation(_MAILBOX_FULL, enhanced=("4.2.2", "5.2.2")),
    Explanation(
        _MAILBOX_FULL, codes=(450, 452, 550, 552), words=("mailbox full", "mailbox is full", "over quota")
    ),
    Explanation(_TOO_LARGE, enhanced=("5.2.3", "5.3.4")),
    Explanation(_TOO_LARGE, codes=(552,), words=("size",)),
    Explanation(
        "The server takes no message with such content or attachments, at Google programs and archives with "
        "programs in them. Send a link instead.",
        codes=(552,),
        enhanced=("5.7.0",),
    ),
    Explanation(
        "Too many recipients in one message for this server. Send to the others in a further one.",
        enhanced=("4.5.3", "5.5.3"),
    ),
    Explanation(_TOO_MUCH_AT_ONCE, enhanced=("4.7.28", "5.7.28")),
    Explanation(
        _TOO_MUCH_AT_ONCE,
        codes=(421, 450, 451, 452, 550, 554),
        words=("too many", "rate limit", "rate-limit", "throttl", "connection limit"),
    ),
    Explanation("The server is short of disk space. Try again later.", enhanced=("4.3.1",)),
    Explanation(
        "The server does not like the name this machine introduces itself with. Give a full host name as "
        "local_hostname=….",
        codes=(450, 501, 504, 550, 554),
        words=("helo", "ehlo"),
    ),
    Explanation(
        "An address with letters beyond ASCII has to pass a server that cannot carry it. Use the "
        "recipient's ASCII address.",
        enhanced=("5.6.7",),
    ),
    Explanation(
        "The message demands TLS all the way (REQUIRETLS, RFC 8689), and the next server cannot promise "
        "that.",
        enhanced=("5.7.30",),
    ),
    Explanation(
        "The server does not know a parameter of MAIL or RCPT. Leave out the option that asked for it "
        "(delivery status notification, priority, …).",
        codes=(555,),
    ),
    Explanation(
        "This server takes no mail at all. Check the host name, and send through the provider's submission "
        "server.",
        codes=(521, 556),
    ),
    Explanation(
        "A policy of the receiving server refuses this: often the sender's reputation, the content, or a "
        "login that is missing. Its text, or its postmaster, tells more.",
        codes=(550, 553, 554),
        enhanced=("5.7.0", "5.7.1"),
    ),
)
"""Senders, recipients and messages."""
