/* What a port gives the portable logic. Everything here is called from the main loop only, never from an interrupt. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../protocol.h"

/* What the board is; the port defines it. */
typedef struct {
    const char *name; /* at most 32 characters of ASCII */
    uint8_t lines, headsets, ties;
    uint8_t rows, columns; /* of the crosspoint switch: rows take headsets, ties, spares; columns lines, spares */
    gw_capabilities capabilities;
} board_info;
extern const board_info board;

/* Microseconds since the board started; never goes back. */
uint64_t board_time_us(void);

/* The link's bytes. Reading takes what has come; writing takes all of `size`, which must not exceed the room. */
size_t board_uart_read(uint8_t *to, size_t room);
size_t board_uart_room(void);
void board_uart_write(const uint8_t *from, size_t size);
uint32_t board_uart_overruns(void); /* bytes lost since boot, for want of time or room */

/* Levels as they are now, not debounced. */
#define BOARD_LINE_NORMAL 1u   /* voltage (on hook) or current (off hook), normal polarity */
#define BOARD_LINE_REVERSED 2u /* the same, reversed */
#define BOARD_LINE_RING 4u     /* ringing voltage */
#define BOARD_LINE_BUSY 8u     /* busy tone */
uint8_t board_line_inputs(uint8_t line);
#define BOARD_HEADSET_PRESENT 1u
#define BOARD_HEADSET_HOOK 2u /* off hook */
#define BOARD_HEADSET_MUTE_BUTTON 4u
uint8_t board_headset_inputs(uint8_t headset);

void board_line_hook(uint8_t line, bool off_hook);
void board_line_tone(uint8_t line, uint8_t digit); /* 0-9 * # A-D; 0 for silence */
void board_headset_lamp(uint8_t headset, bool on);
void board_headset_ringer(uint8_t headset, bool on);
void board_headset_mute(uint8_t headset, bool on);
void board_crosspoint(uint8_t row, uint8_t column, bool closed);
/* At once and without the help of any other state: relays drop, crosspoints open, latches and tones clear. */
void board_outputs_off(void);

gw_reset_cause board_reset_cause(void); /* why this boot came about */
uint32_t board_seed(void);              /* whatever differs from boot to boot; as random as the board can */
void board_build(uint8_t build[8]);     /* the first bytes of the running image's SHA-256 */
uint32_t board_stack_free(void);        /* bytes of stack never used since boot */
void board_reset(void);                 /* does not return on a real board */

/* Where a new image is put: storage apart from the image that runs. */
uint32_t board_slot_size(void);
bool board_slot_erase(void);
bool board_slot_write(uint32_t offset, const uint8_t *from, size_t size);
const uint8_t *board_slot_read(void);
/* To be tried at the next reset; false: it is no image for this board. */
bool board_slot_seal(uint32_t size, const uint8_t sha256[32]);
bool board_image_confirmed(void);
bool board_image_confirm(void);

#endif
