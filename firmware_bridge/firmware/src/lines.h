/* One telephone line: its state, its detectors, its call. */
#ifndef LINES_H
#define LINES_H

#include "debounce.h"
#include "dial.h"

#define LINE_DIAL_TONE_US 500000u   /* of loop current before the first digit */
#define LINE_NO_CURRENT_US 2000000u /* after seizure, without any */
#define LINE_CURRENT_GONE_US 100000u
#define LINE_VOLTAGE_GONE_US 200000u
#define LINE_VOLTAGE_BACK_US 200000u
#define LINE_REVERSAL_US 20000u
#define LINE_BUSY_US 20000u
#define LINE_RING_US 40000u
#define LINE_RING_OVER_US 6000000u
#define LINE_GUARD_US (GW_GUARD_MS * 1000u)

typedef struct {
    uint8_t number;
    gw_line_state state;
    uint16_t call, change;
    gw_clear_cause cause;
    uint64_t at_us;       /* of the last change */
    uint64_t hung_up_us;
    uint64_t rang_us;     /* ringing voltage was seen last */
    debounced fed, reversed, ring, busy; /* fed: voltage on hook, current off hook */
    bool idle_reversed;   /* polarity before the answer */
    bool answer_measured; /* ... or, of an incoming call, whether it has been read */
    dialer dialer;
} line;

/* As after power-on: on hook, in guard time. */
void line_init(line *l, uint8_t number, uint64_t now);
bool line_is_off_hook(const line *l);
/* Look at the detectors and let time pass; true when state, call or cause changed. */
bool line_poll(line *l, uint64_t now);

/* Commands. `*changed` is set when the line's state did. */
gw_status line_call(line *l, const gw_call *command, uint64_t now, bool *changed);
gw_status line_accept(line *l, uint16_t call, uint64_t now, bool *changed);
gw_status line_digits(line *l, const gw_digits *command);
/* True when the line had this call and was off hook; now it is not. */
bool line_release(line *l, uint16_t call, uint64_t now);
/* The session is over: on hook at once; true when it was off hook. */
bool line_host_lost(line *l, uint64_t now);

#endif
