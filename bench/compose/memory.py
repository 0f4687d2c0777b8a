"""Peak memory of composing and sending a mail with one large attachment from disk, DKIM-signed and not.

``python -m bench.compose.memory [MIB]`` makes a file of 512 MiB, or of what is asked for, and sends it over
SMTP to a sink, from fresh interpreters. Each prints the peak of its resident memory (`VmHWM` of Linux); the
exit code is 1 when one of them reaches 32 MiB.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench.compose.sink import Sink

_GOAL = 32.0
_PROGRAM = r"""
import re, sys, time
from envoi import Attachment, Email, SMTPSession

port, file, key = int(sys.argv[1]), sys.argv[2], sys.argv[3]
mail = Email(sender="a@example.org", to="b@example.org", text="x", attachments=[Attachment.from_path(file)])
if key:
    from envoi.message.signing import DKIMKey, DKIMSigner
    mail = DKIMSigner(DKIMKey.from_file(key, domain="example.org", selector="s")).sign(mail)
started = time.perf_counter()
with SMTPSession("127.0.0.1", port, security="plaintext") as session:
    {send}
print(round(time.perf_counter() - started, 2))
print(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1])
"""
_SEND = 'session.send(mail, **({"sender": "a@example.org", "recipients": ["b@example.org"]} if key else {}))'


def measure(file: Path, key: Path | None, *, chunking: bool) -> tuple[float, float, int]:
    """Seconds, MiB at the peak, and octets that arrived."""
    with Sink(chunking=chunking) as sink:
        program = _PROGRAM.replace("{send}", _SEND)
        command = [sys.executable, "-c", program, str(sink.port), str(file), str(key or "")]
        seconds, peak = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.split()
        return float(seconds), int(peak) / 1024, sink.octets


def main(mib: int) -> int:
    """Measure and print."""
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        large, key = Path(folder) / "large.bin", Path(folder) / "key.pem"
        with large.open("wb") as file:
            file.truncate(mib << 20)
        made = generate_private_key(65537, 2048)
        key.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        print(f"one attachment of {mib} MiB; the goal is a peak below {_GOAL:.0f} MiB")
        for signer, name in ((None, "plain"), (key, "DKIM-signed")):
            for chunking in (False, True):
                seconds, peak, octets = measure(large, signer, chunking=chunking)
                worst = max(worst, peak)
                way = "BDAT" if chunking else "DATA"
                print(f"{name:12} {way}  {peak:5.1f} MiB  {seconds:5.2f} s  {octets:,} octets arrived")
    return int(worst >= _GOAL)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 512))
