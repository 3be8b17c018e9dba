"""Which notices a person gets on which occasion; once per occasion and content, grouped, never a flood.

Pure but for ``NoticeMemory``, which remembers in this process what was shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from tray_agent.i18n import _, format_number, ngettext
from tray_agent.tray.contract import BODY_UNITS, TITLE_UNITS, Toast, clip
from tray_agent.tray.model import DialogName, Lasting, OpenDialog, PendingQuestion, downloads_line, questions_line
from tray_agent.tray.occasions import Occasion

if TYPE_CHECKING:
    from tray_agent.errors import KnownError
    from tray_agent.messages.outbox.model import AccountCredits

SAME_CONTENT_PAUSE = timedelta(minutes=15)
"""The same content is not shown again to the same person within this time, whatever the occasion (login, then start)."""

MOST_TOASTS = 3
"""So many toasts at the most within ``TOAST_PERIOD``."""

TOAST_PERIOD = timedelta(minutes=10)

MOST_NAMED = 3
"""So many downloads are named one by one; of more, the rest is a number."""


class NoticeKind(StrEnum):
    """What a notice is about, the gravest first; in this order they stand."""

    CHECKED = "checked"
    OUTDATED = "outdated"
    QUESTION = "question"
    FAILED_REMINDERS = "failed_reminders"
    LASTING_TROUBLE = "lasting_trouble"
    LOW_CREDITS = "low_credits"
    LEFT_BEHIND = "left_behind"
    NEW_DOWNLOADS = "new_downloads"
    GOOD_AGAIN = "good_again"


ALWAYS = frozenset({NoticeKind.NEW_DOWNLOADS, NoticeKind.LOW_CREDITS})
"""What the specification wants told on every occasion: nobody puts it away for the day, and nothing takes its room."""

MOST_ENTRIES = 3
"""So many notices a popup shows, at the most; of more, the rest is a number."""


@dataclass(frozen=True, slots=True)
class NewDownload:
    """A downloaded element that waits for a person.

    Attributes:
        element: the element's stable key.
        title: its name for people.
        version: its version.
        critical: whether the vendor marks it as urgent.
    """

    element: str
    title: str
    version: str
    critical: bool = False

    @property
    def name(self) -> str:
        """Returns its name with its version, for people."""
        name = f"{self.title} {self.version}".strip()
        return _("{name} (dringend)").format(name=name) if self.critical else name


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """What notices are made from.

    Attributes:
        new_downloads: what waits for a person.
        low_credits: balances below the minimum; empty where the check is switched off.
        failed_reminders: numbers of the reminders that could not be sent or delivered today, or can't be in time.
        lasting: the jobs that something has been in the way of for long.
        questions: what a person has to decide.
        left_behind: that another workstation works with a newer practice software, a sentence; "": none does.
    """

    new_downloads: tuple[NewDownload, ...] = ()
    low_credits: tuple[AccountCredits, ...] = ()
    failed_reminders: tuple[str, ...] = ()
    lasting: tuple[Lasting, ...] = ()
    questions: tuple[PendingQuestion, ...] = ()
    left_behind: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell, with the link to where it is settled.

    Attributes:
        kind: what it is about.
        title: a few words; *Neue Downloads vorhanden* is the seed's.
        sentences: what it says, one sentence each.
        summary: the same in one sentence, where several notices share a toast.
        link: the words of the link.
        opens: the window that the link opens.
        content: two notices with equal content say the same.
    """

    kind: NoticeKind
    title: str
    sentences: tuple[str, ...]
    summary: str
    link: str
    opens: DialogName
    content: frozenset[str]


def notices(facts: NoticeFacts) -> tuple[Notice, ...]:
    """Returns what there is to tell; one notice per kind, at most."""
    troubles = (*to_decide(facts.questions), *lasting_trouble(facts.lasting))
    found = (
        *troubles,
        _left_behind(facts.left_behind),
        _downloads(facts.new_downloads),
        _credits(facts.low_credits),
        _failed(facts.failed_reminders),
    )
    return in_order(notice for notice in found if notice)


def in_order(shown: Iterable[Notice]) -> tuple[Notice, ...]:
    """Returns notices, the gravest first."""
    kinds = list(NoticeKind)
    return tuple(sorted(shown, key=lambda notice: kinds.index(notice.kind)))


def entries(shown: Sequence[Notice]) -> tuple[tuple[Notice, ...], int]:
    """Returns what a popup shows of its notices, and how many have no room: what is always told has, then the gravest."""
    first = sorted(in_order(shown), key=lambda notice: notice.kind not in ALWAYS)[:MOST_ENTRIES]
    return in_order(first), len(shown) - len(first)


