"""From what was named on the command line to where it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from vistazo.errors import SettingsError
from vistazo.rows import parquet
from vistazo.scale.archive.local_folder import LocalFolder
from vistazo.scale.archive.local_store import LocalStore
from vistazo.scale.archive.remote import is_link
from vistazo.scale.archive.remote_folder import RemoteFolder
from vistazo.scale.archive.remote_store import RemoteStore
from vistazo.scale.archive.source import Archive
from vistazo.scale.archive.store import Store

KINDS = (".csv", ".jsonl", ".parquet")
_FILE = "file://"
_MOST_NAME_BYTES = 255


@dataclass(frozen=True)
class Layout:
    """Of an output in its store: its name, empty where the parts are to stay as a folder of
    ``kind``; what a run keeps until it is done; and what says what it is.
    """

    name: str
    kind: str
    work: str
    manifest: str

    @staticmethod
    def of_file(name: str) -> Layout:
        kind = PurePosixPath(name).suffix.lower()
        return Layout(name, kind, f"{name}.work", f"{name}.manifest.json")

    @staticmethod
    def of_folder(name: str) -> Layout:
        """What begins with ``_`` is no data to those who read such folders."""
        kind = PurePosixPath(name).suffix.lower()
        return Layout("", kind if kind in KINDS else ".parquet", "_work", "_manifest.json")

    @property
    def begun(self) -> str:
        return f"{self.work}/run.json"

    def part(self, shard: int) -> str:
        return f"{self.work}/part-{shard:06}.jsonl"

    def data(self, shard: int) -> str:
        """Of a folder: where the rows of a shard stay."""
        return f"part-{shard:06}{self.kind}"


def archive_at(place: str, *, goes_below: bool) -> Archive:
    """Raises SettingsError where it cannot be reached with what is installed."""
    path = _path_of(place)
    if is_link(path) and not Path(path).is_dir():
        return RemoteFolder(path, goes_below)
    return LocalFolder(Path(path).absolute(), goes_below)


def _path_of(place: str) -> str:
    """Of ``file://`` what it means (RFC 8089); else what it is."""
    if not place.strip():
        raise SettingsError("The archive, or the output, has an empty name.")
    if not place.lower().startswith(_FILE):
        return place
    return unquote(place[len(_FILE) :].removeprefix("localhost"))


def output_at(place: str) -> tuple[Store, Layout]:
    """A name that ends with ``/`` is that of a folder. Raises SettingsError."""
    place = _path_of(place)
    is_folder, place = place.endswith("/"), place.rstrip("/")
    above, _, name = place.rpartition("/")
    if not is_folder and above.rstrip("/").endswith(":"):  # s3://answers.csv
        raise SettingsError(f"{place} names no file in a bucket, but a bucket.")
    layout = Layout.of_folder(name) if is_folder else Layout.of_file(name)
    if layout.kind not in KINDS:
        raise SettingsError(
            f"The output is a file of these: {', '.join(KINDS)}; or, where the name ends with /, a "
            "folder of them."
        )
    _check_name(layout)
    if layout.kind == ".parquet":
        parquet.check_installed()
    root = place if is_folder else above
    if "://" in place:
        return RemoteStore(root), layout
    folder = Path(root or ("/" if place.startswith("/") else "."))
    if not (folder.parent if is_folder else folder).is_dir():
        raise SettingsError(f"There is no folder {folder.parent if is_folder else folder}.")
    return LocalStore(folder, layout.work), layout


def _check_name(layout: Layout) -> None:
    """Rather than after hours, when the manifest is written."""
    try:
        n_bytes = max(len(each.encode()) for each in (layout.manifest, layout.work))
    except UnicodeEncodeError:
        raise SettingsError("The name of the output is no text. Name another output.") from None
    if n_bytes > _MOST_NAME_BYTES:
        raise SettingsError("The name of the output is too long. Name another output.")
