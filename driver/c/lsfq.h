/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run exported networks on the core: plain C99, no allocation, no operating system.
 *
 *   struct lsfq device;
 *   lsfq_open(&device, &platform);                            what core is there
 *   lsfq_load(&device, &vgg7, memory, sizeof memory);         vgg7.c comes from `lsfq export --c`
 *   lsfq_run(&device, images, count, logits);                 int64_t logits[count][vgg7.results]
 *
 * Calls return LSFQ_OK or another `enum lsfq_status`; lsfq_message() puts one into words. After an error the
 * core was stopped, and the next lsfq_run works as long as the platform does.
 */

#ifndef LSFQ_H
#define LSFQ_H

#include <stddef.h>
#include <stdint.h>

#include "lsfq_registers.h"

#ifdef __cplusplus
extern "C" {
#endif

enum lsfq_status {
  LSFQ_OK = 0,
  LSFQ_NO_CORE,      /* the register ID does not read "LSFQ" */
  LSFQ_OTHER_FORMAT, /* the core reads another version of the stream format */
  LSFQ_OTHER_CORE,   /* the network was exported for another PIN, POUT, or less memory than there is */
  LSFQ_NO_NETWORK,   /* lsfq_run before lsfq_load */
  LSFQ_NO_MEMORY,    /* the memory given to lsfq_load is too small */
  LSFQ_CORE_ERROR,   /* the core stopped: see error_code and error_layer of struct lsfq */
  LSFQ_TIMEOUT,      /* the core did not finish in time */
  LSFQ_NO_INTERRUPT, /* the core finished, but no interrupt came */
  LSFQ_TRANSFER      /* a transfer failed, or the results are too short */
};

/*
 * What the driver needs of the platform. Transfers are begun and go on by themselves; there is at most one of
 * each kind. The functions that return int return 0, or anything else for failure.
 */
struct lsfq_platform {
  void *context; /* handed to every function */
  uint32_t (*read)(void *context, uint32_t address);
  void (*write)(void *context, uint32_t address, uint32_t value);
  /* Begin to send a packet; its last beat carries TLAST. Data caches are the platform's business. */
  int (*send_program)(void *context, const void *data, size_t size);
  int (*send_images)(void *context, const void *data, size_t size);
  /* Begin to receive a packet of up to `size` bytes. */
  int (*receive)(void *context, void *data, size_t size);
  /* Wait for the interrupt: 1 when it came, 0 after this time, negative when a transfer failed. */
  int (*wait)(void *context, uint32_t milliseconds);
  /* Wait for the end of `receive`; how many bytes came. */
  int (*received)(void *context, size_t *size, uint32_t milliseconds);
  /* Forget all transfers, begun or not (reset the DMA). */
  void (*reset)(void *context);
};

/* A network made for one core, as `lsfq export --c` writes it. */
struct lsfq_network {
  const char *name;
  const void *program;            /* the parameter packet */
  size_t program_bytes;
  unsigned pin, pout;             /* what the core must have, exactly */
  uint32_t feature_depth, weight_depth; /* what it must have at least */
  unsigned channels, height, width;     /* of an image */
  unsigned batch;                 /* images of a pass */
  unsigned results;               /* numbers of an image: classes, or C*H*W of a map */
  const uint32_t *order;          /* where each of batch*results numbers of the packet belongs; NULL: in order */
  unsigned layers;
  const char *const *layer_names; /* of the program's LAYER blocks */
};

struct lsfq {
  struct lsfq_platform platform;
  unsigned pin, pout, beat_bytes; /* of the core; bytes of a beat of images */
  uint32_t feature_depth, weight_depth;
  const struct lsfq_network *network;
  uint8_t *memory;
  uint32_t timeout_ms;            /* the longest that a pass may take; 10 s unless changed */
  unsigned error_code;            /* of the last LSFQ_CORE_ERROR: enum lsfq_error_code */
  unsigned error_layer;
};

/* Where the cycles of a layer went; see docs/registers.md. */
struct lsfq_cycles {
  uint32_t cycles, busy, starved_weights, blocked_output, starved_features;
};

int lsfq_open(struct lsfq *device, const struct lsfq_platform *platform);

/* Bytes of memory that lsfq_load wants for a network: one packet of images, one of results. */
size_t lsfq_memory_bytes(const struct lsfq *device, const struct lsfq_network *network);

/* `memory` is written and read by the DMA; align it as that wants. It has to stay. */
int lsfq_load(struct lsfq *device, const struct lsfq_network *network, void *memory, size_t size);

/* `images`: codes, count x channels x height x width. `logits`: count x results. */
int lsfq_run(struct lsfq *device, const uint8_t *images, size_t count, int64_t *logits);

/* The class of every image: the largest number, the lowest index on a tie. `logits` as for lsfq_run. */
int lsfq_predict(struct lsfq *device, const uint8_t *images, size_t count, int64_t *logits, unsigned *classes);

/* Cycles of the last pass, and of one of its layers (in the order of the network). */
uint32_t lsfq_pass_cycles(const struct lsfq *device);
struct lsfq_cycles lsfq_layer_cycles(const struct lsfq *device, unsigned layer);

/* Puts a status into words, with error code and layer of LSFQ_CORE_ERROR; returns `text`. */
const char *lsfq_message(const struct lsfq *device, int status, char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
