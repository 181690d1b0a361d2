#include "slots.h"

#include <string.h>

#include "sha256.h"

_Static_assert(sizeof(slot_label) == 64, "memory.ld keeps 64 bytes for the label");

uint8_t *slot_image(uint32_t slot) { return (uint8_t *)(SLOT_BASE + slot * SLOT_SIZE); }

volatile slot_label *slot_label_of(uint32_t slot)
{
    return (volatile slot_label *)(SLOT_BASE + (slot + 1u) * SLOT_SIZE - sizeof(slot_label));
}

bool slot_is_whole(uint32_t slot)
{
    volatile slot_label *label = slot_label_of(slot);
    uint8_t digest[32];
    sha256 hash;
    if (label->magic != LABEL_MAGIC || label->size == 0 || label->size > IMAGE_SIZE_MAX)
        return false;
    sha256_begin(&hash);
    sha256_add(&hash, slot_image(slot), label->size);
    sha256_end(&hash, digest);
    for (unsigned i = 0; i < sizeof digest; i++)
        if (digest[i] != label->digest[i])
            return false;
    return true;
}

void slot_erase(uint32_t slot) { memset(slot_image(slot), 0xFF, SLOT_SIZE); }

/* The vectors must point into this board's memory. */
static bool is_for_this_board(const uint8_t *image, uint32_t size)
{
    uint32_t vectors[8];
    if (size < sizeof vectors)
        return false;
    memcpy(vectors, image, sizeof vectors);
    return vectors[0] > DATA_BASE && vectors[0] <= RAM_END && vectors[1] > RUN_BASE &&
           vectors[1] < RUN_BASE + size && (vectors[1] & 1u) != 0 && vectors[7] == BOARD_MAGIC;
}

bool slot_seal(uint32_t slot, uint32_t size, const uint8_t digest[32])
{
    volatile slot_label *label = slot_label_of(slot), *other = slot_label_of(1u - slot);
    if (size > IMAGE_SIZE_MAX || !is_for_this_board(slot_image(slot), size))
        return false;
    label->size = size;
    label->order = other->magic == LABEL_MAGIC ? other->order + 1u : 1u;
    for (unsigned i = 0; i < 32; i++)
        label->digest[i] = digest[i];
    label->magic = LABEL_MAGIC;
    return true;
}

uint32_t slot_choose(void)
{
    uint32_t best = SLOTS;
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        volatile slot_label *label = slot_label_of(slot);
        if (label->magic == LABEL_MAGIC && label->tried != ERASED && label->confirmed == ERASED)
            label->given_up = 0;
        if (!slot_is_whole(slot) || label->given_up != ERASED)
            continue;
        if (best == SLOTS || label->order > slot_label_of(best)->order)
            best = slot;
    }
    return best;
}
