"""Which requests the served console answers, and what its answers forbid a browser. Pure.

There is no password: whoever a browser speaks for is taken for the person. So a page of another origin must not speak
to the console through that person's browser, neither by a WebSocket of its own (which browsers allow to any page),
nor under a name that it made to lead here (DNS rebinding), nor by the console in a frame of its own.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address

HOST = re.compile(r"(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(?::\d{1,5})?", re.IGNORECASE)

LOCAL_NAME = "localhost"

POLICY = (
    "default-src 'none'; script-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; "
    # The terminal in the page writes its own style elements.
    "style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""A browser fetches nothing from elsewhere for the page, and puts it into no other one."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Of every answer."""


def refusal(headers: Mapping[str, str], names: frozenset[str], *, is_socket: bool) -> str | None:
    """Return why a request is not answered, as a sentence, or ``None`` where it is.

    The port is not looked at: at the near end of an SSH tunnel it is another one.
    """
    host = headers.get("Host", "").lower()
    parts = HOST.fullmatch(host)
    if parts is None:
        return "The request does not say which host it is for."
    name = parts["name"] or parts["six"]
    if name not in names and not _is_address(name):
        return f"The console is not served under the name {name}."
    origin = headers.get("Origin", "").lower()
    if origin and origin != f"http://{host}":
        return "The console does not answer pages of other origins."
    if is_socket and not origin:
        # Every browser says it; what is no browser has no business here.
        return "The request does not say which page it comes from."
    return None


def _is_address(name: str) -> bool:
    """Whether it is no name: rebinding needs one, an address leads where it says."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
