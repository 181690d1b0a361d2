#include "gateway.h"

void make_safe(gateway *g, uint64_t now)
{
    session_end(&g->session);
    for (uint8_t i = 0; i < board.lines; i++)
        line_host_lost(&g->lines[i], now);
    while (g->crosspoint.count > 0)
        crosspoint_part(&g->crosspoint, g->crosspoint.joints[0].a, g->crosspoint.joints[0].b);
    for (uint8_t i = 0; i < board.headsets; i++)
        headset_set(&g->headsets[i], GW_LAMP_OFF, false, g->headsets[i].muted, now);
}
