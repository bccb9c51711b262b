# SPDX-License-Identifier: Apache-2.0
#
# The block design around the core:
#
#   processing system -> smartconnect -> registers of the core, two DMAs, interrupt controller
#   memory -> dma_param -> s_axis_param
#   memory -> dma_data  -> s_axis_data, m_axis_data -> dma_data -> memory
#   interrupts of core and DMAs -> interrupt controller -> processing system
#
# One clock for everything. IP and parameters: PG201 (Zynq UltraScale+ PS), PG082 (Zynq-7000 PS),
# PG021 (AXI DMA), PG247 (SmartConnect), PG099 (interrupt controller), PG164 (reset). PYNQ wants the
# interrupts behind one controller on the first interrupt line (PYNQ documentation, Interrupt).
# Tcl 8.5 is enough: older Vivados have no other.

namespace eval design {
  variable core   lsfq_accel_0
  variable param  axi_dma_param
  variable data   axi_dma_data

  # What differs between the two families.
  variable systems {
    zynqmp {
      name        zynq_ultra_ps_e
      clock       pl_clk0
      reset       pl_resetn0
      interrupt   pl_ps_irq0
      master      M_AXI_HPM0_FPD
      slave       S_AXI_HP0_FPD
      clocks      { maxihpm0_fpd_aclk saxihp0_fpd_aclk }
      memory      SAXIGP2/HP0_DDR_LOW
      registers   0xA0000000
      settings    { PSU__USE__M_AXI_GP0 1 PSU__USE__M_AXI_GP1 0 PSU__USE__M_AXI_GP2 0
                    PSU__USE__S_AXI_GP2 1 PSU__SAXIGP2__DATA_WIDTH 128
                    PSU__USE__IRQ0 1 PSU__FPGA_PL0_ENABLE 1 }
      frequency   PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ
      automation  { apply_board_preset 1 }
    }
    zynq7 {
      name        processing_system7
      clock       FCLK_CLK0
      reset       FCLK_RESET0_N
      interrupt   IRQ_F2P
      master      M_AXI_GP0
      slave       S_AXI_HP0
      clocks      { M_AXI_GP0_ACLK S_AXI_HP0_ACLK }
      memory      S_AXI_HP0/HP0_DDR_LOWOCM
      registers   0x40000000
      settings    { PCW_USE_M_AXI_GP0 1 PCW_USE_S_AXI_HP0 1 PCW_S_AXI_HP0_DATA_WIDTH 64
                    PCW_USE_FABRIC_INTERRUPT 1 PCW_IRQ_F2P_INTR 1 }
      frequency   PCW_FPGA0_PERIPHERAL_FREQMHZ
      automation  { make_external "FIXED_IO, DDR" apply_board_preset 1 Master Disable Slave Disable }
    }
  }
}

# The newest version of an IP that this Vivado has.
proc design::cell { ip name settings } {
  set found [lsort -dictionary [get_ipdefs -all "xilinx.com:ip:$ip:*"]]
  if { [llength $found] == 0 } { error "this Vivado has no IP xilinx.com:ip:$ip" }
  set cell [create_bd_cell -type ip -vlnv [lindex $found end] $name]
  configure $cell $settings
  return $cell
}

proc design::configure { cell settings } {
  set list {}
  foreach { key value } $settings { lappend list CONFIG.$key $value }
  if { [llength $list] > 0 } { set_property -dict $list $cell }
}

proc design::stream { from to } {
  connect_bd_intf_net [get_bd_intf_pins $from] [get_bd_intf_pins $to]
}

proc design::wire { from args } {
  set pins [list [get_bd_pins $from]]
  foreach to $args { lappend pins [get_bd_pins $to] }
  connect_bd_net {*}$pins
}

