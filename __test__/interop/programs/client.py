"""A WebSocket client over Python's ssl module.

    python3 client.py PORT CA_FILE VERSION TEXT

It prints the TLS version, the status line, and what comes back for the text.
"""

import os
import socket
import ssl
import sys

port, ca_file, version, text = sys.argv[1:]
context = ssl.create_default_context(cafile=ca_file)
context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
tcp = socket.create_connection(("127.0.0.1", int(port)))
tls = context.wrap_socket(tcp, server_hostname="localhost")
tls.sendall(
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
reader = tls.makefile("rb")
status = reader.readline().decode().strip()
while reader.readline() not in (b"\r\n", b""):
    pass


def send(opcode, payload):
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    tls.sendall(bytes([0x80 | opcode, 0x80 | len(payload)]) + mask + masked)


def receive():
    opcode, length = reader.read(2)
    return opcode & 15, reader.read(length)


send(1, text.encode())
opcode, echo = receive()
send(8, b"\x03\xe8")
print(tls.version(), status, opcode, echo.decode(), receive()[1].hex(), sep="\n")
# The end, with close_notify: without it, Python raises an error.
assert reader.read() == b""
