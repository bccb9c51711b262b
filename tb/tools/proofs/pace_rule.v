// SPDX-License-Identifier: Apache-2.0
//
// pace_rule: starts that obey lsfq_pace's handshake are at least `cycles` apart, and `ready` is
// high exactly when no start came in the last cycles - 1 cycles.
//
// The reference counts the cycles since the last start, and keeps the distance asked for then.
// `cycles` may change in every cycle but the one of a start. Proved by induction.

`default_nettype none

module pace_rule #(
  parameter WIDTH = 4
) (
  input wire             aclk,
  input wire             aresetn,
  input wire [WIDTH-1:0] cycles,
  input wire             start
);

  localparam [WIDTH-1:0] ONE = 1, MOST = {WIDTH{1'b1}};

  wire ready, next_ready;

  lsfq_pace #(
    .WIDTH(WIDTH)
  ) u_pace (
    .aclk      (aclk),
    .aresetn   (aresetn),
    .cycles    (cycles),
    .start     (start),
    .ready     (ready),
    .next_ready(next_ready)
  );

  (* hierconn *) wire [WIDTH-1:0] \u_pace.rest_q ;
  (* hierconn *) wire             \u_pace.at_once_q ;
  (* hierconn *) wire [WIDTH-1:0] \u_pace.left_q ;

  // ---- reference

  reg             begun_q = 1'b0;     // reset has begun; nothing is promised before
  reg             run_q;              // no reset in the last cycle
  reg             next_ready_q;
  reg [WIDTH-1:0] cycles_q;
  reg [WIDTH-1:0] apart_q;            // `cycles` of the last start
  reg [WIDTH-1:0] age_q;              // cycles since the last start, at most MOST

  wire            free = age_q >= apart_q;
  wire [WIDTH-1:0] left = free ? {WIDTH{1'b0}} : apart_q - age_q;

  always @(posedge aclk) begin
    begun_q      <= 1'b1;
    run_q        <= aresetn;
    next_ready_q <= next_ready;
    cycles_q     <= cycles;
    if (start) begin
      apart_q <= cycles;
      age_q   <= ONE;
    end else if (age_q != MOST) age_q <= age_q + ONE;
    if (!aresetn) begin
      apart_q <= ONE;
      age_q   <= MOST;
    end
  end

  // ---- the user's part

  always @* begin
    assume (begun_q || !aresetn);
    assume (cycles >= ONE);
    if (begun_q && aresetn && start) assume (ready && cycles == cycles_q);
  end

  // ---- the rule

  always @*
    if (begun_q) begin
      assert (ready == free);
      if (aresetn && start) assert (age_q >= apart_q);
      if (run_q) assert (ready == next_ready_q);
    end

  // what induction needs to know of the registers
  always @*
    if (begun_q) begin
      assert (apart_q >= ONE && age_q >= ONE && cycles_q >= ONE);
      assert (\u_pace.rest_q == cycles_q - ONE);
      assert (\u_pace.at_once_q == (cycles_q == ONE));
      assert (\u_pace.left_q == left);
    end

endmodule

`default_nettype wire
