#include "gateway.h"

#include <string.h>

void gateway_init(gateway *g)
{
    uint64_t now = board_time_us();
    memset(g, 0, sizeof *g);
    board_outputs_off();
    frame_reader_init(&g->reader);
    for (uint8_t i = 0; i < board.lines; i++)
        line_init(&g->lines[i], i, now);
    for (uint8_t i = 0; i < board.headsets; i++)
        headset_init(&g->headsets[i], i, now);
}

static void put_now(const gw_header *header, const uint8_t *payload, size_t size)
{
    uint8_t wire[FRAME_WIRE_MAX];
    size_t length = frame_put(wire, sizeof wire, header, payload, size);
    if (length <= board_uart_room())
        board_uart_write(wire, length);
}

static void welcome(const session *s, uint64_t now)
{
    gw_header header = {.kind = GW_FRAME_KIND_WELCOME, .session = s->number};
    gw_welcome w = {
        .version = GW_VERSION,
        .host_nonce = s->host_nonce,
        .boot_nonce = s->boot_nonce,
        .reset_cause = board_reset_cause(),
        .lines = board.lines,
        .headsets = board.headsets,
        .ties = board.ties,
        .capabilities = board.capabilities,
        .keepalive_ms = (uint16_t)(s->keepalive_us / 1000u),
        .board_us = now,
        .name = (const uint8_t *)board.name,
        .name_len = (uint8_t)strlen(board.name),
    };
    board_build(w.build);
    uint8_t payload[GW_WELCOME_SIZE_MAX];
    put_now(&header, payload, gw_put_welcome(payload, sizeof payload, &w));
}

static void refuse(const frame *f, const gw_hello *hello, gw_refuse_reason why)
{
    gw_header header = {.kind = GW_FRAME_KIND_REFUSE, .session = f->header.session};
    gw_refuse r = {.reason = why, .oldest = GW_OLDEST, .newest = GW_VERSION, .host_nonce = hello->host_nonce};
    uint8_t payload[GW_REFUSE_SIZE_MAX];
    put_now(&header, payload, gw_put_refuse(payload, sizeof payload, &r));
}

static bool take_hello(gateway *g, const frame *f, uint64_t now)
{
    gw_hello hello;
    gw_refuse_reason why = GW_REFUSE_REASON_VERSION;
    if (!gw_get_hello(f->payload, f->size, &hello))
        return false;
    switch (session_hello(&g->session, f->header.session, &hello, now, &why)) {
    case SESSION_IGNORE:
        return f->header.session != 0;
    case SESSION_REFUSED:
        refuse(f, &hello, why);
        return true;
    case SESSION_NEW:
        link_open(&g->link, g->session.number, &g->out);
        break;
    default:
        break;
    }
    welcome(&g->session, now);
    return true;
}

static bool take_ping(gateway *g, const frame *f)
{
    gw_ping ping;
    if (!gw_get_ping(f->payload, f->size, &ping))
        return false;
    gw_pong pong = {.token = ping.token, .board_us = board_time_us()};
    uint8_t payload[GW_PONG_SIZE_MAX];
    link_put(&g->link, GW_FRAME_KIND_PONG, 0, payload, gw_put_pong(payload, sizeof payload, &pong));
    return true;
}

static bool is_from_host(gw_frame_kind kind)
{
    return kind == GW_FRAME_KIND_DATA || kind == GW_FRAME_KIND_ACK || kind == GW_FRAME_KIND_PING ||
           kind == GW_FRAME_KIND_BYE;
}

/* False: no host sends such a frame. One of another session is dropped, and nothing is wrong with it. */
static bool take_of_session(gateway *g, const frame *f, uint64_t now)
{
    if (!is_from_host(f->header.kind))
        return false;
    if (!g->session.up || f->header.session != g->session.number)
        return true;
    switch (f->header.kind) {
    case GW_FRAME_KIND_DATA:
        if (f->size == 0 || !link_received(&g->link, f->header.seq, f->payload, f->size))
            return false;
        break;
    case GW_FRAME_KIND_ACK:
        if (f->size != 0)
            return false;
        break;
    case GW_FRAME_KIND_PING:
        if (!take_ping(g, f))
            return false;
        break;
    case GW_FRAME_KIND_BYE:
        if (f->size == 0)
            make_safe(g, now);
        return f->size == 0;
    default:
        return false;
    }
    link_acknowledged(&g->link, f->header.ack, f->header.sack, now);
    session_life(&g->session, now);
    return true;
}

static void deliver(gateway *g, uint64_t now)
{
    const link_kept *message;
    while (g->session.up && g->reboot_us == 0 && outbox_has_reply_room(&g->out) && (message = link_next(&g->link)) != NULL) {
        gateway_command(g, message->bytes, message->size, now);
        link_take(&g->link);
    }
}

static void take_frame(gateway *g, const frame *f, uint64_t now)
{
    bool right = f->header.kind == GW_FRAME_KIND_HELLO ? take_hello(g, f, now) : take_of_session(g, f, now);
    if (!right) {
        g->reader.good--;
        g->reader.bad++;
    }
    deliver(g, now);
}

static void receive(gateway *g, uint64_t now)
{
    uint8_t bytes[64];
    size_t count;
    frame f;
    while ((count = board_uart_read(bytes, sizeof bytes)) > 0)
        for (size_t i = 0; i < count; i++)
            if (frame_reader_take(&g->reader, bytes[i], &f))
                take_frame(g, &f, now);
}

static void scan(gateway *g, uint64_t now)
{
    g->scanned_us = now;
    for (uint8_t i = 0; i < board.lines; i++)
        if (line_poll(&g->lines[i], now))
            line_changed(g, &g->lines[i]);
    for (uint8_t i = 0; i < board.headsets; i++)
        if (headset_poll(&g->headsets[i], now))
            headset_changed(g, &g->headsets[i]);
}

static void watch_session(gateway *g, uint64_t now)
{
    if (!g->session.up)
        return;
    if (session_silent(&g->session, now) || link_stuck(&g->link, now, 2u * (uint64_t)g->session.keepalive_us))
        make_safe(g, now);
}

static void reset_when_due(gateway *g, uint64_t now)
{
    bool told = !g->session.up || g->out.count == 0;
    bool asked = g->reboot_us != 0 && (told || now >= g->reboot_us);
    bool trial_failed = !board_image_confirmed() && g->session.boot_nonce == 0 && now >= GATEWAY_TRIAL_US;
    if (!asked && !trial_failed)
        return;
    g->reboot_us = 0;
    make_safe(g, now);
    board_outputs_off();
    board_reset();
}

void gateway_poll(gateway *g)
{
    uint64_t now = board_time_us();
    receive(g, now);
    watch_session(g, now);
    if (now - g->scanned_us >= GATEWAY_SCAN_US)
        scan(g, now);
    if (g->session.up) {
        deliver(g, now);
        link_send(&g->link, now);
    }
    reset_when_due(g, now);
    uint32_t took_us = (uint32_t)(board_time_us() - now);
    if (took_us > g->loop_max_us)
        g->loop_max_us = took_us;
}
