// SPDX-License-Identifier: Apache-2.0
//
// lsfq_multiplier_chain: a cascade of LENGTH packed multipliers, whose products add up while
// packed.
//
//   product = (w0 + w1*2^s + w2*2^2s) * (a0 + a1*2^s)                                    s = STRIDE
//           = w0*a0 + (w0*a1 + w1*a0)*2^s + (w1*a1 + w2*a0)*2^2s + w2*a1*2^3s
//
// A product of nibbles fills four *slots* of s bits; with CODE_BITS 3 two more pixels make six
// slots in the same way. All operands are unsigned, and so are the addends, so no slot borrows from
// the next.
//
// CODE_BITS 4: no slot carries into the next either. The largest sum of LENGTH products in one,
// LENGTH * 2 * 15 * 15, is below 2^s in both shapes, also with the addends that lsfq_offset_sum
// makes, which are bytes times 8:
//
//   LENGTH 4, STRIDE 11   for multipliers of 27x18 bits (DSP48E2):   1800 < 2048
//   LENGTH 2, STRIDE 10   for multipliers of 25x18 bits (DSP48E1):    900 < 1024
//
// CODE_BITS 3: LENGTH 2, STRIDE 7. A weight is w + 3, from 0 to 6, so a slot of two multipliers is
// at most 2 * 3 * 6 * 7 = 252, and at most 253 with the addends of lsfq_offset_sum: it carries at
// most 1 into the next. lsfq_slot_carries finds these carries:
//
//   slot k = field k - carry k + 2^7 * carry (k+1)
//
// A sum moves on by one multiplier a cycle, so multiplier i needs its operands i cycles late. Each
// multiplier after the first delays its operands by one cycle itself; the caller delays those of
// multiplier i by max(0, i-1) cycles.
// Latency: LENGTH + 2 cycles from the operands of multiplier 0, LENGTH + 1 from the addends. No
// handshake: the pipeline never stalls.
// Parameter rules: with CODE_BITS 4, LENGTH * 450 < 2^STRIDE; with CODE_BITS 3, LENGTH is 2 and
// STRIDE 7; FORM as in lsfq_multiplier.

`default_nettype none

module lsfq_multiplier_chain #(
  parameter FORM      = 0,                      // see lsfq_multiplier
  parameter CODE_BITS = 4,
  parameter LENGTH    = 4,
  parameter STRIDE    = 11,
  parameter PIXELS    = CODE_BITS == 3 ? 4 : 2, // derived, and so are the next two
  parameter SLOTS     = PIXELS + 2,
  parameter ADDEND_W  = CODE_BITS == 3 ? 7 : 8
) (
  input  wire                               aclk,
  input  wire [3*CODE_BITS*LENGTH-1:0]      weights,    // of a multiplier: {w2, w1, w0}
  input  wire [PIXELS*CODE_BITS*LENGTH-1:0] pixels,     // of a multiplier: {..., a1, a0}
  input  wire [SLOTS*ADDEND_W-1:0]          addends,    // {..., slot 1, slot 0}; so are the fields
  output wire [SLOTS*STRIDE-1:0]            fields,     // the slots, with the carries between them
  output wire [SLOTS-1:0]                   carries     // bit k: into slot k
);

  generate
    if (CODE_BITS == 3 ? LENGTH != 2 || STRIDE != 7
                       : LENGTH * 450 >= (1 << STRIDE)) begin : g_check
      LENGTH_products_must_fit_a_slot parameter_error ();
    end
  endgenerate

  localparam WEIGHTS_W = 3 * CODE_BITS;         // of one multiplier
  localparam PIXELS_W  = PIXELS * CODE_BITS;

  wire [48*(LENGTH+1)-1:0] cascade;
  wire [48*LENGTH-1:0]     sum;
  wire [47:0]              addend;

  assign cascade[47:0] = 48'd0;
  assign fields        = sum[48*(LENGTH-1) +: SLOTS*STRIDE];

  genvar i, k;
  generate
    for (i = 0; i < LENGTH; i = i + 1) begin : g_multiplier
      lsfq_multiplier #(
        .FORM        (FORM),
        .CODE_BITS   (CODE_BITS),
        .STRIDE      (STRIDE),
        .INPUT_STAGES(i == 0 ? 1 : 2),
        .FIRST       (i == 0)
      ) u_multiplier (
        .aclk       (aclk),
        .weights    (weights[WEIGHTS_W*i +: WEIGHTS_W]),
        .pixels     (pixels[PIXELS_W*i +: PIXELS_W]),
        .addend     (addend),
        .cascade_in (cascade[48*i +: 48]),
        .cascade_out(cascade[48*(i+1) +: 48]),
        .sum        (sum[48*i +: 48])
      );
    end

    if (CODE_BITS == 3) begin : g_carries
      wire [5:0] low_weights, low_addends, low_fields;
      wire [7:0] low_pixels;

      for (k = 0; k < 6; k = k + 1) begin : g_low
        assign low_weights[k] = weights[3*k];
        assign low_addends[k] = addends[7*k];
        assign low_fields[k]  = fields[7*k];
      end
      for (k = 0; k < 8; k = k + 1) begin : g_low_pixel
        assign low_pixels[k] = pixels[3*k];
      end

      lsfq_slot_carries u_carries (
        .aclk   (aclk),
        .weights(low_weights),
        .pixels (low_pixels),
        .addends(low_addends),
        .fields (low_fields),
        .carries(carries)
      );

      assign addend = {6'd0, addends};
    end else begin : g_no_carries
      assign addend  = ({40'd0, addends[7:0]} << 3)
                     | ({40'd0, addends[15:8]} << (STRIDE + 3))
                     | ({40'd0, addends[23:16]} << (2*STRIDE + 3))
                     | ({40'd0, addends[31:24]} << (3*STRIDE + 3));
      assign carries = {SLOTS{1'b0}};
    end
  endgenerate

  wire unused = &{1'b0, sum, cascade[48*LENGTH +: 48]};

endmodule

`default_nettype wire
