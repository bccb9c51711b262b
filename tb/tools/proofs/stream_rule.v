// SPDX-License-Identifier: Apache-2.0
//
// stream_rule: what every buffer between two streams owes its users. The modules *_buffer_rule.v
// join it to a buffer.
//
//   Rule 1  valid and data of m_* hold still until they are taken.
//   Rule 2  No beat is lost, doubled, invented or moved past another: beat number `watched`,
//           whichever that is, leaves as number `watched` with the data with which it entered.
//   Rule 3  Never more beats leave than have entered, and never more than CAPACITY are inside.
//   Rule 4  A reset drops what is inside: m_valid is low after it.
//
// s_take and m_take are the cycles in which a beat enters and leaves. `inside` is the number of
// beats inside, `held` the watched beat while `holds`, with `ahead` others before it.

`default_nettype none

module stream_rule #(
  parameter WIDTH    = 2,
  parameter CAPACITY = 2,
  parameter COUNT_W  = $clog2(CAPACITY) + 2
) (
  input  wire               aclk,
  input  wire               aresetn,

  input  wire               s_take,
  input  wire [WIDTH-1:0]   s_data,
  input  wire               m_valid,
  input  wire               m_take,
  input  wire               m_ready,
  input  wire [WIDTH-1:0]   m_data,

  output wire               begun,            // reset has begun; nothing is promised before
  output wire               run,              // no reset in the last cycle
  output wire [COUNT_W-1:0] inside,
  output wire               holds,
  output wire [COUNT_W-1:0] ahead,
  output wire [WIDTH-1:0]   held
);

  // Numbers of beats are counted modulo 2^COUNT_W, more than twice the capacity, and a beat is
  // watched from any time on: so all numbers are covered.
  localparam [COUNT_W-1:0] ZERO = 0, ONE = 1, MOST = CAPACITY;

  reg               begun_q = 1'b0;
  reg               run_q;
  reg               stalled_q;                // m_valid without m_ready in the last cycle
  reg [WIDTH-1:0]   data_q;                   // m_data of the last cycle
  reg [COUNT_W-1:0] inside_q;

  (* anyseq *) wire pick;                     // the beat that enters now is the watched one
  reg               holds_q;
  reg [COUNT_W-1:0] ahead_q;
  reg [WIDTH-1:0]   held_q;

  assign begun  = begun_q;
  assign run    = run_q;
  assign inside = inside_q;
  assign holds  = holds_q;
  assign ahead  = ahead_q;
  assign held   = held_q;

  always @(posedge aclk) begin
    begun_q   <= 1'b1;
    run_q     <= aresetn;
    stalled_q <= m_valid && !m_ready && aresetn;
    data_q    <= m_data;
    inside_q  <= inside_q + (s_take ? ONE : ZERO) - (m_take ? ONE : ZERO);
    if (s_take && pick && !holds_q) begin
      holds_q <= 1'b1;
      held_q  <= s_data;
      ahead_q <= inside_q - (m_take ? ONE : ZERO);
    end else if (m_take && holds_q) begin
      holds_q <= ahead_q != ZERO;
      ahead_q <= ahead_q - ONE;
    end
    if (!aresetn) begin
      inside_q <= ZERO;
      holds_q  <= 1'b0;
    end
  end

  always @* begin
    assume (begun_q || !aresetn);
    if (begun_q) begin
      if (stalled_q) assert (m_valid && m_data == data_q);
      if (holds_q && ahead_q == ZERO) assert (m_valid && m_data == held_q);
      if (aresetn && m_take) assert (inside_q != ZERO);
      assert (inside_q <= MOST);
      if (holds_q) assert (ahead_q < inside_q);
      if (!run_q) assert (!m_valid);
    end
  end

endmodule

`default_nettype wire
