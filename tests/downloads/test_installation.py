"""The hand-over: never automatic, verified again, signature checked, the result told and noted."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path

import pytest

from publishing.publish import publish
from tests.downloads.test_planted import at_step, before_each_step
from tests.downloads.trial_starter import TrialStarter
from tests.downloads.vendor import publish_version
from tests.downloads.workstation import Practice
from tests.support.signatures import KnownSignatures
from tray_agent.clock import ManualClock
from tray_agent.demo.portal import DemoPortal
from tray_agent.downloads.errors import InstallRefusedError
from tray_agent.downloads.installation import Installation, names_of, objection, outcome_of
from tray_agent.downloads.model import Download, DownloadState, ElementVersion, FileKind, InstallOutcome, InstallResult, Recall, Version
from tray_agent.downloads.names import check_file_name
from tray_agent.platforms.signature import Signature, SignatureState
from tray_agent.protocol.model import Activity, Level

MSI = "update-2.69.001.msi"


class Log:
    """The activity log in memory."""

    def __init__(self) -> None:
        self.rows: list[Activity] = []

    def write(self, activities: Sequence[Activity]) -> None:
        self.rows.extend(activities)


class Desk:
    """A workstation with one downloaded element and a person in front of it."""

    def __init__(self, practice: Practice) -> None:
        practice.subscribe("update", "tarif")
        practice.run()
        self.practice = practice
        self.starter = TrialStarter()
        self.signature = Signature(SignatureState.VALID, "Hersteller AG")
        self.log = Log()
        self.publishers: tuple[str, ...] = ()
        self.practice_version: Callable[[], Version | None] = lambda: None
        self.recall_now: Callable[[ElementVersion], Recall | None] = lambda _version: None

    def install(self, element: str = "update", version: str = "2.69.001") -> InstallOutcome:
        return self.result(element, version)[0]

    def result(self, element: str = "update", version: str = "2.69.001") -> tuple[InstallOutcome, str, bool]:
        signatures = KnownSignatures(**{MSI.replace(".", "_"): self.signature})
        signatures._signatures[MSI] = self.signature
        result = self.hand_over(self.practice.download(element, version), signatures)
        return result.outcome, result.sentence, result.restart_practice_software

    def hand_over(self, download: Download, signatures: KnownSignatures | None = None, *, despite_recall: bool = False) -> InstallResult:
        practice = self.practice
        installation = Installation(
            practice.rows,
            practice.library,
            self.starter,
            signatures or KnownSignatures(),
            self.log.write,
            practice.library.folder.parent / "starting",
            self.publishers,
            self.practice_version,
            self.recall_now,
        )
        return installation.hand_over(download, "Anna@PC1", despite_recall=despite_recall)

    def was(self, state: DownloadState) -> None:
        """Has the update be in a state."""
        if state is DownloadState.SUPERSEDED:
            self.practice.withdraw("update", "2.69.001")
        else:
            self.practice.hand_over("update", "2.69.001", state)

    @property
    def state(self) -> DownloadState:
        return self.practice.download("update", "2.69.001").state

    @property
    def file(self) -> Path:
        return self.practice.library.place_of(self.practice.download("update", "2.69.001").signed)


@pytest.fixture
def desk(practice: Practice) -> Desk:
    return Desk(practice)


def test_an_installation_that_ends_well(desk: Desk) -> None:
    outcome, sentence, restart = desk.result()
    assert outcome is InstallOutcome.INSTALLED
    assert sentence == (
        "Update vitomed 2.69.001 wurde installiert. Herausgeber: Hersteller AG. "
        "vitomed muss geschlossen und neu gestartet werden, damit die Änderung wirkt."
    )
    assert restart
    assert desk.state is DownloadState.INSTALLED
    assert desk.starter.started == [(MSI, FileKind.MSI)]
    assert [(row.level, row.reason, row.item) for row in desk.log.rows] == [(Level.INFO, "installed", "update")]
    assert desk.practice.download("update", "2.69.001").changed_by == "Anna@PC1"


@pytest.mark.parametrize(
    ("exit_code", "outcome", "state"),
    [
        (3010, InstallOutcome.RESTART_NEEDED, DownloadState.INSTALLED),
        (1641, InstallOutcome.RESTART_NEEDED, DownloadState.INSTALLED),
        (1602, InstallOutcome.CANCELLED, DownloadState.OFFERED),
        (1603, InstallOutcome.FAILED, DownloadState.OFFERED),
        (1618, InstallOutcome.FAILED, DownloadState.OFFERED),
        (0xC0000005, InstallOutcome.FAILED, DownloadState.OFFERED),
        (None, InstallOutcome.STARTED, DownloadState.STARTED),
    ],
)
def test_how_an_installation_ended_is_noted(desk: Desk, exit_code: int | None, outcome: InstallOutcome, state: DownloadState) -> None:
    desk.starter.exit_code = exit_code
    assert desk.install() is outcome
    assert desk.state is state
    assert desk.practice.download("update", "2.69.001").exit_code == exit_code
    assert (desk.log.rows[0].level is Level.ERROR) == (outcome is InstallOutcome.FAILED)


@pytest.mark.parametrize("exit_code", [1603, 1618, 1602])
def test_what_was_not_installed_asks_for_no_restart(desk: Desk, exit_code: int) -> None:
    desk.starter.exit_code = exit_code
    _outcome, sentence, restart = desk.result()
    assert not restart
    assert "neu gestartet werden, damit" not in sentence


def test_windows_codes_mean_the_same_whatever_was_started() -> None:
    assert {outcome_of(code) for code in (3010, 1641)} == {InstallOutcome.RESTART_NEEDED}
    assert {outcome_of(code) for code in (1602, 1223)} == {InstallOutcome.CANCELLED}
    assert {outcome_of(code) for code in (1, 2, 1603, -1)} == {InstallOutcome.FAILED}


@pytest.mark.parametrize("state", [DownloadState.INSTALLED, DownloadState.SUPERSEDED])
@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_what_is_not_fetched_again_is_not_promised(desk: Desk, state: DownloadState, damage: str) -> None:
    desk.was(state)
    if damage == "missing":
        desk.file.unlink()
    else:
        desk.file.write_bytes(b"another")
    with pytest.raises(InstallRefusedError) as caught:
        desk.install()
    assert "nicht von selbst neu geholt" in caught.value.advice
    assert desk.state is state


def test_a_file_that_can_not_be_read_is_no_reason_to_fetch_it_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_version: ElementVersion) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(desk.practice.library, "verify", refuse)
    with pytest.raises(InstallRefusedError) as caught:
        desk.install()
    assert "Rechte prüfen" in caught.value.advice
    assert (desk.starter.started, desk.state) == ([], DownloadState.OFFERED)


@pytest.mark.parametrize(
    ("before", "after"),
    [(DownloadState.STARTED, "offered"), (DownloadState.INSTALLED, "installed"), (DownloadState.SUPERSEDED, "superseded")],
)
def test_what_fails_another_time_is_as_it_was_or_waits_again(desk: Desk, before: DownloadState, after: str) -> None:
    desk.was(before)
    desk.starter.exit_code = 1603
    assert desk.install() is InstallOutcome.FAILED
    assert desk.state == after


def test_a_person_who_declines_the_elevation_changes_nothing(desk: Desk) -> None:
    error = OSError("declined")
    error.winerror = 1223  # type: ignore[attr-defined,misc,unused-ignore] # only Windows has it
    desk.starter.error = error
    assert desk.install() is InstallOutcome.CANCELLED
    assert desk.state is DownloadState.OFFERED


def test_another_kind_of_file_is_shown_and_nothing_is_started(desk: Desk) -> None:
    outcome, sentence, restart = desk.result("tarif", "1.4.002")
    assert (outcome, restart) == (InstallOutcome.SHOWN, False)
    assert sentence == "Die Dateien von Tarif 1.4.002 werden angezeigt."
    assert (desk.starter.started, desk.starter.shown) == ([], ["tarif-1.4.002.zip"])
    assert desk.practice.download("tarif", "1.4.002").state is DownloadState.STARTED


@pytest.mark.parametrize("element", ["update", "tarif"])
def test_a_device_that_cannot_start_it_says_so_and_the_download_waits_on(desk: Desk, element: str) -> None:
    desk.starter.error = OSError(8, "Exec format error")
    version = {"update": "2.69.001", "tarif": "1.4.002"}[element]
    with pytest.raises(InstallRefusedError, match="nichts installiert"):
        desk.install(element, version)
    assert desk.practice.download(element, version).state is DownloadState.OFFERED
    assert [row.reason for row in desk.log.rows] == ["install_refused"]


@pytest.mark.parametrize("damage", ["missing", "changed", "longer"])
def test_what_is_not_what_was_downloaded_is_never_started(desk: Desk, damage: str) -> None:
    content = desk.file.read_bytes()
    if damage == "missing":
        desk.file.unlink()
    else:
        desk.file.write_bytes(content + b"x" if damage == "longer" else b"x" + content[1:])
    with pytest.raises(InstallRefusedError) as caught:
        desk.install()
    assert ("fehlt" in caught.value.message) == (damage == "missing")
    assert desk.starter.started == []
    assert desk.practice.states()["update 2.69.001"] == "offered"
    assert desk.practice.download("update", "2.69.001").was_here == (damage == "missing")
    assert [(row.level, row.reason) for row in desk.log.rows] == [(Level.ERROR, "install_refused")]
    desk.practice.run()
    assert desk.practice.states()["update 2.69.001"] == "offered"
    assert desk.file.read_bytes() == content


@pytest.mark.parametrize("state", [SignatureState.BROKEN, SignatureState.UNTRUSTED])
def test_a_signature_that_does_not_hold_stops_the_installation(desk: Desk, state: SignatureState) -> None:
    desk.signature = Signature(state, "Fremde AG", 0x800B0109)
    with pytest.raises(InstallRefusedError, match="Fremde AG"):
        desk.install()
    assert desk.starter.started == []
    assert desk.state is DownloadState.OFFERED


@pytest.mark.parametrize("state", [SignatureState.UNSIGNED, SignatureState.NOT_CHECKED])
def test_what_the_vendor_signed_for_the_portal_needs_no_second_signature(desk: Desk, state: SignatureState) -> None:
    desk.signature = Signature(state)
    assert desk.install() is InstallOutcome.INSTALLED


VALID, UNSIGNED, BROKEN, UNTRUSTED = SignatureState.VALID, SignatureState.UNSIGNED, SignatureState.BROKEN, SignatureState.UNTRUSTED

# What the system says, whom the portal names, whom the configuration names; and what the objection says ("": none).
SIGNED_BY = [
    (Signature(VALID, "Hersteller AG"), "", (), ""),
    (Signature(VALID, "Hersteller AG"), "Hersteller AG", (), ""),
    (Signature(VALID, "HERSTELLER  AG "), "Hersteller AG", ("hersteller ag",), ""),
    (Signature(VALID, "Mu\u0308ller AG"), "M\u00fcller AG", (), ""),
    (Signature(VALID, "Andere AG"), "", ("Hersteller AG", "Andere AG"), ""),
    (Signature(VALID, "Andere AG"), "Hersteller AG", ("Andere AG",), "von Andere AG unterschrieben; erwartet wird Hersteller AG"),
    (Signature(VALID, "Andere AG"), "", ("Hersteller AG", "Dritte AG"), "erwartet wird Hersteller AG / Dritte AG"),
    (Signature(VALID, "Hersteller AG & Co"), "Hersteller AG", (), "erwartet wird Hersteller AG"),
    (Signature(VALID, None), "Hersteller AG", (), "von unbekannt unterschrieben"),
    (Signature(UNSIGNED), "", (), ""),
    (Signature(UNSIGNED), "Hersteller AG", (), "von keinem Herausgeber unterschrieben; erwartet wird Hersteller AG"),
    (Signature(UNSIGNED), "", ("Hersteller AG",), "von keinem Herausgeber unterschrieben"),
    (Signature(BROKEN, "Hersteller AG"), "Hersteller AG", ("Hersteller AG",), "ungültig (Herausgeber: Hersteller AG)"),
    (Signature(UNTRUSTED, "Hersteller AG"), "Hersteller AG", (), "ungültig"),
    (Signature(UNTRUSTED), "", (), "ungültig (Herausgeber: unbekannt)"),
    (Signature(SignatureState.NOT_CHECKED), "Hersteller AG", ("Hersteller AG",), ""),
]


@pytest.mark.parametrize(("signature", "named", "accepted", "why"), SIGNED_BY)
def test_who_must_have_signed(signature: Signature, named: str, accepted: tuple[str, ...], why: str) -> None:
    said = objection(signature, named, accepted)
    assert why in said
    assert bool(said) == bool(why)


def test_publishers_of_the_configuration() -> None:
    assert names_of(" Hersteller AG ;Andere, Ltd. ; ") == ("Hersteller AG", "Andere, Ltd.")
    assert names_of("") == ()


def test_another_publisher_than_the_configured_one_is_not_started(desk: Desk) -> None:
    desk.publishers = ("Hersteller AG",)
    desk.signature = Signature(VALID, "Fremde AG")
    with pytest.raises(InstallRefusedError, match="Fremde AG"):
        desk.install()
    assert desk.starter.started == []
    desk.signature = Signature(VALID, "Hersteller AG")
    assert desk.install() is InstallOutcome.INSTALLED


def test_a_publisher_that_the_portal_names_must_have_signed(desk: Desk, demo: DemoPortal, clock: ManualClock) -> None:
    file = demo.source / "portal.toml"
    file.write_text(
        file.read_text(encoding="utf-8").replace('heading = "Programm"', 'heading = "Programm"\npublisher = "Hersteller AG"', 1)
    )
    publish_version(demo, "update", "2.69.002", 100, clock.now())
    desk.practice.run()
    assert desk.practice.download("update", "2.69.002").signed.publisher == "Hersteller AG"
    with pytest.raises(InstallRefusedError, match="von keinem Herausgeber unterschrieben; erwartet wird Hersteller AG"):
        desk.install(version="2.69.002")
    assert desk.starter.started == []


def test_a_file_without_a_publisher_is_told_apart(desk: Desk) -> None:
    desk.signature = Signature(UNSIGNED)
    assert "Kein Herausgeber hat die Datei unterschrieben" in desk.result()[1]


@pytest.mark.parametrize(
    ("installed", "refused"), [(Version(2, 68, 14), True), (Version(2, 69, 0), False), (Version(2, 70, 1), False), (None, False)]
)
def test_a_practice_software_that_is_too_old_stops_the_installation(desk: Desk, installed: Version | None, refused: bool) -> None:
    desk.practice.subscribe("handbuch")
    desk.practice.run()
    desk.practice_version = lambda: installed
    if refused:
        with pytest.raises(InstallRefusedError, match=r"Nötig ist vitomed 2\.69\.000 oder neuer; auf diesem Arbeitsplatz ist 2\.68\.014"):
            desk.install("handbuch", "1.0.000")
        assert [row.reason for row in desk.log.rows] == ["install_refused"]
    else:
        assert desk.install("handbuch", "1.0.000") is InstallOutcome.SHOWN


def test_what_is_not_here_yet_is_not_started(desk: Desk) -> None:
    signed = desk.practice.download("update", "2.69.001").signed
    desk.practice.database.transact(lambda connection: desk.practice.rows.want(connection, signed))
    with pytest.raises(InstallRefusedError, match="noch nicht"):
        desk.install()
    assert desk.starter.started == []


def test_what_is_being_fetched_anew_in_the_same_moment_is_not_started(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    download, verify = desk.practice.download("update", "2.69.001"), desk.practice.library.verify

    def verify_while_another_takes_it_back(wanted: ElementVersion) -> bool:
        desk.practice.database.transact(lambda connection: desk.practice.rows.want(connection, download.signed))
        return verify(wanted)

    monkeypatch.setattr(desk.practice.library, "verify", verify_while_another_takes_it_back)
    with pytest.raises(InstallRefusedError):
        desk.install()
    assert desk.starter.started == []


# Another file under the same version, in the same moment


class Meanwhile(TrialStarter):
    """While the installer runs, the vendor signs another file under the same version, and the job fetches it."""

    def __init__(self, happens: Callable[[], None]) -> None:
        super().__init__()
        self.happens = happens

    def start(self, file: Path, kind: FileKind) -> int | None:
        self.happens()
        return super().start(file, kind)


@pytest.fixture
def another(desk: Desk, demo: DemoPortal, clock: ManualClock) -> Callable[[], None]:
    """Publishes other bytes under the version that is here, and runs the job."""

    def publish_and_fetch() -> None:
        (demo.source / MSI).write_bytes(b"another file, the same version")
        publish(demo.source, demo.repository, demo.keys, clock.now(), replace=True)
        desk.practice.run()

    return publish_and_fetch


def test_what_arrives_while_its_predecessor_is_installed_is_not_taken_for_installed(desk: Desk, another: Callable[[], None]) -> None:
    desk.starter = Meanwhile(another)
    assert desk.install() is InstallOutcome.INSTALLED
    assert desk.state in (DownloadState.OFFERED, DownloadState.NEW)  # NEW where the system keeps an open file from being replaced
    desk.practice.run()
    assert desk.state is DownloadState.OFFERED
    assert desk.file.read_bytes() == b"another file, the same version"


def test_what_arrives_before_its_predecessor_is_started_is_not_started_in_its_place(desk: Desk, another: Callable[[], None]) -> None:
    shown = desk.practice.download("update", "2.69.001")
    another()
    with pytest.raises(InstallRefusedError):
        desk.hand_over(shown)
    assert (desk.starter.started, desk.state) == ([], DownloadState.OFFERED)


def test_what_arrives_between_check_and_start_is_not_started(
    desk: Desk, another: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = desk.practice.library.verify

    def verify_then_another(version: ElementVersion) -> bool:
        genuine = verify(version)
        another()
        return genuine

    monkeypatch.setattr(desk.practice.library, "verify", verify_then_another)
    with pytest.raises(InstallRefusedError):
        desk.install()
    assert desk.starter.started == []


def test_the_file_is_held_from_its_check_to_the_end_of_its_installer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    verify = desk.practice.library.verify

    @contextmanager
    def held(file: Path) -> Iterator[None]:
        steps.append(f"held {file.name}")
        yield
        steps.append("let go")

    def verify_held(version: ElementVersion) -> bool:
        steps.append("checked")
        return verify(version)

    monkeypatch.setattr("tray_agent.downloads.installation.held", held)
    monkeypatch.setattr(desk.practice.library, "verify", verify_held)
    desk.starter = Meanwhile(lambda: steps.append("started"))
    desk.install()
    assert steps == [f"held {MSI}", "checked", f"held {MSI}", "started", "let go", "let go"]


def test_the_job_never_starts_anything(desk: Desk) -> None:
    desk.practice.run()
    assert (desk.starter.started, desk.starter.shown) == ([], [])


# The place from which it starts


class Looking(TrialStarter):
    """Looks at the place from which an installer starts."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.beside: list[str] = []
        self.content = b""
        self.place = Path()

    def start(self, file: Path, kind: FileKind) -> int | None:
        plant(self._desk)
        self.beside = sorted(one.name for one in file.parent.iterdir())
        self.content = file.read_bytes()
        self.place = file.parent.resolve()
        self.mode = file.parent.stat().st_mode & 0o777
        return super().start(file, kind)


