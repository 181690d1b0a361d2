/* CRC-16/CCITT-FALSE (polynomial 0x1021, start 0xFFFF, not reflected; "123456789" gives 0x29B1). */
#ifndef CRC16_H
#define CRC16_H

#include <stddef.h>
#include <stdint.h>

uint16_t crc16(const uint8_t *from, size_t size);

#endif
