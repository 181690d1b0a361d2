"""The trunks of a campaign, and which stations they can be joined with: where the audio of each can be."""

from campaigns.lint import Shown
from campaigns.model import CampaignSettings
from dialer.config import Config, ConfigError, GatewayTrunk, ModemTrunk, SipTrunk, Station, Trunk

BOX = "on this box"

Places = frozenset[str]
"""Where audio can be joined: on this box, as PCM, or at the crosspoint of a gateway board."""


def address_of(config: Config, station: Station) -> str:
    """The address that the lines know a station by. Raises ConfigError for a headset of no known board."""
    match station.kind:
        case "sip":
            return station.address
        case "hfp":
            return f"hfp:{station.name}"
        case "gateway":
            return f"gateway:{board_of(config, station).name}/{station.headset}"


def board_of(config: Config, station: Station) -> GatewayTrunk:
    """The board that a headset is plugged into. Raises ConfigError when it is none of the site's."""
    boards = [trunk for trunk in config.trunk if isinstance(trunk, GatewayTrunk)]
    found = [board for board in boards if board.name == station.board] or (boards if not station.board else [])
    if len(found) == 1:
        return found[0]
    names = ", ".join(board.name for board in boards)
    known = f"the gateway trunks are: {names}" if boards else 'no [[trunk]] has kind = "gateway"'
    said = f"'{station.board}' is no gateway board" if station.board else "say which board the headset is plugged into"
    raise ConfigError(f"[[station]] {station.name}: board: {said}; {known}")


def trunk_places(trunk: Trunk) -> Places:
    """Where the audio of a trunk's calls can be."""
    match trunk:
        case SipTrunk():
            return frozenset({BOX})
        case ModemTrunk():
            return frozenset({BOX}) if trunk.audios else frozenset()
        case GatewayTrunk():
            return frozenset({_crosspoint(trunk), BOX} if trunk.ties else {_crosspoint(trunk)})


def station_places(config: Config, station: Station) -> Places:
    """Where the audio of a station can be. Raises ConfigError for a headset of no known board."""
    match station.kind:
        case "sip":
            return frozenset({BOX})
        case "hfp":
            return frozenset({BOX}) if station.audio else frozenset()
        case "gateway":
            return trunk_places(board_of(config, station))


def why_apart(config: Config, trunk: Trunk, station: Station) -> str | None:
    """Why calls of a trunk cannot be joined with a station, and how to mend it; None when they can."""
    theirs, ours = trunk_places(trunk), station_places(config, station)
    if theirs & ours:
        return None
    return (
        f"trunk {trunk.name} and station {station.name} cannot be joined: the audio of the trunk is {_spoken(theirs)}, "
        f"that of the station {_spoken(ours)}; {_remedy(trunk, station)}"
    )


def trunks_of(config: Config, settings: CampaignSettings) -> list[Trunk]:
    """The trunks that a campaign dials on."""
    return [trunk for trunk in config.trunk if not settings.trunks or trunk.name in settings.trunks]


def caller_ids_of(config: Config, settings: CampaignSettings) -> list[str]:
    """The numbers that its SIP trunks can show; trunks of other kinds show none that is given to them."""
    return sorted(
        {number for trunk in trunks_of(config, settings) if isinstance(trunk, SipTrunk) for number in trunk.caller_ids}
    )


def shown_by(config: Config, settings: CampaignSettings) -> Shown:
    """What people see as the number of a campaign's calls: the law asks for one."""
    trunks = trunks_of(config, settings)
    on_sip = any(isinstance(trunk, SipTrunk) for trunk in trunks)
    numbers = (settings.caller_id,) if settings.caller_id and on_sip else tuple(caller_ids_of(config, settings))
    hidden = {trunk.name: mend for trunk in trunks if (mend := _why_no_number(trunk, settings))}
    own = tuple(trunk.name for trunk in trunks if not isinstance(trunk, SipTrunk) and trunk.name not in hidden)
    return Shown(numbers, own, hidden)


def _why_no_number(trunk: Trunk, settings: CampaignSettings) -> str:
    match trunk:
        case SipTrunk() if not trunk.caller_ids and not settings.caller_id:
            return (
                f"caller_ids of [[trunk]] {trunk.name} in dialer.toml, or "
                f"dialer campaign set {settings.name} caller_id=+..."
            )
        case ModemTrunk() if trunk.caller_id == "hide":
            return f'[[trunk]] {trunk.name} has caller_id = "hide" in dialer.toml: set it to "show"'
    return ""


def station_problem(config: Config, settings: CampaignSettings, station: Station) -> str | None:
    """Why an agent at this station cannot take all calls of a campaign; None when they can."""
    return next((why for trunk in trunks_of(config, settings) if (why := why_apart(config, trunk, station))), None)


def campaign_problem(config: Config, settings: CampaignSettings) -> str | None:
    """Why no station of the site can take all calls of a campaign; None when one can, or there is no station yet."""
    problems = [_station_fault(config, settings, station) for station in config.station]
    if not problems or None in problems:
        return None
    return f"no station can take all its calls: {problems[0]}"


def _station_fault(config: Config, settings: CampaignSettings, station: Station) -> str | None:
    """As `station_problem`; a headset of no known board takes no calls."""
    try:
        return station_problem(config, settings, station)
    except ConfigError as error:
        return str(error)


def tie_shortages(config: Config, settings: CampaignSettings) -> list[str]:
    """What a campaign may want of the boards' ties beyond those there are, and how to mend it.

    A tie is wanted by each call on a board's line whose agent is elsewhere, and by each headset of a board whose call
    is elsewhere; and for a moment by each call of a board that hears a message.
    """
    trunks = trunks_of(config, settings)
    boards = [trunk for trunk in config.trunk if isinstance(trunk, GatewayTrunk)]
    return [said for board in boards if (said := _tie_shortage(config, board, trunks))]


def _tie_shortage(config: Config, board: GatewayTrunk, trunks: list[Trunk]) -> str:
    lines = board.max_lines if board in trunks else 0
    if lines and not board.ties:
        return (
            f"board {board.name} has no tie to this box: people who are called on it and for whom no agent is free "
            "hear no message; give it ties"
        )
    here = [s for s in config.station if s.kind == "gateway" and _is_at(config, s, board)]
    elsewhere = sum(trunk.max_lines for trunk in trunks if trunk is not board)
    wanted = min(lines, len(config.station) - len(here)) + min(len(here), elsewhere)
    if wanted <= len(board.ties):
        return ""
    return (
        f"board {board.name}: {wanted} of its calls and headsets may want a tie to this box at once, and it has "
        f"{len(board.ties)}: some people would wait in vain. Give it more ties, lower its max_lines, or let campaigns "
        "with agents at its headsets dial on its lines alone (trunks)"
    )


def _is_at(config: Config, station: Station, board: GatewayTrunk) -> bool:
    try:
        return board_of(config, station) is board
    except ConfigError:
        return False


def _crosspoint(trunk: GatewayTrunk) -> str:
    return f"at the crosspoint of board {trunk.name}"


def _spoken(places: Places) -> str:
    return " or ".join(sorted(places)) or "nowhere"


def _remedy(trunk: Trunk, station: Station) -> str:
    for section, item, key in (
        ("[[trunk]]", trunk, "audio" if isinstance(trunk, ModemTrunk) and not trunk.audios else ""),
        ("[[station]]", station, "audio" if station.kind == "hfp" and not station.audio else ""),
    ):
        if key:
            return f"give {section} {item.name} an {key} device"
    return "give the board ties to this box (ties), or keep them apart with the campaign's trunks"
