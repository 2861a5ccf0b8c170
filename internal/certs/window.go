package certs

import "time"

// Window returns the dates of a certificate made at now for a number of
// calendar months, as SelfSign and Authority.Issue set them.
func Window(months int, now time.Time) (from, to time.Time) {
	return now.Add(-backdated), addMonths(now, months)
}
