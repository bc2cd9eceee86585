"""localstripe, a fake Stripe that nobody here wrote, as a program of its own on the loopback alone.

It is under the GPL, so nothing of it is imported here. Its launcher binds it down, keeps it off the disk, and gives it
five parameters of Stripe's that the connector sends and it would refuse: `created[gte]` of a list of payment intents,
`metadata` of a capture, `return_url`, `error_on_requires_action` and `automatic_payment_methods` of an authorisation.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from tests.support.simulator import HOST, free_port, wait_until

SECRET_KEY: Final = "sk_test_tallystick"
APPROVED, DECLINED = "pm_card_visa", "pm_card_chargeCustomerFail"
ASKING_FOR_AUTHENTICATION: Final = "4000002500003155"
LAUNCHER: Final = """
import sys
from aiohttp import web
from localstripe import resources

intents = resources.PaymentIntent
create, capture, list_all = intents._api_create, intents._api_capture, intents._api_list_all

def created(cls, return_url=None, error_on_requires_action=None, automatic_payment_methods=None, **form):
    assert automatic_payment_methods == {'enabled': 'true', 'allow_redirects': 'always' if return_url else 'never'}
    intent = create(**form)
    if intent.next_action and return_url:
        intent.next_action = {'type': 'redirect_to_url', 'redirect_to_url': {'url': return_url}}
    return intent

def captured(id, metadata=None, **form):
    intent = capture(id, **form)
    intent.metadata.update(metadata or {})
    return intent

def listed(cls, url, created=None, **query):
    found = list_all(url, **query)
    since = int((created or {}).get('gte', 0))
    found._list = sorted((one for one in found._list if one.created >= since), key=lambda one: -one.created)
    return found

intents._api_create, intents._api_list_all = classmethod(created), classmethod(listed)
resources.extra_apis[:] = [(*api[:2], captured) if api[2] == capture else api for api in resources.extra_apis]
resources.Store.dump_to_disk = lambda store: None

from localstripe import server

web.run_app(server.app, host=sys.argv[1], port=int(sys.argv[2]), access_log=None)
"""


@contextmanager
def running_localstripe(log: Path) -> Iterator[str]:
    """The base URL of a localstripe that knows nothing yet, and runs for as long as the block; it writes to `log`."""
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, HOST, str(port)], stdout=output, stderr=output, cwd=log.parent
        )
    try:
        wait_until(lambda: process.poll() is not None or is_serving(port), "localstripe serves")
        assert process.poll() is None, f"localstripe ended:\n{log.read_text()}"
        yield f"http://{HOST}:{port}"
    finally:
        process.kill()
        process.wait()


def is_serving(port: int) -> bool:
    """Whether it lists its payment intents."""
    connection = HTTPConnection(HOST, port, timeout=1.0)
    try:
        connection.request("GET", "/v1/payment_intents", headers={"Authorization": f"Bearer {SECRET_KEY}"})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
