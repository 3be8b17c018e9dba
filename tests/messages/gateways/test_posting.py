"""Posting over real sockets: what is certain when a request goes wrong."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta

import pytest
from urllib3.util.wait import wait_for_read

from tray_agent.clock import Clock, ManualClock, SystemClock
from tray_agent.web import posting as posting_module
from tray_agent.web import system_network
from tray_agent.web.posting import NotConnectedError, Posting, Reply, TooLateError, TooLongError

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"


class Server:
    """Gives every request the next of some pieces of bytes; a connection ends after a piece that is empty or ``closing``."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self.answers: list[bytes] = []
        self.closing = False
        self.opened = 0
        self.requests: list[bytes] = []
        self._ends: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._listen)]
        self._threads[0].start()

    def stop(self) -> None:
        with suppress(OSError):  # not every system takes it from one that listens; there, closing is enough
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._ends:
            end.close()
        for thread in self._threads:
            thread.join()

    def _listen(self) -> None:
        while True:
            try:
                end, _address = self._listener.accept()
            except OSError:
                return
            self.opened += 1
            self._ends.append(end)
            thread = threading.Thread(target=self._serve, args=(end,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, end: socket.socket) -> None:
        with end:
            try:
                while request := _whole(end):
                    self.requests.append(request)
                    answer = self.answers.pop(0) if self.answers else ANSWER
                    end.sendall(answer)
                    if self.closing or not answer:
                        return
            except OSError:
                return


def _whole(end: socket.socket) -> bytes:
    request = b""
    while not request.endswith(b"}"):
        part = end.recv(65_536)
        if not part:
            return b""
        request += part
    return request


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


def posting(address: str, *, seconds: float = 20, connections: int = 1, largest: int = 1000, clock: Clock | None = None) -> Posting:
    return Posting(address, seconds, connections, largest, clock or SystemClock())


def test_one_connection_serves_one_request_after_the_other(server: Server) -> None:
    server.answers = [ANSWER, CHUNKED, ANSWER]
    with closing(posting(server.address + "api/")) as posts:
        assert [posts.post("Call", b"{}") for _number in range(3)] == [Reply(200, b"{}")] * 3
    assert server.opened == 1
    assert server.requests[0].startswith(b"POST /api/Call HTTP/1.1\r\n")


def test_what_is_not_read_to_its_end_takes_no_connection_away(server: Server) -> None:
    server.answers = [
        b"HTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\nhalf",
        b"HTTP/1.1 429 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b" " * 2000,
        b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n",
    ]
    with closing(posting(server.address)) as posts:
        assert posts.post("Call", b"{}") == Reply(500)
        assert posts.post("Call", b"{}") == Reply(429, retry_after="7")
        with pytest.raises(TooLongError):
            posts.post("Call", b"{}")
        assert posts.post("Call", b"{}").status == 302
        assert posts.post("Call", b"{}") == Reply(200, b"{}")
    assert len(server.requests) == 5


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200", ANSWER[:-1], CHUNKED[:-3], CHUNKED[:-9], b"220 mail.example.ch ESMTP\r\n", b"HTTP/1.1 200 OK\r\n\r\n{"],
)
def test_a_whole_request_and_a_broken_answer_never_look_like_no_connection(server: Server, answer: bytes) -> None:
    server.closing, server.answers = True, [answer]
    with closing(posting(server.address)) as posts:
        try:
            assert posts.post("Call", b"{}").content == b"{"  # without a length: the reader of JSON finds out
        except NotConnectedError:
            pytest.fail("the request went out")
        except Exception:  # noqa: BLE001 - whatever it is, it must not be the one above
            assert len(server.requests) == 1


def test_a_kept_connection_that_the_server_ended_is_replaced_before_the_request(server: Server) -> None:
    server.closing = True
    with closing(posting(server.address)) as posts:
        posts.post("Call", b"{}")
        _until_closed(posts)
        assert posts.post("Call", b"{}") == Reply(200, b"{}")
    assert (server.opened, len(server.requests)) == (2, 2)


def test_a_connection_is_not_used_again_after_a_silence(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(posting(server.address)) as posts:
        posts.post("Call", b"{}")
        monkeypatch.setattr(posting_module, "KEPT_SECONDS", 0.0)
        assert posts.post("Call", b"{}") == Reply(200, b"{}")
    assert server.opened == 2


@pytest.mark.parametrize("pieces", [0, 1])
def test_a_request_that_may_no_longer_leave_is_not_completed(server: Server, pieces: int) -> None:
    """The program may be stopped at any point: while it connects, and between the head and the body."""
    may_leave = iter([True] * pieces + [False])
    with closing(posting(server.address)) as posts:
        with pytest.raises(TooLateError):
            posts.post("Call", b"{}", lambda: next(may_leave))
        assert posts.post("Call", b"{}", lambda: True) == Reply(200, b"{}")
        assert posts.post("Call", b"{}") == Reply(200, b"{}")
    assert len(server.requests) == 2


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with closing(posting(f"http://127.0.0.1:{free.getsockname()[1]}/")) as posts, pytest.raises(NotConnectedError):
            posts.post("Call", b"{}")


def test_a_handshake_that_fails_is_no_connection(server: Server) -> None:
    """The server speaks no TLS: it reads the hello as a request that never ends, and hangs up."""
    server.answers = [b"220 no TLS here\r\n"]
    with closing(posting(server.address.replace("http:", "https:"), seconds=0.3)) as posts, pytest.raises(NotConnectedError):
        posts.post("Call", b"{}")
    assert server.requests == []


def test_a_proxy_that_is_not_there_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(system_network, "getproxies", lambda: {"https": f"user:secret@127.0.0.1:{free.getsockname()[1]}"})
        monkeypatch.setattr(system_network, "proxy_bypass", lambda _host: False)
        posts = Posting("https://gateway.example/", 20, 1, 1000, SystemClock())
        with closing(posts), pytest.raises(NotConnectedError):
            posts.post("Call", b"{}")


def test_a_proxy_that_refuses_the_tunnel_is_no_connection(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = _answering_once(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
    monkeypatch.setattr(system_network, "getproxies", lambda: {"https": f"http://user:secret@{answered}"})
    monkeypatch.setattr(system_network, "proxy_bypass", lambda _host: False)
    posts = Posting("https://gateway.example/", 20, 1, 1000, SystemClock())
    with closing(posts), pytest.raises(NotConnectedError):
        posts.post("Call", b"{}")


def test_nobody_waits_for_ever_for_a_free_connection(server: Server) -> None:
    posts = posting(server.address, seconds=0.2)
    taken = posts._pool._get_conn()
    with pytest.raises(NotConnectedError):
        posts.post("Call", b"{}")
    posts._pool._put_conn(taken)
    assert posts.post("Call", b"{}") == Reply(200, b"{}")
    posts.close()


def test_an_answer_that_drips_is_given_up(server: Server) -> None:
    class Rushing(ManualClock):
        def monotonic(self) -> float:
            self.advance(timedelta(seconds=15))
            return super().monotonic()

    server.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b" " * 50]
    clock = Rushing(datetime(2026, 11, 23, tzinfo=UTC))
    with closing(posting(server.address, seconds=10, clock=clock)) as posts, pytest.raises(TooLongError):
        posts.post("Call", b"{}")


def _until_closed(posts: Posting) -> None:
    """Waits until the end of the kept connection has arrived here."""
    idle = posts._pool.pool
    assert idle is not None
    kept = idle.get()
    assert wait_for_read(kept.sock, timeout=20)
    idle.put(kept)


def _answering_once(answer: bytes) -> str:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        end, _address = listener.accept()
        with listener, end:
            end.recv(65_536)
            end.sendall(answer)

    threading.Thread(target=serve).start()
    return f"127.0.0.1:{listener.getsockname()[1]}"
