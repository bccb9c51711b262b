// SPDX-License-Identifier: Apache-2.0
//
// lsfq_pair_walk: the feature memory addresses of a tensor's pairs, in the order in which pairs
// leave the array.
//
//   address = base + image*pitch + channel group*plane + ((row + y) mod ring)*pairs + t
//                                                                                      by additions
//
// `start` is the address of the first pair, `count` the pairs of a channel group. The rows of a
// group lie in a ring of `plane` words, of which `left` are left from the first pair on.
//
// A *chunk* is one pair of POUT channels. With POUT <= PIN a chunk is part `part` of a word. With
// POUT > PIN it is POUT/PIN words, `plane` apart: one of each of POUT/PIN channel groups. The
// images of a group follow one another. With 1x1 kernels the two sets alternate, and set 1 is one
// chunk after set 0.
//
// CODE_BITS 3: a word holds two pairs, the second one with `half` high, and a row has `row_pairs`
// of them: if that is odd, its last word has one (`short_word`). `count` and `left` are words then.
// The address moves on after the last pair of a word (`word_end`).
//
// The outputs describe the next pair, which belongs to `set`, without latency; `advance` moves to
// the pair after it. `restart` moves to the first pair; it ends at least 2 cycles before that pair.
// Parameter rules: PIN and POUT are 4, 8 or 16; PART_W is 3.

`default_nettype none

module lsfq_pair_walk #(
  parameter PIN    = 16,
  parameter POUT   = 16,
  parameter PART_W = 3,                    // a part number up to 4, plus 2
  parameter CODE_BITS = 4
) (
  input  wire              aclk,
  input  wire              restart,        // a layer begins

  input  wire              pointwise,      // 1x1 kernels: a group has two sets
  input  wire [17:0]       start,
  input  wire [17:0]       count,
  input  wire [17:0]       left,
  input  wire [15:0]       row_pairs,      // CODE_BITS 3
  input  wire [17:0]       plane,
  input  wire [15:0]       planes,         // channel groups
  input  wire [15:0]       images,
  input  wire [17:0]       pitch,          // words between images

  input  wire              advance,
  input  wire              set,
  output wire [17:0]       address,
  // signed: channel groups after that of the chunk's first word; negative if that does not exist
  output wire [16:0]       groups_left,
  output wire [PART_W-1:0] part,
  output wire              half,           // CODE_BITS 3; else 0
  output wire              word_end,       // the pair is the last of its word
  output wire              short_word,     // it is the only one
  output wire              group_end       // this is the last pair of its set in the group
);

  localparam WORDS  = POUT > PIN ? POUT / PIN : 1;    // words of a chunk
  localparam PARTS  = PIN > POUT ? PIN / POUT : 1;    // chunks in a word
  localparam [PART_W-1:0] PARTS_P = PARTS[PART_W-1:0];
  localparam [16:0]       WORDS_P = WORDS[16:0];

  // the position of the next pair of set 0
  reg  [17:0]       address_q;
  reg  [16:0]       groups_left_q;         // channel groups after its own
  reg  [PART_W-1:0] part_q;                // part of the word
  reg  [17:0]       next_image_q;          // where the group's next image begins
  reg  [17:0]       next_group_q;          // where the next group's first image begins

  // The distance to the next chunk of the same set: two chunks with 1x1 kernels, else one.
  wire [17:0]       chunk_span  = WORDS == 1 ? plane : WORDS == 2 ? plane << 1 : plane << 2;
  wire [17:0]       jump        = pointwise && PARTS == 1 ? chunk_span << 1 : chunk_span;
  wire [16:0]       jump_groups = pointwise && PARTS == 1 ? WORDS_P << 1 : WORDS_P;
  wire              second      = PARTS == 1 && set;

  // The first chunk of the next group is in another word.
  wire [PART_W-1:0] part_sum   = part_q + (pointwise ? 3'd2 : 3'd1);
  wire              wraps      = PARTS == 1 || part_sum >= PARTS_P;
  wire [PART_W-1:0] next_part  = PARTS == 1 ? {PART_W{1'b0}}
                               : wraps      ? part_sum - PARTS_P : part_sum;
  wire              next_wraps = PARTS == 1 || next_part + (pointwise ? 3'd2 : 3'd1) >= PARTS_P;

  wire              pair_moves  = advance && set == pointwise;
  wire              move        = pair_moves && word_end;
  wire              image_end, last_image; // the pair is its image's last, the image its group's
  wire              unused_pair, unused_image;
  wire [17:0]       next_start  = last_image ? next_group_q : next_image_q;
  reg               restart_q;

  assign address     = address_q + (second ? chunk_span : 18'd0);
  assign groups_left = groups_left_q - (second ? WORDS_P : 17'd0);
  assign part        = PARTS > 1 && set ? part_q | 3'd1 : part_q;
  assign group_end   = image_end && last_image && word_end;

  lsfq_loop_counter #(
    .WIDTH(18)
  ) u_pairs (
    .aclk     (aclk),
    .restart  (restart),
    .count    (count),
    .advance  (move),
    .last     (image_end),
    .next_last(unused_pair)
  );

  lsfq_loop_counter #(
    .WIDTH(16)
  ) u_images (
    .aclk     (aclk),
    .restart  (restart),
    .count    (images),
    .advance  (move && image_end),
    .last     (last_image),
    .next_last(unused_image)
  );

  wire              wraps_ring;
  wire              unused_last, unused_last_but_one;

  lsfq_ring_counter #(
    .WIDTH(18)
  ) u_ring (
    .aclk        (aclk),
    .restart     (restart || restart_q),
    .two         (1'b0),
    .ring        (plane),
    .start       (left),
    .advance     (move),
    .again       (image_end),
    .last        (unused_last),
    .last_but_one(unused_last_but_one),
    .wraps       (wraps_ring)
  );

  generate
    if (CODE_BITS == 3) begin : g_halves
      wire last_in_row, unused_in_row;
      reg  half_q;

      lsfq_loop_counter #(
        .WIDTH(16)
      ) u_row (
        .aclk     (aclk),
        .restart  (restart || restart_q),
        .count    (row_pairs),
        .advance  (pair_moves),
        .last     (last_in_row),
        .next_last(unused_in_row)
      );

      always @(posedge aclk) begin
        if (pair_moves) half_q <= !word_end;
        if (restart) half_q <= 1'b0;
      end

      assign half       = half_q;
      assign word_end   = half_q || last_in_row;
      assign short_word = !half_q && last_in_row;
      wire unused = unused_in_row;
    end else begin : g_whole
      assign half       = 1'b0;
      assign word_end   = 1'b1;
      assign short_word = 1'b0;
      wire unused = &{1'b0, row_pairs};
    end
  endgenerate

  reg  [17:0]       back_q;                // to the pair after the ring's last one

  always @(posedge aclk) begin
    restart_q <= restart;
    back_q    <= 18'd1 - plane;

    if (move) address_q <= image_end ? next_start : address_q + (wraps_ring ? back_q : 18'd1);
    if (move && group_end) begin
      part_q <= next_part;
      if (wraps) groups_left_q <= groups_left_q - jump_groups;
    end
    if (restart_q || (move && image_end))
      next_image_q <= (restart_q ? address_q : next_start) + pitch;
    if (restart_q || (move && group_end && next_wraps))
      next_group_q <= (restart_q ? address_q : next_group_q) + (restart_q && !wraps ? 18'd0 : jump);

    if (restart) begin
      address_q     <= start;
      groups_left_q <= {1'b0, planes} - 17'd1;
      part_q        <= {PART_W{1'b0}};
    end
  end

endmodule

`default_nettype wire