def plant(desk: Desk) -> None:
    """Puts a library beside the downloaded installer, and another program in its place."""
    (desk.file.parent / "version.dll").write_bytes(b"planted")
    with suppress(OSError):  # Windows holds it
        desk.file.unlink()
        desk.file.write_bytes(b"another program")


def test_an_installer_starts_alone_in_a_folder_of_its_own(desk: Desk) -> None:
    genuine = desk.file.read_bytes()
    (desk.file.parent / "version.dll").write_bytes(b"planted")
    desk.starter = looking = Looking(desk)
    assert desk.install() is InstallOutcome.INSTALLED
    assert (looking.beside, looking.content) == ([MSI], genuine)
    assert not looking.place.is_relative_to(desk.practice.library.folder)
    assert not looking.place.exists()  # cleaned up
    if sys.platform != "win32":
        assert looking.mode == 0o700


def test_a_program_that_is_put_in_its_place_at_any_step_never_starts(desk: Desk) -> None:
    genuine = desk.file.read_bytes()
    steps = 0

    def count(number: int) -> None:
        nonlocal steps
        steps = number + 1

    with before_each_step(count):
        desk.install()
    for at in range(0, steps, 2):
        desk.file.write_bytes(genuine)
        desk.starter = looking = Looking(desk)
        with at_step(at, lambda: plant(desk)), suppress(InstallRefusedError):
            desk.install()
        assert looking.content in (b"", genuine), at
        assert looking.beside in ([], [MSI]), at


