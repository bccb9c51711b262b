// SPDX-License-Identifier: Apache-2.0
//
// lsfq_pass_control: runs the passes one after another, and ends them cleanly after an error.
//
//   idle --start--> begin -> run --all streams finished--> begin (next pass) or idle
//                              '--error--> drain --both packets dropped, result closed--> idle
//
// `pass_start` is one cycle long. On an error `stop` is high for one cycle: the parser and the
// loader then drop their packets, the result packet is closed, and `flush` resets everything else.
// `abort_now` resets everything at once: this block immediately, and all others through `clear` and
// `flush` in the next cycle.

`default_nettype none

module lsfq_pass_control (
  input  wire        aclk,
  input  wire        aresetn,

  input  wire        start,
  input  wire        abort_now,
  input  wire [31:0] passes,

  output reg         pass_start,
  output reg         stop,
  output reg         clear,             // an abort; one cycle long
  output reg         close,             // an abort or an error: the result packet ends
  output reg         flush,             // resets the datapath: between passes, on stop and clear

  input  wire        parser_idle,
  input  wire        parser_done,
  input  wire        loader_idle,
  input  wire        result_idle,
  input  wire        result_last,       // the last beat of the result is taken

  input  wire        parser_error,
  input  wire [7:0]  parser_code,
  input  wire        loader_error,
  input  wire [7:0]  loader_code,
  input  wire [15:0] layer,

  output wire        busy,
  output wire        draining,
  output reg         done,
  output reg         error,
  output reg  [7:0]  error_code,
  output reg  [15:0] error_layer,
  output reg  [31:0] passes_done,
  output reg         irq_done,          // one cycle long
  output reg         irq_error
);

  localparam S_IDLE = 0, S_BEGIN = 1, S_RUN = 2, S_DRAIN = 3;        // one-hot: numbers of bits

  reg  [3:0] state_q;
  wire       in_idle  = state_q[S_IDLE];
  wire       in_begin = state_q[S_BEGIN];
  wire       in_run   = state_q[S_RUN];
  wire       in_drain = state_q[S_DRAIN];
  reg        result_q;                  // the result packet of this pass has left
  reg        finished_q, enough_q;      // one cycle late

  assign busy     = !in_idle;
  assign draining = in_drain;

  // ---- events, and the next state

  wire begins    = in_idle && start;
  wire pass_goes = in_begin && result_idle;     // after an abort a packet may still be closing
  wire fails     = in_run && !pass_start && (parser_error || loader_error);
  wire pass_ends = in_run && finished_q && !fails;
  wire ends      = pass_ends && enough_q;
  wire drained   = in_drain && !stop && parser_idle && loader_idle && result_idle;

  wire [3:0] next_state;
  assign next_state[S_IDLE]  = (in_idle && !start) || ends || drained;
  assign next_state[S_BEGIN] = begins || (pass_ends && !enough_q) || (in_begin && !pass_goes);
  assign next_state[S_RUN]   = pass_goes || (in_run && !fails && !pass_ends);
  assign next_state[S_DRAIN] = fails || (in_drain && !drained);

  always @(posedge aclk) begin
    state_q    <= next_state;
    finished_q <= in_run && result_q && parser_done && loader_idle && result_idle;
    enough_q   <= passes_done + 32'd1 >= passes;
    result_q   <= !pass_goes && (result_q || (in_run && result_last));

    flush      <= !in_run || finished_q || (!pass_start && (parser_error || loader_error));
    clear      <= abort_now && aresetn;
    close      <= (abort_now || fails) && aresetn;
    pass_start <= pass_goes;
    stop       <= fails;
    irq_done   <= ends;
    irq_error  <= fails;
    done       <= !begins && (done || ends);
    error      <= !begins && (error || fails);

    if (begins || fails) begin
      error_code  <= begins ? 8'd0 : parser_error ? parser_code : loader_code;
      error_layer <= begins ? 16'd0 : layer;
    end
    if (begins) passes_done <= 32'd0;
    else if (pass_ends) passes_done <= passes_done + 32'd1;

    if (!aresetn || abort_now) begin
      state_q    <= 4'd1 << S_IDLE;
      flush      <= 1'b1;
      pass_start <= 1'b0;
      stop       <= 1'b0;
      irq_done   <= 1'b0;
      irq_error  <= 1'b0;
      done       <= 1'b0;
      error      <= 1'b0;
    end
    if (!aresetn) begin
      error_code  <= 8'd0;
      error_layer <= 16'd0;
      passes_done <= 32'd0;
      result_q    <= 1'b0;
    end
  end

endmodule

`default_nettype wire
