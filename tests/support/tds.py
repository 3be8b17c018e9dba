"""A server that speaks SQL Server's protocol (MS-TDS) just far enough to refuse: log-in, statements, commits, or to say nothing at all.

The bytes go over a socket through Microsoft's driver, pyodbc and the pool, so that what the driver makes of an error is the driver's own.
"""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

_BATCH, _PROCEDURE, _LOGIN, _TRANSACTION, _PRELOGIN, _ANSWER = 0x01, 0x03, 0x10, 0x0E, 0x12, 0x04
_NO_ENCRYPTION, _ENCRYPTED, _ABLE = 2, 1, 0
_COLLATION = bytes((0x09, 0x04, 0xD0, 0x00, 0x34))


@dataclass(frozen=True)
class Refusal:
    """An error as the server sends it.

    Attributes:
        number: SQL Server's own.
        text: what it says.
        state: of the number; says more to the server's administrator alone.
        severity: from 20 on the server closes the connection afterwards.
    """

    number: int
    text: str
    state: int = 1
    severity: int = 16

    def token(self) -> bytes:
        """Returns the token of the protocol."""
        said, server = self.text.encode("utf-16-le"), "SRV01".encode("utf-16-le")
        body = struct.pack("<iBB", self.number, self.state, self.severity) + struct.pack("<H", len(self.text)) + said
        body += bytes((5,)) + server + bytes((0,)) + struct.pack("<i", 1)
        return b"\xaa" + struct.pack("<H", len(body)) + body


class Silence:
    """What is answered where nothing is: the connection stays, and no byte comes."""


class Gone:
    """What is answered where the connection is cut."""


Behaviour = Refusal | tuple[Refusal, ...] | type[Silence] | type[Gone] | None


@dataclass
class TdsServer:
    """A server on a port of this machine.

    Attributes:
        port: where it listens.
        login: how it answers a log-in; None: it lets everybody in.
        before: how it answers the very first packet; None: as it should.
        statements: how it answers a statement that holds a word, looked for in this order; else it gives one row with a number.
        certificate: file with key and certificate; None: it can't encrypt.
        strict: whether it understands who encrypts before the first packet.
        logins: how many log-ins were tried.
        told: all statements.
    """

    port: int
    login: Behaviour = None
    before: Behaviour = None
    statements: dict[str, Behaviour] = field(default_factory=dict)
    certificate: Path | None = None
    logins: int = 0
    told: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def url(self, driver: str, *, more: str = "Encrypt=no", host: str = "127.0.0.1") -> str:
        """Returns SQLAlchemy's address of it."""
        return f"mssql+pyodbc://agent:verysecret@{host}:{self.port}/praxis?driver={driver}&{more}"


@contextmanager
def tds_server() -> Iterator[TdsServer]:
    """Gives a server; ends it, and all its connections, with the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = TdsServer(listener.getsockname()[1])
    connections: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def accept() -> None:
        while True:
            try:
                connection, _from = listener.accept()
            except OSError:
                return
            connections.append(connection)
            threads.append(threading.Thread(target=_Session(server, connection).serve))
            threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield server
    finally:
        server.over.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


class _Session:
    """One connection."""

    def __init__(self, server: TdsServer, connection: socket.socket) -> None:
        self._server = server
        self._socket = connection
        self._tls: ssl.SSLObject | None = None
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()

    def serve(self) -> None:
        """Answers until the client goes."""
        with self._socket, suppress(OSError, EOFError):
            self._behave(self._server.before, self._prelogin)

    def _prelogin(self) -> None:
        kind, body = self._packet()
        if kind != _PRELOGIN:
            return  # who encrypts before the first packet: a server before 2022 hangs up
        able = self._server.certificate is not None
        wanted = body[_offset(body, 1)]
        chosen = _ENCRYPTED if able and wanted in (_ENCRYPTED, _ABLE) else _NO_ENCRYPTION
        self._answer(_prelogin(chosen))
        if chosen == _ENCRYPTED:
            self._shake_hands()
        kind, _body = self._packet()
        self._server.logins += 1
        self._behave(self._server.login, self._let_in)

    def _let_in(self) -> None:
        self._answer(_changed(1, "praxis") + _collation() + _login_accepted() + _done())
        while True:
            kind, body = self._packet()
            said = _statement(kind, body)
            self._server.told.append(said)
            behaviour = next((one for word, one in self._server.statements.items() if word in said), None)
            usual = _procedure_done() if kind == _PROCEDURE else _transaction(said) if kind == _TRANSACTION else _row(said)
            if not self._behave(behaviour, lambda usual=usual: self._answer(usual)):  # type: ignore[misc]
                return

    def _behave(self, behaviour: Behaviour, usual: Callable[[], object]) -> bool:
        """Does what is asked for; returns whether the connection goes on."""
        if behaviour is Silence:
            self._server.over.wait()
            return False
        if behaviour is Gone:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if behaviour is None:
            usual()
            return True
        refusals = behaviour if isinstance(behaviour, tuple) else (behaviour,)
        self._answer(b"".join(one.token() for one in refusals if isinstance(one, Refusal)) + _done(0x0002))
        return all(isinstance(one, Refusal) and one.severity < 20 for one in refusals)

    def _packet(self) -> tuple[int, bytes]:
        kind, body, last = 0, b"", False
        while not last:
            header = self._read(8)
            kind, last = header[0], bool(header[1] & 1)
            if kind not in (_BATCH, _PROCEDURE, _LOGIN, _TRANSACTION, _PRELOGIN, 0x06):
                return kind, b""
            body += self._read(struct.unpack(">H", header[2:4])[0] - 8)
        return kind, body

    def _answer(self, body: bytes) -> None:
        self._write(struct.pack(">BBHHBB", _ANSWER, 1, len(body) + 8, 0, 1, 0) + body)

    def _read(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            got += self._some(count - len(got))
        return got

    def _some(self, most: int) -> bytes:
        if self._tls is None:
            return self._received(most)
        while True:
            try:
                return self._tls.read(most) or self._received(0)
            except ssl.SSLWantReadError:
                self._in.write(self._received(65536))

    def _received(self, most: int) -> bytes:
        got = self._socket.recv(most) if most else b""
        if not got:
            raise EOFError
        return got

    def _write(self, data: bytes) -> None:
        if self._tls is None:
            self._socket.sendall(data)
            return
        self._tls.write(data)
        self._socket.sendall(self._out.read())

    def _shake_hands(self) -> None:
        """Does TLS's handshake inside packets of the protocol; what comes afterwards is encrypted as it is."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        assert self._server.certificate is not None
        context.load_cert_chain(self._server.certificate)
        tls = context.wrap_bio(self._in, self._out, server_side=True)
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush_handshake()
                self._in.write(self._packet()[1])
                continue
            except ssl.SSLError as error:
                raise EOFError from error
            self._flush_handshake()
            self._tls = tls
            return

    def _flush_handshake(self) -> None:
        data = self._out.read()
        if data:
            self._socket.sendall(struct.pack(">BBHHBB", _PRELOGIN, 1, len(data) + 8, 0, 1, 0) + data)


