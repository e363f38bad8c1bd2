"""One connection to one broker: paho-mqtt in its own thread, everything it sees handed on as plain signals.

A session is used once: after `Closed` a new one is made, so that no state of an old connection survives. Must not:
reconnect by itself, keep an outbox, or decide what a message means.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import msgspec
import paho.mqtt.client as _paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from cloud_sync.address import Address, Login
from cloud_sync.protocols import MQTT_5

paho: Any = _paho  # the published type stubs describe paho 1.x, this is 2.x

KEEPALIVE_S: Final = 20
CONNECT_TIMEOUT_S: Final = 5.0
RECEIVE_MAXIMUM: Final = 100
WILL_DELAY_S: Final = 30
_UNSUPPORTED: Final = "Unsupported protocol version"


class Opened(msgspec.Struct, frozen=True):
    """The broker took us in. `receive_maximum` is how many unconfirmed messages it accepts."""

    receive_maximum: int


class Refused(msgspec.Struct, frozen=True):
    """The broker did not take us in. `other_protocol`: it asked for another protocol version."""

    reason: str
    other_protocol: bool


class Subscribed(msgspec.Struct, frozen=True):
    """Answer to all filters; `refused` names those that were not granted."""

    refused: tuple[str, ...]


class Confirmed(msgspec.Struct, frozen=True):
    """PUBACK: the broker has the message, which is no receipt. `refusal` says why it did not take it."""

    mid: int
    refusal: str


class Arrived(msgspec.Struct, frozen=True):
    """A message. It is acknowledged by `Session.done` only."""

    topic: str
    payload: bytes
    mid: int
    qos: int


class Closed(msgspec.Struct, frozen=True):
    """The connection is gone."""

    reason: str


Signal: TypeAlias = Opened | Refused | Subscribed | Confirmed | Arrived | Closed


class Will(msgspec.Struct, frozen=True):
    """What the broker says for us (retained, QoS 1) when we vanish."""

    topic: str
    payload: bytes


class Session:
    """One MQTT connection. `notify` is called from paho's thread and must neither block nor raise."""

    def __init__(
        self, *, client_id: str, protocol: int, notify: Callable[[Signal], None], login: Login, will: Will | None = None
    ) -> None:
        self.protocol = protocol
        self._notify = notify
        self._filters: tuple[str, ...] = ()
        self._starting = threading.Lock()
        self._is_closed = False
        extra: dict[str, Any] = {} if protocol == MQTT_5 else {"clean_session": True}
        self._client: Any = paho.Client(
            paho.CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=protocol,
            manual_ack=True,
            reconnect_on_failure=False,
            **extra,
        )
        self._client.connect_timeout = CONNECT_TIMEOUT_S
        self._client.max_queued_messages_set(0)
        self._wire_up()
        self._secure(login)
        if will is not None:
            self._client.will_set(will.topic, will.payload, qos=1, retain=True, properties=self._will_properties())

    def open(self, address: Address) -> None:
        """Connect and start the network thread; blocks up to `CONNECT_TIMEOUT_S`. Raises OSError."""
        extra: dict[str, Any] = {"clean_start": True, "properties": _limits()} if self.protocol == MQTT_5 else {}
        self._client.connect(address.host, address.port, keepalive=KEEPALIVE_S, **extra)
        with self._starting:
            if not self._is_closed:
                self._client.loop_start()

    def subscribe(self, filters: Sequence[str]) -> None:
        """Ask for these topics at QoS 1; the answer comes as `Subscribed`."""
        self._filters = tuple(filters)
        self._client.subscribe([(name, 1) for name in filters])

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> int:
        """Queue a message; the number comes back in `Confirmed`."""
        return int(self._client.publish(topic, payload, qos=qos, retain=retain).mid)

    def done(self, message: Arrived) -> None:
        """Tell the broker that this message needs no repetition."""
        self._client.ack(message.mid, message.qos)

    def close(self) -> None:
        """Leave and end the network thread; blocks up to about a second. The broker does not publish the will."""
        with self._starting:
            self._is_closed = True
        self._client.disconnect()
        self._client.loop_stop()

    def _wire_up(self) -> None:
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_message
        self._client.on_disconnect = self._on_disconnect

    def _secure(self, login: Login) -> None:
        if login.username:
            self._client.username_pw_set(login.username, login.password)
        if login.tls:
            context = ssl.create_default_context(cafile=login.ca_file)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            self._client.tls_set_context(context)

    def _will_properties(self) -> Properties | None:
        if self.protocol != MQTT_5:
            return None
        properties = make_properties(PacketTypes.WILLMESSAGE)
        properties.WillDelayInterval = WILL_DELAY_S
        return properties

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._notify(Refused(str(reason), str(reason) == _UNSUPPORTED))
        else:
            self._notify(Opened(int(getattr(properties, "ReceiveMaximum", 65_535))))

    def _on_subscribe(self, _client: Any, _data: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        answers = zip(self._filters, reasons, strict=False)
        self._notify(Subscribed(tuple(name for name, reason in answers if reason.is_failure)))

    def _on_publish(self, _client: Any, _data: Any, mid: int, reason: Any, _properties: Any) -> None:
        self._notify(Confirmed(mid, str(reason) if reason.is_failure else ""))

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        self._notify(Arrived(_topic(message), bytes(message.payload), message.mid, message.qos))

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._notify(Closed(str(reason)))


def _topic(message: Any) -> str:
    try:
        return str(message.topic)
    except UnicodeDecodeError:  # paho decodes when asked; a topic that is not UTF-8 is none of ours
        return ""


def _limits() -> Properties:
    properties = make_properties(PacketTypes.CONNECT)
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    properties.SessionExpiryInterval = 0
    return properties


def make_properties(packet: int) -> Properties:
    """paho declares no types for this constructor."""
    make: Callable[[int], Properties] = Properties
    return make(packet)
