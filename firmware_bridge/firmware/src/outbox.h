/* Messages that wait to be sent or acknowledged, oldest first. Events may not fill it: room for replies is kept. */
#ifndef OUTBOX_H
#define OUTBOX_H

#include "../protocol.h"

#define OUTBOX_SIZE 128u /* a power of two */
#define OUTBOX_EVENTS_UNTIL (GW_EVENT_QUEUE + GW_MAX_COMMANDS) /* messages in all; beyond, events are lost */
#define OUTBOX_MESSAGE_MAX GW_COUNTERS_SIZE_MAX
#define OUTBOX_REPLY_MAX (GW_MAX_LINES + GW_MAX_HEADSETS + (GW_MAX_LINES + GW_MAX_HEADSETS + GW_MAX_TIES) / 2u + 3u)

typedef struct {
    uint8_t size;
    uint8_t bytes[OUTBOX_MESSAGE_MAX];
} outbox_message;

typedef struct {
    outbox_message ring[OUTBOX_SIZE];
    uint16_t first, count;
    uint16_t untold; /* events lost since the last EventsLost */
    uint32_t events_lost;
} outbox;

void outbox_clear(outbox *box);
/* Room for everything that one command may be answered with. */
bool outbox_has_reply_room(const outbox *box);
/* A message is written where the returned pointer says, and its length set; NULL when there is no room. */
outbox_message *outbox_reply(outbox *box);
/* As outbox_reply, for what the board tells by itself: NULL, and counted as lost, when events have had their share. */
outbox_message *outbox_event(outbox *box);
/* Queues EventsLost when events were lost and there is room again. */
void outbox_tell_lost(outbox *box);
/* The message `index` places behind the oldest. */
const outbox_message *outbox_at(const outbox *box, uint16_t index);
void outbox_drop(outbox *box, uint16_t count);

#endif
