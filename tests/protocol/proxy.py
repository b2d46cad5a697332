"""tests/protocol/proxy.py: a bad link between agents and a Hub: TCP carried on, or not quite."""
import asyncio
import threading

MODES = ("cut", "slow", "stop", "alter", "tear")
STEP = 0.02  # seconds


class Proxy:
    """Listens on a port of its own. mode "fair" carries everything; "cut" ends connections and
    takes none; "slow" sends bits, late; "stop" holds everything back; "alter" changes bytes;
    "tear" ends a connection in the middle of a piece."""

    def __init__(self, address, rng):
        self.host, port = address.rsplit(":", 1)
        self.port, self.rng, self.mode, self.writers = int(port), rng, "fair", set()
        self.done = dict.fromkeys(("carried", "cut", "late", "held", "altered", "torn"), 0)
        self.loop, self.ready = asyncio.new_event_loop(), threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.ready.wait()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.url = "https://127.0.0.1:%d" % server.sockets[0].getsockname()[1]
        self.ready.set()
        self.loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self.loop.close()

    def set(self, mode):
        self.mode = mode
        if mode == "cut":
            self.loop.call_soon_threadsafe(self._cut)

    def close(self):
        self.loop.call_soon_threadsafe(self._cut)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def _cut(self):
        self.done["cut"] += len(self.writers)
        for writer in self.writers:
            writer.transport.abort()

    async def _serve(self, reader, writer):
        if self.mode == "cut":
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(self.host, self.port)
        except OSError:  # the Hub is not there
            writer.transport.abort()
            return
        self.writers |= {writer, far_writer}
        try:
            await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))
        finally:
            self.writers -= {writer, far_writer}

    async def _carry(self, reader, writer):
        """One direction; its end is the end of both."""
        try:
            while data := await reader.read(16384):
                await self._weather(data, writer)
            writer.close()
        except OSError:
            writer.transport.abort()

    async def _weather(self, data, writer):
        mode = self.mode
        while self.mode == "stop":
            self.done["held"] += mode == "stop"
            mode = "held"
            await asyncio.sleep(STEP)
        if mode == "alter" and self.rng.randrange(3) == 0:
            place = self.rng.randrange(len(data))
            data = data[:place] + bytes([data[place] ^ 1 << self.rng.randrange(8)]) + data[place + 1:]
            self.done["altered"] += 1
        elif mode == "tear" and self.rng.randrange(3) == 0:
            writer.write(data[:self.rng.randrange(len(data))])
            await writer.drain()
            self.done["torn"] += 1
            raise OSError
        elif mode == "slow":
            self.done["late"] += 1
            while data and self.mode == "slow":
                count = self.rng.randrange(1, 2000)
                await asyncio.sleep(self.rng.uniform(0, 4 * STEP))
                writer.write(data[:count])
                data = data[count:]
        writer.write(data)
        await writer.drain()
        self.done["carried"] += 1
