/* DATA both ways: order, exactly once, window, acknowledgement, retransmission. Times are microseconds. */
#ifndef LINK_H
#define LINK_H

#include "frames.h"
#include "outbox.h"

#define LINK_RTO_FIRST_US 200000u
#define LINK_RTO_MIN_US 30000u
#define LINK_RTO_MAX_US 500000u
#define LINK_DOUBLINGS_MAX 3u

typedef struct {
    bool kept;
    uint8_t size;
    uint8_t bytes[GW_MAX_PAYLOAD];
} link_kept;

typedef struct {
    uint64_t first_sent_us, sent_us;
    uint8_t times;
    bool named;  /* by a selective acknowledgement */
    bool hurried; /* sent again because later frames had come */
} link_sent;

typedef struct {
    uint16_t session;
    outbox *out; /* its oldest `under_way` messages have been sent and not been acknowledged */
    link_sent sent[GW_WINDOW];
    uint8_t oldest, under_way;
    uint32_t srtt_us, rttvar_us;
    bool measured;
    uint8_t doublings; /* of the timer, since an acknowledgement moved on */
    link_kept kept[GW_WINDOW];
    uint8_t expected;
    bool owes_ack;
    uint32_t resent;
} link;

/* Begin a session: both directions at 0, nothing kept, nothing to send. */
void link_open(link *l, uint16_t session, outbox *out);
/* A valid frame's acknowledgements. */
void link_acknowledged(link *l, uint8_t ack, uint8_t sack, uint64_t now);
/* A DATA frame has come; false when its number is out of the window. */
bool link_received(link *l, uint8_t seq, const uint8_t *payload, size_t size);
/* The message that is next in order, or NULL; link_take says that it was taken care of. */
const link_kept *link_next(const link *l);
void link_take(link *l);
/* Send a frame of this session now; false when the UART has no room. */
bool link_put(link *l, gw_frame_kind kind, uint8_t seq, const uint8_t *payload, size_t size);
/* Send what is due: old frames again, new ones, and an acknowledgement if one is still owed. */
void link_send(link *l, uint64_t now);
/* The oldest frame has waited for longer than this. */
bool link_stuck(const link *l, uint64_t now, uint64_t limit_us);

#endif
