// SPDX-License-Identifier: Apache-2.0
//
// pass_control_rule: lsfq_pass_control always returns to idle, if parser, loader and result each do
// their part within N cycles.
//
//   Rule 1  It waits to begin a pass for at most N + 1 cycles, runs a pass for at most 2N + 3
//           cycles and drains for at most N + 1 cycles.
//   Rule 2  It is busy for at most PASS cycles for each of the passes asked for, and DRAIN more.
//   Rule 3  An abort or a reset makes it idle in the next cycle.
//   Rule 4  While it is idle the datapath is in reset, and nothing begins, stops or interrupts but
//           what the last cycle before decided. `open` is high once for each pass asked for.
//
// The others' part: N cycles after a pass has begun the parser is done, the loader is idle, the
// last beat of the result has been taken and its stream is idle, unless the parser or the loader
// reports an error; N cycles after `result_sent` the counters are complete; N cycles after a stop
// all three are idle; N cycles after a pass is asked for the result's stream is idle. Errors,
// aborts, starts and resets come at any time; the number of passes holds still. Proved by
// induction.

`default_nettype none

module pass_control_rule #(
  parameter N = 3
) (
  input wire        aclk,
  input wire        aresetn,
  input wire        start,
  input wire        abort_now,
  input wire [31:0] passes,
  input wire        parser_idle,
  input wire        parser_done,
  input wire        loader_idle,
  input wire        result_idle,
  input wire        result_last,
  input wire        counted,
  input wire        parser_error,
  input wire [7:0]  parser_code,
  input wire        loader_error,
  input wire [7:0]  loader_code,
  input wire [15:0] layer
);

  localparam [4:0] WAIT = N, BEGIN = N + 1, RUN = 2 * N + 3, DRAIN = N + 1;
  localparam       SHIFT = 4;                   // PASS = 2^SHIFT >= BEGIN + RUN
  localparam       AGE_W = 32 + SHIFT + 1;

  generate
    if (N < 1 || 3 * N + 4 > 1 << SHIFT) begin : g_check
      N_is_too_large parameter_error ();
    end
  endgenerate

  wire        open, result_sent;
  wire        pass_start, stop, clear, close, flush, busy, draining, irq_done, irq_error;
  wire [31:0] passes_done;

  lsfq_pass_control u_control (
    .aclk        (aclk),
    .aresetn     (aresetn),
    .start       (start),
    .abort_now   (abort_now),
    .passes      (passes),
    .open        (open),
    .pass_start  (pass_start),
    .stop        (stop),
    .clear       (clear),
    .close       (close),
    .flush       (flush),
    .parser_idle (parser_idle),
    .parser_done (parser_done),
    .loader_idle (loader_idle),
    .result_idle (result_idle),
    .result_last (result_last),
    .counted     (counted),
    .result_sent (result_sent),
    .counting    (),
    .parser_error(parser_error),
    .parser_code (parser_code),
    .loader_error(loader_error),
    .loader_code (loader_code),
    .layer       (layer),
    .busy        (busy),
    .draining    (draining),
    .done        (),
    .error       (),
    .error_code  (),
    .error_layer (),
    .passes_done (passes_done),
    .irq_done    (irq_done),
    .irq_error   (irq_error)
  );

  (* hierconn *) wire [3:0] \u_control.state_q ;

  wire [3:0] state    = \u_control.state_q ;
  wire       in_begin = state[1];
  wire       in_run   = state[2];

  // ---- time

  reg              begun_q = 1'b0;    // reset has begun; nothing is promised before
  reg              ended_q;           // a reset or an abort in the last cycle
  reg [31:0]       passes_q;
  reg [3:0]        state_q;           // of the last cycle
  reg [4:0]        here_q;            // cycles before this one in the present state
  reg              last_seen_q;       // the result's last beat in this pass
  reg [4:0]        sent_age_q;        // cycles of `result_sent` in this pass
  reg [4:0]        pass_age_q;        // cycles since this pass was asked for
  reg [AGE_W-1:0]  age_q;             // cycles since the first pass was asked for

  wire             moved  = state != state_q;
  wire [4:0]       here   = moved ? 5'd0 : here_q;
  wire             asked  = in_begin && moved;  // a pass is asked for
  wire [4:0]       pass_age = asked ? 5'd0 : pass_age_q;
  wire [AGE_W-1:0] age    = asked && !state_q[2] ? {AGE_W{1'b0}} : age_q;
  wire             seen   = last_seen_q && !pass_start;

  always @(posedge aclk) begin
    begun_q     <= 1'b1;
    ended_q     <= !aresetn || abort_now;
    passes_q    <= passes;
    state_q     <= state;
    here_q      <= here + 5'd1;
    last_seen_q <= seen || result_last;
    pass_age_q  <= pass_age + 5'd1;
    sent_age_q  <= in_run && result_sent ? sent_age_q + 5'd1 : 5'd0;
    age_q       <= age + 1'b1;
  end

  // ---- the others' part

  wire [31:0] wanted = passes == 32'd0 ? 32'd1 : passes;

  always @* begin
    assume (begun_q || !aresetn);
    if (begun_q) begin
      if (busy) assume (passes == passes_q);
      if (in_begin && here >= WAIT) assume (result_idle);
      if (draining && here >= WAIT) assume (parser_idle && loader_idle && result_idle);
      if (in_run && here >= WAIT)
        assume (parser_done && loader_idle && result_idle && (seen || result_last));
      if (in_run && sent_age_q >= WAIT) assume (counted);
    end
  end

  // ---- the rule

  wire [AGE_W-1:0] before = {{(AGE_W-32-SHIFT){1'b0}}, passes_done, {SHIFT{1'b0}}};
  wire [AGE_W-1:0] limit  = {{(AGE_W-32-SHIFT){1'b0}}, wanted, {SHIFT{1'b0}}};

  always @*
    if (begun_q) begin
      assert (state == 4'd1 || state == 4'd2 || state == 4'd4 || state == 4'd8);
      assert (busy == !state[0] && draining == state[3]);
      if (in_begin) assert (here < BEGIN);
      if (in_run) assert (here < RUN);
      if (draining) assert (here < DRAIN);
      if (busy) assert (age < limit + DRAIN);
      assert (open == asked);
      if (ended_q) assert (!busy && flush && !pass_start && !stop && !irq_done && !irq_error);
      if (!busy && !moved) assert (flush && !pass_start && !stop && !irq_done && !irq_error);
    end

  // what induction needs to know besides
  always @*
    if (begun_q) begin
      if (in_begin) assert (pass_age == here);
      if (in_run) assert (pass_age <= BEGIN + here);
      if (in_begin || in_run) begin
        assert (passes_done < wanted);
        assert (age <= before + pass_age);
      end
      if (draining) assert (age < limit + here);
      if (in_run) assert (pass_start == (here == 5'd0));
      if (in_run && here != 5'd0) assert (result_sent == last_seen_q);
    end

endmodule

`default_nettype wire
