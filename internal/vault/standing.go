package vault

import "time"

// A Standing is an operation and what comes of it: when it goes on by itself,
// how long it may last, and how the renewals of its certificate stand.
type Standing struct {
	Operation
	Again time.Time // in progress: when it is looked at next; zero: when a person does something
	Until time.Time // in progress: when it is given up if the authority leaves it waiting; zero: never

	Expires time.Time // of the version in use; zero where there is none
	Due     time.Time // when the renewal of that version fell due; zero: not yet
	Tries   int       // failed renewals of that version
	Next    time.Time // nothing in progress: when it is renewed or tried again; zero: not by itself
}
