// SPDX-License-Identifier: Apache-2.0
//
// lsfq_writer: puts codes that arrive pixel by pixel back into the feature memory, as words of pixel pairs.
//
//   address = base + ((digit*planes + channel group)*height + y)*pairs + t,   counted by additions
//
// A chunk is POUT channels. With POUT <= PIN it is a part of a word (byte enables); with POUT > PIN it is
// POUT/PIN words. Codes of 8 bits take two words, high nibbles first. Channel groups that do not exist are not
// written. After an even pixel at a row's end the odd one is 0. The images of a group follow one another, `pitch`
// words apart.
//
// A pair takes (8-bit: 2x) max(1, POUT/PIN) cycles to write; a short queue takes up pairs that come closer, as
// at the end of a row of odd width. The position starts anew with `restart`.

`default_nettype none

module lsfq_writer #(
  parameter PIN  = 16,
  parameter POUT = 16
) (
  input  wire              aclk,
  input  wire              aresetn,
  input  wire              clear,
  input  wire              restart,        // a layer begins
  output wire              idle,

  input  wire              pointwise,
  input  wire              wide,           // codes of 8 bits
  input  wire [15:0]       width,          // pixels a row, as they arrive
  input  wire [17:0]       base,
  input  wire [17:0]       plane,          // words of a channel group
  input  wire [17:0]       digit_words,    // from the high nibbles to the low ones
  input  wire [15:0]       planes,         // channel groups
  input  wire [15:0]       images,
  input  wire [17:0]       pitch,          // between images

  input  wire              s_valid,
  input  wire              s_set,
  input  wire [8*POUT-1:0] s_code,

  output wire [PIN-1:0]    write_enable,   // a byte (two pixels) a channel
  output wire [17:0]       write_address,
  output wire [8*PIN-1:0]  write_data
);

  localparam WORDS  = POUT > PIN ? POUT / PIN : 1;    // of a chunk
  localparam PARTS  = PIN > POUT ? PIN / POUT : 1;    // chunks of a word
  localparam CHUNK  = POUT < PIN ? POUT : PIN;        // channels written at once
  localparam PART_W = 3;                              // up to 4, and 2 more
  localparam SUB_W  = 2;
  localparam [PART_W-1:0] PARTS_P = PARTS[PART_W-1:0];
  localparam [16:0]       WORDS_P = WORDS[16:0];

  // ---- collect a pair

  reg  [15:0]       x_q [0:1];             // of each set
  reg  [8*POUT-1:0] even_q [0:1];
  wire [15:0]       x         = x_q[s_set];
  wire              last_x    = x + 16'd1 == width;
  wire              pair_done = s_valid && (x[0] || last_x);
  wire [8*POUT-1:0] even      = x[0] ? even_q[s_set] : s_code;
  wire [8*POUT-1:0] odd       = x[0] ? s_code : {8*POUT{1'b0}};

  wire              full;                  // a pair waits to be written
  wire              set;
  wire [8*POUT-1:0] pair_even, pair_odd;
  wire              last_write;
  wire              room;
  wire [2:0]        level;

  lsfq_fifo #(
    .WIDTH(16 * POUT + 1),
    .DEPTH(4)
  ) u_pairs (
    .aclk   (aclk),
    .aresetn(aresetn),
    .clear  (clear || restart),
    .s_valid(pair_done),
    .s_ready(room),
    .s_data ({s_set, odd, even}),
    .m_valid(full),
    .m_ready(last_write),
    .m_data ({set, pair_odd, pair_even}),
    .level  (level)
  );

  // ---- where each set's chunk is: the channel group, its first word, the part of the word

  reg [17:0]       plane_base_q [0:1];     // in the first image
  reg [17:0]       image_base_q [0:1];     // in this image
  reg [15:0]       image_q [0:1];
  reg [16:0]       plane_index_q [0:1];
  reg [PART_W-1:0] part_q [0:1];
  reg [17:0]       word_q [0:1];           // pixel pairs written in this group

  // ---- write it

  reg             digit_q;
  reg [SUB_W-1:0] sub_q;                   // word of the chunk
  reg [17:0]      offset_q;                // sub_q * plane

  wire last_sub   = {30'd0, sub_q} == WORDS - 1;
  assign last_write = last_sub && digit_q == wide;
  wire image_done = full && last_write && word_q[set] + 18'd1 == plane;
  wire group_done = image_done && image_q[set] + 16'd1 == images;

  wire [16:0] index  = plane_index_q[set] + {{(17-SUB_W){1'b0}}, sub_q};
  wire        exists = index < {1'b0, planes};
  wire [8*CHUNK-1:0] chunk_even = pair_even[8*CHUNK*sub_q +: 8*CHUNK];
  wire [8*CHUNK-1:0] chunk_odd  = pair_odd[8*CHUNK*sub_q +: 8*CHUNK];

  reg  [8*CHUNK-1:0] bytes;
  integer c;
  always @* begin
    for (c = 0; c < CHUNK; c = c + 1)
      bytes[8*c +: 8] = wide && !digit_q ? {chunk_odd[8*c+4 +: 4], chunk_even[8*c+4 +: 4]}
                                         : {chunk_odd[8*c +: 4], chunk_even[8*c +: 4]};
  end

  genvar p;
  generate
    for (p = 0; p < PARTS; p = p + 1) begin : g_part
      assign write_enable[p*CHUNK +: CHUNK]   = {CHUNK{full && exists && part_q[set] == p}};
      assign write_data[8*p*CHUNK +: 8*CHUNK] = bytes;
    end
  endgenerate

  assign write_address = image_base_q[set] + word_q[set] + offset_q + (digit_q ? digit_words : 18'd0);
  assign idle          = !full;

  // ---- the set's next chunk: 1x1 kernels go on by two, the others by one

  wire [17:0]       chunk_span = WORDS == 1 ? plane : WORDS == 2 ? plane << 1 : plane << 2;
  wire [17:0]       jump       = pointwise && PARTS == 1 ? chunk_span << 1 : chunk_span;
  wire [16:0]       jump_index = pointwise && PARTS == 1 ? WORDS_P << 1 : WORDS_P;
  wire [PART_W-1:0] next_part  = part_q[set] + (pointwise ? 3'd2 : 3'd1);
  wire              next_word  = PARTS == 1 || next_part >= PARTS_P;
  wire [17:0]       next_plane = next_word ? plane_base_q[set] + jump : plane_base_q[set];

  always @(posedge aclk)
    if (s_valid && !x[0]) even_q[s_set] <= s_code;

  integer n;
  always @(posedge aclk) begin
    if (s_valid) x_q[s_set] <= last_x ? 16'd0 : x + 16'd1;

    if (full) begin
      sub_q    <= last_sub ? {SUB_W{1'b0}} : sub_q + 1'b1;
      offset_q <= last_sub ? 18'd0 : offset_q + plane;
      if (last_sub) digit_q <= wide && !digit_q;
      if (last_write) word_q[set] <= image_done ? 18'd0 : word_q[set] + 18'd1;
      if (image_done) begin
        image_q[set]      <= group_done ? 16'd0 : image_q[set] + 16'd1;
        image_base_q[set] <= group_done ? next_plane : image_base_q[set] + pitch;
      end
      if (group_done) begin
        plane_base_q[set] <= next_plane;
        part_q[set] <= PARTS == 1 ? {PART_W{1'b0}} : next_word ? next_part - PARTS_P : next_part;
        if (next_word) plane_index_q[set] <= plane_index_q[set] + jump_index;
      end
    end

    if (restart) begin
      plane_base_q[0]  <= base;
      image_base_q[0]  <= base;
      plane_index_q[0] <= 17'd0;
      part_q[0]        <= {PART_W{1'b0}};
      plane_base_q[1]  <= PARTS > 1 ? base : base + chunk_span;
      image_base_q[1]  <= PARTS > 1 ? base : base + chunk_span;
      plane_index_q[1] <= PARTS > 1 ? 17'd0 : WORDS_P;
      part_q[1]        <= PARTS > 1 ? 3'd1 : 3'd0;
    end
    if (!aresetn || clear || restart) begin
      digit_q  <= 1'b0;
      sub_q    <= {SUB_W{1'b0}};
      offset_q <= 18'd0;
      for (n = 0; n < 2; n = n + 1) begin
        x_q[n]    <= 16'd0;
        word_q[n] <= 18'd0;
        image_q[n] <= 16'd0;
      end
    end
  end

  wire unused = &{1'b0, room, level};

endmodule

`default_nettype wire
