// SPDX-License-Identifier: Apache-2.0
//
// lsfq_ram: a memory with one write port, one read port and one clock. Synthesis infers block
// memory.
//
// A write changes the segments whose write_enable bit is set. read_data follows read_address by two
// cycles: the memory's own register and an output register. Reading a word while it is written is
// undefined. The contents start at 0.
// Parameter rules: SEGMENTS divides WIDTH. Segments of 8 or 9 bits map on byte enables.

`default_nettype none

module lsfq_ram #(
  parameter DEPTH     = 512,          // words
  parameter WIDTH     = 64,           // bits of a word
  parameter SEGMENTS  = 1,            // parts of a word that are written separately
  parameter ADDRESS_W = $clog2(DEPTH)
) (
  input  wire                 aclk,
  input  wire [SEGMENTS-1:0]  write_enable,
  input  wire [ADDRESS_W-1:0] write_address,
  input  wire [WIDTH-1:0]     write_data,
  input  wire [ADDRESS_W-1:0] read_address,
  output wire [WIDTH-1:0]     read_data
);

  localparam SEGMENT_W = WIDTH / SEGMENTS;

  generate
    if (SEGMENT_W * SEGMENTS != WIDTH) begin : g_check
      SEGMENTS_must_divide_WIDTH parameter_error ();
    end
  endgenerate

  (* ram_style = "block", no_rw_check *)                     // no_rw_check: for Yosys
  reg [WIDTH-1:0] mem [0:DEPTH-1];
  reg [WIDTH-1:0] word_q;
  reg [WIDTH-1:0] read_q;

  // Two nested loops, because synthesis tools limit the iterations of one (Vivado: 65536).
  integer i, j;
  initial
    for (i = 0; i < DEPTH; i = i + 512)
      for (j = i; j < DEPTH && j < i + 512; j = j + 1) mem[j] = {WIDTH{1'b0}};

  integer s;
  always @(posedge aclk) begin
    for (s = 0; s < SEGMENTS; s = s + 1)
      if (write_enable[s])
        mem[write_address][s*SEGMENT_W +: SEGMENT_W] <= write_data[s*SEGMENT_W +: SEGMENT_W];
    word_q <= mem[read_address];
    read_q <= word_q;
  end

  assign read_data = read_q;

endmodule

`default_nettype wire
