#include "host.h"

#include <string.h>

#include "crc16.h"
#include "gateway.h"
#include "sha256.h"

#define WIRE_SIZE 65536u
#define SLOT_SIZE 4096u
#define LINES 4u
#define HEADSETS 4u
#define ROWS 8u
#define COLUMNS 8u

const board_info board = {
    .name = "host",
    .lines = LINES,
    .headsets = HEADSETS,
    .ties = 2,
    .rows = ROWS,
    .columns = COLUMNS,
    .capabilities = GW_CAPABILITIES_REVERSAL | GW_CAPABILITIES_DTMF | GW_CAPABILITIES_PULSE |
                    GW_CAPABILITIES_PROGRESS | GW_CAPABILITIES_UPDATE | GW_CAPABILITIES_HEADSET_MUTE |
                    GW_CAPABILITIES_HEADSET_LAMP,
};

typedef struct {
    uint8_t bytes[WIRE_SIZE];
    size_t first, count;
} wire;

static struct {
    uint64_t now_us;
    gw_reset_cause cause;
    uint32_t seed, resets, overruns, sealed;
    wire to_board, from_board;
    size_t uart_room;
    uint8_t line_inputs[LINES], headset_inputs[HEADSETS];
    bool hook[LINES], lamp[HEADSETS], ringer[HEADSETS], mute[HEADSETS], points[ROWS][COLUMNS];
    uint8_t tone[LINES];
    uint8_t slot[SLOT_SIZE];
    bool confirmed;
} world;
static gateway the_gateway;

static size_t push(wire *w, const uint8_t *from, size_t size)
{
    size_t taken = size < WIRE_SIZE - w->count ? size : WIRE_SIZE - w->count;
    for (size_t i = 0; i < taken; i++)
        w->bytes[(w->first + w->count++) % WIRE_SIZE] = from[i];
    return taken;
}

static size_t pull(wire *w, uint8_t *to, size_t room)
{
    size_t taken = room < w->count ? room : w->count;
    for (size_t i = 0; i < taken; i++)
        to[i] = w->bytes[(w->first + i) % WIRE_SIZE];
    w->first = (w->first + taken) % WIRE_SIZE;
    w->count -= taken;
    return taken;
}

uint64_t board_time_us(void) { return world.now_us; }
size_t board_uart_read(uint8_t *to, size_t room) { return pull(&world.to_board, to, room); }
size_t board_uart_room(void)
{
    size_t room = WIRE_SIZE - world.from_board.count;
    return room < world.uart_room ? room : world.uart_room;
}
void board_uart_write(const uint8_t *from, size_t size) { push(&world.from_board, from, size); }
uint32_t board_uart_overruns(void) { return world.overruns; }
uint8_t board_line_inputs(uint8_t line) { return world.line_inputs[line]; }
uint8_t board_headset_inputs(uint8_t headset) { return world.headset_inputs[headset]; }
void board_line_hook(uint8_t line, bool off_hook) { world.hook[line] = off_hook; }
void board_line_tone(uint8_t line, uint8_t digit) { world.tone[line] = digit; }
void board_headset_lamp(uint8_t headset, bool on) { world.lamp[headset] = on; }
void board_headset_ringer(uint8_t headset, bool on) { world.ringer[headset] = on; }
void board_headset_mute(uint8_t headset, bool on) { world.mute[headset] = on; }
void board_crosspoint(uint8_t row, uint8_t column, bool closed) { world.points[row][column] = closed; }

void board_outputs_off(void)
{
    memset(world.hook, 0, sizeof world.hook);
    memset(world.tone, 0, sizeof world.tone);
    memset(world.lamp, 0, sizeof world.lamp);
    memset(world.ringer, 0, sizeof world.ringer);
    memset(world.mute, 0, sizeof world.mute);
    memset(world.points, 0, sizeof world.points);
}

gw_reset_cause board_reset_cause(void) { return world.cause; }
uint32_t board_seed(void) { return world.seed; }
void board_build(uint8_t build[8]) { memcpy(build, "hostport", 8); }
uint32_t board_stack_free(void) { return 0; }
void board_reset(void) { world.resets++; }