def outcome(sentences: tuple[str, ...]) -> tuple[Notice, ...]:
    """Returns the answer to *Jetzt prüfen*: what the runs came to, a sentence each; nothing where there is nothing to say."""
    if not sentences:
        return ()
    title, link = _("Prüfung beendet"), _("Auftragsverlauf anzeigen")
    return (Notice(NoticeKind.CHECKED, title, sentences, f"{title}.", link, DialogName.JOB_HISTORY, frozenset(sentences)),)


def outdated(fault: KnownError | None) -> tuple[Notice, ...]:
    """Returns that this program is older than the practice's database, and does nothing any more; nothing where the fault is another."""
    if fault is None or fault.code != _OUTDATED:
        return ()
    title, link, content = fault.title, _("Info öffnen"), frozenset({fault.code})
    return (Notice(NoticeKind.OUTDATED, title, (fault.message, fault.advice), f"{title}.", link, DialogName.INFO, content),)


_OUTDATED = "program_outdated"
"""``store.schema_version.ProgramOutdatedError``; windows know no database."""


def to_decide(questions: tuple[PendingQuestion, ...]) -> tuple[Notice, ...]:
    """Returns that a person has to decide something; nothing where nothing is asked."""
    if not questions:
        return ()
    sentences = tuple(one.sentence for one in questions)
    content = frozenset(str(one.number) for one in questions)
    title, link = _("Bitte entscheiden"), _("Fragen öffnen")
    return (Notice(NoticeKind.QUESTION, title, sentences, questions_line(len(questions)), link, DialogName.QUESTIONS, content),)


def lasting_trouble(lasting: tuple[Lasting, ...]) -> tuple[Notice, ...]:
    """Returns that something has been in the way of jobs for long; nothing where nothing has."""
    if not lasting:
        return ()
    title = _("Zur Zeit nicht möglich")
    sentences = tuple(f"{one.sentence} {one.why}".strip() for one in lasting)
    content = frozenset(f"{one.job}={one.since.isoformat()}" for one in lasting)
    return (Notice(NoticeKind.LASTING_TROUBLE, title, sentences, lasting[0].sentence, _("Aufträge verwalten"), DialogName.JOBS, content),)


def good_again(sentences: tuple[str, ...]) -> tuple[Notice, ...]:
    """Returns that trouble is over, a sentence for each job; nothing where none ended."""
    if not sentences:
        return ()
    title, link = _("Geht wieder"), _("Auftragsverlauf anzeigen")
    return (Notice(NoticeKind.GOOD_AGAIN, title, sentences, sentences[0], link, DialogName.JOB_HISTORY, frozenset(sentences)),)


def toast_of(shown: tuple[Notice, ...]) -> Toast | None:
    """Returns one toast for all that an occasion has to tell, or None for nothing."""
    if not shown:
        return None
    first = shown[0]
    lines = first.sentences if len(shown) == 1 else tuple(notice.summary for notice in shown)
    title = first.title if len(shown) == 1 else _("vitoclient-Services: {count} Meldungen").format(count=len(shown))
    return Toast(clip(title, TITLE_UNITS), clip("\n".join(lines), BODY_UNITS), OpenDialog(first.opens), first.link)


def _left_behind(sentence: str) -> Notice | None:
    if not sentence:
        return None
    title, link = _("Update der Praxissoftware nötig"), _("Download-Liste öffnen")
    return Notice(NoticeKind.LEFT_BEHIND, title, (sentence,), sentence, link, DialogName.DOWNLOADS, frozenset((sentence,)))


def _downloads(downloads: tuple[NewDownload, ...]) -> Notice | None:
    if not downloads:
        return None
    named = [download.name for download in sorted(downloads, key=lambda one: not one.critical)[:MOST_NAMED]]
    rest = len(downloads) - len(named)
    if rest:
        named.append(ngettext("und {number} weiterer", "und {number} weitere", rest).format(number=rest))
    return Notice(
        NoticeKind.NEW_DOWNLOADS,
        _("Neue Downloads vorhanden"),
        tuple(named),
        downloads_line(len(downloads)),
        _("Download-Liste öffnen"),
        DialogName.DOWNLOADS,
        frozenset(f"{download.element}={download.version}" for download in downloads),
    )


def _credits(low: tuple[AccountCredits, ...]) -> Notice | None:
    if not low:
        return None
    title = _("Credits-Guthaben unter dem Mindestbestand")
    return Notice(
        NoticeKind.LOW_CREDITS,
        title,
        tuple(_credits_sentence(account) for account in low),
        f"{title}.",
        _("Credits anzeigen"),
        DialogName.CREDITS,
        frozenset(f"{account.name}={account.balance or 0}" for account in low),
    )


