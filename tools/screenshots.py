"""Pictures of every window, popup and tray state on the demo practice's data: ``python -m tools.screenshots``.

They are made in German and French, light and dark, on a small desktop of their own, into ``docs/screenshots/LANGUAGE/``;
with ``--desktop`` also one of that desktop as a whole. Whoever adds a window adds a ``Scene`` here, or several where it has several faces.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PyQt6.QtCore import QEventLoop, Qt
from PyQt6.QtGui import QColor, QFont, QGuiApplication, QPainter, QPixmap
from PyQt6.QtWidgets import QApplication, QDialog, QWidget

from tray_agent.errors import KnownError
from tray_agent.i18n import _, set_language
from tray_agent.job_kinds import JobKey
from tray_agent.schedules.codes import Subday
from tray_agent.tray.model import DialogName
from ui.background import Background
from ui.look.scale import body_font
from ui.shell.application import QtTranslations, create_application
from ui.windows import Remembered, Windows

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from tray_agent.jobs.model import JobOverview
    from tray_agent.tray.engine import AgentEngine
    from ui.dialogs.activity import ActivityDialog
    from ui.dialogs.job_history import JobHistoryDialog
    from ui.dialogs.jobs import JobsDialog
    from ui.dialogs.outbox import OutboxDialog
    from ui.dialogs.preview import PreviewDialog
    from ui.dialogs.questions import QuestionsDialog
    from ui.dialogs.schedule import ScheduleDialog
    from ui.dialogs.setup import SetupDialog
    from ui.dialogs.templates import TemplatesDialog

LANGUAGES = ("de", "fr")
SCHEMES = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
FOLDER = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
SECONDS_TO_LOAD = 20.0
PAST_MESSAGES = 20_000
_ON_DESKTOP = "PICTURES_ON_DESKTOP"


@dataclass(frozen=True)
class Stage:
    """What a scene has: the demo's agent, the registry of windows, and patience."""

    agent: Agent
    windows: Windows
    background: Background

    def settle(self) -> None:
        """Lets the windows finish what they load."""
        until = time.monotonic() + SECONDS_TO_LOAD
        quiet = 0
        while quiet < 3 and time.monotonic() < until:
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)
            quiet = quiet + 1 if self.background.idle else 0


@dataclass(frozen=True)
class Scene:
    """One picture of a window.

    Attributes:
        name: of the file.
        dialog: which window.
        prepare: puts the window into the state to be shown (another tab, a selected row); the stage may be settled in it.
    """

    name: str
    dialog: DialogName
    prepare: Callable[[QDialog, Stage], None] | None = None


def _mistakes(dialog: QDialog, stage: Stage) -> None:
    """Writes a text with a misspelt placeholder and dear characters."""
    dialog = cast("TemplatesDialog", dialog)
    dialog.text.replace_text("Guten Tag {Vornamme} {Nachname} – Ihr Termin: “{Wochentag}”, {Datum}, {Uhrzeit} … {Arzt}, {Praxis}")
    dialog.reader.setCurrentIndex(min(2, dialog.reader.count() - 1))


def _mail_page(dialog: QDialog, stage: Stage) -> None:
    cast("SetupDialog", dialog).steps.setCurrentRow(4)


def _mail_template(dialog: QDialog, stage: Stage) -> None:
    dialog = cast("TemplatesDialog", dialog)
    dialog.table.selectRow(4)
    stage.settle()
    dialog.reader.setCurrentIndex(min(2, dialog.reader.count() - 1))


def _greetings(dialog: QDialog, stage: Stage) -> None:
    dialog = cast("PreviewDialog", dialog)
    dialog.kind.setCurrentIndex(1)


