"""An archive over HTTP, honest and otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

import httpx
import pytest

from vistazo.errors import CorruptImageError, UploadTooLargeError
from vistazo.pacs.destinations import Parcel, Receipt, UnreachableError
from vistazo.pacs.dicomweb import Archive, Found, UnfetchableError, client_of
from vistazo.pacs.part10 import file_head
from vistazo.pacs.patience import Patience
from vistazo.pacs.poller import Poller
from vistazo.pacs.since import Since
from vistazo.pacs.spool import Made, Spool

_JSON = {"content-type": "application/dicom+json"}
_PARTS = {"content-type": 'multipart/related; type="application/dicom"; boundary="b-1"'}
_FOUND = Found("1.1", "1.2", "1.3")
Answer = Callable[[httpx.Request], httpx.Response]


def archive(answer: Answer, **changes: float) -> Archive:
    client = httpx.Client(transport=httpx.MockTransport(answer))
    return Archive("https://pacs/dicom-web", client, **{"object_bytes": 10_000, **changes})


def listed(number: int, modality: str = "DX") -> dict[str, object]:
    tags = {"0020000D": f"1.1.{number}", "0020000E": "1.2", "00080018": f"1.3.{number}"}
    return {tag: {"vr": "UI", "Value": [uid]} for tag, uid in tags.items()} | {
        "00080060": {"vr": "CS", "Value": [modality]}
    }


def instances(of: Archive, modality: str = "DX") -> list[str]:
    return [found.instance for page in of.pages(modality, "20260501-") for found in page]


def x_ray(uid: str = "1.3") -> bytes:
    return file_head("1.2.840.10008.5.1.4.1.1.1", uid, "1.2.840.10008.1.2.1") + b"data"


def answered(
    status: int, body: bytes = b"", headers: dict[str, str] | None = None
) -> httpx.Response:
    """As it comes from a connection: not read yet."""
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


def part(data: bytes) -> bytes:
    return b"--b-1\r\nContent-Type: application/dicom\r\n\r\n" + data + b"\r\n--b-1--\r\n"


def test_instances_are_listed_page_by_page() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        first = int(request.url.params["offset"])
        return answered(
            200, json.dumps([listed(n) for n in range(first, min(first + 100, 250))]).encode()
        )

    assert instances(archive(answer)) == [f"1.3.{number}" for number in range(250)]
    assert [each["offset"] for each in asked] == ["0", "100", "200", "250"]
    assert asked[0] == {"00080060": "DX", "StudyDate": "20260501-", "limit": "100", "offset": "0"}


def test_an_archive_that_knows_no_pages_is_asked_twice_at_most() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answered(200, json.dumps([listed(number) for number in range(150)]).encode())

    assert len(instances(archive(answer))) == 150
    assert len(asked) == 2


class Shelves:
    """QIDO-RS of an archive that honours limit and offset, as PS3.18, section 8.3.4 lets it."""

    def __init__(self, entries: list[object], most: int = 100) -> None:
        self.entries, self.most, self.asked = entries, most, 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        first = int(request.url.params["offset"])
        limit = min(int(request.url.params["limit"]), self.most)
        page = self.entries[first : first + limit]
        return answered(200, json.dumps(page).encode()) if page else answered(204)


def test_an_archive_that_lists_fewer_at_once_than_it_is_asked_for_is_read_to_its_end() -> None:
    shelves = Shelves([listed(number) for number in range(500)], most=50)
    assert len(instances(archive(shelves))) == 500


@pytest.mark.parametrize(
    ("entries", "wanted"),
    [
        ([listed(n, "CT" if n < 5 else "DX") for n in range(480)], 475),
        ([listed(n, "CT" if n % 2 else "DX") for n in range(400)], 200),
        ([listed(n, "CT" if 100 <= n < 300 else "DX") for n in range(400)], 200),
        ([listed(n) | ({} if n != 7 else {"00080018": {}}) for n in range(400)], 399),
    ],
    ids=["five others", "every second", "two pages of others", "one without a name"],
)
def test_what_is_left_out_of_a_list_hides_nothing_that_comes_after_it(
    entries: list[object], wanted: int
) -> None:
    assert len(instances(archive(Shelves(entries)))) == wanted


def test_an_archive_that_lists_something_new_for_ever_is_left_at_last_and_told_of(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vistazo.pacs.dicomweb._MOST_LISTED", 1_000)
    monkeypatch.setattr("vistazo.pacs.dicomweb._MOST_PAGES", 20)

    def endless(step: int) -> Archive:
        def answer(request: httpx.Request) -> httpx.Response:
            first = int(request.url.params["offset"])
            return answered(200, json.dumps([listed(first + n) for n in range(step)]).encode())

        return archive(answer)

    for step, most in ((300, 1_000), (3, 60)):
        caplog.clear()
        assert len(instances(endless(step))) == most
        assert "--since" in caplog.records[-1].getMessage()


def test_what_is_not_as_it_should_be_in_a_list_is_left_out() -> None:
    odd: list[object] = [
        7, None, [], {}, listed(1, "SR"), {**listed(2), "00080018": {"Value": ["../../1"]}},
        {**listed(3), "0020000D": {"Value": [{}]}}, {**listed(4), "0020000E": "1.2"}, listed(5),
        {**listed(6), "0020000D": {"Value": [".."]}}, {**listed(7), "0020000E": {"Value": ["."]}},
    ]  # fmt: skip
    assert instances(archive(Shelves(odd))) == ["1.3.5"]
    assert instances(archive(lambda _: answered(204))) == []


def test_an_instance_whose_uid_is_none_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    instances(archive(Shelves([listed(1), listed(2) | {"00080018": {"Value": ["1.02"]}}])))
    assert caplog.records[-1].getMessage() == "instances without a valid UID were left out"
    assert "1.02" not in caplog.text


class Endless(httpx.SyncByteStream):
    """A body of a gigabyte, as far as it is read."""

    def __init__(self, begin: bytes) -> None:
        self.read, self._begin = 0, begin

    def __iter__(self) -> Iterator[bytes]:
        yield self._begin
        while self.read < 1_000_000_000:
            self.read += 100_000
            yield bytes(100_000)


@pytest.mark.parametrize(
    "answer",
    [
        answered(200, b"<html>not json</html>"),
        answered(200, b"[" * 100_000),
        answered(200, b"{}"),
        answered(200, b"\xff\xfe"),
        httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Endless(b"")),
        answered(500),
        answered(401),
        answered(302, b"", {"location": "https://elsewhere/"}),
    ],
    ids=["html", "deep", "no list", "no text", "compressed", "500", "401", "moved"],
)
def test_an_answer_that_is_no_list_is_told_in_words(answer: httpx.Response) -> None:
    with pytest.raises(UnreachableError, match="archive"):
        instances(archive(lambda _: answer))


def test_a_list_of_a_gigabyte_is_not_read() -> None:
    body = Endless(b"[")
    with pytest.raises(UnreachableError, match="larger"):
        instances(archive(lambda _: httpx.Response(200, stream=body)))
    assert body.read < 5_000_000


def test_an_instance_is_fetched_as_it_is_stored(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/dicom-web/studies/1.1/series/1.2/instances/1.3"
        assert request.headers["accept"].endswith("transfer-syntax=*")
        return answered(200, part(x_ray()), _PARTS)

    archive(answer).fetch(_FOUND, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == x_ray()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (answered(200, b"", _PARTS), CorruptImageError),
        (answered(200, part(x_ray())[:-12], _PARTS), CorruptImageError),
        (answered(200, b"--b-1\r\n" + b"x" * 60_000, _PARTS), CorruptImageError),
        (answered(200, b"x" * 60_000, _PARTS), CorruptImageError),
        (answered(200, part(x_ray()), _JSON), CorruptImageError),
        (answered(200, b"", {"content-type": "multipart/related"}), CorruptImageError),
        (answered(200, part(bytes(10_001)), _PARTS), UploadTooLargeError),
        (answered(404), UnfetchableError),
        (answered(500), UnfetchableError),
        (answered(503), UnreachableError),
    ],
)  # fmt: skip
def test_what_is_no_instance_is_refused(
    tmp_path: Path, answer: httpx.Response, error: type[Exception]
) -> None:
    with pytest.raises(error):
        archive(lambda _: answer).fetch(_FOUND, tmp_path / "a")


def test_an_instance_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    body = Endless(b"--b-1\r\n\r\n")
    answer = httpx.Response(200, headers=_PARTS, stream=body)
    with pytest.raises(UploadTooLargeError):
        archive(lambda _: answer).fetch(_FOUND, tmp_path / "a")
    assert body.read < 1_000_000


def test_an_answer_that_comes_too_slowly_is_left(tmp_path: Path) -> None:
    slow = archive(lambda _: answered(200, part(x_ray()), _PARTS), timeout_s=-1.0)
    with pytest.raises(UnreachableError, match="slow"):
        slow.fetch(_FOUND, tmp_path / "a")


def parcel(folder: Path) -> Parcel:
    """A report and its heatmap."""
    for name in ("1.4", "1.5"):
        (folder / name).write_bytes(x_ray(name))
    return Parcel("k", [folder / "1.4", folder / "1.5"])


def said(stored: Sequence[str] = (), **failed: int) -> bytes:
    """The body of an answer, as PS3.18, section 10.5.3 has it: ``failed`` are "_1_4=0x0110"."""
    answer: dict[str, object] = {"00081190": {"vr": "UR", "Value": ["https://pacs/studies/1.1"]}}
    if stored:
        answer["00081199"] = {"vr": "SQ", "Value": [instance(uid) for uid in stored]}
    if failed:
        items = [
            instance(uid[1:].replace("_", ".")) | {"00081197": {"vr": "US", "Value": [reason]}}
            for uid, reason in failed.items()
        ]
        answer["00081198"] = {"vr": "SQ", "Value": items}
    return json.dumps(answer).encode()


def instance(uid: str) -> dict[str, object]:
    return {"00081155": {"vr": "UI", "Value": [uid]}}


def test_reports_are_stored_as_files_of_one_body(tmp_path: Path) -> None:
    bodies = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return answered(200, json.dumps([listed(1)]).encode())
        body = request.read()
        assert int(request.headers["content-length"]) == len(body)
        assert request.url.path == "/dicom-web/studies"
        bodies.append(body)
        return answered(200, said(["1.4", "1.5"]))

    assert list(archive(answer).send([parcel(tmp_path)])) == [Receipt("k")]
    assert bodies[0].count(b"content-type: application/dicom\r\n\r\n" + x_ray("1.4")[:132]) == 2


@pytest.mark.parametrize(
    ("status", "body", "refused", "is_for_now"),
    [
        (200, said(["1.4", "1.5"]), "", False),
        (200, said([], _1_4=0x0110, _1_5=0x0110), "stored 0 of 2 0x0110", True),
        (200, said(["1.4"], _1_5=0xC000), "stored 1 of 2 0xC000", False),
        (200, said([], _1_4=0xA700, _1_5=0xC000), "stored 0 of 2 0xA700 0xC000", False),
        (200, said(["1.4"]), "stored 1 of 2", False),
        (200, said(["1.6", "1.7"]), "stored 0 of 2", False),
        (202, said(["1.4", "1.5"]), "", False),
        (202, said(["1.4"], _1_5=0xA701), "stored 1 of 2 0xA701", True),
        (202, b"", "answered 202", False),
        (409, said([], _1_4=0x0111, _1_5=0x0111), "", False),
        (409, b"{}", "answered 409", False),
        (200, b"", "", False),
        (200, b"{}", "", False),
        (200, b"<DicomAttribute tag='00081198'/>", "did not store all", False),
        (200, b"[" * 10_000, "", False),
        (200, b'{"00081199": {"Value": [7, {"00081155": []}]}, "00081198": 3}', "0 of 2", False),
        (400, b"", "answered 400", False),
    ],
)  # fmt: skip
def test_what_an_archive_says_it_stored_is_what_counts(
    tmp_path: Path, status: int, body: bytes, refused: str, is_for_now: bool
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return answered(status, body) if request.method == "POST" else answered(404)

    [receipt] = archive(answer).send([parcel(tmp_path)])
    assert refused in receipt.refused
    assert bool(receipt.refused) == bool(refused)
    assert receipt.is_for_now == is_for_now


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (answered(204), True), (answered(200, b"[ ]"), True), (answered(200, b"[{}]"), False),
        (answered(400), False), (answered(500), False), (answered(200, b"<html>"), False),
    ],
    ids=["nothing", "empty", "something", "not so", "in trouble", "no list"],
)  # fmt: skip
def test_what_is_said_to_be_stored_and_is_not_listed_is_sent_again(
    tmp_path: Path, answer: httpx.Response, refused: bool
) -> None:
    (tmp_path / "1.4").write_bytes(x_ray("1.4"))

    def answers(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return answered(200, said(["1.4"]))
        assert request.url.params["00080018"] == "1.4"
        return answer

    [receipt] = archive(answers).send([Parcel("k", [tmp_path / "1.4"])])
    assert (bool(receipt.refused), receipt.is_for_now) == (refused, refused)


@pytest.mark.parametrize("status", [301, 401, 403, 429, 500, 503, 507])
def test_a_store_that_is_closed_or_in_trouble_is_tried_later(status: int) -> None:
    with pytest.raises(UnreachableError):
        list(archive(lambda _: answered(status)).send([Parcel("k", [])]))


def test_who_we_are_there_goes_with_each_request() -> None:
    with client_of(1.0, token="secret") as client:  # noqa: S106 - of nothing
        assert client.headers["authorization"] == "Bearer secret"
        assert not client.follow_redirects
    with client_of(1.0) as client:
        assert "authorization" not in client.headers


def poller(spool: Spool, answer: Answer) -> Poller:
    return Poller(archive(answer), spool, ("DX",), Since(date(2026, 5, 1)), 1.0)


def test_what_is_new_is_fetched_once_and_what_is_ours_never(spool: Spool) -> None:
    fetched = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/instances"):
            return answered(200, json.dumps([listed(number) for number in range(4)]).encode())
        uid = request.url.path.rpartition("/")[2]
        fetched.append(uid)
        data = {"1.3.2": x_ray("1.3.7")}.get(uid, x_ray(uid))
        return answered(500) if uid == "1.3.3" else answered(200, part(data), _PARTS)  # fmt: skip

    path = spool.incoming / "a.part"
    path.write_bytes(b"")
    spool.keep(path, "1.9")
    spool.keep_reports(spool.ledger.key_of("1.9"), [Made("1.3.1", b"")])
    looks = poller(spool, answer)
    assert [looks.poll() for _ in range(7)] == [1.0] * 7
    assert fetched == ["1.3.0", "1.3.2", "1.3.3"]  # the last two are to be tried in a second
    assert spool.ledger.counts() | {"waiting": 1, "refused": 0} == spool.ledger.counts()
    assert not list(spool.incoming.iterdir())


@pytest.mark.parametrize("status", [404, 500, 507])
def test_what_cannot_be_fetched_for_a_while_comes_once_it_can(spool: Spool, status: int) -> None:
    in_trouble, looked = True, 0

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/instances"):
            return Shelves([listed(1)])(request)
        cut_off = part(x_ray("1.3.1"))[:-20]
        if in_trouble:
            return answered(200, cut_off, _PARTS) if looked % 2 else answered(status)
        return answered(200, part(x_ray("1.3.1")), _PARTS)

    looks = poller(spool, answer)
    looks.patience = Patience(first_s=0.0)
    for _ in range(30):
        looked += 1
        looks.poll()
    assert sum(spool.ledger.counts().values()) == 0
    in_trouble = False
    looks.poll()
    assert spool.ledger.counts()["waiting"] == 1


def test_what_can_never_be_fetched_is_refused_at_last_and_takes_no_room(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vistazo.pacs.poller._MOST_UNFETCHED", 3)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/instances"):
            return Shelves([listed(number) for number in range(5)])(request)
        return answered(404)

    looks = poller(spool, answer)
    looks.patience = Patience(first_s=0.0)
    assert looks.poll() == 1.0
    assert len(looks._unfetched) == 3
    looks.patience = Patience(give_up_s=-1.0)
    looks.poll()
    assert spool.ledger.reasons("refused") == [("The archive answered 404.", 5)]
    assert not looks._unfetched


def test_an_archive_that_is_away_is_asked_later_and_later(spool: Spool) -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    looks = poller(spool, away)
    assert max(looks.poll() for _ in range(8)) > 20


class Monday(date):
    """After a weekend off."""

    @classmethod
    def today(cls) -> date:
        return date(2026, 6, 8)


def test_what_came_while_the_station_was_away_is_looked_for(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, is_there = [], False

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/instances"):
            asked.append(request.url.params["StudyDate"])
            return Shelves([listed(1)])(request)
        return answered(200, part(x_ray("1.3.1")), _PARTS) if is_there else answered(404)

    monkeypatch.setattr("vistazo.pacs.poller.date", Monday)
    looks = poller(spool, answer)
    looks.since, looks.patience = Since(None, 1), Patience(first_s=0.0)
    spool.ledger.looked("https://pacs/dicom-web DX", date(2026, 6, 5))
    looks.poll()
    assert {*asked} == {"20260604-"}
    looks.poll()  # what is listed was not to be had: the range does not slide away from it
    assert {*asked} == {"20260604-"}
    is_there = True
    looks.poll()
    asked.clear()
    looks.poll()
    assert {*asked} == {"20260607-"}
    assert spool.ledger.counts()["waiting"] == 1


def test_a_look_that_was_not_whole_does_not_count(spool: Spool) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/instances") and request.url.params["offset"] == "0":
            return Shelves([listed(1)])(request)
        raise httpx.ConnectError("away")

    poller(spool, answer).poll()
    assert spool.ledger.last_look("https://pacs/dicom-web DX") is None


def test_since_is_a_day_or_the_last_ones() -> None:
    assert Since(date(2026, 5, 1)).as_range(date(2026, 6, 1)) == "20260501-"
    assert Since(None, 3).as_range(date(2026, 6, 1)) == "20260529-"
    assert Since(None, 3).as_range(date(2026, 6, 1), date(2026, 5, 4)) == "20260501-"
    assert Since(None, 3).as_range(date(2026, 6, 1), date(2026, 7, 1)) == "20260529-"
    assert Since(None, 3).as_range(date(2026, 6, 4), date(2020, 5, 4)) == "20250601-"
    assert Since(date(2026, 5, 1)).as_range(date(2026, 6, 1), date(2026, 1, 1)) == "20260501-"
