"""Which MQTT version to speak to a broker: 5 first, 3.1.1 where it says or shows that it does not know 5.

Must not: remember silence as a refusal; a broker that was only busy gets MQTT 5 again on the next connection.
"""

from __future__ import annotations

from typing import Final

from cloud_sync.address import Address

MQTT_5: Final = 5
MQTT_311: Final = 4
NAMES: Final = {MQTT_5: "MQTT 5", MQTT_311: "MQTT 3.1.1"}


class Protocols:
    """What is known about each broker, while the process lives."""

    def __init__(self) -> None:
        self._refusing: set[Address] = set()
        self._silent: set[Address] = set()

    def choose(self, address: Address) -> int:
        """The version for the next connection."""
        if address in self._refusing:
            return MQTT_311
        if address in self._silent:
            self._silent.discard(address)
            return MQTT_311
        return MQTT_5

    def refused(self, address: Address, protocol: int) -> bool:
        """The broker asked for another version. True where there is one left to try."""
        self._refusing.add(address)
        return protocol == MQTT_5

    def stayed_silent(self, address: Address, protocol: int) -> None:
        """The broker took the connection and never answered: some wait for more bytes of a CONNECT they misread."""
        if protocol == MQTT_5:
            self._silent.add(address)
