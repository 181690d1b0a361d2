#include "gateway.h"

static outbox_message *slot(gateway *g, bool as_reply)
{
    if (!g->session.up)
        return NULL;
    return as_reply ? outbox_reply(&g->out) : outbox_event(&g->out);
}

void tell_line(gateway *g, const line *l, bool as_reply)
{
    outbox_message *message = slot(g, as_reply);
    if (message == NULL)
        return;
    gw_line_is is = {.line = l->number, .change = l->change, .at_us = l->at_us,
                     .state = l->state, .call = l->call, .cause = l->cause};
    message->size = (uint8_t)gw_put_line_is(message->bytes, sizeof message->bytes, &is);
}

void tell_headset(gateway *g, const headset *h, bool as_reply)
{
    outbox_message *message = slot(g, as_reply);
    if (message == NULL)
        return;
    gw_headset_is is = {.headset = h->number, .change = h->change, .at_us = h->at_us, .present = h->present,
                        .off_hook = h->off_hook, .muted = h->muted, .lamp = h->lamp, .ring = h->ring};
    message->size = (uint8_t)gw_put_headset_is(message->bytes, sizeof message->bytes, &is);
}

void tell_joint(gateway *g, const joint *j, bool joined, bool as_reply)
{
    outbox_message *message = slot(g, as_reply);
    if (message == NULL)
        return;
    gw_ports_joined is = {.a_kind = j->a.kind, .a = j->a.number, .b_kind = j->b.kind, .b = j->b.number,
                          .joined = joined};
    message->size = (uint8_t)gw_put_ports_joined(message->bytes, sizeof message->bytes, &is);
}

static void open_crosspoint_of(gateway *g, port p)
{
    const joint *found = crosspoint_of(&g->crosspoint, p);
    if (found == NULL)
        return;
    joint j = *found;
    crosspoint_part(&g->crosspoint, j.a, j.b);
    tell_joint(g, &j, false, false);
}

void line_changed(gateway *g, const line *l)
{
    if (l->state != GW_LINE_STATE_ANSWERED)
        open_crosspoint_of(g, (port){GW_PORT_KIND_LINE, l->number});
    tell_line(g, l, false);
}

void headset_changed(gateway *g, const headset *h)
{
    if (!h->present)
        open_crosspoint_of(g, (port){GW_PORT_KIND_HEADSET, h->number});
    tell_headset(g, h, false);
}
