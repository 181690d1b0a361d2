"""Who can be called over an emulated modem: numbers by how they behave, as the bench and its command lines name it."""

from collections.abc import Mapping

from bench.hil.emulated.exchange import FarEnd

FAR_ENDS: Mapping[str, FarEnd] = {
    "answers": FarEnd(ring_s=0.2, answer_s=0.5),
    "answers_and_leaves": FarEnd(ring_s=0.2, answer_s=0.5, hang_up_s=1.0),
    "answers_late": FarEnd(ring_s=0.2, answer_s=3.0),
    "busy": FarEnd(ring_s=None, fail_s=0.3, cause=17),
    "unobtainable": FarEnd(ring_s=None, fail_s=0.3, cause=1),
    "congested": FarEnd(ring_s=None, fail_s=0.3, cause=34),
    "declines": FarEnd(fail_s=1.0, cause=21),
    "rings": FarEnd(ring_s=0.2),
    "presses_keys": FarEnd(ring_s=0.2, answer_s=0.5, keys="4711"),
    "takes_texts": FarEnd(),
    "loses_texts": FarEnd(delivers=False),
}
NUMBERS: Mapping[str, str] = {
    "answers": "+12125550100",
    "answers_and_leaves": "+12125550101",
    "busy": "+12125550102",
    "unobtainable": "+12125550103",
    "congested": "+12125550104",
    "declines": "+12125550105",
    "rings": "+12125550106",
    "presses_keys": "+12125550107",
    "takes_texts": "+12125550108",
    "loses_texts": "+12125550109",
    "answers_late": "+12125550110",
}
