# SPDX-License-Identifier: Apache-2.0
#
# Package the core with Vivado's IP packager: component.xml and xgui/ anew.
#
#   vivado -mode batch -source scripts/package_ip.tcl                    in ip/
#   vivado -mode batch -source scripts/package_ip.tcl -tclargs DIR       in DIR, with a copy of the files
#
# The files in the repository come from `make package`, without Vivado; this script gives the same
# package by Vivado's own hand. What it packages stands in scripts/vivado/package_data.tcl.
# Commands: UG1118 (packaging), UG835 (Tcl commands).

set script_dir [file dirname [file normalize [info script]]]
set root [file dirname $script_dir]
source [file join $script_dir vivado package_data.tcl]

set ip_dir [file join $root ip]
if { [llength $argv] > 0 } {
  set source_dir $ip_dir
  set ip_dir [file normalize [lindex $argv 0]]
  foreach name $ip_files {
    file mkdir [file dirname [file join $ip_dir $name]]
    file copy -force [file join $source_dir $name] [file join $ip_dir $name]
  }
}

# ---- a project that holds the files

create_project -force package_$ip_name [file join $root build vivado package]
set files {}
foreach name $ip_files { lappend files [file join $ip_dir $name] }
add_files -norecurse $files
set_property top $ip_name [current_fileset]
update_compile_order -fileset sources_1

ipx::package_project -root_dir $ip_dir -vendor $ip_vendor -library $ip_library -taxonomy /UserIP -force
set core [ipx::current_core]
set families {}
foreach family $ip_families { lappend families $family Pre-Production }
set_property name $ip_name $core
set_property version $ip_version $core
set_property core_revision $ip_revision $core
set_property display_name $ip_display_name $core
set_property description $ip_description $core
set_property supported_families $families $core

# ---- interfaces: inferred from names and attributes of the ports, checked here

foreach interface $ip_interfaces {
  lassign $interface name kind
  if { [llength [ipx::get_bus_interfaces $name -of_objects $core]] == 0 } {
    error "$ip_name: Vivado has not inferred the interface $name ($kind)"
  }
  if { $kind eq "aximm" || $kind eq "axis" } {
    ipx::associate_bus_interfaces -busif $name -clock aclk $core
  }
  if { $kind eq "aximm" } { set registers_interface $name }
}
ipx::associate_bus_interfaces -clock aclk -reset aresetn $core
# any frequency will do
set clock [ipx::get_bus_interfaces aclk -of_objects $core]
set_property value -1 [ipx::add_bus_parameter FREQ_TOLERANCE_HZ $clock]

# ---- registers

foreach map [ipx::get_memory_maps -of_objects $core] {
  ipx::remove_memory_map [get_property name $map] $core
}
set map [ipx::add_memory_map $registers_interface $core]
set_property slave_memory_map_ref $registers_interface \
  [ipx::get_bus_interfaces $registers_interface -of_objects $core]
set block [ipx::add_address_block Reg $map]
set_property range $ip_address_range $block
set_property width 32 $block
set_property usage register $block
foreach entry $ip_registers {
  lassign $entry name offset access text fields
  set register [ipx::add_register $name $block]
  set_property address_offset $offset $register
  set_property size 32 $register
  set_property access $access $register
  set_property description $text $register
  foreach field_entry $fields {
    lassign $field_entry field_name low width
    set field [ipx::add_field $field_name $register]
    set_property bit_offset $low $field
    set_property bit_width $width $field
    set_property access $access $field
  }
}

# ---- parameters

foreach entry $ip_parameters {
  lassign $entry name label kind values text
  set parameter [ipx::get_user_parameters $name -of_objects $core]
  set_property display_name $label $parameter
  set_property description $text $parameter
  if { $kind eq "list" } {
    set_property value_validation_type list $parameter
    set_property value_validation_list $values $parameter
  } else {
    set_property value_validation_type range_long $parameter
    set_property value_validation_range_minimum [lindex $values 0] $parameter
    set_property value_validation_range_maximum [lindex $values 1] $parameter
  }
  set_property tooltip $text [ipgui::get_guiparamspec -name $name -component $core]
}

ipx::create_xgui_files $core
ipx::update_checksums $core
ipx::check_integrity $core
ipx::save_core $core
close_project
puts "packaged in $ip_dir"