def _asked(dialog: QDialog, stage: Stage) -> None:
    """Asks what a practice may be asked; the sentences are those of the engine."""
    from tray_agent.i18n import join_texts
    from tray_agent.messages.guards.questions import QuestionKind, ask
    from tray_agent.messages.guards.views import what_is_empty
    from tray_agent.messages.guards.volume import Usual, Volume, how_many

    dialog, store = cast("QuestionsDialog", dialog), stage.agent.store
    many = join_texts(
        how_many(Volume.APPOINTMENTS, 2804, Usual(41, 1)),
        _("Wahrscheinliche Ursache: {cause}").format(cause=_("Der Schalter «OffsetSuchTage» steht auf {number}.").format(number=100)),
    )
    with store.begin() as connection:
        now = store.now(connection)
        ask(connection, QuestionKind.VIEW, "picture", what_is_empty("vitoclient_visit_reasons", "23.11.2026"), {}, now)
        ask(connection, QuestionKind.VOLUME, "picture", many, {"volume": "picture"}, now)
    dialog.load()


def _busy_day(dialog: QDialog, stage: Stage) -> None:
    """Enables all jobs with schedules that come too close and would send at night."""
    from dataclasses import replace
    from datetime import time as clock

    dialog = cast("JobsDialog", dialog)
    for row in dialog.model.rows:
        dialog.model.enable(row.key, on=True)
    often = {"end_time": clock(18), "subday": Subday.MINUTES, "subday_interval": 30}
    for key, values in (
        (JobKey.PREPARE_REMINDERS, {"start_time": clock(16, 2)}),
        (JobKey.SEND_MESSAGES, {"start_time": clock(7), "end_time": clock(22), "subday": Subday.HOURS, "subday_interval": 3}),
        (JobKey.UPDATE_STATUS, {"start_time": clock(8, 20), **often}),
    ):
        dialog.model.set_schedule(key, replace(dialog.model.schedule(key), **values))
    dialog.reload()


def _good_day(dialog: QDialog, stage: Stage) -> None:
    """Enables the jobs of the SMS-Service as the manual page proposes."""
    dialog = cast("JobsDialog", dialog)
    for key in JobKey:
        dialog.model.enable(key, on=True)
    dialog.reload()


def _waiting(dialog: QDialog, stage: Stage) -> None:
    """Has sending been tried three times in vain; its row is chosen."""
    _try_in_vain(stage.agent)
    dialog = cast("JobsDialog", dialog)
    dialog.reload()
    stage.settle()
    dialog.table.selectRow(list(JobKey).index(JobKey.SEND_MESSAGES))


def _attempts(dialog: QDialog, stage: Stage) -> None:
    """Shows every attempt."""
    _try_in_vain(stage.agent)
    dialog = cast("JobHistoryDialog", dialog)
    dialog.reload()
    dialog.folded.setChecked(True)
    stage.settle()
    dialog.table.selectRow(0)
    stage.settle()


def _try_in_vain(agent: Agent) -> None:
    """Enables sending and has it tried three times while the gateway is away; where something is owed already, it is left so."""
    from dataclasses import replace

    from tray_agent.jobs.claims import Claim, Ending
    from tray_agent.jobs.model import JobChange
    from tray_agent.jobs.owed import Rest
    from tray_agent.protocol.model import RunState, RunTrigger

    jobs, key = agent.jobs, JobKey.SEND_MESSAGES
    if key in jobs.owed():
        return
    row = next(one for one in jobs.overview() if one.key is key)
    jobs.save([JobChange(key, replace(row.schedule, enabled=True), row.version)], agent.person)
    said = _("SMS-Gateway antwortet nicht")
    due_at = agent.clock.now().replace(microsecond=0)
    for trigger in (RunTrigger.SCHEDULE, RunTrigger.RETRY, RunTrigger.RETRY):
        claim = jobs.claims.claim(key, due_at, trigger, owed=trigger is RunTrigger.RETRY)
        if isinstance(claim, Claim):
            jobs.claims.finish(claim, Ending(RunState.SUCCEEDED, "gateway", said, rest=Rest("gateway", number=10)))


