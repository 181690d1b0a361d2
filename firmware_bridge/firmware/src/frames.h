/* Frames on the wire: 00 | COBS(header, payload, CRC) | 00. */
#ifndef FRAMES_H
#define FRAMES_H

#include "../protocol.h"

#define FRAME_BODY_MAX (GW_HEADER_SIZE_MAX + GW_MAX_PAYLOAD + 2u)
#define FRAME_CODE_MAX (FRAME_BODY_MAX + 1u) /* COBS adds one byte to anything shorter than 254 */
#define FRAME_WIRE_MAX (FRAME_CODE_MAX + 2u)

/* Writes a whole frame, delimiters and all; returns its length, 0 when it does not fit. */
size_t frame_put(uint8_t *to, size_t room, const gw_header *header, const uint8_t *payload, size_t size);

typedef struct {
    uint8_t code[FRAME_CODE_MAX]; /* bytes since the last delimiter; decoded in place */
    size_t size;
    bool too_long;
    uint32_t good, bad;
} frame_reader;

typedef struct {
    gw_header header;
    const uint8_t *payload; /* inside the reader; gone with the next byte */
    size_t size;
} frame;

void frame_reader_init(frame_reader *reader);
/* Takes a byte; true when it completed a frame that is exactly right. Anything else is counted and dropped. */
bool frame_reader_take(frame_reader *reader, uint8_t byte, frame *out);

#endif
