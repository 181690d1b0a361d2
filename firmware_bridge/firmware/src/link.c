#include "link.h"

#include <string.h>

#include "board.h"

#define HURRY_AFTER 3u /* later frames that have come before one is sent again at once */

static link_sent *sent_at(link *l, uint8_t index) { return &l->sent[(uint8_t)(l->oldest + index) % GW_WINDOW]; }

void link_open(link *l, uint16_t session, outbox *out)
{
    uint32_t resent = l->resent;
    memset(l, 0, sizeof *l);
    outbox_clear(out);
    l->session = session;
    l->out = out;
    l->resent = resent;
}

/* RFC 6298, section 2; frames that were sent again tell nothing (Karn). */
static void measure(link *l, const link_sent *sent, uint64_t now)
{
    if (sent->times != 1 || now - sent->sent_us > UINT32_MAX / 8u)
        return;
    uint32_t r = (uint32_t)(now - sent->sent_us);
    if (!l->measured) {
        l->srtt_us = r;
        l->rttvar_us = r / 2;
        l->measured = true;
    } else {
        uint32_t off = r > l->srtt_us ? r - l->srtt_us : l->srtt_us - r;
        l->rttvar_us = (3 * l->rttvar_us + off) / 4;
        l->srtt_us = (7 * l->srtt_us + r) / 8;
    }
}

static uint32_t rto_now(const link *l)
{
    uint64_t rto_us = LINK_RTO_FIRST_US;
    if (l->measured)
        rto_us = (uint64_t)l->srtt_us + 4u * (uint64_t)l->rttvar_us;
    if (rto_us < LINK_RTO_MIN_US)
        rto_us = LINK_RTO_MIN_US;
    rto_us <<= l->doublings;
    return rto_us > LINK_RTO_MAX_US ? LINK_RTO_MAX_US : (uint32_t)rto_us;
}

void link_acknowledged(link *l, uint8_t ack, uint8_t sack, uint64_t now)
{
    uint8_t done = (uint8_t)(ack - l->oldest);
    if (done > l->under_way)
        return;
    for (uint8_t i = 0; i < done; i++)
        if (!sent_at(l, i)->named)
            measure(l, sent_at(l, i), now);
    outbox_drop(l->out, done);
    l->oldest = ack;
    l->under_way = (uint8_t)(l->under_way - done);
    for (uint8_t i = 1; i < l->under_way; i++) {
        link_sent *sent = sent_at(l, i);
        if ((sack & 1u << (i - 1)) != 0 && !sent->named) {
            measure(l, sent, now);
            sent->named = true;
        }
    }
    if (done > 0)
        l->doublings = 0;
}

bool link_received(link *l, uint8_t seq, const uint8_t *payload, size_t size)
{
    uint8_t ahead = (uint8_t)(seq - l->expected);
    if (ahead >= GW_WINDOW && ahead < 256u - GW_WINDOW)
        return false;
    l->owes_ack = true;
    link_kept *kept = &l->kept[seq % GW_WINDOW];
    if (ahead < GW_WINDOW && !kept->kept) {
        kept->kept = true;
        kept->size = (uint8_t)size;
        if (size > 0)
            memcpy(kept->bytes, payload, size);
    }
    return true;
}

const link_kept *link_next(const link *l)
{
    const link_kept *kept = &l->kept[l->expected % GW_WINDOW];
    return kept->kept ? kept : NULL;
}

void link_take(link *l)
{
    l->kept[l->expected % GW_WINDOW].kept = false;
    l->expected++;
}

static uint8_t sack_of(const link *l)
{
    uint8_t sack = 0;
    for (uint8_t i = 1; i < GW_WINDOW; i++)
        if (l->kept[(uint8_t)(l->expected + i) % GW_WINDOW].kept)
            sack = (uint8_t)(sack | 1u << (i - 1));
    return sack;
}

bool link_put(link *l, gw_frame_kind kind, uint8_t seq, const uint8_t *payload, size_t size)
{
    uint8_t wire[FRAME_WIRE_MAX];
    gw_header header = {.kind = kind, .session = l->session, .seq = seq, .ack = l->expected, .sack = sack_of(l)};
    size_t length = frame_put(wire, sizeof wire, &header, payload, size);
    if (length > board_uart_room())
        return false;
    board_uart_write(wire, length);
    l->owes_ack = false;
    return true;
}

static bool send_one(link *l, uint8_t index, uint64_t now)
{
    const outbox_message *message = outbox_at(l->out, index);
    if (!link_put(l, GW_FRAME_KIND_DATA, (uint8_t)(l->oldest + index), message->bytes, message->size))
        return false;
    link_sent *sent = sent_at(l, index);
    sent->sent_us = now;
    sent->times = (uint8_t)(sent->times + (sent->times < UINT8_MAX));
    return true;
}

static bool is_gap(link *l, uint8_t index)
{
    unsigned later = 0;
    for (uint8_t i = (uint8_t)(index + 1); i < l->under_way; i++)
        later += sent_at(l, i)->named;
    return later >= HURRY_AFTER;
}

static void send_again(link *l, uint64_t now)
{
    uint32_t rto_us = rto_now(l);
    for (uint8_t i = 0; i < l->under_way; i++) {
        link_sent *sent = sent_at(l, i);
        bool late = now - sent->sent_us >= rto_us;
        bool gap = !sent->hurried && is_gap(l, i);
        if (sent->named || (!late && !gap))
            continue;
        if (!send_one(l, i, now))
            return;
        l->resent++;
        sent->hurried = sent->hurried || gap;
        if (late && i == 0 && l->doublings < LINK_DOUBLINGS_MAX)
            l->doublings++;
    }
}

static void send_new(link *l, uint64_t now)
{
    while (l->under_way < GW_WINDOW && l->under_way < l->out->count) {
        *sent_at(l, l->under_way) = (link_sent){.first_sent_us = now};
        if (!send_one(l, l->under_way, now))
            return;
        l->under_way++;
    }
}

void link_send(link *l, uint64_t now)
{
    send_again(l, now);
    outbox_tell_lost(l->out);
    send_new(l, now);
    if (l->owes_ack)
        link_put(l, GW_FRAME_KIND_ACK, 0, NULL, 0);
}

bool link_stuck(const link *l, uint64_t now, uint64_t limit_us)
{
    return l->under_way > 0 && now - l->sent[l->oldest % GW_WINDOW].first_sent_us >= limit_us;
}