def _weekly(dialog: QDialog, stage: Stage) -> None:
    """Chooses weekdays and several times a day."""
    dialog = cast("ScheduleDialog", dialog)
    dialog.repeat.setCurrentIndex(1)
    dialog.repeated.setValue(2)
    dialog.several.click()
    dialog.every.setValue(2)


def _mistaken(dialog: QDialog, stage: Stage) -> None:
    """Chooses what can't be."""
    dialog = cast("ScheduleDialog", dialog)
    dialog.repeat.setCurrentIndex(1)
    for box in dialog.weekdays.values():
        box.setChecked(False)
    dialog.several.click()
    dialog.window_end.setTime(dialog.window_start.time())


def _sms_log(dialog: QDialog, stage: Stage) -> None:
    cast("ActivityDialog", dialog).tabs.setCurrentIndex(1)


def _by_appointment(dialog: QDialog, stage: Stage) -> None:
    """Sorts by the appointment: reminders of all states stand beside each other."""
    dialog = cast("OutboxDialog", dialog)
    dialog.table.sortByColumn(5, Qt.SortOrder.DescendingOrder)
    stage.settle()
    dialog.table.selectRow(0)


SCENES: tuple[Scene, ...] = (
    Scene("start", DialogName.START),
    Scene("calls", DialogName.CALLS),
    Scene("downloads", DialogName.DOWNLOADS),
    Scene("portal", DialogName.PORTAL),
    Scene("jobs", DialogName.JOBS, prepare=_good_day),
    Scene("jobs_warnings", DialogName.JOBS, prepare=_busy_day),
    Scene("schedule", DialogName.SCHEDULE),
    Scene("schedule_weekly", DialogName.SCHEDULE, prepare=_weekly),
    Scene("schedule_mistakes", DialogName.SCHEDULE, prepare=_mistaken),
    Scene("job_history", DialogName.JOB_HISTORY),
    Scene("job_history_attempts", DialogName.JOB_HISTORY, prepare=_attempts),
    Scene("jobs_waiting", DialogName.JOBS, prepare=_waiting),
    Scene("activity", DialogName.ACTIVITY),
    Scene("activity_log", DialogName.ACTIVITY, prepare=_sms_log),
    Scene("settings", DialogName.SETTINGS),
    Scene("templates", DialogName.TEMPLATES),
    Scene("templates_check", DialogName.TEMPLATES, prepare=_mistakes),
    Scene("templates_mail", DialogName.TEMPLATES, prepare=_mail_template),
    Scene("outbox", DialogName.OUTBOX, prepare=_by_appointment),
    Scene("credits", DialogName.CREDITS),
    Scene("preview", DialogName.PREVIEW),
    Scene("preview_birthdays", DialogName.PREVIEW, prepare=_greetings),
    Scene("info", DialogName.INFO),
    Scene("setup", DialogName.SETUP),
    Scene("setup_mail", DialogName.SETUP, prepare=_mail_page),
    Scene("questions", DialogName.QUESTIONS, prepare=_asked),
)


def main() -> int:
    """Makes the pictures on a small desktop; returns the number of scenes that failed."""
    from tests.desktop.rig import small_desktop

    if _ON_DESKTOP in os.environ:
        return _make()
    with small_desktop() as desktop:
        more = {_ON_DESKTOP: "1", "QT_QPA_PLATFORMTHEME": "gnome"}  # the theme that knows light and dark without a session
        return subprocess.run(  # noqa: S603 - this very program
            [sys.executable, "-m", "tools.screenshots", *sys.argv[1:]], env=desktop.environment | more, check=False
        ).returncode


def _make() -> int:
    options = _options()
    application = create_application([sys.argv[0]])
    application.setFont(body_font(QFont("Open Sans", 9)))  # as wide as Windows' own, and on every machine that makes pictures
    failed = 0
    for language in options.languages:
        set_language(language)
        QtTranslations(application).load(language)
        with demo_agent() as agent:  # a world for each language: what its runs wrote is in that language
            for scheme in options.schemes:
                _use_scheme(scheme)
                failed += _pictures(agent, options.folder / language, scheme, set(options.scenes))
    set_language("de")
    if options.desktop:
        with demo_agent() as agent:
            _desktop_picture(agent, options.folder / "desktop.png")
    return failed


