// SPDX-License-Identifier: Apache-2.0
//
// lsfq_depthwise_window: 3x3 windows of every channel out of a stream of pixel pairs, two pixels a window.
//
//   window of pair (y, t): rows y-1..y+1, columns 2t-1..2t+2, zero outside the map
//
// Two line memories hold the last two rows of each set; a row replaces the one two before it, a cycle after
// that is read. Each pair that comes moves the window on by one pair, so a window leaves one row
// and one pair after its middle came: a map's last windows leave while the next map's first row comes in, and
// cost no time. Only after a layer's last pair (`drain`) the stage moves on by itself, one row and one pair.
//
// A row needs no number: it is the first of its map when an `end` came before it. The middle row then is the
// first of its map when the row before was, and the last when the row that comes is the first.
//
// With stride_2 only the windows of even rows leave (m_end with the last of them). Latency 3 cycles from the pair
// that moves the window; the window then holds still until the next. Interface: pixel pairs (docs/theory_of_operation.md), codes of 4 bits.
// Parameter rules: a row has at most MAX_WIDTH pixels, a power of two, 4 to 32768.

`default_nettype none

module lsfq_depthwise_window #(
  parameter POUT      = 16,
  parameter MAX_WIDTH = 256
) (
  input  wire               aclk,
  input  wire               aresetn,
  input  wire               restart,        // a layer begins

  input  wire               two_sets,       // pairs of two sets alternate
  input  wire               stride_2,
  input  wire [3:0]         pair_cycles,    // between two pairs at least
  input  wire               drain,          // no pair of this layer comes any more
  output wire               busy,

  input  wire               s_valid,
  input  wire               s_set,
  input  wire               s_both,
  input  wire               s_row_end,
  input  wire               s_end,
  input  wire [8*POUT-1:0]  s_code,         // channel l: even pixel at 4*l, odd pixel at 4*(POUT + l)

  output reg                m_valid,
  output reg                m_set,
  output reg                m_both,
  output reg                m_row_end,
  output reg                m_end,
  output reg                m_last,         // of the map, and of its sets
  output reg  [48*POUT-1:0] m_window        // column k, row j of channel l at 4*((3*k + j)*POUT + l)
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

  // ---- what moves the window: a pair, or after the last one the stage itself

  reg              owed_q;                  // windows of pairs that came have not left
  reg              flush_set_q;
  reg              flush_second_q;          // a row of nothing has passed, one more pair follows
  reg              drain_q;
  reg  [3:0]       pace_q;                  // cycles until it may move by itself, and whether there are none
  reg              paced_q;
  reg  [3:0]       under_way_q;             // cycles until what moved last has left

  wire             flush    = drain_q && owed_q && paced_q && !s_valid;
  wire             advance  = s_valid || flush;
  wire             set      = s_valid ? s_set : flush_set_q;
  wire             last_set = set == two_sets;

  // ---- position, the same for both sets: the second one moves it on

  reg [PAIR_W-1:0] pair_q;
  reg [PAIR_W-1:0] last_pair_q;             // of a row
  reg              last_both_q;
  reg              bank_q;                  // line memory of the row that comes
  reg              first_q, above_first_q;  // it is, the row before it was the first of its map
  reg              odd_q, above_odd_q, above2_odd_q;    // odd rows: it, the one before, the one before that
  reg [1:0]        rows_q;                  // rows that came before it, up to 2

  wire             row_end = s_valid ? s_row_end : pair_q == last_pair_q;
  wire             left_of_row = pair_q == {PAIR_W{1'b0}};    // the window is at the end of a row
  wire             single  = last_pair_q == {PAIR_W{1'b0}};   // pairs a row

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
        odd_q         <= !(s_valid && s_end) && !odd_q;
        above_odd_q   <= odd_q;
        above2_odd_q  <= above_odd_q;
        if (!rows_q[1]) rows_q <= rows_q + 2'd1;
      end
    end
    drain_q <= drain;
    if (advance) begin
      pace_q  <= pair_cycles - 4'd1;
      paced_q <= pair_cycles == 4'd1;
    end else if (!paced_q) begin
      pace_q  <= pace_q - 4'd1;
      paced_q <= pace_q == 4'd1;
    end
    if (advance) under_way_q <= LATENCY[3:0];
    else if (under_way_q != 4'd0) under_way_q <= under_way_q - 4'd1;

    if (s_valid) owed_q <= 1'b1;
    if (flush) begin
      flush_set_q <= two_sets && !flush_set_q;
      if (last_set && row_end) flush_second_q <= 1'b1;
      if (last_set && flush_second_q) owed_q <= 1'b0;
    end

    if (!aresetn || restart) begin
      pair_q         <= {PAIR_W{1'b0}};
      bank_q         <= 1'b0;
      first_q        <= 1'b1;
      odd_q          <= 1'b0;
      rows_q         <= 2'd0;
      owed_q         <= 1'b0;
      flush_set_q    <= 1'b0;
      flush_second_q <= 1'b0;
      drain_q        <= 1'b0;
      pace_q         <= 4'd0;
      paced_q        <= 1'b1;
      under_way_q    <= 4'd0;
    end
  end

  assign busy = owed_q || under_way_q != 4'd0;

  // ---- the window that this move completes: the pair before, or at a row's left the end of the row before

  wire ready   = left_of_row ? rows_q[1] : rows_q != 2'd0;
  wire odd_row = left_of_row ? above2_odd_q : above_odd_q;
  wire leaves  = advance && ready && !(stride_2 && odd_row);
  wire map_end = left_of_row && (above_first_q || (stride_2 && first_q));

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

  // ---- rows: the newest as it comes, the two before from the line memories

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

  // where a row is one pair of one set, the row before may still be on its way into its memory
  reg  [8*POUT-1:0] row_before_q;
  always @(posedge aclk)
    if (moved) row_before_q <= row_new;

  wire [8*POUT-1:0] row_above = no_above ? {8*POUT{1'b0}} : bank ? line_1 : line_0;
  wire [8*POUT-1:0] row_mid   = alone ? row_before_q : bank ? line_0 : line_1;
  wire [8*POUT-1:0] row_below = no_below ? {8*POUT{1'b0}} : row_new;

  wire [COLUMN_W-1:0] even = {row_below[4*POUT-1:0], row_mid[4*POUT-1:0], row_above[4*POUT-1:0]};
  wire [COLUMN_W-1:0] odd  = {row_below[8*POUT-1:4*POUT], row_mid[8*POUT-1:4*POUT], row_above[8*POUT-1:4*POUT]};

  // ---- columns: of each set the pair before and the odd column of the one before that

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
