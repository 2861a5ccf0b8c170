package main

import (
	"fmt"
	"strings"

	"certwright/internal/admin"
	"certwright/internal/print"
)

// noSuchOrder is what to do where there is no operation of the name.
const noSuchOrder = "certwright pending lists what is in progress; --vault names another vault"

// whatNext says in one line when it goes on by itself.
func whatNext(o admin.Operation) string {
	switch {
	case o.Status == "inProgress":
		return howLong(o)
	case o.Next == nil:
		return ""
	case o.Tries > 0 && o.Due != nil:
		return fmt.Sprintf("next try %s; the renewal is due since %s and failed %d times; the version in use expires %s", stamp(*o.Next), stamp(*o.Due), o.Tries, stamp(*o.Expires))
	}
	return "next renewal " + stamp(*o.Next)
}

// outcome says in one line where an operation stands.
func outcome(o admin.Operation) string {
	switch {
	case o.Error != nil:
		return o.Status + ": " + o.Error.Code + ": " + print.Plain(o.Error.Message)
	case o.Status == "inProgress":
		return o.Status + ": " + waitsFor(o)
	case o.Target != "":
		return o.Status + ": version " + o.Target
	}
	return o.Status
}

// howLong says until when an operation in progress waits: when it fails,
// else when it is checked next, and when what it renews expires.
func howLong(o admin.Operation) string {
	var said []string
	switch {
	case o.Until != nil:
		said = append(said, "It fails at "+stamp(*o.Until)+" if nothing comes.")
	case o.Again == nil:
		said = append(said, "It waits until a person does that.")
	case o.WantsApproval:
		said = append(said, "It waits until somebody decides.")
	default:
		said = append(said, "The next check is at "+stamp(*o.Again)+"; there is no time limit.")
	}
	if o.Renewal && o.Expires != nil {
		said = append(said, "The version in use expires at "+stamp(*o.Expires)+".")
	}
	return strings.Join(said, " ")
}

// waitsFor says in one line what an operation in progress waits for.
func waitsFor(o admin.Operation) string {
	what := print.Plain(o.WaitsFor)
	switch {
	case o.CancelRequested:
		return "its cancellation: " + what
	case o.WantsApproval:
		return "certwright approve or reject: " + what
	case o.Attempt > 0:
		return fmt.Sprintf("attempt %d: %s", o.Attempt+1, what)
	}
	return what
}