@contextmanager
def demo_agent() -> Iterator[Agent]:
    """Gives the demo practice's agent after one run of the five jobs."""
    from tray_agent.demo.report import run_demo
    from tray_agent.demo.world import DemoWorld

    with tempfile.TemporaryDirectory(prefix="vitoclient-pictures-") as folder, DemoWorld(Path(folder)) as world:
        _keep_past_balances(world.agent)
        run_demo(world, lambda _job: lambda _event: None)
        _keep_past_messages(world.agent)
        _keep_past_runs(world.agent)
        _keep_workstations(world.agent)
        yield world.agent


def _keep_workstations(agent: Agent) -> None:
    """Keeps who else is there: one that lacks a password, and one that was switched off."""
    from datetime import timedelta

    from tray_agent.i18n import _
    from tray_agent.job_kinds import JobKey
    from tray_agent.jobs.abilities import AgentKind, Lack, LackKind, Report
    from tray_agent.jobs.presence import Presences

    without = Lack(LackKind.PASSWORD, _("das Passwort des Mailservers fehlt"))
    others = {
        "PC-EMPFANG": Report("anna", AgentKind.TRAY, {}, {}, "2.68.014"),
        "PC-LABOR": Report("beat", AgentKind.TRAY, {JobKey.SEND_MESSAGES: [without]}, {"mail": False}, "2.68.014"),
        "TERMINAL01": Report("svc-vitoclient", AgentKind.SERVICE, {}, {}, "2.69.001"),
    }
    for name, report in others.items():
        there = Presences(agent.store, f"picture-{name}", name, agent.clock, report=lambda report=report: report)  # type: ignore[misc]
        there.tell(timedelta())
    there.leave()


def _keep_past_balances(agent: Agent) -> None:
    """Keeps the balances of three months, as a practice has them that tops up now and then."""
    from datetime import timedelta
    from decimal import Decimal

    from sqlalchemy import insert

    from tray_agent.messages.work.credits import accounts_of
    from tray_agent.store.tables import credit_balance

    now = agent.clock.now()
    with agent.store.begin() as connection:
        for place, account in enumerate(accounts_of(agent.messages.parts.sms)):
            for week in range(13):
                balance = Decimal(160 + (12 - week) * 31 % (200 + 90 * place) + 7 * (week * 5 % 4))
                measured_at = now - timedelta(days=7 * (12 - week) + 1)
                connection.execute(insert(credit_balance).values(mandant_id=account.keeper, measured_at=measured_at, balance=balance))


