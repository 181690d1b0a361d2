/* fuzz SEED ROUNDS: nonsense for the frame reader and the message handler, on lines and headsets that do anything.
 *
 * Built with sanitizers. What must hold whatever comes is checked as it goes: what the board says is made of whole
 * frames, a port is joined with one other at most, without a session all lines are on hook and nothing is joined. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frames.h"
#include "host.h"

#define SESSION 7u
#define KEEPALIVE_MS 1000u

static uint64_t state;

/* A host that is good enough to be listened to: it knows what the board has and has said. */
static struct {
    frame_reader reader;
    uint16_t session;
    uint8_t seq, expected; /* of the next DATA frame from us, from the board */
} host;

static uint32_t rnd(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % below;
}

static void fill(uint8_t *to, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)rnd(256);
}

static void check(bool right, const char *what)
{
    if (!right) {
        fprintf(stderr, "%s\n", what);
        abort();
    }
}

static void send_frame(uint8_t kind, uint16_t session, uint8_t seq, const uint8_t *payload, size_t size)
{
    uint8_t wire[FRAME_WIRE_MAX];
    uint8_t ack = rnd(8) ? host.expected : (uint8_t)rnd(256);
    size_t length = host_frame_put(wire, sizeof wire, kind, session, seq, ack, (uint8_t)rnd(256), payload, size);
    if (rnd(30) == 0 && length > 0)
        wire[rnd((uint32_t)length)] ^= (uint8_t)(1u << rnd(8));
    host_send(wire, length);
}

static void say_hello(void)
{
    uint8_t payload[GW_HELLO_SIZE_MAX];
    gw_hello hello = {.oldest = 1, .newest = 1, .keepalive_ms = KEEPALIVE_MS, .host_nonce = 5};
    if (rnd(40) == 0)
        hello = (gw_hello){(uint8_t)rnd(3), (uint8_t)rnd(3), (uint16_t)rnd(65536), rnd(3)};
    send_frame(GW_FRAME_KIND_HELLO, rnd(10) && host.session ? host.session : (uint16_t)rnd(65536), 0, payload,
               gw_put_hello(payload, sizeof payload, &hello));
}

/* A message with an id that exists and small numbers in its fields, so that much of it is nearly right. */
static void say_something(void)
{
    static const uint8_t ids[] = {1, 1, 1, 2, 3, 4, 4, 5, 5, 5, 6, 7, 8, 9, 10, 16, 17, 17, 18, 19, 0x80, 0xFF};
    static const uint8_t sizes[] = {20, 12, 9, 6, 6, 10, 8, 11, 11, 11, 7, 7, 3, 3, 3, 39, 56, 56, 3, 3, 4, 3};
    uint8_t payload[GW_MAX_PAYLOAD];
    uint32_t which = rnd(sizeof ids);
    size_t size = rnd(20) ? sizes[which] : rnd(GW_MAX_PAYLOAD + 1u);
    fill(payload, sizeof payload);
    if (rnd(8))
        for (size_t i = 1; i < size; i++)
            payload[i] = (uint8_t)rnd(5);
    payload[0] = ids[which];
    size_t text_at = ids[which] == GW_CALL_ID ? 7 : ids[which] == GW_DIGITS_ID ? 6 : 0;
    if (text_at > 0 && size > text_at && rnd(10)) {
        static const char digits[] = "0123456789*#ABCD,x";
        payload[3] = (uint8_t)rnd(4);
        gw_put_u16(payload + 4, (uint16_t)(1u + rnd(3)));
        payload[6] = payload[6] & 1u;
        payload[text_at] = (uint8_t)(size - text_at - 1);
        for (size_t i = text_at + 1; i < size; i++)
            payload[i] = (uint8_t)digits[rnd(rnd(6) ? 10 : sizeof digits - 1)];
    }
    if (ids[which] == GW_JOIN_ID && rnd(10)) {
        payload[3] = (uint8_t)rnd(3);
        payload[7] = (uint8_t)rnd(3);
        gw_put_u16(payload + 5, (uint16_t)(1u + rnd(3)));
        gw_put_u16(payload + 9, (uint16_t)(1u + rnd(3)));
    }
    if (ids[which] == GW_UPDATE_BEGIN_ID && rnd(4))
        gw_put_u32(payload + 3, 48u * (1u + rnd(3)));
    if (ids[which] == GW_UPDATE_CHUNK_ID && rnd(4)) {
        gw_put_u32(payload + 3, 48u * rnd(3));
        payload[7] = (uint8_t)(size > 8 ? size - 8 : 0);
    }
    send_frame(GW_FRAME_KIND_DATA, host.session, rnd(8) ? host.seq : (uint8_t)rnd(256), payload, size);
}

