#include "frames.h"

#include <string.h>

#include "crc16.h"

/* Both return 0 for what cannot be. */
static size_t cobs_put(uint8_t *to, const uint8_t *from, size_t size)
{
    size_t code_at = 0, at = 1;
    for (size_t i = 0; i < size; i++) {
        if (from[i] == 0) {
            to[code_at] = (uint8_t)(at - code_at);
            code_at = at++;
        } else {
            to[at++] = from[i];
        }
    }
    to[code_at] = (uint8_t)(at - code_at);
    return at;
}

static size_t cobs_get_in_place(uint8_t *bytes, size_t size)
{
    size_t from = 0, to = 0;
    while (from < size) {
        size_t run = bytes[from++];
        if (run == 0 || run - 1 > size - from)
            return 0;
        for (size_t i = 1; i < run; i++) {
            if (bytes[from] == 0)
                return 0;
            bytes[to++] = bytes[from++];
        }
        if (from < size && run < 0xFFu)
            bytes[to++] = 0;
    }
    return to;
}

size_t frame_put(uint8_t *to, size_t room, const gw_header *header, const uint8_t *payload, size_t size)
{
    uint8_t body[FRAME_BODY_MAX];
    if (size > GW_MAX_PAYLOAD || room < GW_HEADER_SIZE_MAX + size + 5u)
        return 0;
    size_t at = gw_put_header(body, sizeof body, header);
    if (size > 0)
        memcpy(body + at, payload, size);
    at += size;
    gw_put_u16(body + at, crc16(body, at));
    to[0] = 0;
    size_t coded = cobs_put(to + 1, body, at + 2);
    to[coded + 1] = 0;
    return coded + 2;
}

void frame_reader_init(frame_reader *reader) { memset(reader, 0, sizeof *reader); }

static bool parse(frame_reader *reader, frame *out)
{
    size_t size = cobs_get_in_place(reader->code, reader->size);
    if (size < GW_HEADER_SIZE_MAX + 2u || size > FRAME_BODY_MAX)
        return false;
    size -= 2;
    if (gw_get_u16(reader->code + size) != crc16(reader->code, size))
        return false;
    out->payload = reader->code + GW_HEADER_SIZE_MAX;
    out->size = size - GW_HEADER_SIZE_MAX;
    return gw_get_header(reader->code, GW_HEADER_SIZE_MAX, &out->header);
}

bool frame_reader_take(frame_reader *reader, uint8_t byte, frame *out)
{
    if (byte != 0) {
        if (reader->size < sizeof reader->code)
            reader->code[reader->size++] = byte;
        else
            reader->too_long = true;
        return false;
    }
    bool empty = reader->size == 0;
    bool right = !empty && !reader->too_long && parse(reader, out);
    reader->size = 0;
    reader->too_long = false;
    if (right)
        reader->good++;
    else if (!empty)
        reader->bad++;
    return right;
}
