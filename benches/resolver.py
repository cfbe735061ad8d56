"""A resolver that knows one name, and asks another resolver for all others.

resolver.py ADDRESS NAME UPSTREAM: listens on UDP port 53 of ADDRESS, where NAME is said to be, and UPSTREAM (an address)
answers the rest. One question after the other. RFC 1035, section 4.
"""

import socket
import sys


def question(query):
    """The name in the query's question, its type, and where the question ends."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]])
        at += 1 + query[at]
    return b".".join(labels).lower(), int.from_bytes(query[at + 1 : at + 3], "big"), at + 5


def answer(query, end, address):
    """A response with this address, or with none, if it is `None`."""
    flags, counts = b"\x81\x80", bytes([0, 1, 0, address is not None, 0, 0, 0, 0])
    # The name is that at offset 12; type A, class IN, 60 seconds, four bytes.
    record = b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04" + address if address else b""
    return query[:2] + flags + counts + query[12:end] + record


def ask(query, upstream):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.settimeout(5)
        other.sendto(query, (upstream, 53))
        return other.recv(4096)


address, name, upstream = sys.argv[1:]
known, address = name.encode(), socket.inet_aton(address)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
    listening.bind((socket.inet_ntoa(address), 53))
    while True:
        query, whence = listening.recvfrom(4096)
        try:
            asked, kind, end = question(query)
            response = answer(query, end, address if kind == 1 else None) if asked == known else ask(query, upstream)
            listening.sendto(response, whence)
        except (IndexError, OSError) as error:
            print(f"{whence[0]}: {error}", flush=True)
