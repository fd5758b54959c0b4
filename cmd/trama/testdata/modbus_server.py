"""Modbus RTU meters, units 1 and 2, on a TCP port that the first line of output names: python3-pymodbus of the distribution.

Each value tells which register it is of, and when it was read.  With id = unit * 4 + table (coils 0, inputs 1, input registers 2,
holding registers 3) and now in whole seconds of the Unix time:

    address 0 … 15      a register: (id << 4 | address) << 8 | now & 0xff;  bits: those of that number for address 0, the lowest first
    address 200 … 215   the same, with 0xff - (now & 0xff) in the low byte: the same request but for its start
    address 100, 102 …  float32: id * 1000 + address + (now & 0xff) / 256, the high register first; from 120 on the low register first
    address 140         int32: -(id * 1000 + (now & 0xff))
"""
import asyncio
import struct
import time

from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.server import StartAsyncTcpServer


class Block:
    def __init__(self, number):
        self.number = number

    def validate(self, address, count=1):
        return any(first <= address and address + count <= last for first, last in ((0, 16), (100, 142), (200, 216)))

    def word(self, address, now):
        if 200 <= address:
            return (self.number << 4 | address - 200) << 8 | 0xFF - now
        if address < 100:
            return (self.number << 4 | address) << 8 | now
        first = address & ~1
        if first < 140:
            b = struct.pack(">f", self.number * 1000 + first + now / 256)
        else:
            b = struct.pack(">i", -(self.number * 1000 + now))
        low = address & 1
        if 120 <= first < 140:
            low = 1 - low
        return struct.unpack(">HH", b)[low]

    def getValues(self, address, count=1):
        now = int(time.time()) & 0xFF
        if self.number % 4 < 2:
            return [bool(self.word(0, now) >> a & 1) for a in range(address, address + count)]
        return [self.word(a, now) for a in range(address, address + count)]

    def setValues(self, address, values):
        raise RuntimeError("nobody writes")


async def main():
    units = {u: ModbusSlaveContext(co=Block(u * 4), di=Block(u * 4 + 1), ir=Block(u * 4 + 2), hr=Block(u * 4 + 3), zero_mode=True) for u in (1, 2)}
    server = await StartAsyncTcpServer(ModbusServerContext(units, single=False), framer=ModbusRtuFramer, address=("127.0.0.1", 0), defer_start=True)
    task = asyncio.ensure_future(server.serve_forever())
    await server.serving
    print(server.server.sockets[0].getsockname()[1], flush=True)
    await task


asyncio.run(main())