uint32_t board_slot_size(void) { return SLOT_SIZE; }

bool board_slot_erase(void)
{
    memset(world.slot, 0xFF, sizeof world.slot);
    world.sealed = 0;
    return true;
}

bool board_slot_write(uint32_t offset, const uint8_t *from, size_t size)
{
    if (offset > SLOT_SIZE || size > SLOT_SIZE - offset)
        return false;
    memcpy(world.slot + offset, from, size);
    return true;
}

const uint8_t *board_slot_read(void) { return world.slot; }

bool board_slot_seal(uint32_t size, const uint8_t digest[32])
{
    (void)digest;
    world.sealed = size;
    return true;
}

bool board_image_confirmed(void) { return world.confirmed; }

bool board_image_confirm(void)
{
    world.confirmed = true;
    return true;
}

void host_boot(uint64_t now_us, gw_reset_cause cause, uint32_t seed)
{
    memset(&world, 0, sizeof world);
    world.now_us = now_us;
    world.cause = cause;
    world.seed = seed;
    world.uart_room = WIRE_SIZE;
    world.confirmed = true;
    gateway_init(&the_gateway);
}

void host_poll(uint64_t now_us)
{
    world.now_us = now_us;
    gateway_poll(&the_gateway);
}

size_t host_send(const uint8_t *bytes, size_t size)
{
    size_t taken = push(&world.to_board, bytes, size);
    world.overruns += (uint32_t)(size - taken);
    return taken;
}

size_t host_receive(uint8_t *to, size_t room) { return pull(&world.from_board, to, room); }
void host_uart_room(size_t room) { world.uart_room = room; }
void host_line_inputs(uint8_t line, uint8_t levels) { world.line_inputs[line] = levels; }
void host_headset_inputs(uint8_t headset, uint8_t levels) { world.headset_inputs[headset] = levels; }
bool host_hook(uint8_t line) { return world.hook[line]; }
uint8_t host_tone(uint8_t line) { return world.tone[line]; }
bool host_lamp(uint8_t headset) { return world.lamp[headset]; }
bool host_ringer(uint8_t headset) { return world.ringer[headset]; }
bool host_mute(uint8_t headset) { return world.mute[headset]; }
bool host_point(uint8_t row, uint8_t column) { return world.points[row][column]; }
uint32_t host_resets(void) { return world.resets; }
void host_image(bool confirmed) { world.confirmed = confirmed; }
bool host_image_confirmed(void) { return world.confirmed; }
uint32_t host_sealed(void) { return world.sealed; }

uint16_t host_crc16(const uint8_t *from, size_t size) { return crc16(from, size); }

size_t host_frame_put(uint8_t *to, size_t room, uint8_t kind, uint16_t session, uint8_t seq, uint8_t ack,
                      uint8_t sack, const uint8_t *payload, size_t size)
{
    gw_header header = {.kind = kind, .session = session, .seq = seq, .ack = ack, .sack = sack};
    return frame_put(to, room, &header, payload, size);
}

static frame_reader a_reader;

void host_reader_reset(void) { frame_reader_init(&a_reader); }

size_t host_reader_feed(const uint8_t *from, size_t size, uint8_t *to, size_t room)
{
    size_t at = 0;
    frame f;
    for (size_t i = 0; i < size; i++) {
        if (!frame_reader_take(&a_reader, from[i], &f) || room - at < 2u + GW_HEADER_SIZE_MAX + f.size)
            continue;
        gw_put_u16(to + at, (uint16_t)(GW_HEADER_SIZE_MAX + f.size));
        gw_put_header(to + at + 2, GW_HEADER_SIZE_MAX, &f.header);
        memcpy(to + at + 2 + GW_HEADER_SIZE_MAX, f.payload, f.size);
        at += 2u + GW_HEADER_SIZE_MAX + f.size;
    }
    return at;
}

uint32_t host_reader_bad(void) { return a_reader.bad; }

void host_sha256(const uint8_t *from, size_t size, uint8_t digest[32])
{
    sha256 hash;
    sha256_begin(&hash);
    sha256_add(&hash, from, size);
    sha256_end(&hash, digest);
}
