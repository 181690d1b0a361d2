/* Vectors, start of the firmware proper, and what happens when it stops. */
#include <string.h>

#include "port.h"
#include "record.h"
#include "registers.h"

#define PAINT 0xA5A5A5A5u
#define STACKED_PC 6

extern uint32_t _stack_top, _stack_bottom, _data, _data_end, _data_from, _bss, _bss_end;
void app_reset(void);

static void paint_stack(void)
{
    uint32_t *here;
    __asm__ volatile("mov %0, sp" : "=r"(here));
    for (uint32_t *at = &_stack_bottom; at < here; at++)
        *at = PAINT;
}

uint32_t board_stack_free(void)
{
    const uint32_t *at = &_stack_bottom;
    while (at < &_stack_top && *at == PAINT)
        at++;
    return (uint32_t)((uintptr_t)at - (uintptr_t)&_stack_bottom);
}

void app_reset(void)
{
    memcpy(&_data, &_data_from, (size_t)((uintptr_t)&_data_end - (uintptr_t)&_data));
    memset(&_bss, 0, (size_t)((uintptr_t)&_bss_end - (uintptr_t)&_bss));
    paint_stack();
    SHCSR |= SHCSR_FAULTS;
    port_main();
}

void port_stop(gw_reset_cause why, const uint32_t *stacked)
{
    record->note = why;
    record->stopped_at = stacked[STACKED_PC];
    board_outputs_off();
    board_reset();
}

/* An exception handler that hands the stacked registers to `port_stop`. */
#define STOP_HANDLER(name, why) \
    static __attribute__((naked)) void name(void) \
    { \
        __asm__ volatile("mrs r1, msp\n\tmovs r0, %0\n\tb port_stop" : : "i"(why)); \
    }

STOP_HANDLER(fault, 3)
STOP_HANDLER(watchdog_ran_out, 1)
_Static_assert(GW_RESET_CAUSE_FAULT == 3u && GW_RESET_CAUSE_WATCHDOG == 1u, "the handlers above have these numbers");

#define V(handler) (const void *)(handler)
__attribute__((section(".vectors"), used)) static const void *const vectors[16 + 44] = {
    &_stack_top, V(app_reset), V(fault), V(fault), V(fault), V(fault), V(fault), V(BOARD_MAGIC),
    [11] = V(fault),
    [15] = V(time_wrapped),
    [16] = V(fault), V(fault), V(fault), V(fault), V(fault),
    [16 + UART_IRQ] = V(uart_interrupt),
    [16 + WDT_IRQ] = V(watchdog_ran_out),
    [16 + TIMER_IRQ] = V(tick),
};
