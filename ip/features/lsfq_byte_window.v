// SPDX-License-Identifier: Apache-2.0
//
// lsfq_byte_window: takes 1 to DATA_W/8 bytes a cycle from a stream of beats, wherever they lie.
//
//   data = the next `count` bytes, the first one lowest; the bytes above them are undefined
//
// One beat is held; bytes of the beat behind it come from the stream itself. `ready` says that the
// bytes are there, and `take` takes them. The bytes with `image_end` are an image's last ones: the beat
// behind them stays in the stream. `align` then drops what is left of the held beat, and `ended`
// says whether the image's last beat had TLAST. `too_short` says that the packet ends before the bytes
// that are `wanted` next, or right behind them, though they are not the image's last.
//
// Handshake: no beat is taken while `enable` is low. `s_ready` does not depend on `s_valid`.
// Reset forgets the held beat.

`default_nettype none

module lsfq_byte_window #(
  parameter DATA_W  = 64,
  parameter COUNT_W = $clog2(DATA_W / 8) + 1       // derived
) (
  input  wire               aclk,
  input  wire               aresetn,
  input  wire               enable,

  input  wire               s_valid,
  output wire               s_ready,
  input  wire [DATA_W-1:0]  s_data,
  input  wire               s_last,

  input  wire               wanted,         // the bytes can be taken
  input  wire [COUNT_W-1:0] count,
  input  wire               image_end,
  output wire               ready,
  output wire               take,           // wanted, and ready
  output wire [DATA_W-1:0]  data,

  output wire               too_short,
  input  wire               align,
  output wire               ended
);

  localparam BYTES = DATA_W / 8;
  localparam [COUNT_W:0] BYTES_C = BYTES[COUNT_W:0];

  reg               held_q;                 // a beat is held,
  reg [DATA_W-1:0]  beat_q;                 // this one,
  reg               last_q;                 // with TLAST
  reg [COUNT_W-2:0] byte_q;                 // its next byte
  reg               ended_q;                // the beat of the bytes taken last had TLAST

  wire [COUNT_W:0]  next    = {2'd0, byte_q} + {1'b0, count};
  wire              crosses = next > BYTES_C;       // the bytes go on in the next beat
  wire              used_up = next >= BYTES_C;      // nothing of the held beat is left

  wire [2*DATA_W-1:0] both = {s_data, beat_q};

  assign ready   = held_q && (!crosses || s_valid);
  assign take    = wanted && ready;
  assign data    = both[{1'b0, byte_q, 3'd0} +: DATA_W];
  assign too_short = wanted && held_q && last_q && (crosses || (used_up && !image_end));
  assign s_ready = enable && (!held_q || (wanted && used_up && !last_q && (crosses || !image_end)));
  assign ended   = ended_q;

  always @(posedge aclk) begin
    if (s_valid && s_ready) begin
      beat_q <= s_data;
      last_q <= s_last;
    end
    if (take) begin
      byte_q  <= next[COUNT_W-2:0];
      ended_q <= crosses ? s_last : last_q;
    end
    if (s_valid && s_ready) held_q <= 1'b1;
    else if (take && used_up) held_q <= 1'b0;
    if (align) begin
      held_q <= 1'b0;
      byte_q <= {(COUNT_W-1){1'b0}};
    end
    if (!aresetn) begin
      held_q <= 1'b0;
      byte_q <= {(COUNT_W-1){1'b0}};
    end
  end

endmodule

`default_nettype wire
