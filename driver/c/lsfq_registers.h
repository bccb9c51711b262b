/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of the core: byte addresses, bits, error codes.
 * Generated from ip/control/lsfq_registers.rdl by `make registers`: change that.
 */

#ifndef LSFQ_REGISTERS_H
#define LSFQ_REGISTERS_H

/* Addresses */

#define LSFQ_REG_ID            0x000u /* R */
#define LSFQ_REG_VERSION       0x004u /* R */
#define LSFQ_REG_CORE          0x008u /* R */
#define LSFQ_REG_FEATURE_DEPTH 0x00Cu /* R */
#define LSFQ_REG_WEIGHT_DEPTH  0x010u /* R */
#define LSFQ_REG_LIMITS        0x014u /* R */
#define LSFQ_REG_PORTS         0x018u /* R */
#define LSFQ_REG_CONTROL       0x020u /* W */
#define LSFQ_REG_STATUS        0x024u /* R */
#define LSFQ_REG_ERROR         0x028u /* R */
#define LSFQ_REG_PASSES        0x02Cu /* RW */
#define LSFQ_REG_PASSES_DONE   0x030u /* R */
#define LSFQ_REG_IRQ_ENABLE    0x034u /* RW */
#define LSFQ_REG_IRQ_STATUS    0x038u /* R, W1C */
#define LSFQ_REG_CYCLES        0x040u /* R */
#define LSFQ_REG_LOAD_CYCLES   0x044u /* R */
#define LSFQ_REG_LAYERS        0x048u /* R */

/* Where the cycles of the layers with counter slot n went, added up: CYCLES = BUSY + STARVED_WEIGHTS +
   BLOCKED_OUTPUT + STARVED_FEATURES. They hold until the next pass begins; slots that a pass does not reach read
   0. */
#define LSFQ_REG_LAYER(index, counter) (0x800u + 32u * (index) + (counter))
#define LSFQ_LAYER_COUNT 64u
#define LSFQ_LAYER_CYCLES 0x00u
#define LSFQ_LAYER_BUSY 0x04u
#define LSFQ_LAYER_STARVED_WEIGHTS 0x08u
#define LSFQ_LAYER_BLOCKED_OUTPUT 0x0Cu
#define LSFQ_LAYER_STARVED_FEATURES 0x10u

/* Content of registers that never change */

#define LSFQ_ID_VALUE 0x5146534Cu
#define LSFQ_VERSION_VALUE 0x00000200u
#define LSFQ_CORE_FORMAT_VALUE 3u

/* Single bits */

#define LSFQ_CONTROL_START 0x1u
#define LSFQ_CONTROL_ABORT 0x2u
#define LSFQ_STATUS_BUSY 0x1u
#define LSFQ_STATUS_DONE 0x2u
#define LSFQ_STATUS_ERROR 0x4u
#define LSFQ_STATUS_DRAINING 0x8u
#define LSFQ_IRQ_ENABLE_DONE 0x1u
#define LSFQ_IRQ_ENABLE_ERROR 0x2u
#define LSFQ_IRQ_STATUS_DONE 0x1u
#define LSFQ_IRQ_STATUS_ERROR 0x2u

/* Fields, out of a register's content */

#define LSFQ_VERSION_PATCH(word) ((word) & 0xFFu)
#define LSFQ_VERSION_MINOR(word) ((word) >> 8 & 0xFFu)
#define LSFQ_VERSION_MAJOR(word) ((word) >> 16 & 0xFFFFu)
#define LSFQ_CORE_PIN(word) ((word) & 0xFFu)
#define LSFQ_CORE_POUT(word) ((word) >> 8 & 0xFFu)
#define LSFQ_CORE_ACC_W(word) ((word) >> 16 & 0xFFu)
#define LSFQ_CORE_FORMAT(word) ((word) >> 24 & 0xFFu)
#define LSFQ_LIMITS_MAX_POOL_WIDTH(word) ((word) & 0xFFFFu)
#define LSFQ_LIMITS_LAYERS(word) ((word) >> 16 & 0xFFu)
#define LSFQ_LIMITS_DEPTHWISE_PIXELS(word) ((word) >> 24 & 0xFFu)
#define LSFQ_PORTS_PARAM_W(word) ((word) & 0xFFFFu)
#define LSFQ_PORTS_DATA_W(word) ((word) >> 16 & 0xFFFFu)
#define LSFQ_ERROR_CODE(word) ((word) & 0xFFu)
#define LSFQ_ERROR_LAYER(word) ((word) >> 16 & 0xFFFFu)

/* ERROR.CODE: X(name, value, text) */
#define LSFQ_ERROR_CODES(X) \
  X(NONE, 0, "no error") \
  X(PARAM_SHORT, 1, "parameter packet too short") \
  X(PARAM_LONG, 2, "parameter packet too long") \
  X(MAGIC, 3, "a block does not begin with the magic") \
  X(VERSION, 4, "unknown format version") \
  X(CRC, 5, "a block or the payload before it is damaged") \
  X(KIND, 6, "a block of the wrong kind, or a layer or image out of order") \
  X(CORE, 7, "made for another PIN or POUT") \
  X(SHAPE, 8, "a size or number of 0, or a row too wide to be pooled or for the depthwise stage") \
  X(BITS, 9, "unsupported bit width or shift") \
  X(KERNEL, 10, "unsupported combination of kernel, stride, pooling, residual addition, depthwise and raw results") \
  X(MEMORY, 11, "a tensor does not fit the feature memory, or overwrites its source or an image") \
  X(WEIGHTS, 12, "the weights of a channel group do not fit the weight memory") \
  X(IMAGE_SHORT, 13, "image packet too short") \
  X(IMAGE_LONG, 14, "image packet too long") \
  X(RESERVED, 15, "a bit is set that the stream format does not name")

enum lsfq_error_code {
  LSFQ_ERROR_NONE = 0,
  LSFQ_ERROR_PARAM_SHORT = 1,
  LSFQ_ERROR_PARAM_LONG = 2,
  LSFQ_ERROR_MAGIC = 3,
  LSFQ_ERROR_VERSION = 4,
  LSFQ_ERROR_CRC = 5,
  LSFQ_ERROR_KIND = 6,
  LSFQ_ERROR_CORE = 7,
  LSFQ_ERROR_SHAPE = 8,
  LSFQ_ERROR_BITS = 9,
  LSFQ_ERROR_KERNEL = 10,
  LSFQ_ERROR_MEMORY = 11,
  LSFQ_ERROR_WEIGHTS = 12,
  LSFQ_ERROR_IMAGE_SHORT = 13,
  LSFQ_ERROR_IMAGE_LONG = 14,
  LSFQ_ERROR_RESERVED = 15
};

#endif
