/* SPDX-License-Identifier: Apache-2.0 */

#include "lsfq.h"

#include <stdio.h>
#include <string.h>

#define RESULT_BYTES 8u
#define DEFAULT_TIMEOUT_MS 10000u
#define PROGRAM_LAYER 0xFFFFu
/* A core that was stopped ends its result packet: a few beats, within this time. */
#define CLOSING_BYTES 64u
#define CLOSING_MS 10u

static uint32_t read_register(const struct lsfq *device, uint32_t address)
{
  return device->platform.read(device->platform.context, address);
}

static void write_register(const struct lsfq *device, uint32_t address, uint32_t value)
{
  device->platform.write(device->platform.context, address, value);
}

static size_t whole(size_t size, size_t unit)
{
  return (size + unit - 1) / unit * unit;
}

/* Bytes of one image in its packet: filled to whole beats. */
static size_t image_bytes(const struct lsfq *device, const struct lsfq_network *network)
{
  return whole((size_t)network->channels * network->height * network->width, device->beat_bytes);
}

static size_t images_bytes(const struct lsfq *device, const struct lsfq_network *network)
{
  return whole(network->batch * image_bytes(device, network), CLOSING_BYTES);
}

static size_t results_bytes(const struct lsfq_network *network)
{
  return (size_t)network->batch * network->results * RESULT_BYTES;
}

/* Back to a core that knows nothing of what ran before. */
static void stop(struct lsfq *device)
{
  const struct lsfq_platform *platform = &device->platform;
  uint8_t rest[CLOSING_BYTES];
  size_t size;

  platform->reset(platform->context);
  write_register(device, LSFQ_REG_CONTROL, LSFQ_CONTROL_ABORT);
  write_register(device, LSFQ_REG_IRQ_STATUS, LSFQ_IRQ_STATUS_DONE | LSFQ_IRQ_STATUS_ERROR);
  /* `rest` may lie where the DMA cannot write, so the network's memory is used when there is some */
  if (platform->receive(platform->context, device->memory ? device->memory : rest, CLOSING_BYTES) == 0)
    (void)platform->received(platform->context, &size, CLOSING_MS);
  platform->reset(platform->context);
}

int lsfq_open(struct lsfq *device, const struct lsfq_platform *platform)
{
  uint32_t core, ports;

  memset(device, 0, sizeof *device);
  device->platform = *platform;
  device->timeout_ms = DEFAULT_TIMEOUT_MS;
  if (read_register(device, LSFQ_REG_ID) != LSFQ_ID_VALUE)
    return LSFQ_NO_CORE;
  core = read_register(device, LSFQ_REG_CORE);
  ports = read_register(device, LSFQ_REG_PORTS);
  if (LSFQ_CORE_FORMAT(core) != LSFQ_CORE_FORMAT_VALUE)
    return LSFQ_OTHER_FORMAT;
  device->pin = LSFQ_CORE_PIN(core);
  device->pout = LSFQ_CORE_POUT(core);
  device->beat_bytes = LSFQ_PORTS_DATA_W(ports) / 8u;
  device->feature_depth = read_register(device, LSFQ_REG_FEATURE_DEPTH);
  device->weight_depth = read_register(device, LSFQ_REG_WEIGHT_DEPTH);
  return LSFQ_OK;
}

size_t lsfq_memory_bytes(const struct lsfq *device, const struct lsfq_network *network)
{
  size_t results = results_bytes(network);

  return images_bytes(device, network) + (results < CLOSING_BYTES ? CLOSING_BYTES : results);
}

int lsfq_load(struct lsfq *device, const struct lsfq_network *network, void *memory, size_t size)
{
  if (network->pin != device->pin || network->pout != device->pout ||
      network->feature_depth > device->feature_depth || network->weight_depth > device->weight_depth)
    return LSFQ_OTHER_CORE;
  if (size < lsfq_memory_bytes(device, network))
    return LSFQ_NO_MEMORY;
  device->network = network;
  device->memory = memory;
  stop(device);
  return LSFQ_OK;
}

/* Row by row, in each row the channel groups of PIN, pixel by pixel; filled with zeros. */
static void pack_image(const struct lsfq *device, const uint8_t *image, uint8_t *packet)
{
  const struct lsfq_network *network = device->network;
  size_t pixels = (size_t)network->height * network->width;
  size_t row, first, pixel, channel, end, at = 0;

  for (row = 0; row < pixels; row += network->width) {
    for (first = 0; first < network->channels; first += device->pin) {
      end = first + device->pin < network->channels ? first + device->pin : network->channels;
      for (pixel = row; pixel < row + network->width; pixel++)
        for (channel = first; channel < end; channel++)
          packet[at++] = image[channel * pixels + pixel];
    }
  }
  memset(packet + at, 0, image_bytes(device, network) - at);
}

static int64_t number(const uint8_t *bytes)
{
  uint64_t value = 0;
  unsigned n;

  for (n = RESULT_BYTES; n > 0; n--)
    value = value << 8 | bytes[n - 1];
  /* two's complement without relying on how the compiler converts */
  return value >> 63 ? -(int64_t)(~value) - 1 : (int64_t)value;
}

/* What the core, or its silence, stands for. */
static int check_status(struct lsfq *device, int waited)
{
  uint32_t status = read_register(device, LSFQ_REG_STATUS);
  uint32_t error;

  if (status & LSFQ_STATUS_ERROR) {
    error = read_register(device, LSFQ_REG_ERROR);
    device->error_code = LSFQ_ERROR_CODE(error);
    device->error_layer = LSFQ_ERROR_LAYER(error);
    return LSFQ_CORE_ERROR;
  }
  if (waited < 0)
    return LSFQ_TRANSFER;
  if (status & LSFQ_STATUS_DONE)
    return waited ? LSFQ_OK : LSFQ_NO_INTERRUPT;
  return LSFQ_TIMEOUT;
}

