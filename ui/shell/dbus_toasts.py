"""Toasts on Linux: the desktop's notification service, with a click that is told.

Source: Desktop Notifications Specification 1.2, ``org.freedesktop.Notifications``.
"""

from __future__ import annotations

import logging

from PyQt6.QtCore import QMetaType, QObject, QVariant, pyqtSlot
from PyQt6.QtDBus import QDBusArgument, QDBusConnection, QDBusMessage, QDBusPendingCallWatcher, QDBusPendingReply

from tray_agent.resources import assets_folder
from tray_agent.tray.contract import OnAction, Toast
from tray_agent.tray.model import PRODUCT, Action

SERVICE = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
MILLISECONDS_SHOWN = 10_000

_UINT, _INT, _STRING = (QMetaType.fromName(name).id() for name in (b"uint", b"int", b"QString"))

_log = logging.getLogger(__name__)


class DBusToaster(QObject):
    """Toasts through the session bus.

    Args:
        on_action: called on the GUI thread when a toast was clicked.
        bus: the session bus, or another one in tests.
    """

    def __init__(self, on_action: OnAction, bus: QDBusConnection | None = None) -> None:
        super().__init__()
        keep_listener(self)
        self._on_action = on_action
        self._bus = bus or QDBusConnection.sessionBus()
        self._shown: dict[int, Action] = {}
        self._calls: set[QDBusPendingCallWatcher] = set()
        self._bus.connect("", PATH, SERVICE, "ActionInvoked", self._clicked)
        self._bus.connect("", PATH, SERVICE, "NotificationClosed", self._closed)

    @property
    def available(self) -> bool:
        """Returns whether there is a session bus; a notification service may be started by the first toast."""
        return self._bus.isConnected()

    def show(self, toast: Toast) -> bool:
        """Shows a toast; returns whether the bus took it."""
        if not self.available:
            return False
        call = QDBusMessage.createMethodCall(SERVICE, PATH, SERVICE, "Notify")
        call.setArguments(_arguments(toast))
        pending = self._bus.asyncCall(call)
        watcher = QDBusPendingCallWatcher(pending, self)
        self._calls.add(watcher)
        watcher.finished.connect(lambda done: self._answered(done, QDBusPendingReply(pending), toast))
        return True

    def stop(self) -> None:
        """Takes away what is still shown: nobody would hear a click on it."""
        for number in self._shown:
            call = QDBusMessage.createMethodCall(SERVICE, PATH, SERVICE, "CloseNotification")
            which = QDBusArgument()
            which.add(number, _UINT)
            call.setArguments([which])
            self._bus.send(call)
        self._shown.clear()

    def _answered(self, watcher: QDBusPendingCallWatcher, reply: QDBusPendingReply, toast: Toast) -> None:
        self._calls.discard(watcher)
        if reply.isError():
            _log.warning("the notification service refused: %s", reply.error().message())
        else:
            self._shown[int(reply.argumentAt(0))] = toast.action
        watcher.deleteLater()

    @pyqtSlot(QDBusMessage)
    def _clicked(self, message: QDBusMessage) -> None:
        number = int(message.arguments()[0])
        action = self._shown.pop(number, None)  # others' toasts are told to everybody
        if action is not None:
            self._on_action(action)

    @pyqtSlot(QDBusMessage)
    def _closed(self, message: QDBusMessage) -> None:
        self._shown.pop(int(message.arguments()[0]), None)


def _arguments(toast: Toast) -> list[object]:
    """Returns the arguments of ``Notify`` with D-Bus's types: ``susssasa{sv}i``."""
    from html import escape  # late: its table of entities is held by a program that shows nothing

    replaces = QDBusArgument()
    replaces.add(0, _UINT)
    actions = QDBusArgument()
    actions.beginArray(QMetaType.fromName(b"QString"))
    for word in ("default", toast.action_label):
        actions.add(str(word), _STRING)
    actions.endArray()
    icon = str(assets_folder() / "icons" / "vitoclient.png")
    body = escape(toast.body, quote=False)  # plain str throughout: D-Bus refuses the object that a variant makes of a Text
    timeout = QDBusArgument()
    timeout.add(MILLISECONDS_SHOWN, _INT)
    return [PRODUCT, replaces, icon, str(toast.title), body, actions, QVariant({"desktop-entry": "vitoclient-services"}), timeout]


_LISTENERS: list[QObject] = []


def keep_listener(listener: QObject) -> None:
    """Keeps what listens on D-Bus until the process ends, so that Python never destroys it. There are a handful in all.

    Qt's D-Bus thread is told of the end of a listener while the ending thread waits for it. Does Python's garbage collection
    end the listener, then the waiting thread holds the interpreter, which the D-Bus thread wants: both wait for ever.
    """
    _LISTENERS.append(listener)