def _offset(body: bytes, option: int) -> int:
    place = 0
    while body[place] != 0xFF:
        if body[place] == option:
            return int(struct.unpack(">H", body[place + 1 : place + 3])[0])
        place += 5
    raise EOFError


def _prelogin(encryption: int) -> bytes:
    values = ((0, bytes((16, 0, 16, 0, 0, 0))), (1, bytes((encryption,))), (2, b"\0"), (4, b"\0"))
    place, heads, data = 5 * len(values) + 1, b"", b""
    for option, value in values:
        heads += struct.pack(">BHH", option, place + len(data), len(value))
        data += value
    return heads + b"\xff" + data


def _changed(kind: int, new: str) -> bytes:
    body = bytes((kind, len(new))) + new.encode("utf-16-le") + b"\0"
    return b"\xe3" + struct.pack("<H", len(body)) + body


def _collation() -> bytes:
    body = bytes((7, 5)) + _COLLATION + b"\0"
    return b"\xe3" + struct.pack("<H", len(body)) + body


def _login_accepted() -> bytes:
    name = "Microsoft SQL Server"
    body = struct.pack(">BIB", 1, 0x74000004, len(name)) + name.encode("utf-16-le") + bytes((16, 0, 16, 0))
    return b"\xad" + struct.pack("<H", len(body)) + body


def _done(status: int = 0, rows: int = 0) -> bytes:
    return b"\xfd" + struct.pack("<HHQ", status, 0, rows)


_TYPE_COLUMNS = 20
"""How many the list of the server's types has, for which the driver asks when it connects."""


def _procedure_done() -> bytes:
    """Returns an empty list of types."""
    column = struct.pack("<IHB", 0, 1, 0xE7) + struct.pack("<H", 200) + _COLLATION + b"\x01c\0"
    head = b"\x81" + struct.pack("<H", _TYPE_COLUMNS) + column * _TYPE_COLUMNS + b"\xff" + struct.pack("<HHQ", 0x0011, 193, 0)
    return head + b"\x79" + struct.pack("<i", 0) + b"\xfe" + struct.pack("<HHQ", 0, 0, 0)


_REQUESTS = {5: "BEGIN TRAN", 7: "COMMIT TRAN", 8: "ROLLBACK TRAN"}


def _statement(kind: int, body: bytes) -> str:
    if kind == _TRANSACTION:
        return _REQUESTS.get(struct.unpack("<H", body[22:24])[0], "?")
    text = body.decode("utf-16-le", "replace")
    return text if kind == _BATCH else text + body[1:].decode("utf-16-le", "replace")


def _transaction(said: str) -> bytes:
    """Returns that a transaction began, or ended."""
    mark = bytes((8,)) + struct.pack("<Q", 1)
    body = bytes((8,)) + mark + b"\0" if said == "BEGIN TRAN" else bytes((9 if said == "COMMIT TRAN" else 10, 0)) + mark
    return b"\xe3" + struct.pack("<H", len(body)) + body + _done()


def _row(said: str) -> bytes:
    """Returns one row with a number where a statement asks for something, else that it is done."""
    if not re.search(r"\bselect\b", said, re.IGNORECASE):
        return _done()
    value = ("16.0.1000.6" if "ProductVersion" in said else "1").encode("utf-16-le")
    column = struct.pack("<IHB", 0, 1, 0xE7) + struct.pack("<H", 200) + _COLLATION + b"\0"
    row = b"\x81" + struct.pack("<H", 1) + column + b"\xd1" + struct.pack("<H", len(value)) + value
    return row + _done(0x0010, 1)
