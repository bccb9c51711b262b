// SPDX-License-Identifier: Apache-2.0
//
// lsfq_row_window: joins the pairs of three image rows, so that a 3x3 window over C channels
// becomes a 1x3 window over 3C channels. Without `enable` the pairs pass unchanged.
//
//   pair (y, t) of the window = image pairs (y-1, t), (y, t), (y+1, t), zeros outside the image,
//                               the first one at channel 0, the others PIN/3 channels further each
//
// A memory of one row holds the last two image rows. So image row y completes window row y - 1; the
// image's last row also completes its own window row, whose pairs have m_next: they belong to the
// row below that of the pair before. With `thinned` only window rows 0, 2, 4, ... leave. m_advance
// marks the last pair that is made of an incoming one.
//
// The rows of an image may come in parts: `restart` begins one, with `first` it is the image's
// first part, with `last` the last one.
//
// Latency 1 cycle, with `enable` 2. Handshake: with `enable` a pair is taken at most every second
// cycle. `restart` ends at least 4 cycles before the first pair.
// Parameter rules: MAX_WIDTH, the greatest width of a row, is a power of two of at least 4.

`default_nettype none

module lsfq_row_window #(
  parameter PIN       = 16,
  parameter MAX_WIDTH = 512
) (
  input  wire              aclk,
  input  wire              aresetn,
  input  wire              restart,

  input  wire              enable,
  input  wire              first,
  input  wire              last,
  input  wire              thinned,
  input  wire              single,           // a row is one pair

  input  wire              s_valid,
  output wire              s_ready,
  input  wire              s_bottom,         // the pair's row is the last one of this part
  input  wire              s_row_end,        // the pair is the last of its row
  input  wire              s_last_group,     // handed on
  input  wire [16*PIN-1:0] s_pair,

  output reg               m_valid,
  input  wire              m_ready,
  output reg               m_next,
  output reg               m_advance,
  output reg               m_row_end,
  output reg               m_last_group,
  output reg  [16*PIN-1:0] m_pair
);

  localparam CHANNELS = PIN / 3;             // most channels of an image with a window
  localparam ROW_W    = 16 * CHANNELS;
  localparam PAIR_W   = $clog2(MAX_WIDTH / 2);

  generate
    if (MAX_WIDTH < 4 || (MAX_WIDTH & (MAX_WIDTH - 1)) != 0) begin : g_check
      MAX_WIDTH_must_be_a_power_of_two_of_at_least_4 parameter_error ();
    end
  endgenerate

  // ---- the place of the incoming pair

  reg  [PAIR_W-1:0]  pair_q;
  reg                top_q, second_q;        // its row is the image's first, second one
  reg                odd_q;                  // its row is odd
  reg                own_q;                  // now its own row's window leaves
  reg  [1:0]         wait_q;                 // cycles until the rows above it are read

  // What leaves is known a cycle after the pair has come: nothing, or the windows of the row above
  // and of its own row.
  reg                seen_q, nothing_q, above_q, both_q;

  wire               bottom = last && s_bottom;
  wire               free   = !m_valid || m_ready;              // a pair may leave
  wire               here   = seen_q && wait_q == 2'd0;
  wire               done   = !both_q || own_q;                 // no other one leaves after it
  wire               taken  = enable && here && done && (free || nothing_q);
  wire [PAIR_W-1:0]  next   = s_row_end ? {PAIR_W{1'b0}} : pair_q + 1'b1;

  assign s_ready = enable ? taken : free;

  always @(posedge aclk) begin
    seen_q    <= s_valid && !s_ready;
    nothing_q <= !bottom && (thinned ? !odd_q : top_q);
    above_q   <= !top_q && !(thinned && !odd_q);
    both_q    <= bottom && !top_q && !thinned;
    if (wait_q != 2'd0) wait_q <= wait_q - 2'd1;
    if (here && free && both_q) own_q <= !own_q;
    if (taken) begin
      pair_q <= next;
      wait_q <= single ? 2'd2 : 2'd1;        // a row of one pair is read after it is written
      if (s_row_end) begin
        top_q    <= 1'b0;
        second_q <= top_q;
        odd_q    <= !odd_q;
      end
    end
    if (restart) begin
      pair_q <= {PAIR_W{1'b0}};
      wait_q <= 2'd0;
      odd_q  <= 1'b0;
      own_q  <= 1'b0;
      if (first) begin
        top_q    <= 1'b1;
        second_q <= 1'b0;
      end
    end
    if (!aresetn) seen_q <= 1'b0;
  end

  // ---- the rows above

  wire [ROW_W-1:0]   row_new = s_pair[ROW_W-1:0];
  wire [ROW_W-1:0]   row_above, row_above2;

  lsfq_ram #(
    .DEPTH(MAX_WIDTH / 2),
    .WIDTH(2 * ROW_W)
  ) u_rows (
    .aclk         (aclk),
    .write_enable (taken),
    .write_address(pair_q),
    .write_data   ({row_above, row_new}),
    .read_address (taken ? next : pair_q),
    .read_data    ({row_above2, row_above})
  );

  wire leaves_own = !above_q || own_q;
  wire no_above2  = leaves_own ? top_q : second_q;      // the window's first row is outside

  wire [ROW_W-1:0] window_0 = no_above2 ? {ROW_W{1'b0}} : leaves_own ? row_above : row_above2;
  wire [ROW_W-1:0] window_1 = leaves_own ? row_new : row_above;
  wire [ROW_W-1:0] window_2 = leaves_own ? {ROW_W{1'b0}} : row_new;

  wire [16*PIN-1:0] window;
  assign window[3*ROW_W-1:0] = {window_2, window_1, window_0};
  generate
    if (PIN > 3 * CHANNELS) begin : g_rest
      assign window[16*PIN-1:3*ROW_W] = {(16*PIN-3*ROW_W){1'b0}};
    end
  endgenerate

  always @(posedge aclk) begin
    if (free) begin
      m_valid      <= enable ? here && !nothing_q : s_valid;
      m_next       <= enable && own_q;
      m_advance    <= done || !enable;
      m_row_end    <= s_row_end;
      m_last_group <= s_last_group;
      m_pair       <= enable ? window : s_pair;
    end
    if (!aresetn) m_valid <= 1'b0;
  end

endmodule

`default_nettype wire
