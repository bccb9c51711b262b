// SPDX-License-Identifier: Apache-2.0
//
// lsfq_byte_window: takes 1 to DATA_W/8 bytes a cycle from a stream of beats, wherever they lie.
//
//   data = the next bytes, the first one lowest: CHUNK, or `part` with `partial`; those above them
//          are undefined
//
// One beat is held; bytes of the next beat come from the stream itself. `take` says that the bytes
// are `wanted` and there, and takes them. With `image_end` they are an image's last ones, and the
// next beat stays in the stream. `align` then drops what is left of the held beat, and `ended` says
// whether the image's last beat had TLAST. `too_short` says that the packet ends before the bytes
// that are wanted, or with them, though they are not the image's last.
//
// Whether the bytes go on in the next beat is known a cycle ahead for both numbers, so `part` holds
// still from the second cycle before the first bytes on.
//
// Handshake: no beat is taken while `enable` is low. `s_ready` does not depend on `s_valid`.
// Reset forgets the held beat.

`default_nettype none

module lsfq_byte_window #(
  parameter DATA_W = 64,
  parameter CHUNK  = 8,                            // at most DATA_W/8
  parameter BYTE_W = $clog2(DATA_W / 8)            // derived
) (
  input  wire               aclk,
  input  wire               aresetn,
  input  wire               enable,

  input  wire               s_valid,
  output wire               s_ready,
  input  wire [DATA_W-1:0]  s_data,
  input  wire               s_last,

  input  wire               wanted,         // the bytes can be taken
  input  wire [BYTE_W:0]    part,
  input  wire               partial,
  input  wire               image_end,
  output wire               take,
  output wire [DATA_W-1:0]  data,

  output wire               too_short,
  input  wire               align,
  output wire               ended
);

  localparam BYTES = DATA_W / 8;
  localparam [BYTE_W:0]   CHUNK_B = CHUNK[BYTE_W:0];
  localparam [BYTE_W+1:0] BYTES_B = BYTES[BYTE_W+1:0];

  reg               held_q;                 // a beat is held,
  reg [DATA_W-1:0]  beat_q;                 // this one,
  reg               last_q;                 // with TLAST
  reg [BYTE_W-1:0]  byte_q;                 // its next byte
  // CHUNK bytes, `part` bytes: go on in the next beat; leave nothing of the held beat
  reg               crosses_q, part_crosses_q, used_up_q, part_used_up_q;

  wire [BYTE_W:0]   count     = partial ? part : CHUNK_B;
  wire [BYTE_W-1:0] next      = byte_q + count[BYTE_W-1:0];
  // where the bytes end, and those after them
  wire [BYTE_W+1:0] here_end  = {2'd0, byte_q} + {1'b0, CHUNK_B};
  wire [BYTE_W+1:0] here_part = {2'd0, byte_q} + {1'b0, part};
  wire [BYTE_W+1:0] next_end  = {2'd0, next} + {1'b0, CHUNK_B};
  wire [BYTE_W+1:0] next_part = {2'd0, next} + {1'b0, part};
  wire              crosses   = partial ? part_crosses_q : crosses_q;
  wire              used_up   = partial ? part_used_up_q : used_up_q;

  wire [2*DATA_W-1:0] both = {s_data, beat_q};

  assign take      = wanted && held_q && (!crosses || s_valid);
  assign data      = both[{1'b0, byte_q, 3'd0} +: DATA_W];
  assign too_short = wanted && held_q && last_q && (crosses || (used_up && !image_end));
  assign s_ready   = enable && (!held_q || (wanted && used_up && !last_q &&
                                            (crosses || !image_end)));
  assign ended     = last_q;                 // no beat behind the image's last one was taken

  always @(posedge aclk) begin
    crosses_q      <= take ? next_end > BYTES_B : here_end > BYTES_B;
    used_up_q      <= take ? next_end >= BYTES_B : here_end >= BYTES_B;
    part_crosses_q <= take ? next_part > BYTES_B : here_part > BYTES_B;
    part_used_up_q <= take ? next_part >= BYTES_B : here_part >= BYTES_B;
    if (take) byte_q <= next;
    if (s_valid && s_ready) begin
      beat_q <= s_data;
      last_q <= s_last;
    end
    if (s_valid && s_ready) held_q <= 1'b1;
    else if (take && used_up) held_q <= 1'b0;
    if (align) begin
      held_q <= 1'b0;
      byte_q <= {BYTE_W{1'b0}};
    end
    if (!aresetn) begin
      held_q <= 1'b0;
      byte_q <= {BYTE_W{1'b0}};
    end
  end

  wire unused = &{1'b0, count[BYTE_W]};

endmodule

`default_nettype wire
