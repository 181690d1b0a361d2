#include "lines.h"

#include <string.h>

static void enter(line *l, gw_line_state state, gw_clear_cause cause, uint64_t now)
{
    l->state = state;
    l->cause = cause;
    l->at_us = now;
    l->change++;
}

void line_init(line *l, uint8_t number, uint64_t now)
{
    memset(l, 0, sizeof *l);
    l->number = number;
    l->state = GW_LINE_STATE_GUARD;
    l->hung_up_us = now;
    l->fed.since_us = l->reversed.since_us = l->ring.since_us = l->busy.since_us = now;
}

bool line_is_off_hook(const line *l)
{
    return l->state >= GW_LINE_STATE_SEIZED && l->state <= GW_LINE_STATE_CLEARED;
}

static void off_hook(line *l, uint16_t call, gw_line_state state, uint64_t now)
{
    l->call = call;
    board_line_hook(l->number, true);
    /* What the detectors said on hook tells nothing about the loop. */
    l->fed.raw = false;
    l->fed.since_us = now;
    l->busy = (debounced){.since_us = now};
    enter(l, state, GW_CLEAR_CAUSE_NONE, now);
}

static void hang_up(line *l, gw_clear_cause cause, uint64_t now)
{
    dial_stop(&l->dialer, l->number);
    board_line_hook(l->number, false);
    l->hung_up_us = l->fed.since_us = now;
    enter(l, GW_LINE_STATE_GUARD, l->state == GW_LINE_STATE_CLEARED ? l->cause : cause, now);
}

static void clear(line *l, gw_clear_cause cause, uint64_t now)
{
    dial_stop(&l->dialer, l->number);
    board_line_hook(l->number, true);
    enter(l, GW_LINE_STATE_CLEARED, cause, now);
}

static void look(line *l, uint64_t now)
{
    uint8_t inputs = board_line_inputs(l->number);
    bool fed = (inputs & (BOARD_LINE_NORMAL | BOARD_LINE_REVERSED)) != 0;
    debounce(&l->fed, fed, now, 0);
    if (fed)
        debounce(&l->reversed, (inputs & BOARD_LINE_REVERSED) != 0, now, LINE_REVERSAL_US);
    debounce(&l->ring, (inputs & BOARD_LINE_RING) != 0, now, LINE_RING_US);
    debounce(&l->busy, (inputs & BOARD_LINE_BUSY) != 0, now, LINE_BUSY_US);
    if (l->ring.level || l->ring.raw)
        l->rang_us = now;
}

static bool voltage_gone(const line *l, uint64_t now) { return steady(&l->fed, false, now, LINE_VOLTAGE_GONE_US); }

static void fault(line *l, uint64_t now)
{
    l->call = GW_NO_CALL;
    enter(l, GW_LINE_STATE_FAULT, GW_CLEAR_CAUSE_NONE, now);
}

static void poll_on_hook(line *l, uint64_t now)
{
    bool guarded = now - l->hung_up_us < LINE_GUARD_US;
    if (l->state == GW_LINE_STATE_FAULT) {
        if (!guarded && steady(&l->fed, true, now, LINE_VOLTAGE_BACK_US))
            enter(l, GW_LINE_STATE_IDLE, l->cause, now);
    } else if (voltage_gone(l, now)) {
        fault(l, now);
    } else if (l->state == GW_LINE_STATE_GUARD) {
        if (!guarded)
            enter(l, GW_LINE_STATE_IDLE, l->cause, now);
    } else if (l->state == GW_LINE_STATE_IDLE) {
        if (l->ring.level) {
            l->call = GW_NO_CALL;
            enter(l, GW_LINE_STATE_RINGING, GW_CLEAR_CAUSE_NONE, now);
        }
    } else if (now - l->rang_us >= LINE_RING_OVER_US) {
        enter(l, GW_LINE_STATE_IDLE, GW_CLEAR_CAUSE_CALLER_LEFT, now);
    }
}

static void poll_seized(line *l, uint64_t now)
{
    if (steady(&l->fed, true, now, LINE_DIAL_TONE_US)) {
        l->idle_reversed = l->reversed.level;
        enter(l, GW_LINE_STATE_DIALING, GW_CLEAR_CAUSE_NONE, now);
    } else if (!l->fed.raw && now - l->at_us >= LINE_NO_CURRENT_US) {
        clear(l, GW_CLEAR_CAUSE_NO_DIAL_TONE, now);
    }
}

static bool loop_was_cut_by_us(line *l, uint64_t now)
{
    if (l->dialer.phase != DIAL_BREAK && l->dialer.phase != DIAL_MAKE)
        return false;
    l->fed.since_us = now;
    return true;
}