def balance_sentence(account: AccountCredits) -> str:
    """Returns an account's balance and the minimum: "Dr. Meier: 43 Credits, Mindestbestand 50."."""
    return _("{mandant}: {balance} Credits, Mindestbestand {minimum}.").format(
        mandant=account.name, balance=format_number(account.balance or 0), minimum=format_number(account.minimum)
    )


def lasts_title(account: AccountCredits) -> str:
    """Returns how long a low balance lasts, in a few words without a full stop."""
    if not account.balance or account.balance <= 0:
        return _("Guthaben aufgebraucht")
    if account.days_left is None:
        return _("Guthaben unter dem Mindestbestand")
    if account.days_left == 0:
        return _("Guthaben reicht nicht für einen Tag")
    text = ngettext("Guthaben reicht noch etwa {days} Tag", "Guthaben reicht noch etwa {days} Tage", account.days_left)
    return text.format(days=account.days_left)


def _credits_sentence(account: AccountCredits) -> str:
    balance, sentence = account.balance or 0, balance_sentence(account)
    if balance <= 0:
        return sentence + " " + _("Es werden keine SMS mehr versendet, bis das Guthaben aufgeladen ist.")
    if account.days_left is None:
        return sentence
    if account.days_left == 0:
        return sentence + " " + _("Das reicht voraussichtlich nicht einmal mehr für einen Tag.")
    lasts = ngettext("Das reicht noch für etwa {days} Tag.", "Das reicht noch für etwa {days} Tage.", account.days_left)
    return sentence + " " + lasts.format(days=account.days_left)


def _failed(messages: tuple[str, ...]) -> Notice | None:
    if not messages:
        return None
    number = len(messages)
    sentence = ngettext(
        "{number} Terminerinnerung kam nicht an oder käme zu spät; bitte auf anderem Weg erinnern.",
        "{number} Terminerinnerungen kamen nicht an oder kämen zu spät; bitte auf anderem Weg erinnern.",
        number,
    ).format(number=number)
    return Notice(
        NoticeKind.FAILED_REMINDERS,
        calls_title(number),
        (sentence,),
        sentence,
        _("Anrufliste öffnen"),
        DialogName.CALLS,
        frozenset(messages),
    )


def calls_title(number: int) -> str:
    """Returns how many are to be called, in a few words without a full stop."""
    return ngettext("{number} Patient anrufen", "{number} Patienten anrufen", number).format(number=number)


class NoticeMemory:
    """Remembers what was shown, so that nothing is told twice and nothing floods."""

    def __init__(self) -> None:
        self._shown: dict[tuple[NoticeKind, frozenset[str]], datetime] = {}
        self._toasts: list[datetime] = []
        self._quiet_until: datetime | None = None

    def be_quiet(self, until: datetime) -> None:
        """Tells nothing by itself up to an instant (aware) but what is always told: a person put it away for the day."""
        self._quiet_until = until

    def fresh(self, occasion: Occasion, candidates: tuple[Notice, ...], now: datetime) -> tuple[Notice, ...]:
        """Returns the notices to show on an occasion and counts them as shown.

        The same content is left out within ``SAME_CONTENT_PAUSE``, so that logging in and starting the practice
        software a minute later tell it once. After a user switch another person sits there: everything is told.

        Args:
            occasion: why now.
            candidates: what there is to tell.
            now: any aware instant, never stepping back.
        """
        self._shown = {shown: at for shown, at in self._shown.items() if now - at < SAME_CONTENT_PAUSE}
        if occasion is Occasion.USER_SWITCH:
            self._shown.clear()
            self._quiet_until = None  # it was another person's word
        is_quiet = self._quiet_until is not None and now < self._quiet_until
        told = (notice for notice in candidates if not is_quiet or notice.kind in ALWAYS)
        chosen = tuple(notice for notice in told if (notice.kind, notice.content) not in self._shown)
        self.note(chosen, now)
        return chosen

    def note(self, shown: tuple[Notice, ...], now: datetime) -> None:
        """Counts notices as shown now."""
        self._shown |= {(notice.kind, notice.content): now for notice in shown}

    def may_toast(self, now: datetime) -> bool:
        """Returns whether a toast may be shown now, and counts it if so; at most ``MOST_TOASTS`` in ``TOAST_PERIOD``."""
        self._toasts = [shown for shown in self._toasts if now - shown < TOAST_PERIOD]
        if len(self._toasts) >= MOST_TOASTS:
            return False
        self._toasts.append(now)
        return True
