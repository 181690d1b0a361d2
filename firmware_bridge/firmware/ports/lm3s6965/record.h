/* What is kept over a reset (not over a loss of power): notes from the run before, and from the boot stage. */
#ifndef RECORD_H
#define RECORD_H

#include <stdint.h>

#include "../../protocol.h"
#include "memory.h"

#define RECORD_MAGIC 0x9D2C5680EFC60000ull
#define NO_NOTE 0xFFu
#define FAILURES_MAX 5u            /* then even a confirmed image is given up */
#define STEADY_AFTER_US 60000000u  /* an image that has run for so long has not failed */

typedef struct {
    uint64_t magic;
    uint8_t note;  /* gw_reset_cause that the next boot shall tell, or NO_NOTE */
    uint8_t cause; /* of this boot */
    uint8_t slot;  /* that this boot's image is from; SLOTS: the factory's */
    uint8_t trial; /* 1: the image has not been confirmed */
    uint8_t failures; /* boots in a row that came of a fault or a hang soon after the start */
    uint32_t seed; /* stirred at each boot, and by what the boards sees */
    uint32_t boots;
    uint32_t stopped_at; /* program counter of the last fault or hang */
    uint8_t digest[32];  /* SHA-256 of this boot's image */
} boot_record;

#define record ((volatile boot_record *)RECORD_BASE)

#endif
