/* The firmware's logic as a library: time, bytes and pins are in the test's hands. */
#ifndef HOST_H
#define HOST_H

#include "board.h"

#define HOST_API __attribute__((visibility("default")))

HOST_API void host_boot(uint64_t now_us, gw_reset_cause cause, uint32_t seed);
HOST_API void host_poll(uint64_t now_us);
HOST_API size_t host_send(const uint8_t *bytes, size_t size); /* to the board; returns how many it had room for */
HOST_API size_t host_receive(uint8_t *to, size_t room);
HOST_API void host_uart_room(size_t room); /* of what the board writes; 0: its UART is stuck */
HOST_API void host_line_inputs(uint8_t line, uint8_t levels);
HOST_API void host_headset_inputs(uint8_t headset, uint8_t levels);
HOST_API bool host_hook(uint8_t line);
HOST_API uint8_t host_tone(uint8_t line);
HOST_API bool host_lamp(uint8_t headset);
HOST_API bool host_ringer(uint8_t headset);
HOST_API bool host_mute(uint8_t headset);
HOST_API bool host_point(uint8_t row, uint8_t column);
HOST_API uint32_t host_resets(void);
HOST_API void host_image(bool confirmed);
HOST_API bool host_image_confirmed(void);
HOST_API uint32_t host_sealed(void); /* size of the image that waits to be tried; 0: none */

/* Pieces of the logic by themselves, for the vectors that both ends share. */
HOST_API uint16_t host_crc16(const uint8_t *from, size_t size);
HOST_API size_t host_frame_put(uint8_t *to, size_t room, uint8_t kind, uint16_t session, uint8_t seq, uint8_t ack,
                               uint8_t sack, const uint8_t *payload, size_t size);
/* Feeds a reader of its own; each good frame is written as its length (u16) and its body. Returns bytes written. */
HOST_API void host_reader_reset(void);
HOST_API size_t host_reader_feed(const uint8_t *from, size_t size, uint8_t *to, size_t room);
HOST_API uint32_t host_reader_bad(void);
HOST_API void host_sha256(const uint8_t *from, size_t size, uint8_t digest[32]);

#endif
