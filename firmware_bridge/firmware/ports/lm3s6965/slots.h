/* Two slots for firmware images, each with a label at its end. Flash in a real board; here RAM, which resets spare. */
#ifndef SLOTS_H
#define SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "memory.h"

#define LABEL_MAGIC 0x4C41424Cu
#define ERASED 0xFFFFFFFFu
#define IMAGE_SIZE_MAX (SLOT_SIZE - (uint32_t)sizeof(slot_label))

/* As in flash, words are erased to ones and can be written once. */
typedef struct {
    uint32_t magic;
    uint32_t size;
    uint32_t order; /* of two images, the newer one has the higher */
    uint32_t tried, confirmed, given_up; /* ERASED: not so; 0: so */
    uint8_t digest[32];
    uint32_t unused[2];
} slot_label;

volatile slot_label *slot_label_of(uint32_t slot);
uint8_t *slot_image(uint32_t slot);
/* Its image is whole: label, size, digest. */
bool slot_is_whole(uint32_t slot);
void slot_erase(uint32_t slot);
/* False: the image is not for this board, or too large. */
bool slot_seal(uint32_t slot, uint32_t size, const uint8_t digest[32]);
/* The slot to boot: a new image to try, else the newest confirmed one, else SLOTS (the factory's). One that was tried
 * and not confirmed is given up. */
uint32_t slot_choose(void);

#endif
