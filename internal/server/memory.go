package server

import (
	"runtime"
	"runtime/debug"
)

// giveBack returns memory to the system that only the start needed: reading the
// migrations of a new database alone takes 12 MB, in a pool that two collections
// empty. An idle server would not collect for minutes.
func giveBack() {
	runtime.GC()
	debug.FreeOSMemory() // collects once more
}
