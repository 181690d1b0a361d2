#include "dial.h"

#include <string.h>

static bool is_decimal(uint8_t digit) { return digit >= '0' && digit <= '9'; }

static bool can_send(gw_dial_mode mode, uint8_t digit)
{
    if (is_decimal(digit) || digit == ',')
        return true;
    return mode == GW_DIAL_MODE_DTMF && (digit == '*' || digit == '#' || (digit >= 'A' && digit <= 'D'));
}

bool dial_can(gw_dial_mode mode, const uint8_t *digits, uint8_t count)
{
    for (uint8_t i = 0; i < count; i++)
        if (!can_send(mode, digits[i]))
            return false;
    return count > 0;
}

void dial_begin(dialer *d, gw_dial_mode mode)
{
    memset(d, 0, sizeof *d);
    d->mode = mode;
}

bool dial_add(dialer *d, const uint8_t *digits, uint8_t count)
{
    if (count > DIAL_WAITING_MAX - d->count)
        return false;
    for (uint8_t i = 0; i < count; i++)
        d->waiting[(d->first + d->count++) % DIAL_WAITING_MAX] = digits[i];
    return true;
}

bool dial_busy(const dialer *d) { return d->count > 0 || d->phase != DIAL_READY; }

static void enter(dialer *d, dial_phase phase, uint64_t until_us)
{
    d->phase = phase;
    d->until_us = until_us;
}

static void begin_digit(dialer *d, uint8_t line, uint64_t now)
{
    uint8_t digit = d->waiting[d->first];
    d->first = (uint8_t)((d->first + 1u) % DIAL_WAITING_MAX);
    d->count--;
    if (digit == ',') {
        enter(d, DIAL_GAP, now + DIAL_REST_US);
    } else if (d->mode == GW_DIAL_MODE_DTMF) {
        board_line_tone(line, digit);
        enter(d, DIAL_TONE, now + DIAL_TONE_US);
    } else {
        d->pulses_left = digit == '0' ? 10 : (uint8_t)(digit - '0');
        board_line_hook(line, false);
        enter(d, DIAL_BREAK, now + DIAL_BREAK_US);
    }
}

static void end_phase(dialer *d, uint8_t line, uint64_t now)
{
    switch (d->phase) {
    case DIAL_TONE:
        board_line_tone(line, 0);
        enter(d, DIAL_GAP, now + DIAL_TONE_GAP_US);
        break;
    case DIAL_BREAK:
        board_line_hook(line, true);
        d->pulses_left--;
        enter(d, DIAL_MAKE, now + DIAL_MAKE_US);
        break;
    case DIAL_MAKE:
        if (d->pulses_left > 0) {
            board_line_hook(line, false);
            enter(d, DIAL_BREAK, now + DIAL_BREAK_US);
        } else {
            enter(d, DIAL_GAP, now + DIAL_BETWEEN_DIGITS_US - DIAL_MAKE_US);
        }
        break;
    default:
        d->phase = DIAL_READY;
    }
}

void dial_poll(dialer *d, uint8_t line, uint64_t now)
{
    if (d->phase != DIAL_READY && now >= d->until_us)
        end_phase(d, line, now);
    if (d->phase == DIAL_READY && d->count > 0)
        begin_digit(d, line, now);
}

void dial_stop(dialer *d, uint8_t line)
{
    if (d->phase == DIAL_TONE)
        board_line_tone(line, 0);
    dial_begin(d, d->mode);
}
