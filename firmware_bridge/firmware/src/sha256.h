/* SHA-256 (FIPS 180-4). */
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t state[8];
    uint8_t block[64];
    uint32_t size; /* bytes so far; images are smaller than 512 MB */
} sha256;

void sha256_begin(sha256 *s);
void sha256_add(sha256 *s, const uint8_t *from, size_t size);
void sha256_end(sha256 *s, uint8_t digest[32]);

#endif
