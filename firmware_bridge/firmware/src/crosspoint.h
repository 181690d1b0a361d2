/* Which ports are joined, and the crosspoint switch that joins them.
 *
 * Rows of the switch take headsets, then ties; columns take lines; what is left over on either side is spare. A line
 * and a headset or tie meet at one point; two ports of one side meet through a spare of the other. */
#ifndef CROSSPOINT_H
#define CROSSPOINT_H

#include "board.h"

#define CROSSPOINT_JOINS_MAX ((GW_MAX_LINES + GW_MAX_HEADSETS + GW_MAX_TIES) / 2u)

typedef struct {
    gw_port_kind kind;
    uint8_t number;
} port;

typedef struct {
    port a, b;
    uint8_t spare; /* row or column that helps, when both are of one side */
} joint;

typedef struct {
    joint joints[CROSSPOINT_JOINS_MAX];
    uint8_t count;
} crosspoint;

bool port_exists(port p);
bool port_same(port p, port q);
/* PORT_TAKEN when one is joined with a third; NO_PATH when the switch has no spare left. */
gw_status crosspoint_join(crosspoint *x, port a, port b);
/* True when they were joined. */
bool crosspoint_part(crosspoint *x, port a, port b);
/* What this port is joined with; NULL: nothing. */
const joint *crosspoint_of(const crosspoint *x, port p);

#endif
