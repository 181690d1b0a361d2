/* Sends digits on a line: tones through its generator, pulses with its hook relay. */
#ifndef DIAL_H
#define DIAL_H

#include "board.h"

#define DIAL_WAITING_MAX 32u
#define DIAL_TONE_US 80000u
#define DIAL_TONE_GAP_US 80000u
#define DIAL_BREAK_US 60000u
#define DIAL_MAKE_US 40000u
#define DIAL_BETWEEN_DIGITS_US 800000u
#define DIAL_REST_US 1000000u

typedef enum { DIAL_READY, DIAL_TONE, DIAL_BREAK, DIAL_MAKE, DIAL_GAP } dial_phase;

typedef struct {
    uint8_t waiting[DIAL_WAITING_MAX];
    uint8_t first, count;
    gw_dial_mode mode;
    dial_phase phase;
    uint8_t pulses_left;
    uint64_t until_us;
} dialer;

/* Whether all of these can be sent, and there is one at least. */
bool dial_can(gw_dial_mode mode, const uint8_t *digits, uint8_t count);
void dial_begin(dialer *d, gw_dial_mode mode);
/* False when they do not fit; then none is taken. */
bool dial_add(dialer *d, const uint8_t *digits, uint8_t count);
bool dial_busy(const dialer *d);
void dial_poll(dialer *d, uint8_t line, uint64_t now);
/* Cut short what is being sent and forget the rest. */
void dial_stop(dialer *d, uint8_t line);

#endif
