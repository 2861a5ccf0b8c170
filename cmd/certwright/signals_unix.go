//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// ending are the signals that end a server.
func ending() []os.Signal { return heeded(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP) }

// stopping are those that end a production server, and rereading the one that
// has it read its configuration again.
func stopping() []os.Signal  { return heeded(syscall.SIGINT, syscall.SIGTERM) }
func rereading() []os.Signal { return []os.Signal{syscall.SIGHUP} }

// forwarded are the signals that people and process supervisors send.
func forwarded() []os.Signal {
	return heeded(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2)
}

// heeded leaves out what we were started to ignore, as nohup does.
func heeded(all ...os.Signal) (some []os.Signal) {
	for _, s := range all {
		if !signal.Ignored(s) {
			some = append(some, s)
		}
	}
	return some
}

// hasAlready reports whether the command got the signal without us: a terminal
// sends those of its keys to the whole group in its foreground, and many
// programs take the second Ctrl-C as an order to stop at once.
func hasAlready(s os.Signal) bool {
	if s != syscall.SIGINT && s != syscall.SIGQUIT {
		return false
	}
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false // no terminal, so somebody sent it to us alone
	}
	defer tty.Close()
	foreground, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && foreground == syscall.Getpgrp()
}

func signalCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return exitFailed
}
