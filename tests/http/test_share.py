"""Connections of one socket are shared out evenly among the processes that listen on it."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from hufu.http.bounds import Bounds
from hufu.http.server import HttpServer
from hufu.http.share import PLACES, Board, Share


@pytest.fixture
def board() -> Iterator[Board]:
    board = Board()
    yield board
    board.close()


def test_a_share_is_large_where_another_is_smaller(board: Board) -> None:
    one, other = Share(board.fileno(), board.take()), Share(board.fileno(), board.take())
    one.tell(3)
    assert not one.large
    other.tell(2)
    assert (one.large, other.large) == (True, False)
    other.leave()
    assert not one.large


def test_a_place_is_taken_again(board: Board) -> None:
    first, second = board.take(), board.take()
    Share(board.fileno(), first).tell(0)
    board.free(first)
    share = Share(board.fileno(), second)
    share.tell(7)
    assert not share.large
    assert board.take() == first


def test_there_may_be_more_processes_than_places(board: Board) -> None:
    places = [board.take() for _ in range(PLACES + 1)]
    assert len(set(places)) == PLACES


class Unasked:
    async def __call__(self, *_: object) -> None:
        raise AssertionError

    def glance(self, _: object) -> bool:
        raise AssertionError


async def test_who_has_more_leaves_the_next_to_the_other(board: Board) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listening:
        servers = [
            HttpServer(Unasked(), Bounds(), (), print, lambda _: None)  # type: ignore[arg-type]
            for _ in range(2)
        ]
        for server in servers:
            await server.start(listening.dup(), Share(board.fileno(), board.take()))
        clients = []
        for _ in range(20):
            client = socket.socket()
            client.setblocking(False)
            await asyncio.get_running_loop().sock_connect(client, listening.getsockname())
            clients.append(client)
        async with asyncio.timeout(20):
            while sum(len(each._connections) for each in servers) < len(clients):  # noqa: ASYNC110
                await asyncio.sleep(0)
        counts = [len(server._connections) for server in servers]
        for client in clients:
            client.close()
        for server in servers:
            await server.stop(1.0)
    assert max(counts) - min(counts) <= 2
