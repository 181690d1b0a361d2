#include "crosspoint.h"

bool port_exists(port p)
{
    switch (p.kind) {
    case GW_PORT_KIND_LINE:
        return p.number < board.lines;
    case GW_PORT_KIND_HEADSET:
        return p.number < board.headsets;
    default:
        return p.number < board.ties;
    }
}

bool port_same(port p, port q) { return p.kind == q.kind && p.number == q.number; }

static bool is_column(port p) { return p.kind == GW_PORT_KIND_LINE; }

static uint8_t place(port p)
{
    return p.kind == GW_PORT_KIND_TIE ? (uint8_t)(board.headsets + p.number) : p.number;
}

static bool needs_spare(port a, port b) { return is_column(a) == is_column(b); }

static void close_points(const joint *j, bool closed)
{
    if (!needs_spare(j->a, j->b)) {
        port column = is_column(j->a) ? j->a : j->b, row = is_column(j->a) ? j->b : j->a;
        board_crosspoint(place(row), place(column), closed);
    } else if (is_column(j->a)) {
        board_crosspoint(j->spare, place(j->a), closed);
        board_crosspoint(j->spare, place(j->b), closed);
    } else {
        board_crosspoint(place(j->a), j->spare, closed);
        board_crosspoint(place(j->b), j->spare, closed);
    }
}

static bool spare_is_taken(const crosspoint *x, bool columns, uint8_t spare)
{
    for (uint8_t i = 0; i < x->count; i++) {
        const joint *j = &x->joints[i];
        if (needs_spare(j->a, j->b) && is_column(j->a) == columns && j->spare == spare)
            return true;
    }
    return false;
}

/* Two columns meet in a spare row, two rows in a spare column. */
static bool find_spare(const crosspoint *x, bool columns, uint8_t *spare)
{
    uint8_t from = columns ? (uint8_t)(board.headsets + board.ties) : board.lines;
    uint8_t until = columns ? board.rows : board.columns;
    for (uint8_t i = from; i < until; i++) {
        if (!spare_is_taken(x, columns, i)) {
            *spare = i;
            return true;
        }
    }
    return false;
}

const joint *crosspoint_of(const crosspoint *x, port p)
{
    for (uint8_t i = 0; i < x->count; i++)
        if (port_same(x->joints[i].a, p) || port_same(x->joints[i].b, p))
            return &x->joints[i];
    return NULL;
}

static bool joins(const joint *j, port a, port b)
{
    return (port_same(j->a, a) && port_same(j->b, b)) || (port_same(j->a, b) && port_same(j->b, a));
}

gw_status crosspoint_join(crosspoint *x, port a, port b)
{
    const joint *of_a = crosspoint_of(x, a);
    if (of_a != NULL && joins(of_a, a, b))
        return GW_STATUS_OK;
    if (of_a != NULL || crosspoint_of(x, b) != NULL)
        return GW_STATUS_PORT_TAKEN;
    joint j = {.a = a, .b = b};
    if (needs_spare(a, b) && !find_spare(x, is_column(a), &j.spare))
        return GW_STATUS_NO_PATH;
    x->joints[x->count++] = j;
    close_points(&j, true);
    return GW_STATUS_OK;
}

bool crosspoint_part(crosspoint *x, port a, port b)
{
    for (uint8_t i = 0; i < x->count; i++) {
        if (!joins(&x->joints[i], a, b))
            continue;
        close_points(&x->joints[i], false);
        x->joints[i] = x->joints[--x->count];
        return true;
    }
    return false;
}
