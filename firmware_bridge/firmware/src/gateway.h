/* The whole board: link, session, ports, and the loop that serves them. */
#ifndef GATEWAY_H
#define GATEWAY_H

#include "crosspoint.h"
#include "headsets.h"
#include "lines.h"
#include "link.h"
#include "session.h"
#include "update.h"

#define GATEWAY_SCAN_US 1000u      /* detectors and timers are looked at this often at most */
#define GATEWAY_REBOOT_US 200000u  /* the longest wait for the Result of Reboot to be acknowledged */
#define GATEWAY_TRIAL_US 60000000u /* a new image that got no session by then gives way to the former one */

typedef struct {
    frame_reader reader;
    link link;
    outbox out;
    session session;
    line lines[GW_MAX_LINES];
    headset headsets[GW_MAX_HEADSETS];
    crosspoint crosspoint;
    update update;
    uint64_t scanned_us, reboot_us; /* reboot_us: when at the latest; 0: not asked for */
    uint32_t commands_done, loop_max_us;
} gateway;

void gateway_init(gateway *g);
/* Serve everything once; call it whenever bytes have come, and every 2 ms. */
void gateway_poll(gateway *g);

/* commands.c: carry out one message of the host's. */
void gateway_command(gateway *g, const uint8_t *bytes, size_t size, uint64_t now);

/* events.c: what follows from a change of a port: crosspoints that cannot stay are opened, and it is told. */
void line_changed(gateway *g, const line *l);
void headset_changed(gateway *g, const headset *h);
/* Tell, if there is anyone to tell; `as_reply` in a snapshot. */
void tell_line(gateway *g, const line *l, bool as_reply);
void tell_headset(gateway *g, const headset *h, bool as_reply);
void tell_joint(gateway *g, const joint *j, bool joined, bool as_reply);

/* safety.c: as if the host had gone. */
void make_safe(gateway *g, uint64_t now);

#endif
