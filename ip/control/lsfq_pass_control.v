// SPDX-License-Identifier: Apache-2.0
//
// lsfq_pass_control: runs passes one after another, and ends them cleanly when something is wrong.
//
//   idle --start--> begin -> run --all streams finished--> begin (next pass) or idle
//                             '--error--> drain --both packets dropped, result closed--> idle
//
// `pass_start` is one cycle long. On an error `stop` is one cycle long: parser and loader then drop their
// packets, the result packet is closed, everything else is reset by `flush`. `abort_now` resets all at once: this block, and
// with `clear` and `flush` in the next cycle everything else.

`default_nettype none

module lsfq_pass_control (
  input  wire        aclk,
  input  wire        aresetn,

  input  wire        start,
  input  wire        abort_now,
  input  wire [31:0] passes,

  output reg         pass_start,
  output reg         stop,
  output reg         clear,             // an abort, one cycle long
  output reg         flush,             // resets the datapath's control: between passes, on stop and clear

  input  wire        parser_idle,
  input  wire        parser_done,
  input  wire        loader_idle,
  input  wire        result_idle,
  input  wire        result_last,       // the last result beat is handed on

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

  localparam [1:0] S_IDLE = 2'd0, S_BEGIN = 2'd1, S_RUN = 2'd2, S_DRAIN = 2'd3;

  reg [1:0] state_q;
  reg       result_q;                   // the result packet of this pass has left
  wire      wrong    = parser_error || loader_error;

  // a cycle late
  reg       finished_q, enough_q;

  assign busy     = state_q != S_IDLE;
  assign draining = state_q == S_DRAIN;

  always @(posedge aclk) begin
    finished_q <= state_q == S_RUN && result_q && parser_done && loader_idle && result_idle;
    enough_q   <= passes_done + 32'd1 >= passes;
    flush      <= state_q == S_IDLE || state_q == S_DRAIN;
    clear      <= abort_now && aresetn;

    pass_start <= 1'b0;
    stop       <= 1'b0;
    irq_done   <= 1'b0;
    irq_error  <= 1'b0;

    case (state_q)
      S_IDLE: if (start) begin
        state_q     <= S_BEGIN;
        flush       <= 1'b0;
        done        <= 1'b0;
        error       <= 1'b0;
        error_code  <= 8'd0;
        error_layer <= 16'd0;
        passes_done <= 32'd0;
      end

      S_BEGIN: if (result_idle) begin    // after an abort a packet may still be closing
        pass_start <= 1'b1;
        flush      <= 1'b1;
        result_q   <= 1'b0;
        state_q    <= S_RUN;
      end

      S_RUN: begin
        if (result_last) result_q <= 1'b1;
        if (wrong && !pass_start) begin
          stop        <= 1'b1;
          flush       <= 1'b1;
          error       <= 1'b1;
          error_code  <= parser_error ? parser_code : loader_code;
          error_layer <= layer;
          irq_error   <= 1'b1;
          state_q     <= S_DRAIN;
        end else if (finished_q) begin
          passes_done <= passes_done + 32'd1;
          if (enough_q) begin
            flush    <= 1'b1;
            done     <= 1'b1;
            irq_done <= 1'b1;
            state_q  <= S_IDLE;
          end else begin
            state_q <= S_BEGIN;
          end
        end
      end

      default: if (!stop && parser_idle && loader_idle && result_idle) state_q <= S_IDLE;    // S_DRAIN
    endcase

    if (!aresetn || abort_now) begin
      state_q    <= S_IDLE;
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