static int run_pass(struct lsfq *device, uint8_t *results)
{
  const struct lsfq_platform *platform = &device->platform;
  const struct lsfq_network *network = device->network;
  size_t size = network->batch * image_bytes(device, network);
  size_t received = 0;
  int status;

  write_register(device, LSFQ_REG_IRQ_STATUS, LSFQ_IRQ_STATUS_DONE | LSFQ_IRQ_STATUS_ERROR);
  write_register(device, LSFQ_REG_IRQ_ENABLE, LSFQ_IRQ_ENABLE_DONE | LSFQ_IRQ_ENABLE_ERROR);
  write_register(device, LSFQ_REG_PASSES, 1);
  if (platform->receive(platform->context, results, results_bytes(network)) ||
      platform->send_program(platform->context, network->program, network->program_bytes) ||
      platform->send_images(platform->context, device->memory, size))
    return LSFQ_TRANSFER;
  write_register(device, LSFQ_REG_CONTROL, LSFQ_CONTROL_START);
  status = check_status(device, platform->wait(platform->context, device->timeout_ms));
  if (status != LSFQ_OK)
    return status;
  if (platform->received(platform->context, &received, device->timeout_ms) || received != results_bytes(network))
    return LSFQ_TRANSFER;
  return LSFQ_OK;
}

int lsfq_run(struct lsfq *device, const uint8_t *images, size_t count, int64_t *logits)
{
  const struct lsfq_network *network = device->network;
  size_t pixels, start, image, n, place;
  uint8_t *results;
  int status;

  if (!network)
    return LSFQ_NO_NETWORK;
  pixels = (size_t)network->channels * network->height * network->width;
  results = device->memory + images_bytes(device, network);
  for (start = 0; start < count; start += network->batch) {
    for (image = 0; image < network->batch; image++) {
      uint8_t *packet = device->memory + image * image_bytes(device, network);

      if (start + image < count)
        pack_image(device, images + (start + image) * pixels, packet);
      else /* the last pass may have fewer images than its program: run black ones */
        memset(packet, 0, image_bytes(device, network));
    }
    status = run_pass(device, results);
    if (status != LSFQ_OK) {
      stop(device);
      return status;
    }
    for (n = 0; n < (size_t)network->batch * network->results; n++) {
      place = network->order ? network->order[n] : n;
      if (start + place / network->results < count)
        logits[start * network->results + place] = number(results + n * RESULT_BYTES);
    }
  }
  return LSFQ_OK;
}

int lsfq_predict(struct lsfq *device, const uint8_t *images, size_t count, int64_t *logits, unsigned *classes)
{
  int status = lsfq_run(device, images, count, logits);
  size_t image;
  unsigned n;

  for (image = 0; status == LSFQ_OK && image < count; image++) {
    const int64_t *row = logits + image * device->network->results;

    classes[image] = 0;
    for (n = 1; n < device->network->results; n++)
      if (row[n] > row[classes[image]])
        classes[image] = n;
  }
  return status;
}

uint32_t lsfq_pass_cycles(const struct lsfq *device)
{
  return read_register(device, LSFQ_REG_CYCLES);
}

struct lsfq_cycles lsfq_layer_cycles(const struct lsfq *device, unsigned layer)
{
  struct lsfq_cycles found = {0, 0, 0, 0, 0};

  if (layer < LSFQ_LAYER_COUNT) {
    found.cycles = read_register(device, LSFQ_REG_LAYER(layer, LSFQ_LAYER_CYCLES));
    found.busy = read_register(device, LSFQ_REG_LAYER(layer, LSFQ_LAYER_BUSY));
    found.starved_weights = read_register(device, LSFQ_REG_LAYER(layer, LSFQ_LAYER_STARVED_WEIGHTS));
    found.blocked_output = read_register(device, LSFQ_REG_LAYER(layer, LSFQ_LAYER_BLOCKED_OUTPUT));
    found.starved_features = read_register(device, LSFQ_REG_LAYER(layer, LSFQ_LAYER_STARVED_FEATURES));
  }
  return found;
}

static const char *error_text(unsigned code)
{
#define CASE(name, value, text) \
  case value: \
    return #name ": " text;
  switch (code) {
    LSFQ_ERROR_CODES(CASE)
  default:
    return "an error code that this driver does not know";
  }
#undef CASE
}

const char *lsfq_message(const struct lsfq *device, int status, char *text, size_t size)
{
  static const char *const texts[] = {
    "no error",
    "there is no core at this address",
    "the core reads another version of the stream format",
    "the network was exported for another core",
    "no network is loaded",
    "the memory for packets is too small",
    "the core reported an error",
    "the core did not finish in time",
    "the core is done, but its interrupt did not come: is irq connected?",
    "a transfer failed, or the results are too short"
  };
  const struct lsfq_network *network = device->network;

  if (status < 0 || (size_t)status >= sizeof texts / sizeof texts[0])
    (void)snprintf(text, size, "unknown status %d", status);
  else if (status != LSFQ_CORE_ERROR)
    (void)snprintf(text, size, "%s", texts[status]);
  else if (device->error_layer == PROGRAM_LAYER)
    (void)snprintf(text, size, "%s (PROGRAM block)", error_text(device->error_code));
  else if (!network || device->error_layer >= network->layers)
    (void)snprintf(text, size, "%s (END block)", error_text(device->error_code));
  else
    (void)snprintf(text, size, "%s (layer %u, %s)", error_text(device->error_code), device->error_layer,
                   network->layer_names[device->error_layer]);
  return text;
}
