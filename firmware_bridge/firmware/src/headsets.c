#include "headsets.h"

#include <string.h>

void headset_init(headset *h, uint8_t number, uint64_t now)
{
    memset(h, 0, sizeof *h);
    h->number = number;
    h->plug.since_us = h->hook.since_us = h->button.since_us = now;
}

static bool lamp_now(gw_lamp lamp, uint64_t now)
{
    switch (lamp) {
    case GW_LAMP_ON:
        return true;
    case GW_LAMP_SLOW:
        return now / HEADSET_SLOW_US % 2u == 0;
    case GW_LAMP_FAST:
        return now / HEADSET_FAST_US % 2u == 0;
    default:
        return false;
    }
}

static void drive(headset *h, uint64_t now)
{
    bool lit = lamp_now(h->lamp, now);
    bool rings = h->ring && h->present && !h->off_hook;
    if (lit != h->lamp_lit)
        board_headset_lamp(h->number, h->lamp_lit = lit);
    if (rings != h->ringer_on)
        board_headset_ringer(h->number, h->ringer_on = rings);
    if (h->muted != h->mute_on)
        board_headset_mute(h->number, h->mute_on = h->muted);
}

static void changed(headset *h, uint64_t now)
{
    h->at_us = now;
    h->change++;
}

bool headset_poll(headset *h, uint64_t now)
{
    uint8_t inputs = board_headset_inputs(h->number);
    bool pressed = h->button.level;
    debounce(&h->plug, (inputs & BOARD_HEADSET_PRESENT) != 0, now, HEADSET_PRESENT_US);
    debounce(&h->hook, (inputs & BOARD_HEADSET_HOOK) != 0, now, HEADSET_BUTTON_US);
    debounce(&h->button, (inputs & BOARD_HEADSET_MUTE_BUTTON) != 0, now, HEADSET_BUTTON_US);
    bool present = h->plug.level;
    bool off_hook = present && h->hook.level;
    bool toggled = present && h->button.level && !pressed;
    bool differs = present != h->present || off_hook != h->off_hook || toggled;
    if (off_hook && !h->off_hook)
        h->ring = false;
    h->present = present;
    h->off_hook = off_hook;
    h->muted = h->muted != toggled;
    if (differs)
        changed(h, now);
    drive(h, now);
    return differs;
}

bool headset_set(headset *h, gw_lamp lamp, bool ring, bool muted, uint64_t now)
{
    bool differs = lamp != h->lamp || ring != h->ring || muted != h->muted;
    h->lamp = lamp;
    h->ring = ring;
    h->muted = muted;
    if (differs)
        changed(h, now);
    drive(h, now);
    return differs;
}
