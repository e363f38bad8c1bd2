"""Charging: the shape of a payment provider, a reference one, and the worker that takes each charge to its end.

A request is marked `sent` on disk before it leaves; silence makes it `unresolved`, which is looked up, never made
again under another key. Source of the rules: idempotency keys as payment providers document them (the same key and
facts give the first answer, other facts are refused). Must not: hold the database while a provider is asked.
"""

from __future__ import annotations

import hashlib
import threading
from typing import Final, Literal, Protocol

import msgspec

from cloud_sync.hub.store import Charge, HubStore
from cloud_sync.messages import ChargeSettled
from edge.core.ports import Now

KEY_LIFE_NS: Final = 20 * 3_600 * 1_000_000_000  # providers may forget a key after 24 h


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider decided."""

    state: Literal["confirmed", "declined"]
    reason: str = ""
    provider_ref: str = ""


class NoAnswer(Exception):
    """The provider did not answer: nobody knows whether the charge was made."""


class Provider(Protocol):
    """A payment provider. Both calls may raise NoAnswer and may block."""

    def charge(self, charge: Charge) -> Answer:
        """Charge once per `charge.id`: a repeat with the same facts gets the first answer."""
        ...

    def look_up(self, charge: str) -> Answer | None:
        """What became of a charge; None where the provider is certain that it never got it."""
        ...


class ReferenceProvider:
    """Takes play money. Declines named shoppers and amounts above a limit, confirms everything else."""

    def __init__(
        self, *, decline_shoppers: frozenset[str] = frozenset(), decline_above_minor: int | None = None
    ) -> None:
        self._shoppers, self._limit = decline_shoppers, decline_above_minor
        self._book: dict[str, tuple[Charge, Answer]] = {}
        self._lock = threading.Lock()

    @property
    def taken_minor(self) -> int:
        """Everything that was really charged."""
        with self._lock:
            return sum(charge.amount_minor for charge, answer in self._book.values() if answer.state == "confirmed")

    def charge(self, charge: Charge) -> Answer:
        """See Provider."""
        with self._lock:
            first, answer = self._book.setdefault(charge.id, (charge, self._decide(charge)))
        if (first.amount_minor, first.currency, first.shopper) != (
            charge.amount_minor,
            charge.currency,
            charge.shopper,
        ):
            return Answer(state="declined", reason="this key was used for another charge")
        return answer

    def look_up(self, charge: str) -> Answer | None:
        """See Provider."""
        with self._lock:
            found = self._book.get(charge)
        return found[1] if found else None

    def _decide(self, charge: Charge) -> Answer:
        ref = "ref-" + hashlib.blake2b(charge.id.encode(), digest_size=8).hexdigest()
        if charge.shopper in self._shoppers:
            return Answer(state="declined", reason="the shopper's card was declined", provider_ref=ref)
        if self._limit is not None and charge.amount_minor > self._limit:
            return Answer(state="declined", reason="above the limit of the card", provider_ref=ref)
        return Answer(state="confirmed", provider_ref=ref)


def settle_open(store: HubStore, provider: Provider, now: Now) -> bool:
    """Take every open charge one step on. True where one of them must be asked about again."""
    again = False
    for charge in store.open_charges():
        try:
            answer = _ask(store, provider, charge, now())
        except NoAnswer as silence:
            again = True
            reason = str(silence) or "the provider did not answer"
            store.settle(ChargeSettled(charge=charge.id, state="unresolved", reason=reason))
            continue
        if answer is not None:
            store.settle(
                ChargeSettled(
                    charge=charge.id, state=answer.state, reason=answer.reason, provider_ref=answer.provider_ref
                )
            )
    return again


def _ask(store: HubStore, provider: Provider, charge: Charge, now_ns: int) -> Answer | None:
    if charge.state != "requested":
        found = provider.look_up(charge.id)
        if found is not None:
            return found
        if charge.first_sent_ns is not None and now_ns - charge.first_sent_ns > KEY_LIFE_NS:
            store.alarm(charge.dev, "charge-stale", f"charge {charge.id} was never answered; ask the provider", now_ns)
            return None  # the key may be forgotten: a repeat could charge twice, so a person decides
    store.mark_sent(charge.id, now_ns)
    return provider.charge(charge)
