#include "outbox.h"

void outbox_clear(outbox *box)
{
    box->first = 0;
    box->count = 0;
    box->untold = 0;
}

bool outbox_has_reply_room(const outbox *box) { return OUTBOX_SIZE - box->count >= OUTBOX_REPLY_MAX; }

outbox_message *outbox_reply(outbox *box)
{
    if (box->count >= OUTBOX_SIZE)
        return NULL;
    outbox_message *message = &box->ring[(box->first + box->count) % OUTBOX_SIZE];
    box->count++;
    return message;
}

outbox_message *outbox_event(outbox *box)
{
    if (box->count >= OUTBOX_EVENTS_UNTIL) {
        box->events_lost++;
        box->untold = (uint16_t)(box->untold + (box->untold < UINT16_MAX));
        return NULL;
    }
    return outbox_reply(box);
}

void outbox_tell_lost(outbox *box)
{
    if (box->untold == 0 || box->count >= OUTBOX_EVENTS_UNTIL)
        return;
    gw_events_lost lost = {.count = box->untold};
    outbox_message *message = outbox_reply(box);
    message->size = (uint8_t)gw_put_events_lost(message->bytes, sizeof message->bytes, &lost);
    box->untold = 0;
}

const outbox_message *outbox_at(const outbox *box, uint16_t index)
{
    return &box->ring[(box->first + index) % OUTBOX_SIZE];
}

void outbox_drop(outbox *box, uint16_t count)
{
    box->first = (uint16_t)((box->first + count) % OUTBOX_SIZE);
    box->count = (uint16_t)(box->count - count);
}
