// SPDX-License-Identifier: Apache-2.0
//
// lsfq_feature_memory: the feature maps, and who may use the memory's second port.
//
//   port A   the array reads a word a cycle
//   port B   the writer has the first claim, then the skip reader, then the loader
//
// A word holds two neighbouring pixels of PIN channels: a byte a channel, the even pixel in its
// lower half. With CODE_BITS 3 it holds four, 12 bits a channel, the first pixel lowest, and the
// two halves of a channel are written one by one. Latency: a word comes two cycles after its
// address on port A, three on port B, which has one register more on the way to the memory's blocks
// because these lie far apart. Handshake: the writer never waits; `skip_ready` and `load_ready` say
// in the same cycle who is served.

`default_nettype none

module lsfq_feature_memory #(
  parameter PIN   = 16,
  parameter DEPTH = 8192,             // words, 2 to 2^17
  parameter CODE_BITS = 4,
  parameter HALVES = CODE_BITS == 3 ? 2 : 1,            // derived; so are the next two
  parameter ENABLES = HALVES * PIN,
  parameter WORD_W = 2 * CODE_BITS * ENABLES
) (
  input  wire             aclk,
  input  wire             aresetn,

  input  wire [17:0]      a_address,
  output wire [WORD_W-1:0] a_data,

  input  wire             store_valid,
  input  wire [ENABLES-1:0] store_enable, // a channel's pair of pixels each
  input  wire [17:0]      store_address,
  input  wire [WORD_W-1:0] store_data,

  input  wire             skip_valid,
  output wire             skip_ready,
  input  wire [17:0]      skip_address,
  output wire [WORD_W-1:0] skip_data,

  output wire             load_ready,
  input  wire             load_valid,
  input  wire [17:0]      load_address,
  input  wire [HALVES-1:0] load_half,     // the halves of all channels that are written
  input  wire [WORD_W-1:0] load_data
);

  localparam ADDRESS_W = $clog2(DEPTH);

  reg  [17:0]        b_address_q;
  reg  [ENABLES-1:0] b_enable_q;
  reg  [WORD_W-1:0]  b_data_q;
  wire [HALVES-1:0]  loads = load_half & {HALVES{load_ready && load_valid}};

  assign skip_ready = !store_valid;
  assign load_ready = !store_valid && !skip_valid;

  always @(posedge aclk) begin
    b_address_q <= store_valid ? store_address : skip_valid ? skip_address : load_address;
    b_data_q    <= store_valid ? store_data : load_data;
    b_enable_q  <= store_valid ? store_enable : {PIN{loads}};
    if (!aresetn) b_enable_q <= {ENABLES{1'b0}};
  end

  lsfq_dual_ram #(
    .DEPTH   (DEPTH),
    .WIDTH   (WORD_W),
    .SEGMENTS(ENABLES)
  ) u_ram (
    .aclk          (aclk),
    .a_address     (a_address[ADDRESS_W-1:0]),
    .a_data        (a_data),
    .b_address     (b_address_q[ADDRESS_W-1:0]),
    .b_write_enable(b_enable_q),
    .b_write_data  (b_data_q),
    .b_data        (skip_data)
  );

  // the parser has checked that every tensor lies inside the memory
  wire unused = &{1'b0, b_address_q[17:ADDRESS_W], a_address[17:ADDRESS_W]};

endmodule

`default_nettype wire
