// SPDX-License-Identifier: Apache-2.0
//
// lsfq_depthwise_window: makes the 3x3 windows of every channel from a stream of pixel pairs; an
// output holds the windows of the two pixels of a pair.
//
//   window of pair (y, t): rows y-1..y+1, columns 2t-1..2t+2, zero outside the map
//
// Two line memories hold the last two rows of each set. An incoming row replaces the row two above
// it, one cycle after that row is read. Every incoming pair moves the window by one pair, so a
// window leaves one row and one pair after its middle came in. The last windows of a map leave
// while the first row of the next map comes in, and cost no time. Only after the last pair of a
// layer (`drain`) the stage moves the window by itself, by one row and one pair.
//
// Rows are not counted. A row is the first of its map if the pair before it had `end`. The middle
// row of a window is the row above the incoming one: it is the first of its map if above_first_q is
// set, and the last if the incoming row is the first of the next map.
//
// With `above` the first row of a map has no window of its own: it lies above the first middle row;
// with `below` the same holds for the last row. With stride_2 only the windows of rows 0, 2, 4, ...
// leave, with `above` those of rows 1, 3, 5, ...; `below` goes with stride 1. m_end comes with the
// last window of a map.
//
// Latency 3 cycles from the pair that moves the window; the window is then stable until the next
// one. No handshake. Interface: pixel pairs (docs/theory_of_operation.md) with codes of 4 bits.
// Parameter rules: MAX_WIDTH, the greatest width of a row, is a power of two from 4 to 32768.

