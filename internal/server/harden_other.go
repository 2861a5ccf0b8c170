//go:build !linux

package server

// Harden does nothing here.
func Harden() error { return nil }
