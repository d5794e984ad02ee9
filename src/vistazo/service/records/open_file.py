"""The file of records as the writing thread has it open: again, where it is another by now."""

from __future__ import annotations

import contextlib
import sqlite3

from vistazo.service.records.database import file_in, is_damaged, open_for_service
from vistazo.service.records.ledger import Ledger
from vistazo.service.records.settings import RecordsPolicy


class OpenFile:
    """Of one thread, once it has been opened."""

    def __init__(self, policy: RecordsPolicy) -> None:
        self._policy = policy
        self._database: sqlite3.Connection | None = None
        self._ledger: Ledger | None = None
        self._inode = 0

    def opened(self) -> tuple[sqlite3.Connection, Ledger]:
        """Raises SettingsError where it cannot be opened (again)."""
        if self._database is None or self._ledger is None or self._is_another():
            self.close()
            self._database = open_for_service(self._policy.folder)
            self._ledger = Ledger(self._database, self._policy)
            self._inode = self._inode_now()
        return self._database, self._ledger

    def after(self, error: Exception) -> None:
        """A transaction was undone. A damaged file is put aside at the next attempt."""
        if self._ledger is not None:
            self._ledger.forget_models()
        if isinstance(error, sqlite3.Error) and is_damaged(error):
            self.close()

    def close(self) -> None:
        database, self._database, self._ledger = self._database, None, None
        if database is not None:
            with contextlib.suppress(sqlite3.Error):
                database.close()

    def _is_another(self) -> bool:
        """Somebody has removed or replaced it: what were written now, nobody would find."""
        return self._inode_now() != self._inode

    def _inode_now(self) -> int:
        try:
            return file_in(self._policy.folder).stat().st_ino
        except OSError:
            return -1
