/* One headset: its hook switch, its mute, its lamp and ringer. */
#ifndef HEADSETS_H
#define HEADSETS_H

#include "board.h"
#include "debounce.h"

#define HEADSET_PRESENT_US 50000u
#define HEADSET_BUTTON_US 30000u
#define HEADSET_SLOW_US 500000u /* half a period of blinking */
#define HEADSET_FAST_US 125000u

typedef struct {
    uint8_t number;
    uint16_t change;
    uint64_t at_us;
    bool present, off_hook, muted, ring;
    gw_lamp lamp;
    debounced plug, hook, button;
    bool lamp_lit, ringer_on, mute_on; /* as the outputs are */
} headset;

void headset_init(headset *h, uint8_t number, uint64_t now);
/* True when what HeadsetIs tells has changed. */
bool headset_poll(headset *h, uint64_t now);
bool headset_set(headset *h, gw_lamp lamp, bool ring, bool muted, uint64_t now);

#endif
