"""Texts and gateways: segments, checks while typing, rendering, the rate of the ASPSMS client."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.row import Row, seconds_each, show_seconds
from tests.support.gateway import GatewayProcess
from tray_agent.clock import SystemClock
from tray_agent.messages.gateways.aspsms import AspsmsGateway
from tray_agent.messages.gateways.contract import Accepted, GatewayAccess, OutgoingSms
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.texts.check import SAMPLE, check_template
from tray_agent.messages.texts.segments import split
from tray_agent.messages.texts.templates import Template, TemplateKey, default_book

KEY_PRESS = 5e-3
RENDERING = 50e-6
LATENCY, CONNECTIONS, MESSAGES = 0.02, 8, 2000
LEAST_SHARE = 0.9
ONE = "Guten Tag Frau Müller, Ihr Termin: Donnerstag, 24.12.2026, 10:15. Praxis am Bahnhof"


def run() -> list[Row]:
    """Returns the time of one text, and how near the client comes to the rate that latency and connections allow."""
    return [
        _row("splitting one SMS", partial(split, ONE), partial(ONE.encode, "utf-16-le"), "encode() of the same text", KEY_PRESS),
        _row(
            "splitting 10 segments of UCS-2",
            partial(split, "ç" * 670),
            partial(("ç" * 670).encode, "utf-16-le"),
            "encode() of the same text",
            KEY_PRESS,
        ),
        _checking(),
        _rendering(),
        _sending(),
    ]


def _checking() -> Row:
    template = default_book().templates[TemplateKey(MessageKind.REMINDER, Channel.SMS, "de")]
    numbers = iter(range(10**9))

    def key_press() -> object:
        text = f"{template.text}{next(numbers)}"
        return check_template(Template(TemplateKey(MessageKind.REMINDER, Channel.SMS, "de"), text), 3)

    return _row("checking a template after a key press", key_press, template.text.split, "split() of the same text", KEY_PRESS)


def _rendering() -> Row:
    book = default_book()
    template = book.templates[TemplateKey(MessageKind.REMINDER, Channel.SMS, "de")]
    filled = book.render(template, SAMPLE).text.split()
    return _row(
        "rendering a reminder, with its segments",
        partial(book.render, template, SAMPLE),
        lambda: " ".join(filled),
        "join() of the finished words",
        RENDERING,
    )


def _row(name: str, work: Callable[[], object], floor: Callable[[], object], floor_name: str, goal: float) -> Row:
    took, least = seconds_each(work), seconds_each(floor)
    return Row(name, show_seconds(took), floor_name, show_seconds(least), took / least, f"< {show_seconds(goal)}", took < goal)


def _sending() -> Row:
    """Measures submissions against a server in a process of its own; the floor is what latency and connections allow."""
    with (
        TemporaryDirectory() as folder,
        GatewayProcess({"a": "b"}, Path(folder) / "gateway.db", balance=Decimal(10**6), latency=LATENCY) as server,
    ):
        gateway = AspsmsGateway(GatewayAccess("a", "b", server.address, Path(folder), SystemClock()))
        gateway.submit(_sms(-1))
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            began = time.perf_counter()
            outcomes = list(pool.map(lambda number: gateway.submit(_sms(number)), range(MESSAGES)))
            rate = MESSAGES / (time.perf_counter() - began)
        gateway.close()
    if outcomes != [Accepted()] * MESSAGES:
        raise RuntimeError("not every message was taken")
    ideal = CONNECTIONS / LATENCY
    name = f"{MESSAGES} SMS to ASPSMS, {CONNECTIONS} connections, {LATENCY * 1000:.0f} ms latency"
    return Row(
        name, f"{rate:.0f}/s", "connections / latency", f"{ideal:.0f}/s", rate / ideal, f"≥ {LEAST_SHARE:.0%}", rate / ideal >= LEAST_SHARE
    )


def _sms(number: int) -> OutgoingSms:
    return OutgoingSms(f"m{number}", "+41791234567", "Praxis", ONE)
