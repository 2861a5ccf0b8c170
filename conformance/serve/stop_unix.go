//go:build unix

package serve

import "syscall"

var stopSignal = syscall.SIGTERM
