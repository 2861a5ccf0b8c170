package notify

import (
	"errors"
	"strings"
	"time"
	"unicode"

	"certwright/internal/vault"
)

// ladder is how long after each failed try the next one comes; after the last
// rung every longStep. Tries end maxTries after the first: after 2 days, 21
// hours and 21 minutes (docs/notices.md).
var ladder = [...]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour}

const (
	longStep = 8 * time.Hour
	maxTries = 14
)

// pauses are how long a sink that seems to be down is left alone.
var pauses = [...]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}

// maxError bounds what is kept of an error, in bytes.
const maxError = 500

// judge returns a message as it stands after a try.
func judge(m vault.Message, sent error, now time.Time) vault.Message {
	m.Tries++
	if sent == nil {
		m.State, m.Error, m.Due = vault.Delivered, "", time.Time{}
		return m
	}
	m.Error = plain(sent.Error(), maxError)
	var refused *Refused
	if errors.As(sent, &refused) || m.Tries >= maxTries {
		m.State, m.Due = vault.Dead, time.Time{}
		return m
	}
	m.Due = now.Add(max(backoff(m.Tries), wait(sent)))
	return m
}

// backoff is how long to wait after so many tries.
func backoff(tries int) time.Duration {
	if tries <= len(ladder) {
		return ladder[max(tries, 1)-1]
	}
	return longStep
}

// wait is what a receiver asked for; 0 for nothing.
func wait(err error) time.Duration {
	var retry *vault.RetryError
	if errors.As(err, &retry) {
		return retry.After
	}
	return 0
}

// plain makes one line of at most limit bytes from what somebody else wrote.
func plain(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "")
	}
	return s
}
