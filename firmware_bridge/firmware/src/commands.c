#include "gateway.h"

typedef gw_status (*handler)(gateway *g, const uint8_t *bytes, size_t size, uint64_t now);

static void result(gateway *g, uint16_t command, gw_status status)
{
    outbox_message *message = outbox_reply(&g->out);
    gw_result r = {.command = command, .status = status};
    message->size = (uint8_t)gw_put_result(message->bytes, sizeof message->bytes, &r);
}

/* What every command to a line must have right. */
static gw_status check_line(uint8_t number, uint16_t call_number)
{
    if (number >= board.lines)
        return GW_STATUS_NO_SUCH_PORT;
    return call_number == GW_NO_CALL ? GW_STATUS_UNREADABLE : GW_STATUS_OK;
}

static gw_status call(gateway *g, const uint8_t *bytes, size_t size, uint64_t now)
{
    gw_call c;
    if (!gw_get_call(bytes, size, &c))
        return GW_STATUS_UNREADABLE;
    bool changed = false;
    gw_status status = check_line(c.line, c.call);
    if (status == GW_STATUS_OK)
        status = line_call(&g->lines[c.line], &c, now, &changed);
    if (changed)
        line_changed(g, &g->lines[c.line]);
    return status;
}

static gw_status accept(gateway *g, const uint8_t *bytes, size_t size, uint64_t now)
{
    gw_accept c;
    if (!gw_get_accept(bytes, size, &c))
        return GW_STATUS_UNREADABLE;
    bool changed = false;
    gw_status status = check_line(c.line, c.call);
    if (status == GW_STATUS_OK)
        status = line_accept(&g->lines[c.line], c.call, now, &changed);
    if (changed)
        line_changed(g, &g->lines[c.line]);
    return status;
}

static gw_status release(gateway *g, const uint8_t *bytes, size_t size, uint64_t now)
{
    gw_release c;
    if (!gw_get_release(bytes, size, &c))
        return GW_STATUS_UNREADABLE;
    gw_status status = check_line(c.line, c.call);
    if (status == GW_STATUS_OK && line_release(&g->lines[c.line], c.call, now))
        line_changed(g, &g->lines[c.line]);
    return status;
}

static gw_status digits(gateway *g, const uint8_t *bytes, size_t size, uint64_t now)
{
    (void)now;
    gw_digits c;
    if (!gw_get_digits(bytes, size, &c))
        return GW_STATUS_UNREADABLE;
    gw_status status = check_line(c.line, c.call);
    return status == GW_STATUS_OK ? line_digits(&g->lines[c.line], &c) : status;
}

static bool is_there(const gateway *g, port p)
{
    return port_exists(p) && (p.kind != GW_PORT_KIND_HEADSET || g->headsets[p.number].present);
}

static bool is_in_call(const gateway *g, port p, uint16_t call_number)
{
    if (p.kind != GW_PORT_KIND_LINE)
        return true;
    const line *l = &g->lines[p.number];
    return l->state == GW_LINE_STATE_ANSWERED && l->call == call_number;
}

static gw_status join(gateway *g, const uint8_t *bytes, size_t size, uint64_t now)
{
    (void)now;
    gw_join c;
    if (!gw_get_join(bytes, size, &c))
        return GW_STATUS_UNREADABLE;
    port a = {c.a_kind, c.a}, b = {c.b_kind, c.b};
    if (!is_there(g, a) || !is_there(g, b))
        return GW_STATUS_NO_SUCH_PORT;
    if (port_same(a, b))
        return GW_STATUS_UNREADABLE;
    if (!is_in_call(g, a, c.a_call) || !is_in_call(g, b, c.b_call))
        return GW_STATUS_NOT_ANSWERED;
    return crosspoint_join(&g->crosspoint, a, b);
}

static gw_status part(gateway *g, const uint8_t *bytes, size_t size, uint64_t now)
{
    (void)now;
    gw_part c;
    if (!gw_get_part(bytes, size, &c))
        return GW_STATUS_UNREADABLE;
    port a = {c.a_kind, c.a}, b = {c.b_kind, c.b};
    if (!port_exists(a) || !port_exists(b))
        return GW_STATUS_NO_SUCH_PORT;
    crosspoint_part(&g->crosspoint, a, b);
    return GW_STATUS_OK;
}

static gw_status headset_command(gateway *g, const uint8_t *bytes, size_t size, uint64_t now)
{
    gw_headset_set c;
    if (!gw_get_headset_set(bytes, size, &c))
        return GW_STATUS_UNREADABLE;
    if (c.headset >= board.headsets)
        return GW_STATUS_NO_SUCH_PORT;
    if (c.muted && (board.capabilities & GW_CAPABILITIES_HEADSET_MUTE) == 0)
        return GW_STATUS_UNSUPPORTED;
    if (headset_set(&g->headsets[c.headset], c.lamp, c.ring, c.muted, now))
        headset_changed(g, &g->headsets[c.headset]);
    return GW_STATUS_OK;
}

static void tell_update(gateway *g)
{
    gw_update_is is = {.received = g->update.received, .size = g->update.size, .confirmed = board_image_confirmed()};
    outbox_message *message = outbox_reply(&g->out);
    message->size = (uint8_t)gw_put_update_is(message->bytes, sizeof message->bytes, &is);
}

static bool has_update(void) { return (board.capabilities & GW_CAPABILITIES_UPDATE) != 0; }

