// SPDX-License-Identifier: Apache-2.0
//
// lsfq_dual_ram: a memory with two ports and one clock. Port A reads; port B reads or writes.
// Synthesis infers true dual-port block memory.
//
// A write changes the segments whose b_write_enable bit is set. Read data follow their address by
// two cycles: the memory's own register and an output register. Read-during-write on port A is
// undefined. The contents start at 0.
// Parameter rules: SEGMENTS divides WIDTH. Segments of 8 or 9 bits map on byte enables.

`default_nettype none

module lsfq_dual_ram #(
  parameter DEPTH     = 512,          // words
  parameter WIDTH     = 64,           // bits of a word
  parameter SEGMENTS  = 1,            // parts of a word that are written separately
  parameter ADDRESS_W = $clog2(DEPTH)
) (
  input  wire                 aclk,
  input  wire [ADDRESS_W-1:0] a_address,
  output wire [WIDTH-1:0]     a_data,
  input  wire [ADDRESS_W-1:0] b_address,
  input  wire [SEGMENTS-1:0]  b_write_enable,
  input  wire [WIDTH-1:0]     b_write_data,
  output wire [WIDTH-1:0]     b_data
);

  localparam SEGMENT_W = WIDTH / SEGMENTS;

  generate
    if (SEGMENT_W * SEGMENTS != WIDTH) begin : g_check
      SEGMENTS_must_divide_WIDTH parameter_error ();
    end
  endgenerate

  (* ram_style = "block", no_rw_check *)                     // no_rw_check: for Yosys
  reg [WIDTH-1:0] mem [0:DEPTH-1];
  reg [WIDTH-1:0] a_word_q, a_data_q;
  reg [WIDTH-1:0] b_word_q, b_data_q;

  // Two nested loops, because synthesis tools limit the iterations of one (Vivado: 65536).
  integer i, j;
  initial
    for (i = 0; i < DEPTH; i = i + 512)
      for (j = i; j < DEPTH && j < i + 512; j = j + 1) mem[j] = {WIDTH{1'b0}};

  always @(posedge aclk) begin
    a_word_q <= mem[a_address];
    a_data_q <= a_word_q;
  end

  integer s;
  always @(posedge aclk) begin
    for (s = 0; s < SEGMENTS; s = s + 1)
      if (b_write_enable[s])
        mem[b_address][s*SEGMENT_W +: SEGMENT_W] <= b_write_data[s*SEGMENT_W +: SEGMENT_W];
    b_word_q <= mem[b_address];
    b_data_q <= b_word_q;
  end

  assign a_data = a_data_q;
  assign b_data = b_data_q;

endmodule

`default_nettype wire
