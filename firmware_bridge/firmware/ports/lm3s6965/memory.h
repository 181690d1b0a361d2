/* Where things are. The linker scripts have the same figures (memory.ld). */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdint.h>

#define FACTORY_BASE 0x00004000u /* the image that is in ROM; its length is the word before */
#define FACTORY_SIZE_AT 0x00003FFCu
#define RUN_BASE 0x20000000u /* images are copied to here, and run here */
#define SLOT_BASE 0x20004000u
#define SLOTS 2u
#define SLOT_SIZE 0x00004000u
#define RECORD_BASE 0x2000C000u
#define DATA_BASE 0x2000C100u
#define RAM_END 0x20010000u

#define CLOCK_HZ 50000000u
#define WATCHDOG_LOAD CLOCK_HZ /* one second */
#define BOARD_MAGIC 0x52504731u /* in an image's eighth vector: it is for this board */

#endif
