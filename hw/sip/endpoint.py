"""The one pjsua2 endpoint of a card, and the few C functions that pjsua2 does not wrap."""

import ctypes

import pjsua2 as pj
from pjsua2 import _pjsua2

from hw.audio.ring import SLOTS_PER_CARD
from hw.contract.driver import DriverError
from hw.sip import wire
from hw.sip.config import RTP_PORTS_PER_CARD
from hw.sip.wire import CardSpec

TOO_MANY_CALLS = 70010
"""pjlib's PJ_ETOOMANY: every slot of the process is taken."""

SESSION_S = 90
"""Shortest session that RFC 4028 allows; it is refreshed after half of it."""

_REQUEST_TERMINATED = 487


class Native:
    """C functions of the loaded library, called without any knowledge of its structures."""

    def __init__(self) -> None:
        library = ctypes.CDLL(_pjsua2.__file__)
        pointer = ctypes.c_void_p
        self.set_log_level = library.pj_log_set_level
        self.max_calls = library.pjsua_call_get_max_count
        self.call_count = library.pjsua_call_get_count
        self._dialog_of = library.pjsip_tsx_get_dlg
        self._dialog_of.restype, self._dialog_of.argtypes = pointer, [pointer]
        self._session_of = library.pjsip_dlg_get_inv_session
        self._session_of.restype, self._session_of.argtypes = pointer, [pointer]
        self._end_session = library.pjsip_inv_end_session
        self._end_session.argtypes = [pointer, ctypes.c_int, pointer, pointer]
        self._send = library.pjsip_inv_send_msg
        self._send.argtypes = [pointer, pointer]

    def invite_session(self, transaction: int) -> int | None:
        """The invite session that a transaction belongs to."""
        dialog = self._dialog_of(transaction)
        return self._session_of(dialog) if dialog else None

    def cancel(self, session: int) -> None:
        """Ask the far end to end an unanswered call (RFC 3261 section 9), and go on listening to what it says.

        pjsua's own hang-up stops reporting at once, so an answer that crosses it would go unseen.
        """
        request = ctypes.c_void_p()
        if self._end_session(session, _REQUEST_TERMINATED, None, ctypes.byref(request)) == 0 and request.value:
            self._send(session, request)


class Endpoint:
    """pjsua2 set up for telephony without a sound card: 8 kHz, polled from the thread that made it."""

    def __init__(self, spec: CardSpec) -> None:
        self.native = Native()
        self.native.set_log_level(0)
        self._endpoint = pj.Endpoint()
        self._endpoint.libCreate()
        self._endpoint.libInit(_endpoint_config())
        self.sip_port = self._bind(spec)
        self._endpoint.libStart()
        self._endpoint.audDevManager().setNullDev()
        self._choose_codecs(spec.codecs)
        self.capacity = int(self.native.max_calls())
        self._accounts = {
            wire.NO_LOGIN: _account(spec, "ringpace", spec.bind_ip),
            wire.STATION: _account(spec, "ringpace", spec.bind_ip, watched=True),
        }
        for trunk, host, username, password in spec.accounts:
            self._accounts[trunk] = _account(spec, username, host, (username, password))

    def account(self, name: str) -> pj.Account:
        """The account that calls of a trunk with a login use, or one of those that are always there."""
        return self._accounts[name]

    def poll(self, timeout_ms: int) -> None:
        """Handle what comes in, for at most `timeout_ms`."""
        self._endpoint.libHandleEvents(timeout_ms)

    def lingering(self, live: int) -> int:
        """Calls that still hold a slot beyond the `live` ones we know."""
        return max(0, int(self.native.call_count()) - live)

    def _bind(self, spec: CardSpec) -> int:
        transport = pj.TransportConfig()
        transport.port = spec.sip_port
        transport.boundAddress = spec.bind_ip
        try:
            number = self._endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        except pj.Error as error:
            raise DriverError(
                f"[sip] bind: UDP port {spec.sip_port} of {spec.bind_ip} cannot be bound ({error.reason}); "
                "choose another port, or stop what is using it"
            ) from error
        return int(self._endpoint.transportGetInfo(number).localAddress.rpartition(":")[2])

    def _choose_codecs(self, wanted: tuple[str, ...]) -> None:
        known = {codec.codecId.partition("/")[0].upper(): codec.codecId for codec in self._endpoint.codecEnum2()}
        for codec in self._endpoint.codecEnum2():
            self._endpoint.codecSetPriority(codec.codecId, 0)
        for place, name in enumerate(wanted):
            if name.upper() not in known:
                raise DriverError(f"[sip] codecs: no codec is called {name!r}; there are {', '.join(sorted(known))}")
            self._endpoint.codecSetPriority(known[name.upper()], 255 - place)


def _endpoint_config() -> pj.EpConfig:
    config = pj.EpConfig()
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.uaConfig.maxCalls = SLOTS_PER_CARD
    config.uaConfig.userAgent = "Ringpace"
    config.logConfig.level = 0
    config.logConfig.consoleLevel = 0
    config.medConfig.clockRate = 8000
    config.medConfig.sndClockRate = 8000
    config.medConfig.channelCount = 1
    config.medConfig.noVad = True
    config.medConfig.ecTailLen = 0
    return config


def _account(
    spec: CardSpec, user: str, host: str, login: tuple[str, str] | None = None, *, watched: bool = False
) -> pj.Account:
    """An account; calls of a `watched` one are refreshed where the far end knows session timers (RFC 4028)."""
    config = pj.AccountConfig()
    config.idUri = f"sip:{user}@{host}"
    config.mediaConfig.transportConfig.port = spec.rtp_port
    config.mediaConfig.transportConfig.portRange = RTP_PORTS_PER_CARD - 2
    config.mediaConfig.transportConfig.boundAddress = spec.bind_ip
    if watched:
        config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_OPTIONAL
        config.callConfig.timerSessExpiresSec = SESSION_S
        config.callConfig.timerMinSESec = SESSION_S
    if login is not None:
        config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", login[0], 0, login[1]))
    account = pj.Account()
    account.create(config)
    return account
