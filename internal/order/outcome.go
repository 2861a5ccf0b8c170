package order

import (
	"fmt"
	"log/slog"
	"time"

	"certwright/internal/vault"
)

// An outcome is what a step achieved, with everything slow already done.
type outcome struct {
	progress   vault.Progress
	retry      error       // the issuer could not be asked
	paced      bool        // it was not even tried
	cancelLost bool        // the issuer was asked to cancel and went on
	takeBack   bool        // the operation ends, but the issuer has not heard of it
	made       *newVersion // the version to store, when issued
	due        time.Time   // when to step again, when in progress
}

// A word names what a step came to.
type word string

const (
	issued      word = "issued"
	failed      word = "failed"
	cancelled   word = "cancelled"
	unreachable word = "unreachable" // the issuer could not be asked
	paced       word = "paced"       // it was not tried, and why is news
	stillPaced  word = "still paced"
	wentOn      word = "went on" // in spite of a cancel
	waiting     word = "waiting"
)

// wordFor is what the step came to for an operation as it stands.
func (o outcome) wordFor(op vault.Operation) word {
	switch p := o.progress; {
	case o.retry != nil:
		return unreachable
	case o.paced && p.Detail != op.Detail:
		return paced
	case o.paced:
		return stillPaced
	case o.made != nil:
		return issued
	case p.Failure != nil:
		return failed
	case p.Cancelled:
		return cancelled
	case o.cancelLost:
		return wentOn
	}
	return waiting
}

// A consequence is all that follows from a word.
type consequence struct {
	level   slog.Level
	log     string // the line's message; "" is "order"
	attrs   func(o outcome, was vault.Operation) []any
	history func(o outcome, op vault.Operation) string // "" for nothing
	attempt func(was int) int                          // errors in a row; nil: none
	effect  func(s *Orders, tx vault.Tx, c conclusion) error
}

// consequences is the one table of what a step may come to.
var consequences = map[word]consequence{
	issued: {
		level: slog.LevelInfo,
		attrs: func(o outcome, _ vault.Operation) []any {
			return []any{"state", vault.Completed, "version", o.made.ID}
		},
		history: func(o outcome, _ vault.Operation) string {
			return fmt.Sprintf("Issued; version %s is valid until %s.", o.made.ID, o.made.Attributes.Expires.Format(time.RFC3339))
		},
		effect: func(s *Orders, tx vault.Tx, c conclusion) error {
			return s.complete(tx, c.o, c.next.made.as(c.op), c.op)
		},
	},
	failed: {
		level: slog.LevelWarn,
		attrs: func(o outcome, _ vault.Operation) []any {
			return []any{"state", vault.Failed, "code", o.progress.Failure.Code, "message", o.progress.Failure.Message}
		},
		history: func(o outcome, _ vault.Operation) string {
			return o.progress.Failure.Code + ": " + o.progress.Failure.Message
		},
		effect: func(s *Orders, tx vault.Tx, c conclusion) error {
			return s.endWithout(tx, c, c.op.Fail(*c.next.progress.Failure))
		},
	},
	cancelled: {
		level:   slog.LevelInfo,
		attrs:   func(outcome, vault.Operation) []any { return []any{"state", vault.Cancelled} },
		history: func(outcome, vault.Operation) string { return "Cancelled." },
		effect:  (*Orders).endCancelled,
	},
	unreachable: {
		level: slog.LevelWarn, log: "issuer could not be asked",
		attrs: func(o outcome, was vault.Operation) []any {
			return []any{"attempt", was.Attempt + 1, "again", o.due, "error", o.retry}
		},
		history: func(o outcome, _ vault.Operation) string { return "The issuer could not be asked: " + o.retry.Error() },
		attempt: func(was int) int { return was + 1 },
		effect:  (*Orders).goOn,
	},
	paced: {
		level: slog.LevelInfo,
		attrs: func(o outcome, _ vault.Operation) []any {
			return []any{"state", vault.InProgress, "detail", o.progress.Detail}
		},
		history: newDetail,
		attempt: func(was int) int { return was },
		effect:  (*Orders).goOn,
	},
	stillPaced: {level: slog.LevelDebug, attrs: inProgress, history: newDetail, attempt: func(was int) int { return was }, effect: (*Orders).goOn},
	wentOn: {
		level: slog.LevelDebug, attrs: inProgress,
		history: func(outcome, vault.Operation) string { return "The issuer goes on in spite of the cancellation." },
		effect:  (*Orders).goOn,
	},
	waiting: {level: slog.LevelDebug, attrs: inProgress, history: newDetail, effect: (*Orders).goOn},
}

func inProgress(o outcome, _ vault.Operation) []any {
	return []any{"state", vault.InProgress, "detail", o.progress.Detail, "again", o.due}
}

// newDetail is what the issuer says, if it is news.
func newDetail(o outcome, op vault.Operation) string {
	if o.progress.Detail == op.Detail {
		return ""
	}
	return o.progress.Detail
}
