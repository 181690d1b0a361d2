/* The boot stage: finds the image to run, copies it to where images run, and starts it under the watchdog. */
#include <string.h>

#include "record.h"
#include "registers.h"
#include "sha256.h"
#include "slots.h"

extern uint32_t _stack_top;
void boot_reset(void);

static uint8_t cause_of_reset(bool kept)
{
    uint32_t why = RESC;
    RESC = 0;
    if (!kept)
        return GW_RESET_CAUSE_POWER_ON;
    if (record->note != NO_NOTE)
        return record->note;
    if (why & RESC_WATCHDOG)
        return GW_RESET_CAUSE_WATCHDOG;
    if (why & RESC_BROWNOUT)
        return GW_RESET_CAUSE_BROWNOUT;
    return why & RESC_POWER_ON ? GW_RESET_CAUSE_POWER_ON : GW_RESET_CAUSE_EXTERNAL;
}

static bool is_failure(uint8_t cause) { return cause == GW_RESET_CAUSE_FAULT || cause == GW_RESET_CAUSE_WATCHDOG; }

/* An image that fails again and again soon after its start makes room for the one before it. */
static void judge_last_run(uint8_t cause)
{
    record->failures = is_failure(cause) ? (uint8_t)(record->failures + 1u) : 0;
    if (record->failures < FAILURES_MAX)
        return;
    record->failures = 0;
    if (record->slot < SLOTS)
        slot_label_of(record->slot)->given_up = 0;
}

static void write_record(bool kept, uint8_t cause, uint32_t slot, const uint8_t *image, uint32_t size)
{
    uint8_t digest[32];
    sha256 hash;
    sha256_begin(&hash);
    sha256_add(&hash, image, size);
    sha256_end(&hash, digest);
    for (unsigned i = 0; i < sizeof digest; i++)
        record->digest[i] = digest[i];
    record->cause = cause;
    record->failures = kept ? record->failures : 0;
    record->boots = kept ? record->boots + 1u : 1u;
    record->seed = (kept ? record->seed : 0) * 1664525u + 1013904223u + record->boots;
    record->stopped_at = kept ? record->stopped_at : 0;
    record->note = NO_NOTE;
    record->slot = (uint8_t)slot;
    record->trial = slot < SLOTS && slot_label_of(slot)->confirmed == ERASED;
    record->magic = RECORD_MAGIC;
}

static void start_watchdog(void)
{
    RCGC0 |= RCGC0_WATCHDOG;
    (void)RCGC0; /* the clock needs a moment */
    WDT_LOCK = WDT_UNLOCK;
    WDT_LOAD = WATCHDOG_LOAD;
    WDT_CTL = WDT_CTL_INTERRUPT_AND_RESET;
    WDT_LOCK = 0;
}

static void __attribute__((noreturn)) run(void)
{
    const volatile uint32_t *vectors = (const volatile uint32_t *)RUN_BASE;
    VTOR = RUN_BASE;
    __asm__ volatile("msr msp, %0\n\tbx %1" : : "r"(vectors[0]), "r"(vectors[1]) : "memory");
    __builtin_unreachable();
}

void boot_reset(void)
{
    bool kept = record->magic == RECORD_MAGIC;
    uint8_t cause = cause_of_reset(kept);
    if (kept)
        judge_last_run(cause);
    uint32_t slot = slot_choose();
    const uint8_t *image = slot < SLOTS ? slot_image(slot) : (const uint8_t *)FACTORY_BASE;
    uint32_t size = slot < SLOTS ? slot_label_of(slot)->size : REGISTER(FACTORY_SIZE_AT);
    write_record(kept, cause, slot, image, size);
    if (record->trial)
        slot_label_of(slot)->tried = 0;
    memcpy((void *)RUN_BASE, image, size);
    start_watchdog();
    run();
}

static void boot_fault(void)
{
    AIRCR = AIRCR_RESET;
    for (;;)
        ;
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    &_stack_top, (const void *)boot_reset, (const void *)boot_fault, (const void *)boot_fault,
    (const void *)boot_fault, (const void *)boot_fault, (const void *)boot_fault,
};