static void poll_in_call(line *l, uint64_t now)
{
    dial_poll(&l->dialer, l->number, now);
    if (loop_was_cut_by_us(l, now))
        return;
    bool reversed = l->reversed.level != l->idle_reversed;
    bool answered = l->state == GW_LINE_STATE_ANSWERED;
    if (steady(&l->fed, false, now, LINE_CURRENT_GONE_US)) {
        clear(l, GW_CLEAR_CAUSE_FAR_END, now);
    } else if (l->busy.level) {
        clear(l, GW_CLEAR_CAUSE_BUSY, now);
    } else if (answered && !reversed) {
        clear(l, GW_CLEAR_CAUSE_FAR_END, now);
    } else if (!answered && reversed) {
        dial_stop(&l->dialer, l->number);
        dial_begin(&l->dialer, GW_DIAL_MODE_DTMF);
        enter(l, GW_LINE_STATE_ANSWERED, GW_CLEAR_CAUSE_NONE, now);
    } else if (l->state == GW_LINE_STATE_DIALING && !dial_busy(&l->dialer)) {
        enter(l, GW_LINE_STATE_CALLING, GW_CLEAR_CAUSE_NONE, now);
    }
}

/* An incoming call's polarity is read once the loop has settled; a change of it later is the far side's end. */
static bool incoming_unsettled(line *l, uint64_t now)
{
    if (l->answer_measured)
        return false;
    if (steady(&l->fed, true, now, LINE_CURRENT_GONE_US)) {
        l->idle_reversed = !l->reversed.level;
        l->answer_measured = true;
    } else if (now - l->at_us >= LINE_NO_CURRENT_US) {
        clear(l, GW_CLEAR_CAUSE_FAR_END, now);
    }
    return true;
}

bool line_poll(line *l, uint64_t now)
{
    uint16_t change = l->change;
    look(l, now);
    if (!line_is_off_hook(l))
        poll_on_hook(l, now);
    else if (l->state == GW_LINE_STATE_SEIZED)
        poll_seized(l, now);
    else if (l->state != GW_LINE_STATE_CLEARED && !incoming_unsettled(l, now))
        poll_in_call(l, now);
    return l->change != change;
}

static bool can_dial(gw_dial_mode mode)
{
    return (board.capabilities & (mode == GW_DIAL_MODE_PULSE ? GW_CAPABILITIES_PULSE : GW_CAPABILITIES_DTMF)) != 0;
}

gw_status line_call(line *l, const gw_call *command, uint64_t now, bool *changed)
{
    if (command->call == l->call)
        return GW_STATUS_OK;
    if (l->state == GW_LINE_STATE_FAULT)
        return GW_STATUS_LINE_DEAD;
    if (l->state != GW_LINE_STATE_IDLE)
        return GW_STATUS_LINE_IN_USE;
    if (!can_dial(command->mode))
        return GW_STATUS_UNSUPPORTED;
    if (!dial_can(command->mode, command->digits, command->digits_len))
        return GW_STATUS_BAD_DIGITS;
    dial_begin(&l->dialer, command->mode);
    dial_add(&l->dialer, command->digits, command->digits_len);
    l->answer_measured = true;
    off_hook(l, command->call, GW_LINE_STATE_SEIZED, now);
    *changed = true;
    return GW_STATUS_OK;
}

gw_status line_accept(line *l, uint16_t call, uint64_t now, bool *changed)
{
    if (call == l->call)
        return GW_STATUS_OK;
    if (l->state == GW_LINE_STATE_FAULT)
        return GW_STATUS_LINE_DEAD;
    if (l->state != GW_LINE_STATE_RINGING)
        return GW_STATUS_LINE_IN_USE;
    dial_begin(&l->dialer, GW_DIAL_MODE_DTMF);
    l->answer_measured = false;
    off_hook(l, call, GW_LINE_STATE_ANSWERED, now);
    *changed = true;
    return GW_STATUS_OK;
}

bool line_release(line *l, uint16_t call, uint64_t now)
{
    if (call != l->call || !line_is_off_hook(l))
        return false;
    hang_up(l, GW_CLEAR_CAUSE_RELEASED, now);
    return true;
}

gw_status line_digits(line *l, const gw_digits *command)
{
    if (command->call != l->call || l->state != GW_LINE_STATE_ANSWERED)
        return GW_STATUS_NOT_ANSWERED;
    if (!can_dial(GW_DIAL_MODE_DTMF))
        return GW_STATUS_UNSUPPORTED;
    if (!dial_can(GW_DIAL_MODE_DTMF, command->digits, command->digits_len))
        return GW_STATUS_BAD_DIGITS;
    return dial_add(&l->dialer, command->digits, command->digits_len) ? GW_STATUS_OK : GW_STATUS_LINE_IN_USE;
}

bool line_host_lost(line *l, uint64_t now)
{
    if (!line_is_off_hook(l))
        return false;
    hang_up(l, GW_CLEAR_CAUSE_HOST_LOST, now);
    return true;
}