static gw_status snapshot(gateway *g, const uint8_t *bytes, size_t size, uint64_t now)
{
    gw_snapshot_get c;
    if (!gw_get_snapshot_get(bytes, size, &c))
        return GW_STATUS_UNREADABLE;
    for (uint8_t i = 0; i < board.lines; i++)
        tell_line(g, &g->lines[i], true);
    for (uint8_t i = 0; i < board.headsets; i++)
        tell_headset(g, &g->headsets[i], true);
    for (uint8_t i = 0; i < g->crosspoint.count; i++)
        tell_joint(g, &g->crosspoint.joints[i], true, true);
    if (has_update())
        tell_update(g);
    gw_snapshot_end end = {.board_us = now};
    outbox_message *message = outbox_reply(&g->out);
    message->size = (uint8_t)gw_put_snapshot_end(message->bytes, sizeof message->bytes, &end);
    return GW_STATUS_OK;
}

static gw_status counters(gateway *g, const uint8_t *bytes, size_t size, uint64_t now)
{
    (void)now;
    gw_counters_get c;
    if (!gw_get_counters_get(bytes, size, &c))
        return GW_STATUS_UNREADABLE;
    gw_counters are = {
        .frames_good = g->reader.good,
        .frames_bad = g->reader.bad,
        .frames_resent = g->link.resent,
        .overruns = board_uart_overruns(),
        .commands_done = g->commands_done,
        .events_lost = g->out.events_lost,
        .loop_max_us = g->loop_max_us,
        .stack_free = board_stack_free(),
    };
    outbox_message *message = outbox_reply(&g->out);
    message->size = (uint8_t)gw_put_counters(message->bytes, sizeof message->bytes, &are);
    return GW_STATUS_OK;
}

static bool calls_up(const gateway *g)
{
    for (uint8_t i = 0; i < board.lines; i++)
        if (line_is_off_hook(&g->lines[i]))
            return true;
    return false;
}

static gw_status reboot(gateway *g, const uint8_t *bytes, size_t size, uint64_t now)
{
    gw_reboot c;
    if (!gw_get_reboot(bytes, size, &c))
        return GW_STATUS_UNREADABLE;
    if (calls_up(g))
        return GW_STATUS_CALLS_UP;
    g->reboot_us = now + GATEWAY_REBOOT_US;
    return GW_STATUS_OK;
}

static gw_status begin_update(gateway *g, const uint8_t *bytes, size_t size, uint64_t now)
{
    (void)now;
    gw_update_begin c;
    if (!has_update())
        return GW_STATUS_UNSUPPORTED;
    if (!gw_get_update_begin(bytes, size, &c))
        return GW_STATUS_UNREADABLE;
    if (calls_up(g))
        return GW_STATUS_CALLS_UP;
    gw_status status = update_begin(&g->update, &c);
    if (status == GW_STATUS_OK)
        tell_update(g);
    return status;
}

static gw_status chunk(gateway *g, const uint8_t *bytes, size_t size, uint64_t now)
{
    (void)now;
    gw_update_chunk c;
    if (!has_update())
        return GW_STATUS_UNSUPPORTED;
    return gw_get_update_chunk(bytes, size, &c) ? update_chunk(&g->update, &c) : GW_STATUS_UNREADABLE;
}

static gw_status end_update(gateway *g, const uint8_t *bytes, size_t size, uint64_t now)
{
    (void)now;
    gw_update_end c;
    if (!has_update())
        return GW_STATUS_UNSUPPORTED;
    if (!gw_get_update_end(bytes, size, &c))
        return GW_STATUS_UNREADABLE;
    if (calls_up(g))
        return GW_STATUS_CALLS_UP;
    gw_status status = update_end(&g->update);
    if (status == GW_STATUS_OK)
        tell_update(g);
    return status;
}

static gw_status confirm(gateway *g, const uint8_t *bytes, size_t size, uint64_t now)
{
    (void)g;
    (void)now;
    gw_update_confirm c;
    if (!has_update())
        return GW_STATUS_UNSUPPORTED;
    if (!gw_get_update_confirm(bytes, size, &c))
        return GW_STATUS_UNREADABLE;
    return board_image_confirmed() || board_image_confirm() ? GW_STATUS_OK : GW_STATUS_BAD_IMAGE;
}

static const struct {
    uint8_t id;
    handler handle;
} handlers[] = {
    {GW_CALL_ID, call},
    {GW_ACCEPT_ID, accept},
    {GW_RELEASE_ID, release},
    {GW_DIGITS_ID, digits},
    {GW_JOIN_ID, join},
    {GW_PART_ID, part},
    {GW_HEADSET_SET_ID, headset_command},
    {GW_SNAPSHOT_GET_ID, snapshot},
    {GW_COUNTERS_GET_ID, counters},
    {GW_REBOOT_ID, reboot},
    {GW_UPDATE_BEGIN_ID, begin_update},
    {GW_UPDATE_CHUNK_ID, chunk},
    {GW_UPDATE_END_ID, end_update},
    {GW_UPDATE_CONFIRM_ID, confirm},
};

void gateway_command(gateway *g, const uint8_t *bytes, size_t size, uint64_t now)
{
    if (size < 3) {
        g->reader.bad++;
        return;
    }
    gw_status status = GW_STATUS_UNSUPPORTED;
    for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++)
        if (handlers[i].id == bytes[0])
            status = handlers[i].handle(g, bytes, size, now);
    result(g, gw_get_u16(bytes + 1), status);
    g->commands_done++;
}
