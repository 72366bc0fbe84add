"""The suite runs without a network, whoever asks for one."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from kit.network import Gate, NetworkRefused

UNROUTABLE = "192.0.2.1"  # TEST-NET-1, RFC 5737


def test_a_connection_to_another_machine_is_refused(gate: Gate) -> None:
    with socket.socket() as link, pytest.raises(NetworkRefused):
        link.connect((UNROUTABLE, 80))
    assert gate.take_refused() == [f"socket.connect '{UNROUTABLE}'"]


def test_a_host_name_is_not_looked_up(gate: Gate) -> None:
    with pytest.raises(NetworkRefused):
        socket.getaddrinfo("archive.example", 443)
    assert gate.take_refused() != []


def test_the_loopback_interface_is_refused_to_a_test_that_does_not_name_it(gate: Gate) -> None:
    with socket.socket() as link, pytest.raises(NetworkRefused):
        link.bind(("127.0.0.1", 0))
    assert gate.take_refused() != []


@pytest.mark.loopback
def test_the_loopback_interface_is_open_to_a_test_that_names_it() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=5),
    ):
        peer, _ = server.accept()
        peer.close()


@pytest.mark.loopback
def test_the_loopback_mark_opens_no_other_interface(gate: Gate) -> None:
    with socket.socket() as link, pytest.raises(NetworkRefused):
        link.bind(("0.0.0.0", 0))
    assert gate.take_refused() != []


def test_a_unix_socket_is_not_the_network(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
