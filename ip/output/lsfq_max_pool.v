// SPDX-License-Identifier: Apache-2.0
//
// lsfq_max_pool: the maximum of 2x2 or, with `three`, of 3x3 codes, with stride 2, of codes that
// arrive pair by pair. With `enable` low, pairs pass unchanged.
//
//   2x2: z[v, u] = max of y[2v .. 2v+1, 2u .. 2u+1]; an odd last row or column is dropped
//   3x3: z[v, u] = max of y[2v-1 .. 2v+1, 2u-1 .. 2u+1], as far as these exist
//
// An input pair gives one pixel of the result, and two of these make an output pair. The pair and,
// of 3x3, the odd pixel to its left become one maximum. The line memory keeps these maxima of the
// row above, of 3x3 at an even row together with those of the row above that. Odd rows complete
// results; the last row of a map, where it is even, completes those of 3x3, so rows are counted: a
// map has `rows`. With `above` the first row of a map counts as an odd one that completes nothing:
// it lies above the first result.
// The two sets of a 1x1 group alternate; each has its own half of the line memory.
// Latency 2 cycles. No handshake. Interface: pixel pairs (docs/theory_of_operation.md). The output
// has no row_end and end, because the dropped row or column might be the one that they would mark.
// `three` goes with `enable`, `above` with `three`; `rows` is at least 1, with `above` 2.
// Parameter rules: MAX_WIDTH, the greatest width of a row that is pooled, is a power of two from 4
// to 32768.

