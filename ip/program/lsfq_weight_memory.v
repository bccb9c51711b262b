// SPDX-License-Identifier: Apache-2.0
//
// lsfq_weight_memory: a ring of weight words. Words are written beat by beat from the parameter
// stream, while the array reads complete ones. A word has three planes of PIN*POUT weights of
// CODE_BITS bits, nibbles or 3 bits:
//
//   word = {plane 2, plane 1, plane 0}        in a plane: weight lane*PIN + channel
//
// With a kernel of two planes, the absent plane is written as zeros together with plane 0. With
// CODE_BITS 3 a kernel may have plane 1 alone (absent_plane 3); so are the other two. Pointers
// are absolute numbers of words (PTR_W bits, wrapping); a word is stored at address pointer mod
// DEPTH.
//
// Write: a beat is taken in every cycle with write_enable; offer beats only while `space` is high.
// Read: read_data follows read_pointer by two cycles.
// Parameter rules: DEPTH is a power of two, 2 to 2^(PTR_W-2); PARAM_W divides
// CODE_BITS*PIN*POUT.

`default_nettype none

module lsfq_weight_memory #(
  parameter PIN     = 16,
  parameter POUT    = 16,
  parameter PARAM_W = 128,            // bits of a beat
  parameter DEPTH   = 512,            // words
  parameter PTR_W   = 20,
  parameter BEAT_W  = 8,
  parameter CODE_BITS = 4
) (
  input  wire                   aclk,
  input  wire                   aresetn,

  input  wire                   write_enable,
  input  wire [1:0]             write_plane,
  input  wire [BEAT_W-1:0]      write_beat,       // number of the beat in its plane
  input  wire [1:0]             absent_plane,     // 0: no plane is absent, 3: planes 0 and 2 are
  input  wire                   write_last,       // this beat completes the word
  input  wire [PARAM_W-1:0]     write_data,
  output wire                   space,

  input  wire [PTR_W-1:0]       free_pointer,     // words before this one may be overwritten
  output wire [PTR_W-1:0]       write_pointer,    // words before this one are complete
  input  wire [PTR_W-1:0]       read_pointer,
  output wire [3*CODE_BITS*PIN*POUT-1:0] read_data
);

  localparam PLANE_BEATS = CODE_BITS * PIN * POUT / PARAM_W;
  localparam ADDRESS_W   = $clog2(DEPTH);

  generate
    if (CODE_BITS == 4 && PLANE_BEATS * PARAM_W != 4 * PIN * POUT) begin : g_check_width
      PARAM_W_must_divide_4_PIN_POUT parameter_error ();
    end
    if (CODE_BITS == 3 && PLANE_BEATS * PARAM_W != 3 * PIN * POUT) begin : g_check_width_3
      PARAM_W_must_divide_3_PIN_POUT parameter_error ();
    end
    if ((1 << ADDRESS_W) != DEPTH) begin : g_check_depth
      WEIGHT_DEPTH_must_be_a_power_of_two parameter_error ();
    end
    if (DEPTH < 2 || DEPTH > (1 << (PTR_W - 2))) begin : g_check_range
      WEIGHT_DEPTH_must_be_2_to_a_quarter_of_the_pointers_range parameter_error ();
    end
  endgenerate

  reg  [PTR_W-1:0]     write_q;
  // free_pointer counts one cycle late in above_first_q and two in space_q, so the array has read a
  // word before it is overwritten
  reg                  space_q;
  reg  [PTR_W-1:0]     above_first_q;             // words held, minus 1; signed
  wire [ADDRESS_W-1:0] above_first = above_first_q[ADDRESS_W-1:0];
  wire                 complete    = write_enable && write_last;
  wire                 full        =
    above_first_q[PTR_W-2:ADDRESS_W] != {(PTR_W-1-ADDRESS_W){1'b0}} ||
    (above_first | {{(ADDRESS_W-1){1'b0}}, complete}) == {ADDRESS_W{1'b1}};

  assign write_pointer = write_q;
  assign space         = space_q;

  always @(posedge aclk) begin
    if (complete) write_q <= write_q + 1'b1;
    // write_q - free_pointer - 1 + complete, in one adder
    above_first_q <= write_q + ~free_pointer + {{(PTR_W-1){1'b0}}, complete};
    // Negative: no word is held, or the array has freed words of a kernel row outside the image
    // before they came.
    space_q <= above_first_q[PTR_W-1] || !full;
    if (!aresetn) begin
      write_q       <= {PTR_W{1'b0}};
      above_first_q <= {PTR_W{1'b1}};
      space_q       <= 1'b1;
    end
  end

  wire middle_alone = CODE_BITS == 3 && absent_plane == 2'd3;

  genvar p, b;
  generate
    for (p = 0; p < 3; p = p + 1) begin : g_plane
      wire fill_absent = (absent_plane == p && p != 0) || (middle_alone && p != 1);
      wire here        = write_plane == p
                         || (fill_absent && write_plane == (middle_alone ? 2'd1 : 2'd0));
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