def test_what_a_killed_hand_over_left_is_cleared_away(desk: Desk) -> None:
    left = desk.practice.library.folder.parent / "starting" / "start-of-yesterday"
    left.mkdir(parents=True)
    (left / MSI).write_bytes(b"x")
    os.utime(left, (0, 0))
    desk.install()
    assert not left.exists()


def test_one_installation_is_not_started_twice_at_once(desk: Desk) -> None:
    refused = []

    def start_again() -> None:
        with pytest.raises(InstallRefusedError, match="schon gestartet") as caught:
            desk.hand_over(desk.practice.download("update", "2.69.001"))
        refused.append(caught.value)

    desk.starter = Meanwhile(start_again)
    assert desk.install() is InstallOutcome.INSTALLED
    assert len(refused) == 1
    assert desk.starter.started == [(MSI, FileKind.MSI)]


@pytest.mark.parametrize("exit_code", [1603, 1602])
def test_what_is_installed_stays_so_with_its_date_whatever_another_attempt_comes_to(desk: Desk, clock: ManualClock, exit_code: int) -> None:
    desk.install()
    before = desk.practice.download("update", "2.69.001").here
    clock.advance(timedelta(days=1))
    desk.starter = Meanwhile(lambda: during.append(desk.state))
    during: list[DownloadState] = []
    desk.starter.exit_code = exit_code
    desk.install()
    assert during == [DownloadState.INSTALLED]  # also for who is killed now
    assert desk.practice.download("update", "2.69.001").here == before


