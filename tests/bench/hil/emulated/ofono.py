"""ofonod (Debian package ofono) on a D-Bus of its own, as an AT host that we did not write."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

PATIENCE_S = 15.0
MODEM = "/phonesim"
STORAGE = Path("/var/lib/ofono")
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
"""


def missing() -> str:
    """Which Debian package is not there, or empty."""
    for program, package in (("ofonod", "ofono"), ("dbus-daemon", "dbus")):
        if shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is None:
            return package
    return ""


class OfonoError(Exception):
    """ofonod refused a call; the text is its D-Bus error."""


class Ofono:
    """Calls to the one modem of an ofonod."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus

    async def call(self, interface: str, member: str, signature: str = "", *body: Any, path: str = MODEM) -> Any:
        """Call a method of `org.ofono.INTERFACE`; returns its first value. Raises `OfonoError`."""
        message = Message(
            destination="org.ofono",
            path=path,
            interface=f"org.ofono.{interface}",
            member=member,
            signature=signature,
            body=list(body),
        )
        reply = await asyncio.wait_for(self._bus.call(message), PATIENCE_S)
        assert reply is not None
        if reply.message_type is MessageType.ERROR:
            raise OfonoError(reply.error_name, *reply.body)
        return reply.body[0] if reply.body else None

    async def properties(self, interface: str, path: str = MODEM) -> dict[str, Any]:
        """What an interface says of itself; empty while it is not there."""
        try:
            found = await self.call(interface, "GetProperties", path=path)
        except OfonoError:
            return {}
        return {name: value.value for name, value in found.items()}

    async def set(self, interface: str, name: str, value: Variant) -> None:
        """Set a property."""
        await self.call(interface, "SetProperty", "sv", name, value)

    async def calls(self) -> dict[str, str]:
        """The state of each call by its path."""
        found = await self.call("VoiceCallManager", "GetCalls")
        return {path: properties["State"].value for path, properties in found}

    async def until(self, interface: str, name: str, wanted: Callable[[Any], bool]) -> Any:
        """Wait until a property is as wanted."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                value = (await self.properties(interface)).get(name)
                if value is not None and wanted(value):
                    return value
                await asyncio.sleep(0.05)

    async def until_calls(self, wanted: Callable[[list[str]], bool]) -> None:
        """Wait until the states of the calls are as wanted."""
        async with asyncio.timeout(PATIENCE_S):
            while not wanted(list((await self.calls()).values())):
                await asyncio.sleep(0.05)


@asynccontextmanager
async def ofonod(folder: Path, modem_port: int) -> AsyncIterator[Ofono]:
    """Run ofonod with its phonesim driver against a modem on a TCP port of loopback."""
    with TemporaryDirectory(prefix="ofono-") as short:
        async with _ofonod(folder, Path(short) / "bus", modem_port) as ofono:
            yield ofono


@asynccontextmanager
async def _ofonod(folder: Path, socket: Path, modem_port: int) -> AsyncIterator[Ofono]:
    """With the bus at `socket`, whose path has to be short (108 bytes, unix(7))."""
    (folder / "bus.conf").write_text(_BUS.format(socket=socket), encoding="utf-8")
    (folder / "phonesim.conf").write_text(f"[phonesim]\nAddress=127.0.0.1\nPort={modem_port}\n", encoding="utf-8")
    environment = {
        "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin",
        "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={socket}",
        "OFONO_PHONESIM_CONFIG": str(folder / "phonesim.conf"),
        "OFONO_AT_DEBUG": "1",
    }
    with (folder / "ofonod.log").open("wb") as log:
        daemon = await _start(environment, log, "dbus-daemon", f"--config-file={folder / 'bus.conf'}", "--nofork")
        try:
            await _until_exists(socket)
            program = await _start(environment, log, "ofonod", "-n", "-p", "phonesim,atmodem", "-d", "*")
            try:
                bus = await asyncio.wait_for(MessageBus(bus_address=f"unix:path={socket}").connect(), PATIENCE_S)
                ofono = Ofono(bus)
                await ofono.until("Modem", "Powered", lambda powered: powered is False)
                yield ofono
                bus.disconnect()
            finally:
                await _stop(program)
        finally:
            await _stop(daemon)


async def _start(environment: dict[str, str], log: Any, *words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(*words, env=environment, stdout=log, stderr=log)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    await process.wait()


async def _until_exists(path: Path) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not path.exists():
            await asyncio.sleep(0.02)
