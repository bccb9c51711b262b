# SPDX-License-Identifier: Apache-2.0
#
# Runs a script for Vivado in tclsh: every Vivado command that the scripts use is here, records its
# words, and answers just enough for the script to go on. Any other command is an error, as a
# misspelt one would be in Vivado. So are the commands that Tcl 8.5 lacks: older Vivados have that.
#
#   tclsh vivado_recorder.tcl RECORD SCRIPT [ARGUMENT ...]
#
# RECORD gets one line a command: its words, each one as hexadecimal UTF-8.
# Environment: LSFQ_BOARD_PARTS (board files that are there), LSFQ_SEGMENTS (address segments of the
# processing system), LSFQ_INTERFACES and LSFQ_PARAMETERS (what the packager infers from the Verilog).

set recorder_file [open [lindex $argv 0] w]
set recorder_script [lindex $argv 1]

proc record { args } {
  set words {}
  foreach word $args { lappend words [binary encode hex [encoding convertto utf-8 $word]] }
  puts $::recorder_file [join $words " "]
}

proc environment { name } {
  return [expr { [info exists ::env($name)] ? $::env($name) : "" }]
}

# Commands that change something: recorded, no answer.
foreach name {
  add_files apply_bd_automation assign_bd_address close_project connect_bd_intf_net connect_bd_net
  create_bd_design create_project exclude_bd_addr_seg launch_runs make_wrapper open_run report_timing_summary
  report_utilization save_bd_design set_property update_compile_order update_ip_catalog
  validate_bd_design wait_on_run
  ipx::associate_bus_interfaces ipx::check_integrity ipx::create_xgui_files ipx::package_project
  ipx::remove_memory_map ipx::save_core ipx::update_checksums
} {
  namespace eval [namespace qualifiers ::$name] {}
  proc ::$name { args } [string cat "record [list $name] {*}\$args; return {}"]
}

# Commands that make something: recorded, answered with its name.
foreach { name index } {
  create_bd_cell end
  ipx::add_address_block 0 ipx::add_bus_parameter 0 ipx::add_field 0 ipx::add_memory_map 0
  ipx::add_register 0
} {
  proc ::$name { args } [string cat "record [list $name] {*}\$args; return \[lindex \$args $index\]"]
}

# Commands that look something up: answered with the name looked for.
foreach { name index } {
  get_bd_addr_spaces end get_bd_cells end get_bd_intf_pins end get_bd_pins end
  get_files end get_runs end get_timing_paths end
} {
  proc ::$name { args } [string cat "record [list $name] {*}\$args; return \[lindex \$args $index\]"]
}
# With -quiet those of LSFQ_SEGMENTS that fit the pattern, else the name looked for.
proc get_bd_addr_segs { args } {
  record get_bd_addr_segs {*}$args
  set pattern [lindex $args end]
  if { "-quiet" ni $args } { return $pattern }
  set found {}
  foreach segment [environment LSFQ_SEGMENTS] {
    if { [string match $pattern [string trimleft $segment /]] } { lappend found $segment }
  }
  return $found
}
proc current_project {} { return project }
proc current_fileset {} { return fileset }
proc ipx::current_core {} { return core }
proc get_ipdefs { args } { return [string map { :* :0.0 } [lindex $args end]] }
proc get_board_parts { args } {
  return [lsearch -all -inline [environment LSFQ_BOARD_PARTS] [lindex $args end]]
}
proc ipx::get_memory_maps { args } { return {} }
proc ipx::get_bus_interfaces { name args } {
  return [lsearch -all -inline -exact [environment LSFQ_INTERFACES] $name]
}
proc ipx::get_user_parameters { name args } {
  if { $name ni [environment LSFQ_PARAMETERS] } { error "no parameter $name" }
  return $name
}
namespace eval ipgui {}
proc ipgui::get_guiparamspec { args } { return [dict get $args -name] }
proc get_property { name object } {
  switch -- $name {
    PROGRESS { return 100% }
    SLACK    { return 0.1 }
    default  { error "get_property $name is not modelled" }
  }
}

# ---- what Tcl 8.5 lacks

foreach name { coroutine lmap tailcall throw try yield yieldto zlib } { rename ::$name {} }
namespace ensemble configure string -map [dict remove [namespace ensemble configure string -map] cat]

set argv [lrange $argv 2 end]
set argc [llength $argv]
set argv0 $recorder_script
if { [catch { source $recorder_script } message] } {
  puts stderr $message
  exit 1
}
close $recorder_file