@pytest.mark.parametrize("name", ["a.docm", "a.xlsm", "a.iso", "a.img", "a.py", "a.rdp", "a.one", "a.zip", "a.pdf", "a.html"])
def test_what_is_no_installer_is_never_started(name: str) -> None:
    assert check_file_name(name) is FileKind.FILE


@pytest.mark.parametrize("element", ["update", "tarif"])
def test_what_was_called_back_in_this_moment_is_not_handed_over(desk: Desk, element: str) -> None:
    desk.recall_now = lambda _version: Recall("Falsche Beträge", date(2026, 11, 24))
    with pytest.raises(InstallRefusedError, match=r"zurückgerufen seit 24\.11\.2026: Falsche Beträge\. Es wurde nichts") as caught:
        desk.install(element, "2.69.001" if element == "update" else "1.4.002")
    assert "auch nicht von Hand" in caught.value.advice
    assert (desk.starter.started, desk.starter.shown) == ([], [])


def test_a_person_may_want_what_was_called_back_all_the_same(desk: Desk) -> None:
    desk.recall_now = lambda _version: Recall("Falsche Beträge", date(2026, 11, 24))
    desk.hand_over(desk.practice.download("tarif", "1.4.002"), despite_recall=True)
    assert len(desk.starter.shown) == 1
