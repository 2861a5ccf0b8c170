// Package clock tells the time: Real as it is, Shifted with an offset that
// people may move in a dev server (docs/decisions/003-jobs.md).
//
// It is the only package that calls time.Now for the times that certificates,
// due dates and attributes follow. It keeps no timers and wakes nobody: who
// moves a Shifted clock runs what fell due. Begin with shifted.go.
package clock
