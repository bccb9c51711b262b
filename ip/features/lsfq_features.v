// SPDX-License-Identifier: Apache-2.0
//
// lsfq_features: the memory that holds the feature maps, and the loader that fills it with images.
//
// The array reads on a port of its own; writer, skip reader and loader share the other
// (lsfq_feature_memory).

`default_nettype none

module lsfq_features #(
  parameter PIN           = 16,
  parameter DATA_W        = 64,
  parameter FEATURE_DEPTH = 8192,
  parameter MAX_WIDTH     = 512,    // of an image with a row window
  parameter CODE_BITS     = 4,
  parameter HALVES        = CODE_BITS == 3 ? 2 : 1,     // derived; so is the next
  parameter WORD_W        = 2 * CODE_BITS * HALVES * PIN
) (
  input  wire              aclk,
  input  wire              aresetn,
  input  wire              abort,          // forget the packet
  input  wire              pass_open,      // let the packet of the pass in
  input  wire              pass_start,
  input  wire              stop,           // drop the rest of the packet
  output wire              loader_idle,
  output wire              loader_error,
  output wire [7:0]        loader_code,
  output wire              first_beat,     // the first beat is taken at the port
  output wire [15:0]       loads,          // LOADs stored in this pass
  input  wire [15:0]       layers,         // layers finished in this pass

  // the next LOAD
  input  wire              load_valid,
  output wire              load_ready,
  input  wire [191:0]      load_word,

  // image stream
  input  wire              s_valid,
  output wire              s_ready,
  input  wire [DATA_W-1:0] s_data,
  input  wire              s_last,

  // the array, the writer, the skip reader
  input  wire [17:0]       feature_address,
  output wire [WORD_W-1:0] feature_word,
  input  wire              store_valid,
  input  wire [HALVES*PIN-1:0] store_enable,
  input  wire [17:0]       store_address,
  input  wire [WORD_W-1:0] store_data,
  input  wire              skip_valid,
  output wire              skip_ready,
  input  wire [17:0]       skip_address,
  output wire [WORD_W-1:0] skip_word
);

  wire              data_valid, data_ready, data_last;
  wire [DATA_W-1:0] data;
  wire              write_ready;
  wire              write_valid;
  wire [17:0]       write_address;
  wire [HALVES-1:0] write_half;
  wire [WORD_W-1:0] write_data;

  lsfq_packet_input #(
    .WIDTH(DATA_W)
  ) u_input (
    .aclk   (aclk),
    .aresetn(aresetn && !abort),
    .open   (pass_open),
    .first  (first_beat),
    .s_valid(s_valid),
    .s_ready(s_ready),
    .s_data (s_data),
    .s_last (s_last),
    .m_valid(data_valid),
    .m_ready(data_ready),
    .m_data (data),
    .m_last (data_last)
  );

  lsfq_loader #(
    .PIN      (PIN),
    .DATA_W   (DATA_W),
    .MAX_WIDTH(MAX_WIDTH),
    .CODE_BITS(CODE_BITS)
  ) u_loader (
    .aclk            (aclk),
    .aresetn         (aresetn && !abort),
    .start           (pass_start),
    .stop            (stop),
    .idle            (loader_idle),
    .loads           (loads),
    .layers          (layers),
    .load_valid      (load_valid),
    .load_ready      (load_ready),
    .load_word       (load_word),
    .s_valid         (data_valid),
    .s_ready         (data_ready),
    .s_data          (data),
    .s_last          (data_last),
    .write_ready     (write_ready),
    .write_valid     (write_valid),
    .write_address   (write_address),
    .write_half      (write_half),
    .write_data      (write_data),
    .error_valid     (loader_error),
    .error_code      (loader_code)
  );

  lsfq_feature_memory #(
    .PIN      (PIN),
    .DEPTH    (FEATURE_DEPTH),
    .CODE_BITS(CODE_BITS)
  ) u_memory (
    .aclk         (aclk),
    .aresetn      (aresetn),
    .a_address    (feature_address),
    .a_data       (feature_word),
    .store_valid  (store_valid),
    .store_enable (store_enable),
    .store_address(store_address),
    .store_data   (store_data),
    .skip_valid   (skip_valid),
    .skip_ready   (skip_ready),
    .skip_address (skip_address),
    .skip_data    (skip_word),
    .load_ready   (write_ready),
    .load_valid   (write_valid),
    .load_address (write_address),
    .load_half    (write_half),
    .load_data    (write_data)
  );

endmodule

`default_nettype wire
