/* Detectors, relays, and the bus to the crosspoint switch, the latches and the tone generators. */
#include "pins.h"

#include "port.h"

#define LAMP 0u
#define RINGER 1u
#define MUTE 2u
#define SETTLE_CLOCKS 5u /* 100 ns of set-up, strobe and hold */

const board_info board = {
    .name = "ringpace reference, lm3s6965evb",
    .lines = LINES,
    .headsets = HEADSETS,
    .ties = TIES,
    .rows = 8,
    .columns = 8,
    .capabilities = GW_CAPABILITIES_REVERSAL | GW_CAPABILITIES_DTMF | GW_CAPABILITIES_PULSE |
                    GW_CAPABILITIES_PROGRESS | GW_CAPABILITIES_UPDATE | GW_CAPABILITIES_HEADSET_MUTE |
                    GW_CAPABILITIES_HEADSET_LAMP,
};

static void set(uint32_t base, uint32_t mask, bool on) { GPIO_DATA(base, mask) = on ? mask : 0u; }

static bool get(uint32_t base, uint32_t bit) { return GPIO_DATA(base, 1u << bit) != 0; }

static void set_up(uint32_t base, uint32_t outputs)
{
    GPIO_DATA(base, 0xFFu) = 0;
    GPIO_PULL_DOWN(base) = 0xFFu & ~outputs;
    GPIO_DIRECTION(base) = outputs;
    GPIO_DIGITAL(base) = 0xFFu;
}

void pins_init(void)
{
    RCGC2 |= RCGC2_PORTS;
    (void)RCGC2;
    set_up(GPIO_B, OUTPUTS_OF_B);
    set_up(GPIO_D, OUTPUTS_OF_D);
    set_up(GPIO_C, 0);
    set_up(GPIO_E, 0);
    set_up(GPIO_F, 0);
    set_up(GPIO_G, 0);
    GPIO_ALTERNATE(GPIO_A) |= UART_PINS_OF_A;
    GPIO_DIGITAL(GPIO_A) |= UART_PINS_OF_A;
}

uint8_t board_line_inputs(uint8_t line)
{
    unsigned levels = 0;
    levels |= get(LINE_NORMAL_PORT, LINE_NORMAL_FIRST + line) ? BOARD_LINE_NORMAL : 0u;
    levels |= get(LINE_REVERSED_PORT, LINE_REVERSED_FIRST + line) ? BOARD_LINE_REVERSED : 0u;
    levels |= get(LINE_RING_PORT, LINE_RING_FIRST + line) ? BOARD_LINE_RING : 0u;
    levels |= get(LINE_BUSY_PORT, LINE_BUSY_FIRST + line) ? BOARD_LINE_BUSY : 0u;
    return (uint8_t)levels;
}

uint8_t board_headset_inputs(uint8_t headset)
{
    unsigned levels = 0;
    levels |= get(HEADSET_PRESENT_PORT, HEADSET_PRESENT_FIRST + headset) ? BOARD_HEADSET_PRESENT : 0u;
    levels |= get(HEADSET_HOOK_PORT, HEADSET_HOOK_FIRST + headset) ? BOARD_HEADSET_HOOK : 0u;
    levels |= get(HEADSET_MUTE_BUTTON_PORT, HEADSET_MUTE_BUTTON_FIRST + headset) ? BOARD_HEADSET_MUTE_BUTTON : 0u;
    return (uint8_t)levels;
}

static void settle(void)
{
    for (uint32_t i = 0; i < SETTLE_CLOCKS; i++)
        __asm__ volatile("nop");
}

static void strobe(uint32_t base, uint32_t bit, uint32_t address, bool data)
{
    GPIO_DATA(BUS_ADDRESS_PORT, 0x3Fu << BUS_ADDRESS_FIRST) = address << BUS_ADDRESS_FIRST;
    set(BUS_DATA_PORT, 1u << BUS_DATA_FIRST, data);
    settle();
    set(base, 1u << bit, true);
    settle();
    set(base, 1u << bit, false);
    settle();
}

static void latch(uint32_t function, uint8_t headset, bool on)
{
    strobe(LATCH_STROBE_PORT, LATCH_STROBE_FIRST, function << 2 | headset, on);
}

void board_headset_lamp(uint8_t headset, bool on) { latch(LAMP, headset, on); }
void board_headset_ringer(uint8_t headset, bool on) { latch(RINGER, headset, on); }
void board_headset_mute(uint8_t headset, bool on) { latch(MUTE, headset, on); }

void board_crosspoint(uint8_t row, uint8_t column, bool closed)
{
    strobe(CROSSPOINT_STROBE_PORT, CROSSPOINT_STROBE_FIRST, (uint32_t)column << 3 | row, closed);
}

void board_line_hook(uint8_t line, bool off_hook) { set(LINE_HOOK_PORT, 1u << (LINE_HOOK_FIRST + line), off_hook); }

void board_line_tone(uint8_t line, uint8_t digit)
{
    static const char order[] = TONE_ORDER;
    uint32_t code = 0;
    while (digit != 0 && code < 15u && (uint8_t)order[code] != digit)
        code++;
    strobe(TONE_STROBE_PORT, TONE_STROBE_FIRST, (uint32_t)line << 4 | code, digit != 0);
}

void board_outputs_off(void)
{
    set(ENABLE_PORT, 1u << ENABLE_FIRST, false);
    set(LINE_HOOK_PORT, 0xFu << LINE_HOOK_FIRST, false);
    settle();
    set(ENABLE_PORT, 1u << ENABLE_FIRST, true);
}