/* Lines mostly have voltage, so that calls come about; any detector may say anything now and then. */
static void move_pins(void)
{
    static const uint8_t usual[] = {BOARD_LINE_NORMAL, BOARD_LINE_NORMAL, BOARD_LINE_REVERSED,
                                    BOARD_LINE_NORMAL | BOARD_LINE_RING};
    uint8_t number = (uint8_t)rnd(4);
    if (rnd(2))
        host_line_inputs(number, rnd(6) ? usual[rnd(sizeof usual)] : (uint8_t)rnd(16));
    else
        host_headset_inputs(number, rnd(6) ? BOARD_HEADSET_PRESENT : (uint8_t)rnd(8));
}

static void one_round(void)
{
    uint8_t noise[300];
    switch (rnd(64)) {
    case 0:
        fill(noise, sizeof noise);
        host_send(noise, rnd(sizeof noise));
        break;
    case 1:
    case 2:
        say_hello();
        break;
    case 3:
        fill(noise, 16);
        send_frame((uint8_t)rnd(10), host.session, (uint8_t)rnd(256), noise, rnd(16));
        break;
    case 4:
    case 5:
        move_pins();
        break;
    case 6:
        send_frame(GW_FRAME_KIND_PING, host.session, 0, noise, 0);
        break;
    default:
        say_something();
    }
    host_uart_room(rnd(20) ? 65536u : rnd(80));
}

static void listen(const frame *f)
{
    if (f->header.kind == GW_FRAME_KIND_WELCOME && f->header.session != host.session) {
        host.session = f->header.session;
        host.seq = host.expected = 0;
    }
    if (f->header.kind == GW_FRAME_KIND_WELCOME || f->header.session != host.session)
        return;
    host.seq = f->header.ack;
    if (f->header.kind == GW_FRAME_KIND_DATA && f->header.seq == host.expected)
        host.expected++;
}

static void check_output(void)
{
    uint8_t bytes[4096];
    size_t size;
    frame f;
    while ((size = host_receive(bytes, sizeof bytes)) > 0)
        for (size_t i = 0; i < size; i++)
            if (frame_reader_take(&host.reader, bytes[i], &f))
                listen(&f);
    check(host.reader.bad == 0, "the board sent a frame that is not right");
}

static void check_rows(void)
{
    for (uint8_t row = 0; row < 8; row++) {
        unsigned closed = 0;
        for (uint8_t column = 0; column < 8; column++)
            closed += host_point(row, column);
        check(closed <= (row < 6 ? 1u : 2u), "a row of the crosspoint switch is joined too often");
    }
}

static void check_safe(void)
{
    for (uint8_t i = 0; i < 4; i++)
        check(!host_hook(i) && !host_tone(i), "a line is off hook without a session");
    for (uint8_t row = 0; row < 8; row++)
        for (uint8_t column = 0; column < 8; column++)
            check(!host_point(row, column), "a crosspoint is closed without a session");
}

static void stay_silent(uint64_t *now)
{
    for (uint32_t waited_ms = 0; waited_ms <= GW_KEEPALIVE_MAX_MS; waited_ms += KEEPALIVE_MS) {
        *now += KEEPALIVE_MS * 1000u;
        host_poll(*now);
        check_output();
    }
    check_safe();
    host.session = 0;
}

int main(int count, char **arguments)
{
    state = (count > 1 ? strtoull(arguments[1], NULL, 10) : 1u) * 2654435761u + 88172645463325252u;
    uint64_t rounds = count > 2 ? strtoull(arguments[2], NULL, 10) : 100000u;
    uint64_t now = 0;
    frame_reader_init(&host.reader);
    host_boot(now, GW_RESET_CAUSE_POWER_ON, 1);
    for (uint64_t round = 0; round < rounds; round++) {
        one_round();
        now += rnd(3) ? rnd(3000) : rnd(100000);
        host_poll(now);
        check_output();
        check_rows();
        if (rnd(2000) == 0)
            stay_silent(&now);
    }
    printf("%llu rounds, %u good frames from the board, rebooted %u times, sealed %u bytes\n",
           (unsigned long long)rounds, (unsigned)host.reader.good, (unsigned)host_resets(), (unsigned)host_sealed());
    return 0;
}
