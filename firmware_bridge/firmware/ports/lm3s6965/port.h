/* What this port's files share. */
#ifndef PORT_H
#define PORT_H

#include "board.h"

void port_main(void) __attribute__((noreturn));
/* Make safe, note why, reset. */
void port_stop(gw_reset_cause why, const uint32_t *stacked) __attribute__((used));

void time_init(void);
void time_wrapped(void);
void tick(void);
/* Sleep until an interrupt, unless one has come since the last call or bytes wait. */
void time_sleep(void);

void uart_init(void);
void uart_interrupt(void);
bool uart_has_bytes(void);

void pins_init(void);

#endif
