"""A station is built of what was asked for."""

from __future__ import annotations

import logging
import warnings
from contextlib import ExitStack

from vistazo.pacs.asked import Asked, Secrets
from vistazo.pacs.association import ArchiveEntity
from vistazo.pacs.destinations import Destination
from vistazo.pacs.dicomweb import Archive, client_of
from vistazo.pacs.listener import Listener, ListenerPolicy
from vistazo.pacs.patience import Patience
from vistazo.pacs.poller import Poller
from vistazo.pacs.receiving import ReceivingLimits
from vistazo.pacs.reporting import Reporter
from vistazo.pacs.spool import Spool
from vistazo.pacs.station import Station
from vistazo.pacs.tls import accepting, calling

log = logging.getLogger(__name__)

# They quote what they read, and describe every message.
_QUOTING = ("pydicom", "pynetdicom", "httpx", "httpcore")


def station_of(
    asked: Asked,
    secrets: Secrets,
    spool: Spool,
    reporter: Reporter,
    stack: ExitStack,
    *,
    threads: int,
    drain_s: float,
) -> Station:
    """What it opens is closed with ``stack``. Raises SettingsError."""
    for name in _QUOTING:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", module="pydicom")
    if asked.no_heatmap:
        spool.drop_heatmaps()
    patience = Patience(give_up_s=asked.give_up_after * 3600.0)
    destinations: list[Destination] = [
        ArchiveEntity(
            called, asked.title, asked.timeout, calling(asked.tls) if asked.send_tls else None
        )
        for called in asked.send_to
    ]
    if asked.stow_base is not None:
        destinations.append(_archive(asked, asked.stow_base, secrets, stack))
    return Station(
        spool,
        reporter,
        destinations,
        _listener(asked, spool),
        _poller(asked, spool, patience, secrets, stack),
        patience,
        threads,
        drain_s,
    )


def _listener(asked: Asked, spool: Spool) -> Listener | None:
    if not asked.peers:
        return None
    policy = ListenerPolicy(
        asked.title,
        asked.host,
        asked.port,
        asked.peers,
        ReceivingLimits(asked.max_object_bytes, asked.timeout),
        asked.max_associations,
        asked.timeout,
        accepting(asked.tls) if asked.tls_cert else None,
    )
    return Listener(policy, spool)


def _poller(
    asked: Asked, spool: Spool, patience: Patience, secrets: Secrets, stack: ExitStack
) -> Poller | None:
    if asked.dicomweb is None:
        return None
    archive = _archive(asked, asked.dicomweb, secrets, stack)
    return Poller(archive, spool, asked.modalities, asked.since, asked.every, patience)


def _archive(asked: Asked, base: str, secrets: Secrets, stack: ExitStack) -> Archive:
    if base.startswith("http:") and (secrets.user or secrets.token):
        log.warning("who we are goes over the network in clear text", extra={"to": base})
    client = client_of(
        asked.timeout, user=secrets.user, password=secrets.password, token=secrets.token
    )
    stack.callback(client.close)
    return Archive(base, client, asked.max_object_bytes, asked.timeout)
