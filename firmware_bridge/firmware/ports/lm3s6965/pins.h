/* The pin map: the same as pins.toml, which says what each pin is for. */
#ifndef PINS_H
#define PINS_H

#include "registers.h"

#define LINES 4u
#define HEADSETS 4u
#define TIES 2u

/* Inputs: port, and the bit of index 0 */
#define LINE_NORMAL_PORT GPIO_C
#define LINE_NORMAL_FIRST 0u
#define LINE_REVERSED_PORT GPIO_C
#define LINE_REVERSED_FIRST 4u
#define LINE_RING_PORT GPIO_E
#define LINE_RING_FIRST 0u
#define LINE_BUSY_PORT GPIO_E
#define LINE_BUSY_FIRST 4u
#define HEADSET_PRESENT_PORT GPIO_F
#define HEADSET_PRESENT_FIRST 0u
#define HEADSET_HOOK_PORT GPIO_F
#define HEADSET_HOOK_FIRST 4u
#define HEADSET_MUTE_BUTTON_PORT GPIO_G
#define HEADSET_MUTE_BUTTON_FIRST 0u

/* Outputs */
#define BUS_ADDRESS_PORT GPIO_B
#define BUS_ADDRESS_FIRST 0u
#define BUS_DATA_PORT GPIO_B
#define BUS_DATA_FIRST 6u
#define CROSSPOINT_STROBE_PORT GPIO_B
#define CROSSPOINT_STROBE_FIRST 7u
#define LATCH_STROBE_PORT GPIO_D
#define LATCH_STROBE_FIRST 1u
#define TONE_STROBE_PORT GPIO_D
#define TONE_STROBE_FIRST 2u
#define ENABLE_PORT GPIO_D
#define ENABLE_FIRST 3u
#define LINE_HOOK_PORT GPIO_D
#define LINE_HOOK_FIRST 4u

#define OUTPUTS_OF_B 0xFFu
#define OUTPUTS_OF_D 0xFEu
#define UART_PINS_OF_A 0x03u

/* Codes of the tone generators, by position */
#define TONE_ORDER "D1234567890*#ABC"

#endif
