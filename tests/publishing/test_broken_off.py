"""The vendor's tool is ended at any step: practices accept what is served then, and the same command does it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from publishing.errors import PublishError
from publishing.publish import publish, recall, refresh, restored, rotate
from publishing.signing_keys import SigningKeys
from tests.downloads.conftest import ELEMENTS
from tray_agent.clock import ManualClock
from tray_agent.demo.portal import DemoPortal, make_portal, write_file
from tray_agent.downloads.model import Version
from tray_agent.downloads.portal import Portal
from tray_agent.platforms import files


class Ended(BaseException):
    """The process ends here: no ``except`` of the tool may see it."""


class Steps:
    """Counts the steps that reach the disk and ends the process before or right after one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.last = 0
        for name in ("replace", "sync_file"):
            monkeypatch.setattr(files, name, self._counted(getattr(files, name)))

    def _counted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **named: Any) -> Any:
            self.count += 1
            if self.last and self.count == self.last:
                raise Ended
            done = real(*arguments, **named)
            if self.last and self.count == self.last + 1:
                raise Ended
            return done

        return step


def work_of(name: str, demo: DemoPortal, clock: ManualClock) -> Callable[[], Any]:
    works: dict[str, Callable[[], Any]] = {
        "publish": lambda: publish(demo.source, demo.repository, demo.keys, clock.now()),
        "refresh": lambda: refresh(demo.repository, demo.keys, clock.now()),
        "rotate root": lambda: rotate(demo.repository, demo.keys, "root", clock.now()),
        "rotate targets": lambda: rotate(demo.repository, demo.keys, "targets", clock.now(), count=2),
        "recall": lambda: recall(demo.repository, demo.keys, ("tarif", Version.parse("1.4.002")), "Falsche Preise.", clock.now()),
        "restored": lambda: restored(demo.repository, demo.keys, clock.now(), 10),
    }
    return works[name]


@pytest.mark.parametrize("name", ["publish", "refresh", "rotate root", "rotate targets", "recall", "restored"])
def test_practices_accept_the_portal_whenever_the_tool_ends(
    demo: DemoPortal, portal: Portal, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    steps = Steps(monkeypatch)
    for last in range(1, 100):
        clock.advance(timedelta(hours=1))
        write_file(demo.source, "tarif", f"1.5.{last:03}", "zip", 500)
        steps.count, steps.last = 0, last
        try:
            work_of(name, demo, clock)()
        except Ended:
            steps.last = 0
            assert portal.refresh().elements, last
            work_of(name, demo, clock)()
            assert portal.refresh().elements, last
        else:
            assert last > 2, "nothing was counted"
            return
    pytest.fail("the steps have no end")


def test_the_first_publication_is_begun_again(tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(monkeypatch)
    for last in range(1, 100):
        steps.count, steps.last = 0, last
        try:
            make_portal(tmp_path / str(last), clock.now(), ELEMENTS)
        except Ended:
            steps.last = 0
            made = make_portal(tmp_path / str(last), clock.now(), ELEMENTS)
            assert refresh(made.repository, made.keys, clock.now()).versions == 5
        else:
            return
    pytest.fail("the steps have no end")


def test_a_lost_keys_half_made_successor_stops_nothing(
    demo: DemoPortal, portal: Portal, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    (demo.folder / "keys" / "targets.pem").unlink()
    steps = Steps(monkeypatch)
    steps.last = 3  # the new key is there, the root that names it is not
    with pytest.raises(Ended):
        publish(demo.source, demo.repository, demo.keys, clock.now())
    steps.last = 0
    assert publish(demo.source, demo.repository, demo.keys, clock.now()).renewed == ("targets",)
    assert portal.refresh().elements


def test_an_empty_key_of_an_older_program_says_what_it_is(demo: DemoPortal, clock: ManualClock) -> None:
    (demo.folder / "keys" / "targets-2.pem").touch()
    with pytest.raises(PublishError, match="leer; sie kann gelöscht werden"):
        publish(demo.source, demo.repository, demo.keys, clock.now())


def test_a_file_that_changes_while_it_is_published_is_not(demo: DemoPortal, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    file = demo.source / "tarif-1.4.002.zip"
    file.write_bytes(b"new content")
    make = SigningKeys.of

    def changed(keys: SigningKeys, role: str) -> Any:
        file.write_bytes(b"newer content")  # after it was hashed, before it is copied
        return make(keys, role)

    before = {path.name for path in (demo.repository / "targets").rglob("*")}
    monkeypatch.setattr(SigningKeys, "of", changed)
    with pytest.raises(PublishError, match="während der Veröffentlichung verändert"):
        publish(demo.source, demo.repository, demo.keys, clock.now(), replace=True)
    assert {path.name for path in (demo.repository / "targets").rglob("*")} == before


def test_a_damaged_file_that_is_served_is_written_anew(demo: DemoPortal, clock: ManualClock) -> None:
    served = next((demo.repository / "targets").rglob("*tarif*.zip"))
    good = served.read_bytes()
    served.write_bytes(bytes(len(good)))
    publish(demo.source, demo.repository, demo.keys, clock.now())
    assert served.read_bytes() == good


@pytest.mark.parametrize("suffix", ["", ".new"], ids=["in its place", "where it is written first"])
@pytest.mark.parametrize("genuine", [True, False])
def test_a_planted_link_is_neither_written_through_nor_served(
    demo: DemoPortal, clock: ManualClock, tmp_path: Path, suffix: str, genuine: bool
) -> None:
    served = next((demo.repository / "targets").rglob("*tarif*.zip"))
    good = served.read_bytes()
    served.unlink()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(good if genuine else b"precious")
    try:
        served.with_name(f"{served.name}{suffix}").symlink_to(elsewhere)
    except OSError:
        pytest.skip("this user may make no links")
    publish(demo.source, demo.repository, demo.keys, clock.now())
    assert (served.read_bytes(), served.is_symlink()) == (good, False)
    assert elsewhere.read_bytes() == (good if genuine else b"precious")
    assert not served.with_name(f"{served.name}.new").is_symlink()
