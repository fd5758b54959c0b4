"""A master over TCP on docs/firmware/trama.py, that can turn against the server.

    master.py HOST PORT SERIAL KEY SUITE PROFILE

Takes the orders of docs/firmware/device.c and says what it says; further orders: attack N (changed, cut, repeated, reflected
and plain frames, on N connections; it says how many bytes came back that were no acknowledgement of an old frame), ahead N
(the next frame comes N epochs later).
"""

import os
import random
import selectors
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../docs/firmware"))

import trama  # noqa: E402


class Master:
    """One device: its key, its epoch and its counters."""

    def __init__(self, host, port, serial, key, suite, profile):
        self.address, self.serial, self.key = (host, int(port)), bytes.fromhex(serial), bytes.fromhex(key)
        self.suite, self.profile = int(suite, 16), trama.EXTENDED if profile == "extended" else trama.COMPACT
        self.epoch = self.counter = 0
        self.highest, self.seen = -1, set()  # of the server
        self.halves = b""  # of the challenge of this connection
        self.number = int(time.time()) % 1000000 * 10
        self.line, self.buffer, self.waiting = None, b"", {}
        self.sources, self.history = 1, []

    def way(self, sender):
        return trama.Way(self.key, self.suite, self.profile, sender, self.epoch, self.halves)

    def plain(self, letter, body=b"", echo=None):
        if echo is not None:
            frame = bytearray(echo[:self.profile] + body)
        else:
            frame = bytearray(b"\0\0\1\0\0\0\0" + self.serial + b"\1\2")
            if self.profile == trama.EXTENDED:
                self.number += 1
                frame += b"\3" + letter + b"\0" + bytes.fromhex(time.strftime("%Y%m%d%H%M%S") + "%08d" % self.number) + body
            else:
                frame += letter + b"\0" + body
        frame[:2] = bytes.fromhex("%04d" % (len(frame) - 7))
        return bytes(frame)

    def seal(self, plain, answers=b""):
        counter = self.of_connection if self.halves else self.counter
        frame, own = trama.protect(self.way(trama.DEVICE), counter, plain, answers)
        if self.halves:
            self.of_connection += 1
        else:
            self.counter += 1
        return frame, own

    def measurement(self, value):
        return self.plain(b"m" if self.profile == trama.EXTENDED else b"s", b"\0" + struct.pack(">f", value))

    def report(self, plain):
        frame, own = self.seal(plain)
        self.waiting[own] = frame, plain
        say("sent", own.hex())
        self.line.sendall(frame)
        return frame

    def connect(self):
        """The next of the addresses of this machine: the server shuts one out that sent too many wrong tags."""
        self.close()
        self.sources += 1
        source = "127.%d.%d.%d" % (1 + self.sources // 40000, self.sources // 200 % 200, 1 + self.sources % 200)
        self.halves = b""
        self.line = socket.create_connection(self.address, source_address=(source, 0))
        self.buffer = b""

    def close(self):
        if self.line:
            self.line.close()
        self.line = None

    def receive(self):
        data = self.line.recv(4096)
        if not data:
            self.close()
            say("closed")
        self.buffer += data
        while len(self.buffer) >= 2 and len(self.buffer) >= 7 + int(self.buffer[:2].hex()):
            size = 7 + int(self.buffer[:2].hex())
            frame, self.buffer = self.buffer[:size], self.buffer[size:]
            try:
                self.take(frame)
            except trama.Refused as reason:
                say("refused", reason)

    def challenged(self, frame):
        plain = trama.unprotect(trama.Way(self.key, 0, self.profile, trama.SERVER), 0, frame)[0]
        if self.letter(plain) != b"X" or len(plain) != self.profile + 8:
            raise trama.Refused("plain")
        half = os.urandom(8)
        answer = self.plain(b"X", half, echo=plain)
        self.line.sendall(trama.protect(trama.Way(self.key, 0, self.profile, trama.DEVICE), 0, answer)[0])
        self.halves, self.of_connection, self.highest, self.seen = plain[-8:] + half, 0, -1, set()
        say("challenged")
        waiting, self.waiting = self.waiting, {}
        for _, plain in waiting.values():
            self.report(plain)

    def letter(self, plain):
        return plain[14:15] if self.profile == trama.EXTENDED else plain[13:14]

    def take(self, frame):
        if frame[3] == 0:
            self.challenged(frame)
            return
        near = self.highest + 1 if self.halves else max(self.highest, 0)
        plain, counter, own = trama.unprotect(self.way(trama.SERVER), near, frame)
        if self.suite != 0x10 or self.halves:
            if counter in self.seen or counter <= self.highest - 64:
                raise trama.Refused("replay")
            self.seen.add(counter)
            self.highest = max(self.highest, counter)
        letter = self.letter(plain)
        if letter.islower():
            for reference in self.waiting:
                if plain.endswith(reference):
                    trama.cut(plain, reference)
                    del self.waiting[reference]
                    say("acknowledged", reference.hex())
                    return
            raise trama.Refused("reference")
        body = plain[self.profile:]
        say("command", letter.decode(), body.hex() or "-")
        answer, _ = self.seal(self.plain(letter, body if letter == b"O" else b"", echo=plain), own)
        self.line.sendall(answer)
        if letter == b"K":
            self.key = trama.unwrap(trama.wrapping_key(self.key, self.serial), body)
            self.epoch, self.counter, self.highest, self.seen = 0, 0, -1, set()

    def attack(self, connections):
        """What came back, in bytes, to frames that nobody with the key made."""
        chance = random.Random(connections)
        back, tag = 0, trama.TAG.get(self.suite)
        for number in range(connections):
            self.connect()
            genuine, _ = self.seal(self.measurement(1000 + number))
            self.history.append(genuine)
            self.line.sendall(genuine)
            answer = self.line.recv(4096)
            forged = self.forge(chance, number, genuine, answer)
            self.line.sendall(forged)
            self.line.shutdown(socket.SHUT_WR)
            self.line.settimeout(20)
            while data := self.line.recv(4096):
                if forged != self.history[0]:
                    back += len(data)
                    continue
                again = trama.unprotect(self.way(trama.SERVER), 0, data)[0]
                trama.cut(again, forged[12:16] + forged[-tag:][:4])  # of what is known: nothing is lost
        self.close()
        return back

    def forge(self, chance, number, genuine, answer):
        fresh, _ = trama.protect(self.way(trama.DEVICE), self.counter + 1000, self.measurement(99))
        kind = number % 9
        if kind == 0:
            return fresh[:chance.randrange(1, len(fresh))]
        if kind == 1:
            return answer  # the server's own words
        if kind == 2:
            return self.measurement(99)
        if kind == 3:
            return trama.protect(trama.Way(self.key, 0, self.profile, trama.DEVICE), 0, self.measurement(99))[0]
        if kind == 4:
            other = bytes([self.serial[0] ^ 1]) + self.serial[1:]
            return repaired(fresh[:7] + other + fresh[11:])
        if kind == 5:
            cut = bytearray(fresh[:-chance.randrange(1, 9)])
            cut[:2] = bytes.fromhex("%04d" % (len(cut) - 7))
            return repaired(bytes(cut))
        if kind == 6:
            return self.history[0] if len(self.history) > 80 else b""  # too old for the server to know it again
        changed = bytearray(fresh)
        inside = [bit for bit in range(16, 8 * len(fresh)) if self.suite < 0x20 or not 32 <= bit < 56]
        bit = chance.choice(inside)
        changed[bit // 8] ^= 1 << bit % 8
        return repaired(bytes(changed)) if kind == 7 else bytes(changed)


def repaired(frame):
    """The frame with the checksum that a stranger can make too; suites 10 and 11 have none."""
    if frame[3] in (0x10, 0x11):
        return frame
    return frame[:4] + trama.crc24(frame[:4] + bytes(3) + frame[7:]) + frame[7:]


def say(*words):
    print(*words, flush=True)


def main():
    master = Master(*sys.argv[1:7])
    waits = selectors.DefaultSelector()
    waits.register(sys.stdin.buffer.raw, selectors.EVENT_READ)
    typed = b""
    while True:
        if master.line:
            waits.register(master.line, selectors.EVENT_READ)
        ready = [key.fileobj for key, _ in waits.select()]
        if master.line:
            waits.unregister(master.line)
        if master.line in ready:
            master.receive()
        if sys.stdin.buffer.raw not in ready:
            continue
        data = sys.stdin.buffer.raw.read(4096)
        if not data:
            return
        typed += data
        while b"\n" in typed:
            order, typed = typed.split(b"\n", 1)
            word, _, value = order.decode().partition(" ")
            if word == "connect":
                master.connect()
                say("connected", 0, master.epoch)
            elif word == "close":
                master.close()
            elif word == "send":
                master.report(master.measurement(float(value)))
            elif word == "keep":
                master.report(master.plain(b"k"))
            elif word == "again":
                for frame, _ in master.waiting.values():
                    master.line.sendall(frame)
            elif word == "ahead":
                master.epoch, master.counter, master.highest, master.seen = master.epoch + int(value), 0, -1, set()
            elif word == "attack":
                say("came back", master.attack(int(value)))


if __name__ == "__main__":
    main()