`default_nettype none

module lsfq_depthwise_window #(
  parameter POUT      = 16,
  parameter MAX_WIDTH = 512
) (
  input  wire               aclk,
  input  wire               aresetn,
  input  wire               restart,        // a layer begins

  input  wire               two_sets,       // pairs of set 0 and set 1 alternate
  input  wire               stride_2,
  input  wire               above,          // the first row of a map lies beside the middle rows
  input  wire               below,          // so does the last row
  input  wire [3:0]         pair_cycles,    // least distance of two pairs
  input  wire               drain,          // the last pair of the layer has come
  output wire               busy,

  input  wire               s_valid,
  input  wire               s_set,
  input  wire               s_both,
  input  wire               s_row_end,
  input  wire               s_end,
  input  wire [8*POUT-1:0]  s_code,         // channel l: even pixel at bit 4*l, odd at 4*(POUT + l)

  output reg                m_valid,
  output reg                m_set,
  output reg                m_both,
  output reg                m_row_end,
  output reg                m_end,
  output reg                m_last,         // the last window of the map, in all its sets
  output reg  [48*POUT-1:0] m_window        // column k, row j, channel l: 4*((3*k + j)*POUT + l)
);

  localparam PAIR_W   = $clog2(MAX_WIDTH / 2);
  localparam COLUMN_W = 12 * POUT;          // three rows of one column
  localparam MEMORY_LATENCY = 2;
  localparam LATENCY  = MEMORY_LATENCY + 1;

  generate
    if (MAX_WIDTH < 4 || MAX_WIDTH > 32768 || (MAX_WIDTH & (MAX_WIDTH - 1)) != 0) begin : g_check
      MAX_WIDTH_must_be_a_power_of_two_from_4_to_32768 parameter_error ();
    end
  endgenerate

  // ---- moves of the window: by an incoming pair or, after the last one, by the stage itself

  reg              owed_q;                  // some windows have not left
  reg              flush_set_q;
  reg              flush_second_q;          // one row of moves is done, one pair follows
  reg              drain_q;
  wire             paced;                   // the stage may move by itself
  wire             unused_paced;
  reg  [3:0]       under_way_q;             // cycles until the last move's window has left

  wire             flush    = drain_q && owed_q && paced && !s_valid;
  wire             advance  = s_valid || flush;
  wire             set      = s_valid ? s_set : flush_set_q;
  wire             last_set = set == two_sets;
  // the stage's move is one of the last set, unless a pair comes
  wire             flush_ends = drain_q && owed_q && paced && flush_set_q == two_sets;

  lsfq_pace #(
    .WIDTH(4)
  ) u_pace (
    .aclk      (aclk),
    .aresetn   (aresetn && !restart),
    .cycles    (pair_cycles),
    .start     (advance),
    .ready     (paced),
    .next_ready(unused_paced)
  );

  // ---- the position of the incoming pair, shared by the sets: the last set moves it

  reg [PAIR_W-1:0] pair_q;
  reg [PAIR_W-1:0] last_pair_q;             // of a row, as last seen
  reg              last_both_q;
  reg              bank_q;                  // the line memory that the incoming row is written to
  // the incoming row, the row above it, the one above that is the first of its map
  reg              first_q, above_first_q, above2_first_q;
  reg              odd_q, above_odd_q, above2_odd_q;    // the incoming row, 1 above, 2 above is odd
  reg [1:0]        rows_q;                  // rows that came before, at most 2

  wire             row_end = s_valid ? s_row_end : pair_q == last_pair_q;
  wire             left_of_row = pair_q == {PAIR_W{1'b0}};  // its window is the last of a row
  wire             single  = last_pair_q == {PAIR_W{1'b0}};   // a row is one pair

  always @(posedge aclk) begin
    if (s_valid && s_row_end) begin
      last_pair_q <= pair_q;
      last_both_q <= s_both;
    end
  end

  always @(posedge aclk) begin
    if (advance && last_set) begin
      pair_q <= row_end ? {PAIR_W{1'b0}} : pair_q + 1'b1;
      if (row_end) begin
        bank_q        <= !bank_q;
        first_q       <= s_valid && s_end;
        above_first_q <= first_q;
        above2_first_q <= above_first_q;
        odd_q         <= s_valid && s_end ? above : !odd_q;
        above_odd_q   <= odd_q;
        above2_odd_q  <= above_odd_q;
        if (!rows_q[1]) rows_q <= rows_q + 2'd1;
      end
    end
    drain_q <= drain;
    if (advance) under_way_q <= LATENCY[3:0];
    else if (under_way_q != 4'd0) under_way_q <= under_way_q - 4'd1;

    if (flush) flush_set_q <= two_sets && !flush_set_q;
    if (!s_valid && flush_ends && pair_q == last_pair_q) flush_second_q <= 1'b1;
    if (s_valid) owed_q <= 1'b1;
    else if (flush_ends && (flush_second_q || below)) owed_q <= 1'b0;

    if (!aresetn || restart) begin
      pair_q         <= {PAIR_W{1'b0}};
      bank_q         <= 1'b0;
      first_q        <= 1'b1;
      odd_q          <= above;
      rows_q         <= 2'd0;
      owed_q         <= 1'b0;
      flush_set_q    <= 1'b0;
      flush_second_q <= 1'b0;
      drain_q        <= 1'b0;
      under_way_q    <= 4'd0;
    end
  end

  assign busy = owed_q || under_way_q != 4'd0;

  // ---- the window that this move completes: that of the pair before, one row above; at the left
  // of a row the last window, two rows above

  wire ready   = left_of_row ? rows_q[1] : rows_q != 2'd0;
  wire odd_row = left_of_row ? above2_odd_q : above_odd_q;
  wire mid_first = left_of_row ? above2_first_q : above_first_q;    // its middle row is the first,
  wire mid_last  = left_of_row ? above_first_q : first_q;           // the last of its map
  wire beside  = (above && mid_first) || (below && mid_last);
  wire leaves  = advance && ready && !(stride_2 && odd_row) && !beside;
  wire map_end = left_of_row && (below ? first_q : above_first_q || (stride_2 && first_q));

  wire valid, tag_set, tag_both, tag_row_end, tag_end, bank;
  wire no_above, no_below, no_left, no_right, alone;

  lsfq_delay #(
    .WIDTH (1),
    .STAGES(MEMORY_LATENCY),
    .RESET (1)
  ) u_delay_valid (
    .aclk   (aclk),
    .aresetn(aresetn && !restart),
    .d      (leaves),
    .q      (valid)
  );

  wire moved;

  lsfq_delay #(
    .WIDTH (11),
    .STAGES(MEMORY_LATENCY)
  ) u_delay_tags (
    .aclk   (aclk),
    .aresetn(aresetn),
    .d      ({advance, set, !left_of_row || last_both_q, left_of_row, map_end, bank_q,
              above_first_q, first_q, single || pair_q == {{(PAIR_W-1){1'b0}}, 1'b1}, left_of_row,
              single && !two_sets}),
    .q      ({moved, tag_set, tag_both, tag_row_end, tag_end, bank,
              no_above, no_below, no_left, no_right, alone})
  );

  // ---- rows: the incoming one, and the two above it from the line memories

  wire [8*POUT-1:0] code = {s_both ? s_code[8*POUT-1:4*POUT] : {4*POUT{1'b0}}, s_code[4*POUT-1:0]};
  wire [8*POUT-1:0] row_new, line_0, line_1;

  reg               write_q, write_bank_q;
  reg  [PAIR_W:0]   write_address_q;
  reg  [8*POUT-1:0] write_code_q;

  always @(posedge aclk) begin
    write_q         <= s_valid;
    write_bank_q    <= bank_q;
    write_address_q <= {set, pair_q};
    write_code_q    <= code;
  end

  lsfq_delay #(
    .WIDTH (8 * POUT),
    .STAGES(MEMORY_LATENCY)
  ) u_delay_code (
    .aclk   (aclk),
    .aresetn(aresetn),
    .d      (code),
    .q      (row_new)
  );

  lsfq_ram #(
    .DEPTH(MAX_WIDTH),
    .WIDTH(8 * POUT)
  ) u_line_0 (
    .aclk         (aclk),
    .write_enable (write_q && !write_bank_q),
    .write_address(write_address_q),
    .write_data   (write_code_q),
    .read_address ({set, pair_q}),
    .read_data    (line_0)
  );

  lsfq_ram #(
    .DEPTH(MAX_WIDTH),
    .WIDTH(8 * POUT)
  ) u_line_1 (
    .aclk         (aclk),
    .write_enable (write_q && write_bank_q),
    .write_address(write_address_q),
    .write_data   (write_code_q),
    .read_address ({set, pair_q}),
    .read_data    (line_1)
  );

  // If a row is one pair of one set, the row above may not be in its memory yet.
  reg  [8*POUT-1:0] row_before_q;
  always @(posedge aclk)
    if (moved) row_before_q <= row_new;

  wire [8*POUT-1:0] row_above = no_above ? {8*POUT{1'b0}} : bank ? line_1 : line_0;
  wire [8*POUT-1:0] row_mid   = alone ? row_before_q : bank ? line_0 : line_1;
  wire [8*POUT-1:0] row_below = no_below ? {8*POUT{1'b0}} : row_new;

  wire [COLUMN_W-1:0] even = {row_below[4*POUT-1:0], row_mid[4*POUT-1:0], row_above[4*POUT-1:0]};
  wire [COLUMN_W-1:0] odd  = {row_below[8*POUT-1:4*POUT], row_mid[8*POUT-1:4*POUT],
                              row_above[8*POUT-1:4*POUT]};

  // ---- columns of each set: the pair before, and the odd column of the pair before that

  reg [COLUMN_W-1:0] left_q [0:1];
  reg [COLUMN_W-1:0] even_q [0:1];
  reg [COLUMN_W-1:0] right_q [0:1];

  always @(posedge aclk) begin
    if (moved) begin
      left_q[tag_set] <= right_q[tag_set];
      even_q[tag_set] <= even;
      right_q[tag_set] <= odd;
      m_window  <= {no_right ? {COLUMN_W{1'b0}} : even, right_q[tag_set], even_q[tag_set],
                    no_left ? {COLUMN_W{1'b0}} : left_q[tag_set]};
      m_set     <= tag_set;
      m_both    <= tag_both;
      m_row_end <= tag_row_end;
      m_end     <= tag_end;
      m_last    <= tag_end && tag_set == two_sets;
    end
  end

  always @(posedge aclk) begin
    m_valid <= valid;
    if (!aresetn || restart) m_valid <= 1'b0;
  end

endmodule

`default_nettype wire
