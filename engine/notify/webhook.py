"""A server that takes messages as a POST of JSON: any answer with a status from 200 to 299 confirms.

What lies behind its host in the address is never told: with many services that is the secret.
"""

import time
from urllib.parse import urlsplit

import msgspec

from engine.notify.message import Message, Place, WayError
from engine.repository.targets.http import Server
from engine.repository.targets.target import TargetError
from storage.notify_settings import is_address


def send(message: Message, place: Place) -> str:
    """Post a message."""
    webhook = place.settings.notify.webhook
    url = place.secrets.read(webhook.url_env) if webhook.url_env else webhook.url
    if not is_address(url):
        raise WayError(
            f"the environment variable {webhook.url_env} holds no address such as https://example.org/hook"
        )
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if len(path) > 1:
        place.secrets.keep(path)
    headers: tuple[tuple[str, str], ...] = ()
    if webhook.token_env:
        headers = (("Authorization", f"Bearer {place.secrets.read(webhook.token_env)}"),)
    server = Server(f"{parts.scheme}://{parts.netloc}", time.monotonic() + webhook.timeout_s, headers)
    try:
        answer = server.ask("POST", path, msgspec.Raw(message.json))
    except TargetError as error:
        raise WayError(str(error)) from None
    if not 200 <= answer.status < 300:
        raise WayError(f"{server.url} answers with status {answer.status}: {answer.said}")
    return f"{server.url} answers with status {answer.status}"
