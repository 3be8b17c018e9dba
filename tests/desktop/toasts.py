"""Toasts as they travel on the session bus."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jeepney import DBusAddress, MatchRule, MessageType, new_method_call
from jeepney.io.blocking import open_dbus_connection

from tests.desktop.rig import SECONDS

_BUS = DBusAddress("/org/freedesktop/DBus", bus_name="org.freedesktop.DBus", interface="org.freedesktop.DBus.Monitoring")
_NOTIFICATIONS = "org.freedesktop.Notifications"


@dataclass(frozen=True)
class SeenToast:
    """What a program asked the notification service to show."""

    program: str
    title: str
    body: str
    actions: tuple[str, ...]
    signature: str


class ToastWatch:
    """Sees every toast on a bus; as a monitor, so that nothing else is changed."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def next(self, seconds: float = SECONDS) -> SeenToast:
        """Waits for the next toast.

        Raises:
            TimeoutError: none came.
        """
        while True:
            message = self._connection.receive(timeout=seconds)
            fields = {field.name: value for field, value in message.header.fields.items()}
            if message.header.message_type is MessageType.method_call and fields.get("member") == "Notify":
                program, _replaces, _icon, title, body, actions, _hints, _timeout = message.body
                return SeenToast(program, title, body, tuple(actions), fields["signature"])


@contextlib.contextmanager
def watch_toasts(bus: str) -> Iterator[ToastWatch]:
    """Watches the toasts of a bus from now on."""
    connection = open_dbus_connection(bus)
    rule = MatchRule(interface=_NOTIFICATIONS)
    connection.send_and_get_reply(new_method_call(_BUS, "BecomeMonitor", "asu", ([rule.serialise()], 0)))
    try:
        yield ToastWatch(connection)
    finally:
        connection.close()
