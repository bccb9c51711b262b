# SPDX-License-Identifier: Apache-2.0
#
# A Vivado project with the core in a block design: processing system, DMAs, interrupts, addresses.
#
#   vivado -mode batch -source scripts/block_design.tcl -tclargs BOARD [OPTION ...]
#
# BOARD is one of scripts/vivado/boards.tcl: ultra96v2, zcu104, pynqz1, pynqz2. Options:
#
#   -out DIR          folder of the project, default build/vivado/BOARD
#   -clock MHZ        frequency asked of the processing system
#   -set NAME=VALUE   a parameter of the core; may come several times
#   -module           use the Verilog itself (Add Module), not the packaged IP
#   -bitstream        run synthesis and implementation, and leave lsfq.bit and lsfq.hwh in DIR
#
# No Vivado has run this script; docs/integration.md says what was checked without one.

set script_dir [file dirname [file normalize [info script]]]
set root [file dirname $script_dir]
source [file join $script_dir vivado boards.tcl]
source [file join $script_dir vivado package_data.tcl]
source [file join $script_dir vivado design.tcl]

# ---- what is asked for

set usage "usage: vivado -mode batch -source scripts/block_design.tcl -tclargs BOARD\
 \[-out DIR\] \[-clock MHZ\] \[-set NAME=VALUE\] \[-module\] \[-bitstream\]\
 (boards: [join [dict keys $boards] {, }])"

set board_name [lindex $argv 0]
if { ![dict exists $boards $board_name] } { error "no board '$board_name'\n$usage" }
set board [dict get $boards $board_name]
set out_dir   [file join $root build vivado $board_name]
set clock_mhz [dict get $board clock_mhz]
set core_type ip
set bitstream 0

# The core's parameters: defaults, then the board's, then those of the command line.
set parameters {}
set legal {}
foreach entry $ip_parameters {
  lassign $entry name label kind values text default at_most
  dict set parameters $name $default
  dict set legal $name [list $kind $values $at_most]
}
set chosen [dict get $board core]

for { set i 1 } { $i < [llength $argv] } { incr i } {
  set option [lindex $argv $i]
  if { $option in { -out -clock -set } && $i + 1 == [llength $argv] } {
    error "$option needs a value\n$usage"
  }
  switch -- $option {
    -out       { set out_dir [file normalize [lindex $argv [incr i]]] }
    -clock     { set clock_mhz [lindex $argv [incr i]] }
    -set       { lassign [split [lindex $argv [incr i]] =] name value
                 dict set chosen $name $value }
    -module    { set core_type module }
    -bitstream { set bitstream 1 }
    default    { error "no option '$option'\n$usage" }
  }
}
dict for { name value } $chosen {
  if { ![dict exists $legal $name] } { error "the core has no parameter '$name': [dict keys $legal]" }
  lassign [dict get $legal $name] kind values
  if { $kind eq "list" ? $value ni $values
       : ![string is integer -strict $value] || $value < [lindex $values 0] || $value > [lindex $values 1] } {
    error "$name is '$value', but must be [expr { $kind eq "list" ? "one of" : "within" }] $values"
  }
  dict set parameters $name $value
}
dict for { name value } $parameters {
  set at_most [lindex [dict get $legal $name] 2]
  if { $at_most ne "" } {
    set limit [dict with parameters { expr $at_most }]
    if { $value > $limit } {
      error "$name is $value, but with these parameters at most [string map { $ "" } $at_most] = $limit"
    }
  }
}
if { ![string is double -strict $clock_mhz] || $clock_mhz <= 0 } { error "-clock $clock_mhz is no frequency\n$usage" }

# ---- project

create_project -force lsfq_$board_name $out_dir -part [dict get $board part]
set board_preset 0
foreach pattern [dict get $board board_parts] {
  set found [get_board_parts -quiet $pattern]
  if { [llength $found] > 0 && !$board_preset } {
    set_property board_part [lindex [lsort -dictionary $found] end] [current_project]
    set board_preset 1
  }
}
if { !$board_preset } {
  puts "No board files for [dict get $board title]: the processing system keeps its defaults. That is enough under\
 a booted Linux such as PYNQ's, which has set up memory and pins; it is not for a boot loader of your own."
}

if { $core_type eq "module" } {
  set files {}
  foreach name $ip_files { lappend files [file join $root ip $name] }
  add_files -norecurse $files
  update_compile_order -fileset sources_1
} else {
  set_property ip_repo_paths [file join $root ip] [current_project]
  update_ip_catalog
}

design::build lsfq [dict get $board ps] $core_type $ip_vendor:$ip_library:$ip_name:$ip_version \
  $parameters $clock_mhz $board_preset

make_wrapper -files [get_files lsfq.bd] -top -import
set_property top lsfq_wrapper [current_fileset]
update_compile_order -fileset sources_1
puts "block design lsfq for [dict get $board title] in $out_dir"

# ---- bitstream

if { $bitstream } {
  launch_runs impl_1 -to_step write_bitstream
  wait_on_run impl_1
  if { [get_property PROGRESS [get_runs impl_1]] ne "100%" } { error "implementation failed: see $out_dir" }
  set project lsfq_$board_name
  set bit [file join $out_dir $project.runs impl_1 lsfq_wrapper.bit]
  set handoff [file join $out_dir $project.gen sources_1 bd lsfq hw_handoff lsfq.hwh]
  file copy -force $bit [file join $out_dir lsfq.bit]
  file copy -force $handoff [file join $out_dir lsfq.hwh]
  open_run impl_1
  report_timing_summary -file [file join $out_dir timing.rpt]
  report_utilization -hierarchical -file [file join $out_dir utilization.rpt]
  set slack [get_property SLACK [get_timing_paths]]
  puts "bitstream in $out_dir, worst slack $slack ns"
  if { $slack < 0 } { error "the clock of $clock_mhz MHz is not met: try a lower -clock" }
}
