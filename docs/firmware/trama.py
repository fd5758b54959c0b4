"""Frames of a master as docs/firmware-security.md describes them, in Python's standard library alone.

The third implementation beside the server's and trama.c, written from the document: what all three agree on is the format.
Slow and plain on purpose.  `python3 trama.py lines` protects and opens what its standard input asks for.
"""

import functools
import sys

EXTENDED, COMPACT = 27, 15  # bytes of a frame with an empty body
DEVICE, SERVER = 0, 1  # who sends
TAG = {0x20: 8, 0x21: 16}
CONNECTION = 0x40  # bit of the security byte: the key is that of the connection
GAP = 16384  # frames that may be lost before 16 bits of a counter no longer give the whole


class Refused(Exception):
    """A frame that is not what its sender says."""


def _times(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = a << 1 ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def _substitution():
    box = []
    for value in range(256):
        inverse = next((i for i in range(256) if _times(value, i) == 1), 0)
        box.append(0x63 ^ functools.reduce(lambda x, k: x ^ (inverse << k | inverse >> (8 - k)) & 0xFF, range(5), 0))
    return bytes(box)


_BOX = _substitution()
_UNBOX = bytes(_BOX.index(value) for value in range(256))
_BY = {factor: bytes(_times(factor, value) for value in range(256)) for factor in (1, 2, 3, 9, 11, 13, 14)}


@functools.lru_cache(maxsize=1024)
def _rounds(key):
    words = [key[i:i + 4] for i in range(0, 16, 4)]
    constant = 1
    while len(words) < 44:
        word = words[-1]
        if len(words) % 4 == 0:
            word = bytes(_BOX[b] for b in word[1:] + word[:1])
            word = bytes([word[0] ^ constant]) + word[1:]
            constant = _times(constant, 2)
        words.append(xor(words[-4], word))
    return [b"".join(words[i:i + 4]) for i in range(0, 44, 4)]


def xor(a, b):
    """The two byte strings combined, as long as the shorter."""
    return bytes(x ^ y for x, y in zip(a, b))


def _mix(block, factors):
    out = bytearray(16)
    for column in range(0, 16, 4):
        for row in range(4):
            for i in range(4):
                out[column + row] ^= _BY[factors[(i - row) % 4]][block[column + i]]
    return bytes(out)


def encrypt(key, block):
    """One block of AES-128."""
    rounds = _rounds(bytes(key))
    block = xor(block, rounds[0])
    for number in range(1, 11):
        block = bytes(_BOX[block[(i + 4 * (i % 4)) % 16]] for i in range(16))
        if number < 10:
            block = _mix(block, (2, 3, 1, 1))
        block = xor(block, rounds[number])
    return block


def decrypt(key, block):
    """The inverse of encrypt; only unwrap needs it."""
    rounds = _rounds(bytes(key))
    for number in range(10, 0, -1):
        block = xor(block, rounds[number])
        if number < 10:
            block = _mix(block, (14, 11, 13, 9))
        block = bytes(_UNBOX[block[(i - 4 * (i % 4)) % 16]] for i in range(16))
    return xor(block, rounds[0])


def cmac(key, message):
    """The authentication code of RFC 4493."""
    def double(block):
        number = int.from_bytes(block, "big") << 1
        return ((number ^ 0x87) & (1 << 128) - 1 if number >> 128 else number).to_bytes(16, "big")

    whole = double(encrypt(key, bytes(16)))
    count = max(1, (len(message) + 15) // 16)
    last = message[16 * (count - 1):]
    last = xor(last, whole) if len(last) == 16 else xor((last + b"\x80").ljust(16, b"\0"), double(whole))
    state = bytes(16)
    for start in range(0, 16 * (count - 1), 16):
        state = encrypt(key, xor(state, message[start:start + 16]))
    return encrypt(key, xor(state, last))


def crc24(message):
    """The checksum of OpenPGP, 3 bytes."""
    crc = 0xB704CE
    for byte in message:
        crc ^= byte << 16
        for _ in range(8):
            crc = crc << 1 ^ (0x1864CFB if crc & 0x800000 else 0)
    return crc.to_bytes(3, "big")


def _pad(message):
    return message + bytes(-len(message) % 16)


def ccm(key, nonce, head, plain, size):
    """The ciphertext and the tag of RFC 3610 with a length field of 2 bytes."""
    first = bytes([0x40 | (size - 2) // 2 << 3 | 1]) + nonce + len(plain).to_bytes(2, "big")
    state = bytes(16)
    message = first + _pad(len(head).to_bytes(2, "big") + head) + _pad(plain)
    for start in range(0, len(message), 16):
        state = encrypt(key, xor(state, message[start:start + 16]))
    stream = encrypt(key, b"\1" + nonce + b"\0\0")
    return ctr(key, b"\1" + nonce, plain, 1), xor(state, stream)[:size]


def ctr(key, start, text, block):
    """The text under AES-CTR; start is 14 bytes, block the number that follows them."""
    out = b""
    for at in range(0, len(text), 16):
        out += xor(text[at:at + 16], encrypt(key, start + (block + at // 16).to_bytes(2, "big")))
    return out


def unwrap(key, wrapped):
    """The 16 bytes inside an RFC 3394 wrap of 24."""
    check, half = wrapped[:8], [wrapped[8:16], wrapped[16:24]]
    for step in range(12, 0, -1):
        block = xor(check, step.to_bytes(8, "big")) + half[(step - 1) % 2]
        block = decrypt(key, block)
        check, half[(step - 1) % 2] = block[:8], block[8:]
    if check != b"\xa6" * 8:
        raise Refused("key wrap")
    return half[0] + half[1]


class Way:
    """What both ends know before a frame: the key of the master, the suite, the profile, who sends, and the epoch or the
    two challenges of the connection."""

    def __init__(self, key, suite, profile, sender, epoch=0, challenge=b""):
        self.key, self.suite, self.profile, self.sender = key, suite, profile, sender
        self.epoch, self.challenge = epoch, challenge

    @property
    def control(self):
        """The security byte: direction, kind of key, epoch."""
        return self.sender << 7 | (CONNECTION if self.challenge else self.epoch)

    def derive(self, label, serial):
        """A key for one purpose.  Suite 11 needs two keys and has none of a connection."""
        if self.challenge:
            if self.suite == 0x11:
                raise Refused("suite")
            return cmac(self.key, b"\1conn\0" + serial + self.challenge + bytes([self.sender, self.suite, 0, 0x80]))
        return cmac(self.key, b"\1" + label + b"\0" + serial + bytes([self.epoch, self.sender, self.suite, 0, 0x80]))


def wrapping_key(key, serial):
    """The key that wraps the next key of the master."""
    return cmac(key, b"\1wrap\0" + serial + bytes([0, 0x80, 0, 0, 0x80]))


def _length(count):
    if count > 9999:
        raise ValueError("frame too long")
    return bytes.fromhex("%04d" % count)


def _nonce(frame, control, suite, counter):
    return bytes([control]) + frame[7:11] + frame[2:3] + bytes([suite, 0, 0]) + counter.to_bytes(4, "big")


def _code(way, frame, freshness):
    first = bytes([way.suite, way.control]) + frame[7:11] + freshness + frame[:2] + bytes(4)
    return cmac(way.derive(b"auth", frame[7:11]), first + frame[:4] + bytes(3) + frame[7:])[:3]


def _freshness(way, frame, counter):
    if way.challenge:
        return counter.to_bytes(4, "big")
    return frame[23:27] if way.profile == EXTENDED else bytes(4)


def protect(way, counter, plain, answers=b""):
    """The frame for the line, and the reference an answer to it carries."""
    suite, text = way.suite, plain[11:] + answers
    if suite == 0:
        head = plain[:3] + b"\0\0\0\0"
        return head[:4] + crc24(head + plain[7:]) + plain[7:], b""
    head = plain[2:3] + bytes([suite]) + bytes(3) + plain[7:11]
    if suite in TAG:
        size = TAG[suite]
        head = _length(4 + 5 + len(text) + size) + head + bytes([way.control]) + counter.to_bytes(4, "big")
        hidden, tag = ccm(way.derive(b"aead", plain[7:11]), _nonce(head, way.control, suite, counter), head, text, size)
        frame = head + hidden + tag
        return frame[:4] + crc24(frame) + frame[7:], frame[12:16] + tag[:4]
    if suite == 0x10:
        frame = _length(4 + len(text)) + head + text
        code = _code(way, frame, _freshness(way, frame, counter))
    elif suite == 0x11:
        clear = way.profile - 11 - (11 if way.profile == EXTENDED else 0)
        head = _length(4 + len(text) + 2) + head
        start = _nonce(head, way.control, suite, counter) + b"\0"
        hidden = ctr(way.derive(b"encr", plain[7:11]), start, text[clear:], 1)
        frame = head + text[:clear] + (counter & 0xFFFF).to_bytes(2, "big") + hidden
        code = _code(way, frame, counter.to_bytes(4, "big"))
    else:
        raise ValueError("unknown suite")
    return frame[:4] + code + frame[7:], code


def unprotect(way, near, frame):
    """The plain frame with the reference it carries still at its end, its counter and its own reference.  near is the counter
    expected: the highest seen for suite 11, that of the connection for suite 10."""
    suite = way.suite
    if len(frame) < 15 or frame[3] != suite or frame[:2] != _length(len(frame) - 7):
        raise Refused("header")
    bare = frame[:4] + bytes(3) + frame[7:]
    counter, own = near, frame[4:7]
    if suite == 0:
        if frame[4:7] not in (bytes(3), crc24(bare)):
            raise Refused("checksum")
        text, own = frame[11:], b""
    elif suite in TAG:
        size = TAG[suite]
        if len(frame) < 16 + size or crc24(bare) != frame[4:7] or frame[11] != way.control:
            raise Refused("checksum")
        counter = int.from_bytes(frame[12:16], "big")
        key, nonce = way.derive(b"aead", frame[7:11]), _nonce(frame, way.control, suite, counter)
        text = ctr(key, b"\1" + nonce, frame[16:-size], 1)
        if ccm(key, nonce, bare[:16], text, size)[1] != frame[-size:]:
            raise Refused("tag")
        own = frame[12:16] + frame[-size:][:4]
    elif suite == 0x10:
        if _code(way, frame, _freshness(way, frame, counter)) != frame[4:7]:
            raise Refused("code")
        text = frame[11:]
    else:
        clear = 16 if way.profile == EXTENDED else 15
        if len(frame) < clear + 2:
            raise Refused("length")
        counter = rebuild(near, int.from_bytes(frame[clear:clear + 2], "big"))
        if _code(way, frame, counter.to_bytes(4, "big")) != frame[4:7]:
            raise Refused("code")
        start = _nonce(frame, way.control, suite, counter) + b"\0"
        text = frame[11:clear] + ctr(way.derive(b"encr", frame[7:11]), start, frame[clear + 2:], 1)
    if 11 + len(text) < way.profile:
        raise Refused("length")
    return _length(4 + len(text)) + frame[2:3] + bytes(4) + frame[7:11] + text, counter, own


def rebuild(near, low):
    """The counter of 32 bits that ends in the 16 given: at most 16,384 after the highest seen, or 64 before."""
    gap = (low - near) & 0xFFFF
    if gap >= 0x10000 - 64 and near >= 0x10000 - gap:
        return near - (0x10000 - gap)
    if gap > GAP:
        raise Refused("gap")
    return near + gap


def cut(plain, reference):
    """The plain answer without its reference, which must be the one given."""
    if not reference or plain[-len(reference):] != reference:
        raise Refused("reference")
    body = plain[7:-len(reference)]
    return _length(len(body)) + plain[2:7] + body


def lines():
    """Requests, one a line: seal or open, suite, profile, key, sender, epoch, challenge or -, counter, frame, reference or -.
    The reply is the frame, the counter and the frame's reference, or the word refused."""
    for line in sys.stdin:
        verb, suite, profile, key, sender, epoch, challenge, counter, frame, answers = line.split()
        way = Way(bytes.fromhex(key), int(suite, 16), EXTENDED if profile == "extended" else COMPACT, int(sender), int(epoch),
                  b"" if challenge == "-" else bytes.fromhex(challenge))
        answers = b"" if answers == "-" else bytes.fromhex(answers)
        try:
            if verb == "seal":
                out, own = protect(way, int(counter), bytes.fromhex(frame), answers)
            else:
                out, counter, own = unprotect(way, int(counter), bytes.fromhex(frame))
                if answers:
                    out = cut(out, answers)
            print(out.hex(), counter, own.hex() or "-", flush=True)
        except Refused:
            print("refused", flush=True)


if __name__ == "__main__" and sys.argv[1:] == ["lines"]:
    lines()
