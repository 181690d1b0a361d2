/* Receives a firmware image into the port's slot. */
#ifndef UPDATE_H
#define UPDATE_H

#include "board.h"

typedef struct {
    uint32_t size, received; /* size 0: none under way */
    uint8_t digest[32];
    bool sealed; /* whole, right, and to be tried at the next reset */
} update;

gw_status update_begin(update *u, const gw_update_begin *command);
gw_status update_chunk(update *u, const gw_update_chunk *command);
gw_status update_end(update *u);

#endif
