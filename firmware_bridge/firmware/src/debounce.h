/* An input's level, believed when it has been steady for long enough. */
#ifndef DEBOUNCE_H
#define DEBOUNCE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    bool level, raw;
    uint64_t since_us; /* raw has been so since */
} debounced;

static inline void debounce(debounced *input, bool raw, uint64_t now, uint32_t settle_us)
{
    if (raw != input->raw) {
        input->raw = raw;
        input->since_us = now;
    }
    if (now - input->since_us >= settle_us)
        input->level = raw;
}

/* The raw level has been `level` without a break for this long. */
static inline bool steady(const debounced *input, bool level, uint64_t now, uint32_t for_us)
{
    return input->raw == level && now - input->since_us >= for_us;
}

#endif
