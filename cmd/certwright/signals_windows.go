package main

import (
	"os"
	"syscall"
)

// ending are the signals that end a server; closing the console is SIGTERM.
func ending() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

// stopping are those that end a production server; there is none to have it read
// its configuration again.
func stopping() []os.Signal  { return ending() }
func rereading() []os.Signal { return nil }

// forwarded are the signals there are; the console sends them to the command too.
func forwarded() []os.Signal { return []os.Signal{os.Interrupt} }

func hasAlready(os.Signal) bool { return true }

func signalCode(*os.ProcessState) int { return exitFailed }