def _keep_past_messages(agent: Agent) -> None:
    """Keeps the messages of half a year: those of today, on every working day before; who was missed was called."""
    from datetime import timedelta

    from sqlalchemy import insert, select

    from tray_agent.messages.model import MessageState
    from tray_agent.store.tables import message

    missed = (MessageState.FAILED.value, MessageState.ERROR.value)
    with agent.store.read() as connection:
        rows = [dict(row) for row in connection.execute(select(message)).mappings()]
    today = agent.clock.now().astimezone(agent.zone).date()
    past, days = list[dict[str, object]](), 0
    while len(past) < PAST_MESSAGES:
        days += 1
        back = timedelta(days=days)
        if (today - back).weekday() > 4:
            continue
        for row in rows[: len(rows) * (60 + days * 37 % 40) // 100]:  # no two days are alike
            moved = {name: value - back if hasattr(value, "hour") else value for name, value in row.items() if name != "id"}
            state = row["state"] if row["state"] in missed else MessageState.DELIVERED.value
            handled = {"handled_at": moved["prepared_at"], "handled_by": "anna"} if state in missed else {}
            own = {"unique_key": f"{row['unique_key']}-{days}", "reference": f"{row['reference'][:19]}{days:05}", "state": state}
            if row["appointment_id"]:
                own["appointment_id"] = f"{row['appointment_id']}-{days}"
            past.append(moved | own | handled)
    with agent.store.begin() as connection:
        for begin in range(0, len(past), 500):
            connection.execute(insert(message), past[begin : begin + 500])


def _keep_past_runs(agent: Agent) -> None:
    """Keeps the runs of five days, at their planned times, as a practice has them; one of them found no database."""
    from sqlalchemy import insert

    from tray_agent.store.tables import job_run

    rows = [_past_run(agent, job, days) for job in agent.jobs.overview() for days in range(1, 6)]
    with agent.store.begin() as connection:
        connection.execute(insert(job_run), rows)


def _past_run(agent: Agent, job: JobOverview, days: int) -> dict[str, object]:
    from datetime import datetime, timedelta

    from tray_agent.protocol.model import RunState, RunTrigger

    zone = agent.zone
    day = agent.clock.now().astimezone(zone).date() - timedelta(days=days)
    due_at = datetime.combine(day, job.schedule.start_time, zone)
    failed = days == 1 and job.key is JobKey.UPDATE_STATUS
    said = str(_database_away()) if failed else job.last_run.sentence if job.last_run else ""
    return {
        "job": job.key.value, "due_at": due_at, "trigger": RunTrigger.SCHEDULE.value, "token": 1, "attempt": 1,
        "takeovers": 0, "folded": 0, "state": (RunState.FAILED if failed else RunState.SUCCEEDED).value, "problems": int(failed),
        "result": "", "reason": "", "sentence": said,
        "workstation": "EMPFANG2" if days % 2 else agent.workstation,
        "started_at": due_at + timedelta(seconds=1), "finished_at": due_at + timedelta(seconds=9 + 3 * days),
    }  # fmt: skip


def _database_away() -> KnownError:
    from sqlalchemy.engine import make_url

    from tray_agent.store.database import unavailable

    return unavailable(make_url("mssql+pyodbc://SRV1/vitomed"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", nargs="*", help="only these scenes")
    parser.add_argument("--languages", nargs="+", default=list(LANGUAGES))
    parser.add_argument("--schemes", nargs="+", default=list(SCHEMES), choices=list(SCHEMES))
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--desktop", action="store_true", help="also one picture on a small real desktop")
    return parser.parse_args()


def _use_scheme(scheme: str) -> None:
    hints = QGuiApplication.styleHints()
    if hints is not None:
        hints.setColorScheme(SCHEMES[scheme])
    QApplication.processEvents()


def _pictures(agent: Agent, folder: Path, scheme: str, only: set[str]) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    errors: list[KnownError] = []
    background = Background(errors.append)
    with tempfile.TemporaryDirectory() as place:
        windows = Windows(agent, background, Remembered(Path(place) / "windows.ini"))
        stage = Stage(agent, windows, background)
        _show_state(stage)
        failed = sum(not _picture(scene, stage, folder / f"{scene.name}-{scheme}.png") for scene in _wanted(only))
        for name, make in EXTRAS.items():
            if not only or name in only:
                _save(make(stage), folder / f"{name}-{scheme}.png")
        windows.close_all()
    background.stop()
    for error in errors:
        print(f"  {error}")
    return failed


def _wanted(only: set[str]) -> list[Scene]:
    there = [scene for scene in SCENES if find_spec(f"ui.dialogs.{scene.dialog.value}") is not None]
    return [scene for scene in there if not only or scene.name in only]


def _picture(scene: Scene, stage: Stage, file: Path) -> bool:
    from tests.support.subjects import subject_of

    try:
        dialog = stage.windows.open(scene.dialog, subject_of(scene.dialog, stage.agent) if scene.dialog is DialogName.SCHEDULE else None)
        stage.settle()
        if scene.prepare is not None:
            scene.prepare(dialog, stage)
            stage.settle()
        _save(dialog, file)
    except Exception as error:  # noqa: BLE001 - one window that fails must not hide the others
        print(f"  {scene.name}: {error!r}")
        return False
    stage.windows.close_all()
    QApplication.processEvents()
    return True


def _save(widget: QWidget | QPixmap, file: Path) -> None:
    picture = widget if isinstance(widget, QPixmap) else widget.grab()
    picture.save(str(file))
    print(f"  {file.relative_to(FOLDER.parent.parent) if file.is_relative_to(FOLDER.parent.parent) else file}")


def _engine(stage: Stage) -> AgentEngine:
    from tray_agent.tray.engine import AgentEngine

    return AgentEngine(stage.agent)


def _show_state(stage: Stage) -> None:
    from tray_agent.tray.model import tray_state

    stage.windows.state.show(tray_state(_engine(stage).facts()))


def _popup(stage: Stage) -> QWidget:
    from tray_agent.tray.notices import notices
    from ui.shell.popup import Popup

    popup = Popup(notices(_engine(stage).notice_facts()), lambda _name: None)
    popup.appear()
    stage.settle()
    return popup


def _crash(stage: Stage) -> QWidget:
    from tray_agent.logs import report
    from ui.shell.crash import CrashWindow

    window = CrashWindow(report(RuntimeError("a state that must not be")))
    window.show()
    stage.settle()
    return window


def _error(stage: Stage) -> QWidget:
    from ui.widgets.message_box import error_window

    window = error_window(_database_away())
    window.show()
    stage.settle()
    return window


def _question(stage: Stage) -> QWidget:
    from datetime import timedelta

    from tray_agent.messages.outbox.model import Waiting
    from ui.widgets.message_box import show_offer

    stage.windows.offered = 0
    show_offer(stage.windows, Waiting(8, 4, 1, stage.agent.clock.now() + timedelta(hours=20)))
    stage.settle()
    assert stage.windows.question is not None  # noqa: S101 - there are messages to be sent
    return stage.windows.question


def _tray_states(_stage: Stage) -> QPixmap:
    """Returns every state of the icon in the sizes of panels, on the panel of this scheme."""
    from tray_agent.tray.model import Look
    from ui.widgets.icons import tray_icon

    dark = QApplication.palette().window().color().lightness() < 128
    picture = QPixmap(460, 96)
    picture.fill(QColor("#1f1f1f" if dark else "#f3f3f3"))
    painter = QPainter(picture)
    for column, (look, number) in enumerate([*((look, 3) for look in Look), (Look.NEW_DOWNLOADS, 12)]):
        left = 12 + column * 74
        for size, top in ((16, 8), (24, 4), (48, 40)):
            shift = 0 if size != 24 else 28
            painter.drawPixmap(left + shift, top, tray_icon(look, number).pixmap(size, size))
    painter.end()
    return picture


EXTRAS: dict[str, Callable[[Stage], QWidget | QPixmap]] = {
    "popup": _popup,
    "crash": _crash,
    "error": _error,
    "question": _question,
    "tray": _tray_states,
}


def _desktop_picture(agent: Agent, file: Path) -> None:
    """Writes a picture of the program on a small real desktop: icon, popup, toast and list."""
    from tests.desktop.rig import run_program, small_desktop, wait_until

    with small_desktop() as desktop:
        desktop.ask("convert", "-size", "1x1", "xc:#35586c", str(desktop.folder / "ground.png"))
        desktop.ask("display", "-window", "root", str(desktop.folder / "ground.png"))
        configuration = agent.machine.data_folder / "config.toml"
        program = run_program(desktop, agent.machine.data_folder, VITOCLIENT_CONFIG=str(configuration))
        desktop.tray_icon()
        desktop.window("Meldung")
        wait_until(lambda: desktop.find(Class="Dunst"), "the toast")
        desktop.picture(file)
        program.terminate()
        program.ended()
    print(f"  {file}")


if __name__ == "__main__":
    sys.exit(main())