# One block design. core_type: ip (from the catalogue) or module (Add Module of the Verilog top).
proc design::build { name system_name core_type core_vlnv parameters clock_mhz board_preset } {
  variable systems
  variable core
  variable param
  variable data
  set system [dict get $systems $system_name]

  create_bd_design $name

  # ---- cells

  set ps [cell [dict get $system name] zynq_ps {}]
  if { $board_preset || $system_name eq "zynq7" } {
    # make_external gives a Zynq-7000 its DDR and FIXED_IO ports
    set automation [dict get $system automation]
    if { !$board_preset } { dict set automation apply_board_preset 0 }
    apply_bd_automation -rule xilinx.com:bd_rule:[dict get $system name] -config $automation $ps
  }
  configure $ps [dict get $system settings]
  configure $ps [list [dict get $system frequency] $clock_mhz]

  if { $core_type eq "module" } {
    create_bd_cell -type module -reference lsfq_accel $core
  } else {
    create_bd_cell -type ip -vlnv $core_vlnv $core
  }
  configure [get_bd_cells $core] $parameters
  set param_width [dict get $parameters PARAM_W]
  set data_width  [dict get $parameters DATA_W]
  set result_width 64

  # A packet is one transfer: 2^26 - 1 bytes at most.
  set common { c_include_sg 0 c_sg_include_stscntrl_strm 0 c_sg_length_width 26 }
  cell axi_dma $param [concat $common [list \
    c_include_mm2s 1 c_include_s2mm 0 c_mm2s_burst_size 64 \
    c_m_axi_mm2s_data_width $param_width c_m_axis_mm2s_tdata_width $param_width]]
  # A memory bus narrower than 32 bits does not exist.
  cell axi_dma $data [concat $common [list \
    c_include_mm2s 1 c_include_s2mm 1 c_mm2s_burst_size 16 c_s2mm_burst_size 16 \
    c_m_axi_mm2s_data_width [expr { $data_width < 32 ? 32 : $data_width }] \
    c_m_axis_mm2s_tdata_width $data_width \
    c_m_axi_s2mm_data_width $result_width c_s_axis_s2mm_tdata_width $result_width]]

  cell smartconnect smartconnect_control { NUM_SI 1 NUM_MI 4 }
  cell smartconnect smartconnect_memory  { NUM_SI 3 NUM_MI 1 }
  cell proc_sys_reset reset_0 {}
  cell xlconcat interrupts { NUM_PORTS 4 }
  # Every interrupt is a level; said here, because not every Vivado passes it on through the concat.
  cell axi_intc axi_intc_0 { C_IRQ_CONNECTION 1 C_KIND_OF_INTR.VALUE_SRC USER C_KIND_OF_INTR 0xFFFFFFF0 }

  # ---- clock and reset

  set system_clocks {}
  foreach pin [dict get $system clocks] { lappend system_clocks zynq_ps/$pin }
  wire zynq_ps/[dict get $system clock] {*}$system_clocks \
    reset_0/slowest_sync_clk smartconnect_control/aclk smartconnect_memory/aclk $core/aclk \
    $param/s_axi_lite_aclk $param/m_axi_mm2s_aclk \
    $data/s_axi_lite_aclk $data/m_axi_mm2s_aclk $data/m_axi_s2mm_aclk axi_intc_0/s_axi_aclk
  wire zynq_ps/[dict get $system reset] reset_0/ext_reset_in
  wire reset_0/peripheral_aresetn smartconnect_control/aresetn smartconnect_memory/aresetn \
    $core/aresetn $param/axi_resetn $data/axi_resetn axi_intc_0/s_axi_aresetn

  # ---- registers

  stream zynq_ps/[dict get $system master] smartconnect_control/S00_AXI
  stream smartconnect_control/M00_AXI $core/s_axi
  stream smartconnect_control/M01_AXI $param/S_AXI_LITE
  stream smartconnect_control/M02_AXI $data/S_AXI_LITE
  stream smartconnect_control/M03_AXI axi_intc_0/s_axi

  # ---- streams

  stream $param/M_AXIS_MM2S $core/s_axis_param
  stream $data/M_AXIS_MM2S $core/s_axis_data
  stream $core/m_axis_data $data/S_AXIS_S2MM

  # ---- memory

  stream $param/M_AXI_MM2S smartconnect_memory/S00_AXI
  stream $data/M_AXI_MM2S smartconnect_memory/S01_AXI
  stream $data/M_AXI_S2MM smartconnect_memory/S02_AXI
  stream smartconnect_memory/M00_AXI zynq_ps/[dict get $system slave]

  # ---- interrupts

  wire $core/irq interrupts/In0
  wire $param/mm2s_introut interrupts/In1
  wire $data/mm2s_introut interrupts/In2
  wire $data/s2mm_introut interrupts/In3
  wire interrupts/dout axi_intc_0/intr
  wire axi_intc_0/irq zynq_ps/[dict get $system interrupt]

  # ---- addresses

  set base [dict get $system registers]
  foreach { segment offset range } [list \
    $core/s_axi/*           0x00000 4K \
    $param/S_AXI_LITE/Reg   0x10000 64K \
    $data/S_AXI_LITE/Reg    0x20000 64K \
    axi_intc_0/S_AXI/Reg    0x30000 64K ] {
    assign_bd_address -offset [format 0x%08X [expr { $base + $offset }]] -range $range [get_bd_addr_segs $segment]
  }
  # The DMAs see memory only. What else the port offers (flash, on-chip memory) is excluded by name,
  # else validation warns of it; a segment that cannot be excluded may stay a warning.
  set memory zynq_ps/[dict get $system memory]
  foreach space [list $param/Data_MM2S $data/Data_MM2S $data/Data_S2MM] {
    assign_bd_address -target_address_space /$space [get_bd_addr_segs $memory]
    foreach other [get_bd_addr_segs -quiet [file dirname $memory]/*] {
      if { [string trimleft $other /] ne $memory } {
        catch { exclude_bd_addr_seg -target_address_space [get_bd_addr_spaces $space] $other }
      }
    }
  }

  validate_bd_design
  save_bd_design
}
