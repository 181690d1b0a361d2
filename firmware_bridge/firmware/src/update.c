#include "update.h"

#include <string.h>

#include "sha256.h"

gw_status update_begin(update *u, const gw_update_begin *command)
{
    if (command->size == 0 || command->size > board_slot_size())
        return GW_STATUS_BAD_IMAGE;
    if (command->size == u->size && memcmp(command->sha256, u->digest, sizeof u->digest) == 0)
        return GW_STATUS_OK;
    u->size = 0;
    if (!board_slot_erase())
        return GW_STATUS_BAD_IMAGE;
    u->size = command->size;
    u->received = 0;
    u->sealed = false;
    memcpy(u->digest, command->sha256, sizeof u->digest);
    return GW_STATUS_OK;
}

gw_status update_chunk(update *u, const gw_update_chunk *command)
{
    uint32_t length = command->data_len;
    if (u->size == 0 || command->offset > u->received || length > u->size - command->offset)
        return GW_STATUS_BAD_IMAGE;
    if (command->offset + length <= u->received)
        return GW_STATUS_OK;
    if (command->offset != u->received || !board_slot_write(command->offset, command->data, length))
        return GW_STATUS_BAD_IMAGE;
    u->received += length;
    return GW_STATUS_OK;
}

gw_status update_end(update *u)
{
    uint8_t digest[32];
    sha256 hash;
    if (u->size > 0 && u->sealed)
        return GW_STATUS_OK;
    if (u->size > 0 && u->received == u->size) {
        sha256_begin(&hash);
        sha256_add(&hash, board_slot_read(), u->size);
        sha256_end(&hash, digest);
        u->sealed = memcmp(digest, u->digest, sizeof digest) == 0 && board_slot_seal(u->size, digest);
    }
    if (u->sealed)
        return GW_STATUS_OK;
    u->size = u->received = 0;
    return GW_STATUS_BAD_IMAGE;
}
