"""The numbers that the line driver contract calls, and how each behaves. All are reserved for fiction."""

from hw.fake import FarEnd

TRUNK = "carrier"
TRUNK_LINES = 5
MAX_CALLS = 6
CALLER_ID = "+12125550100"

ANSWERS = "+12125550101"
ANSWERS_AND_LEAVES = "+12125550102"
RINGS = "+12125550103"
CROSSES = "+12125550104"
EARLY_MEDIA = "+12125550105"
PRESSES_KEYS = "+12125550106"
KEYS = "159#"
STATION = "station"

REFUSALS = {
    "+12125550110": (486, None),
    "+12125550111": (486, 17),
    "+12125550112": (480, None),
    "+12125550113": (480, 19),
    "+12125550114": (404, 1),
    "+12125550115": (503, 34),
    "+12125550116": (503, 1),
    "+12125550117": (603, 21),
    "+12125550118": (607, None),
    "+12125550119": (608, None),
    "+12125550120": (500, None),
}

SCRIPTS = {
    ANSWERS: FarEnd(ring_s=0.02, answer_s=0.1),
    ANSWERS_AND_LEAVES: FarEnd(ring_s=0.02, answer_s=0.1, hang_up_s=0.2),
    RINGS: FarEnd(ring_s=0.02),
    CROSSES: FarEnd(ring_s=0.02, crosses=True),
    EARLY_MEDIA: FarEnd(ring_s=0.02, early_media=True, answer_s=0.2),
    PRESSES_KEYS: FarEnd(ring_s=0.02, answer_s=0.1, digits=KEYS),
    **{number: FarEnd(ring_s=None, fail_s=0.05, sip_code=code, q850=q850) for number, (code, q850) in REFUSALS.items()},
}
STATION_SCRIPT = FarEnd(ring_s=0.02, answer_s=0.1)
