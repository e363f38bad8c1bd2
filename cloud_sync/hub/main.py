"""The hub as its own process: `python -m cloud_sync.hub --broker HOST:PORT --db FILE`.

Prints one line when it serves. Exit 0 after SIGINT or SIGTERM, 2 for bad input. Must not: be needed by the edge.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from cloud_sync.address import make_login, parse_addresses
from cloud_sync.hub.payments import ReferenceProvider
from cloud_sync.hub.server import Hub
from cloud_sync.hub.store import HubStore
from edge.clock import wall_now_ns
from edge.core.errors import BadInput


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal comes."""
    options = _options(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        hub = make_hub(options)
    except BadInput as error:
        print(f"hub: {error}", file=sys.stderr)
        return 2
    hub.start()
    print(f"hub: started, broker {options.broker}, database {options.db}", flush=True)
    stop.wait()
    hub.stop()
    hub.store.close()
    return 0


def make_hub(options: argparse.Namespace) -> Hub:
    """The hub that these options describe. Raises BadInput."""
    addresses = parse_addresses(options.broker)
    declining = ReferenceProvider(
        decline_shoppers=frozenset(options.decline_shopper), decline_above_minor=options.decline_above
    )
    return Hub(
        HubStore(options.db),
        declining,
        addresses=addresses,
        now=wall_now_ns,
        rng=random.Random(os.urandom(8)),
        client_id=f"muin-hub-{os.getpid()}",
        login=make_login(options.username, options.password_file, options.ca_file, tls=False),
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cloud_sync.hub", description="The reference hub of muin.")
    parser.add_argument("--broker", required=True, help="host:port or mqtts://host:port; several with commas")
    parser.add_argument("--db", required=True, type=Path, help="the hub's database file; made where it is not there")
    parser.add_argument("--username", help="user name at the broker")
    parser.add_argument("--password-file", help="file whose first line is the password")
    parser.add_argument("--ca-file", help="PEM file of the authority that signed the broker's certificate")
    parser.add_argument("--decline-shopper", action="append", default=[], help="a shopper whose charges are declined")
    parser.add_argument("--decline-above", type=int, help="decline charges above this amount in minor units")
    return parser.parse_args(arguments)
