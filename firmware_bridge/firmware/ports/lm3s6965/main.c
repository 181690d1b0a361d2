/* The loop, and what concerns the image that runs. */
#include <string.h>

#include "gateway.h"
#include "port.h"
#include "record.h"
#include "registers.h"
#include "slots.h"

static gateway the_gateway;

gw_reset_cause board_reset_cause(void) { return record->cause; }
uint32_t board_seed(void) { return record->seed; }

void board_build(uint8_t build[8])
{
    for (unsigned i = 0; i < 8; i++)
        build[i] = record->digest[i];
}

void board_reset(void)
{
    if (record->note == NO_NOTE)
        record->note = GW_RESET_CAUSE_COMMANDED;
    AIRCR = AIRCR_RESET;
    for (;;)
        ;
}

/* The slot that the running image is not from. */
static uint32_t free_slot(void) { return record->slot == 0 ? 1u : 0u; }

uint32_t board_slot_size(void) { return IMAGE_SIZE_MAX; }

bool board_slot_erase(void)
{
    slot_erase(free_slot());
    return true;
}

bool board_slot_write(uint32_t offset, const uint8_t *from, size_t size)
{
    if (offset > IMAGE_SIZE_MAX || size > IMAGE_SIZE_MAX - offset)
        return false;
    memcpy(slot_image(free_slot()) + offset, from, size);
    return true;
}

const uint8_t *board_slot_read(void) { return slot_image(free_slot()); }

bool board_slot_seal(uint32_t size, const uint8_t digest[32]) { return slot_seal(free_slot(), size, digest); }

bool board_image_confirmed(void) { return record->trial == 0; }

bool board_image_confirm(void)
{
    slot_label_of(record->slot)->confirmed = 0;
    record->trial = 0;
    return true;
}

static void note_steady(void)
{
    if (record->failures != 0 && board_time_us() >= STEADY_AFTER_US)
        record->failures = 0;
}

static void kick_watchdog(void)
{
    WDT_LOCK = WDT_UNLOCK;
    WDT_LOAD = WATCHDOG_LOAD;
    WDT_LOCK = 0;
}

void port_main(void)
{
    pins_init();
    time_init();
    uart_init();
    NVIC_PRIORITY(WDT_IRQ) = 0;
    NVIC_PRIORITY(UART_IRQ) = 0x40;
    NVIC_PRIORITY(TIMER_IRQ) = 0x80;
    NVIC_ISER0 = 1u << WDT_IRQ;
    gateway_init(&the_gateway);
    for (;;) {
        gateway_poll(&the_gateway);
        kick_watchdog();
        note_steady();
        time_sleep();
    }
}
