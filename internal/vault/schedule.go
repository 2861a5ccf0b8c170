package vault

import (
	"slices"
	"time"
)

// A Schedule is what was done for the current version of an object since it was
// made, and what is planned; each thing is done once, however often a server
// restarts.
type Schedule struct {
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
	Later                  Later `json:"-"`
}

// Of returns the schedule of a version: a fresh one where it is not the one that
// the schedule is about.
func (s Schedule) Of(version string) Schedule {
	if s.Version == version {
		return s
	}
	return Schedule{Version: version}
}

// Did reports whether something was done.
func (s Schedule) Did(what string) bool { return slices.Contains(s.Done, what) }

// Do returns the schedule with something done.
func (s Schedule) Do(what string) Schedule {
	if !s.Did(what) {
		s.Done = append(slices.Clone(s.Done), what)
	}
	return s
}

// Owes returns the schedule with a mail that nobody was there to get.
func (s Schedule) Owes(what string) Schedule {
	if !slices.Contains(s.Owed, what) {
		s.Owed = append(slices.Clone(s.Owed), what)
	}
	return s
}

// What is done once for a version, besides the lifetime actions.
const (
	MilestoneNearExpiry = "near-expiry" // programs were told that it is near its expiry
	MilestoneExpired    = "expired"     // that it has expired
	MilestoneAnnounced  = "announced"   // people were told that it is being renewed
	MilestoneFailed     = "failure"     // that its renewal failed
	MilestoneLate       = "late"        // that its renewal is late
	MilestoneLast       = "late-last"   // that it is not renewed yet and expires soon
	MilestoneAsk        = "ask"         // the issuer is asked when to renew
	MilestoneDue        = "falls-due"   // its renewal falls due, be it that it can begin or not
)

// A Milestone is something that falls due for a version.
type Milestone struct {
	What string // AutoRenew, EmailContacts, MilestoneAsk, MilestoneDue or something that people or programs are told
	Due  time.Time
}

// FellDue returns the schedule after its renewal fell due at now. What fell due before
// stays, however often it is tried.
func (s Schedule) FellDue(now time.Time) Schedule {
	if s.Since.IsZero() {
		s.Since = now
	}
	return s
}

// The ladder of renewals that failed: the first try after an hour, each wait
// twice the one before, up to 32 hours, but never longer than a quarter of the
// time that is left, down to a minute.
const (
	FirstRetry   = time.Hour
	longestRetry = 32 * time.Hour
	SoonestRetry = time.Minute
)

// Failed returns the schedule after a renewal came to nothing at now.
func (s Schedule) Failed(now, expires time.Time) Schedule {
	wait := longestRetry
	if rung := s.Tries - s.Mended; rung < 5 {
		wait = FirstRetry << max(rung, 0)
	}
	if left := expires.Sub(now); left > 0 {
		wait = max(min(wait, left/4), SoonestRetry)
	}
	s.Tries, s.Retry = s.Tries+1, now.Add(wait)
	return s
}

// Anew returns the schedule after somebody mended what may have failed: the next
// try need not wait, and the ladder begins anew.
func (s Schedule) Anew() Schedule {
	s.Mended, s.Retry = s.Tries, time.Time{}
	return s
}

// longestWait is longer than any wait of a schedule: see Failed and Suggested.
const longestWait = 2 * day

// Ahead reports whether the schedule waits for a time so far ahead of now that the
// clock was wrong when it was set; after the clock was set back, for any.
func (s Schedule) Ahead(now time.Time, back bool) bool {
	last := now.Add(longestWait)
	if back {
		last = now
	}
	return s.Retry.After(last) || s.AskAgain.After(last) || s.Since.After(now)
}

// Healed returns a schedule that is Ahead as it should be at now: what was put off
// need not wait, and what fell due in a time to come did not.
func (s Schedule) Healed(now time.Time) Schedule {
	s = s.Anew()
	if !s.AskAgain.IsZero() { // zero: nobody is asked
		s.AskAgain = now
	}
	if s.Since.After(now) {
		s.Since = time.Time{}
	}
	return s
}

// Suggested returns the schedule with what the issuer suggests. The time in the
// window is picked once and kept while the window stays; part is a random
// number from 0 to 1.
func (s Schedule) Suggested(said Suggestion, now time.Time, part float64) Schedule {
	s.AskAgain = now.Add(min(max(said.Again, time.Minute), day))
	if !said.End.After(said.Start) { // RFC 9773 section 4.2: as if it had said nothing
		s.WindowStart, s.WindowEnd, s.Picked = time.Time{}, time.Time{}, time.Time{}
		return s
	}
	if !said.Start.Equal(s.WindowStart) || !said.End.Equal(s.WindowEnd) {
		s.WindowStart, s.WindowEnd = said.Start, said.End
		s.Picked = said.Start.Add(time.Duration(part * float64(said.End.Sub(said.Start)))).Truncate(time.Second)
	}
	return s
}
