// SPDX-License-Identifier: Apache-2.0
//
// lsfq_weight_memory: a ring of weight words, filled beat by beat from the parameter stream while the array
// reads words that are complete. A word has three nibble planes of PIN*POUT nibbles, plane 0 lowest:
//
//   word = {plane 2, plane 1, plane 0}        nibble lane*PIN + channel of a plane
//
// Of a kernel with two planes the absent one is written as zeros along with plane 0. Pointers are absolute
// (PTR_W bits, wrapping); a word is at address pointer mod DEPTH.
//
// Write: a beat is taken in any cycle with write_enable; offer beats only while `space` is high.
// Read:  read_data follows read_pointer by two cycles.
// Parameter rules: DEPTH is a power of two, 2 to 2^(PTR_W-2); PARAM_W divides 4*PIN*POUT.

`default_nettype none

module lsfq_weight_memory #(
  parameter PIN     = 16,
  parameter POUT    = 16,
  parameter PARAM_W = 128,            // bits a beat
  parameter DEPTH   = 512,            // words
  parameter PTR_W   = 20,
  parameter BEAT_W  = 8
) (
  input  wire                   aclk,
  input  wire                   aresetn,

  input  wire                   write_enable,
  input  wire [1:0]             write_plane,
  input  wire [BEAT_W-1:0]      write_beat,       // within the plane
  input  wire [1:0]             absent_plane,     // 0: all three planes are sent
  input  wire                   write_last,       // the word is complete with this beat
  input  wire [PARAM_W-1:0]     write_data,
  output wire                   space,

  input  wire [PTR_W-1:0]       free_pointer,     // words below may be overwritten
  output wire [PTR_W-1:0]       write_pointer,    // words below are complete
  input  wire [PTR_W-1:0]       read_pointer,
  output wire [12*PIN*POUT-1:0] read_data
);

  localparam PLANE_BEATS = 4 * PIN * POUT / PARAM_W;
  localparam ADDRESS_W   = $clog2(DEPTH);

  generate
    if (PLANE_BEATS * PARAM_W != 4 * PIN * POUT) begin : g_check_width
      PARAM_W_must_divide_4_PIN_POUT parameter_error ();
    end
    if ((1 << ADDRESS_W) != DEPTH) begin : g_check_depth
      WEIGHT_DEPTH_must_be_a_power_of_two parameter_error ();
    end
    if (DEPTH < 2 || DEPTH > (1 << (PTR_W - 2))) begin : g_check_range
      WEIGHT_DEPTH_must_be_2_to_a_quarter_of_the_pointers_range parameter_error ();
    end
  endgenerate

  reg  [PTR_W-1:0]     write_q;
  reg                  space_q;                   // later still, so that the array has read what is freed
  reg  [PTR_W-1:0]     above_first_q;             // words held, less 1; a free pointer counts a cycle late
  wire [ADDRESS_W-1:0] above_first = above_first_q[ADDRESS_W-1:0];
  wire                 complete    = write_enable && write_last;
  wire                 full        = above_first_q[PTR_W-2:ADDRESS_W] != {(PTR_W-1-ADDRESS_W){1'b0}} ||
                                     (above_first | {{(ADDRESS_W-1){1'b0}}, complete}) == {ADDRESS_W{1'b1}};

  assign write_pointer = write_q;
  assign space         = space_q;

  always @(posedge aclk) begin
    if (complete) write_q <= write_q + 1'b1;
    // write_q - free_pointer - 1 + complete, with one carry
    above_first_q <= write_q + ~free_pointer + {{(PTR_W-1){1'b0}}, complete};
    // below zero: none are held, or the array was done with words (of a row outside the image) before they came
    space_q <= above_first_q[PTR_W-1] || !full;
    if (!aresetn) begin
      write_q       <= {PTR_W{1'b0}};
      above_first_q <= {PTR_W{1'b1}};
      space_q       <= 1'b1;
    end
  end

  genvar p, b;
  generate
    for (p = 0; p < 3; p = p + 1) begin : g_plane
      wire fill_absent = absent_plane == p && p != 0;
      wire here        = write_plane == p || (fill_absent && write_plane == 2'd0);
      for (b = 0; b < PLANE_BEATS; b = b + 1) begin : g_beat
        lsfq_ram #(
          .DEPTH(DEPTH),
          .WIDTH(PARAM_W)
        ) u_ram (
          .aclk         (aclk),
          .write_enable (write_enable && here && write_beat == b),
          .write_address(write_q[ADDRESS_W-1:0]),
          .write_data   (fill_absent ? {PARAM_W{1'b0}} : write_data),
          .read_address (read_pointer[ADDRESS_W-1:0]),
          .read_data    (read_data[(p*PLANE_BEATS + b)*PARAM_W +: PARAM_W])
        );
      end
    end
  endgenerate

  wire unused = &{1'b0, read_pointer[PTR_W-1:ADDRESS_W]};

endmodule

`default_nettype wire
