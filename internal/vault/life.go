package vault

import (
	"slices"
	"time"
)

// A Life is what was done for the current version of an object since it was
// made, and what is planned; each thing is done once, however often a server
// restarts.
type Life struct {
	Version string    // that the rest is about
	Done    []string  // lifetime actions and events, by name
	Owed    []string  // of these, mails that nobody was there to get: contacts get them once there are some
	Since   time.Time // when its renewal fell due; zero: not yet
	Tries   int       // failed renewals in a row
	Mended  int       // of these, those before somebody last mended something: the ladder began anew
	Retry   time.Time // no renewal before; zero: none failed

	// What the issuer suggests (RFC 9773): its window, the time picked in it,
	// and when to ask again. Zero where it suggests nothing.
	WindowStart, WindowEnd time.Time
	Picked                 time.Time
	AskAgain               time.Time
}

// Of returns the life of a version: a fresh one where it is not the one that
// the life is about.
func (l Life) Of(version string) Life {
	if l.Version == version {
		return l
	}
	return Life{Version: version}
}

// Did reports whether something was done.
func (l Life) Did(what string) bool { return slices.Contains(l.Done, what) }

// Do returns the life with something done.
func (l Life) Do(what string) Life {
	if !l.Did(what) {
		l.Done = append(slices.Clone(l.Done), what)
	}
	return l
}

// Owes returns the life with a mail that nobody was there to get.
func (l Life) Owes(what string) Life {
	if !slices.Contains(l.Owed, what) {
		l.Owed = append(slices.Clone(l.Owed), what)
	}
	return l
}