`default_nettype none

module lsfq_max_pool #(
  parameter POUT      = 16,
  parameter MAX_WIDTH = 512
) (
  input  wire               aclk,
  input  wire               aresetn,
  input  wire               restart,      // a layer begins

  input  wire               enable,
  input  wire               three,        // 3x3
  input  wire               above,        // the first row lies above the first result
  input  wire               two_sets,     // pairs of set 0 and set 1 alternate
  input  wire [15:0]        rows,
  output wire               busy,         // a pair is inside

  input  wire               s_valid,
  input  wire               s_set,
  input  wire               s_both,
  input  wire               s_row_end,
  input  wire               s_end,
  input  wire [16*POUT-1:0] s_code,

  output reg                m_valid,
  output reg                m_set,
  output reg                m_both,
  output reg  [16*POUT-1:0] m_code
);

  localparam PIXEL_W  = 8 * POUT;
  localparam COLUMN_W = $clog2(MAX_WIDTH / 2);
  localparam DEPTH    = MAX_WIDTH;        // MAX_WIDTH/2 pairs of a row, for each of two sets

  generate
    if (MAX_WIDTH < 4 || MAX_WIDTH > 32768 || (MAX_WIDTH & (MAX_WIDTH - 1)) != 0) begin : g_check
      MAX_POOL_WIDTH_must_be_a_power_of_two_from_4_to_32768 parameter_error ();
    end
  endgenerate

  // ---- the place of the input pair, shared by the sets: the last set moves it

  reg  [COLUMN_W-1:0] column_q;           // pair of the row
  reg                 left_there_q;       // of 3x3: there is a pair to the left
  reg                 first_row_q, odd_row_q;
  wire                last_row, unused_next;
  wire                moves   = s_valid && s_set == two_sets;
  wire                row_end = moves && s_row_end;
  // a row of one pair in one set: what it finds in the line memory may not be written yet
  wire                alone   = !two_sets && s_row_end && column_q == {COLUMN_W{1'b0}};

  always @(posedge aclk) begin
    if (moves) begin
      column_q     <= s_row_end ? {COLUMN_W{1'b0}} : column_q + 1'b1;
      left_there_q <= three && !s_row_end;
    end
    if (row_end) begin
      first_row_q <= s_end;
      odd_row_q   <= s_end ? above : !odd_row_q;
    end
    if (!aresetn || restart) begin
      column_q     <= {COLUMN_W{1'b0}};
      left_there_q <= 1'b0;
      first_row_q  <= 1'b1;
      odd_row_q    <= above;
    end
  end

  lsfq_loop_counter #(
    .WIDTH(16)
  ) u_rows (
    .aclk     (aclk),
    .restart  (restart || !aresetn),
    .count    (rows),
    .advance  (row_end),
    .last     (last_row),
    .next_last(unused_next)
  );

  // ---- stage 1: the maximum of the pair and the pixel to its left, and that of the row above

  (* no_rw_check *)                       // for Yosys: see `alone`
  reg [PIXEL_W-1:0]  line_q [0:DEPTH-1];
  reg [PIXEL_W-1:0]  left_q, before_q;    // odd pixels of the set's last pair, of the last pair
  reg [PIXEL_W-1:0]  line_word_q, even_q, odd_q;
  reg [COLUMN_W:0]   entry_q;
  reg                valid_q, write_q, set_q, both_q, row_end_q;
  reg                alone_q, merge_q, keep_q;

  wire [PIXEL_W-1:0] even  = s_code[PIXEL_W-1:0];
  wire [PIXEL_W-1:0] odd   = s_code[2*PIXEL_W-1:PIXEL_W];
  wire               there = enable && s_both;          // the odd pixel counts
  wire [COLUMN_W:0]  entry = {s_set, column_q};

  // Three comparisons side by side make a shorter path than two in a row.
  reg  [POUT-1:0]    take_odd, take_left;
  reg  [PIXEL_W-1:0] row_max;
  integer i;
  always @* begin
    for (i = 0; i < POUT; i = i + 1) begin
      take_odd[i]  = there && odd[8*i +: 8] > even[8*i +: 8] &&
                     !(left_there_q && left_q[8*i +: 8] > odd[8*i +: 8]);
      take_left[i] = left_there_q && left_q[8*i +: 8] > even[8*i +: 8] &&
                     (!there || left_q[8*i +: 8] > odd[8*i +: 8]);
      row_max[8*i +: 8] = take_odd[i]  ? odd[8*i +: 8]
                        : take_left[i] ? left_q[8*i +: 8] : even[8*i +: 8];
    end
  end

  always @(posedge aclk) begin
    if (s_valid) begin
      before_q <= odd;
      left_q   <= two_sets ? before_q : odd;
    end
    even_q    <= row_max;
    odd_q     <= odd;
    entry_q   <= entry;
    set_q     <= s_set;
    both_q    <= s_both || three;         // of 3x3 a last column of one pixel makes a result, too
    row_end_q <= s_row_end;
    write_q   <= s_valid && enable;
    alone_q   <= alone;
    merge_q   <= enable && !first_row_q;
    keep_q    <= three && !odd_row_q;
  end

  // ---- stage 2: the maximum with the rows above; the line memory keeps it, or the row's alone

  reg  [PIXEL_W-1:0] held_q;              // what was written last
  wire [PIXEL_W-1:0] over = alone_q ? held_q : line_word_q;
  reg  [POUT-1:0]    take_over;
  reg  [PIXEL_W-1:0] merged, kept;
  integer j;
  always @* begin
    for (j = 0; j < POUT; j = j + 1) begin
      take_over[j]     = merge_q && over[8*j +: 8] > even_q[8*j +: 8];
      merged[8*j +: 8] = take_over[j] ? over[8*j +: 8] : even_q[8*j +: 8];
      kept[8*j +: 8]   = take_over[j] && keep_q ? over[8*j +: 8] : even_q[8*j +: 8];
    end
  end

  always @(posedge aclk) begin
    if (write_q) line_q[entry_q] <= kept;
    line_word_q <= line_q[entry];
    if (write_q) held_q <= kept;
  end

  // two results make a pair; the last one of a row may be alone
  reg                half_q [0:1];        // of each set: a result waits for its pair
  reg  [PIXEL_W-1:0] first_q [0:1];
  wire               half = half_q[set_q];

  assign busy = valid_q;

  always @(posedge aclk) begin
    if (valid_q && !half) first_q[set_q] <= merged;
    m_set  <= set_q;
    m_both <= both_q && (!enable || half);
    m_code <= !enable ? {odd_q, even_q} : {merged, half ? first_q[set_q] : merged};
  end

  integer k;
  always @(posedge aclk) begin
    valid_q <= s_valid && (!enable || (odd_row_q ? !first_row_q : three && last_row));
    m_valid <= valid_q && (!enable || (half ? both_q || row_end_q : both_q && row_end_q));
    if (valid_q && enable) half_q[set_q] <= !half && !row_end_q;
    if (!aresetn || restart) begin
      valid_q <= 1'b0;
      m_valid <= 1'b0;
      for (k = 0; k < 2; k = k + 1) half_q[k] <= 1'b0;
    end
  end

endmodule

`default_nettype wire
